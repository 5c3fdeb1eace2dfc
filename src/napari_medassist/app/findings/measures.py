"""What is measured of a finding: it follows the mask and is never typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.annotation.findings.parts import Region, region_of
from napari_medassist.annotation.findings.placing import Placed, ZonedGland, zoned_gland
from napari_medassist.app.measuring.lesion_size import lesion_size
from napari_medassist.app.measuring.region_values import region_values
from napari_medassist.core.case import Case
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Modality, Volume


@dataclass(frozen=True)
class Measured:
    """Measures of a finding.

    Parameters
    ----------
    volume_ml, axial_mm, diameter_3d_mm
        Volume, and longest diameters from corner to corner of voxels.
    mean, mean_unit
        Mean of the image that is measured, None if it has no voxel there; and the image's unit.
    mean_note
        Empty, or why the mean is not of the whole lesion.
    centre_lps_mm
        The centre of the voxel of the lesion that is nearest to its centroid.
    n_parts
        Of how many separate parts it consists.
    placed
        Where it lies in the prostate, if there is a map of zones.
    is_gone
        True if it has no voxels any more.
    """

    volume_ml: float = 0.0
    axial_mm: float = 0.0
    diameter_3d_mm: float = 0.0
    mean: float | None = None
    mean_unit: str = ""
    mean_note: str = ""
    centre_lps_mm: Triple | None = None
    n_parts: int = 0
    placed: Placed | None = None
    is_gone: bool = False


def measured_image(case: Case | None) -> Volume | None:
    """Return the image whose mean is told: the ADC, else a CT; None if there is neither."""
    volumes = [] if case is None else [v for v in case.volumes() if v.array.ndim == 3]
    adc = next((v for v in volumes if v.role == "adc"), None)
    return adc or next((v for v in volumes if v.modality is Modality.CT), None)


def measured_image_title(image: Volume | None) -> str:
    """Return the heading of the mean: of which image, and its unit."""
    if image is None:
        return "Mean"
    unit = image.acquisition.unit
    name = "HU" if image.modality is Modality.CT else image.role.upper()
    shown = {"um2/s": "µm²/s", "HU": ""}.get(unit, unit)
    return f"{name} ({shown})" if shown else name


def measure_all(
    findings: Sequence[Finding],
    maps: Mapping[str, LabelMap],
    image: Volume | None,
    zones: LabelMap | None,
    progress: Progress = silent,
) -> dict[str, Measured]:
    """Measure findings; one whose label map is not open is left out.

    Parameters
    ----------
    findings
        The findings.
    maps
        The label maps that are open, by key.
    image
        The image whose mean is told.
    zones
        The map of the prostate's zones; None if there is none.
    progress
        Told of each finding; may raise ``Cancelled``.
    """
    gland, problem = _gland(zones)
    found = {}
    for done, finding in enumerate(findings):
        progress(done, len(findings), "Measuring lesions")
        if finding.map_key in maps:
            found[finding.id] = measure(finding, maps[finding.map_key], image, gland, problem)
    return found


def measure(
    finding: Finding,
    labels: LabelMap,
    image: Volume | None = None,
    gland: ZonedGland | None = None,
    problem: str = "",
) -> Measured:
    """Measure one finding on its label map.

    Parameters
    ----------
    finding
        The finding.
    labels
        Its label map, on its own grid.
    image
        The image whose mean is told, on its own grid: only its own voxels count.
    gland
        The prostate with its zones, to place it.
    problem
        Why there is no gland, if one was to be had.
    """
    region = region_of(finding, np.asarray(labels.array), labels.geometry)
    if region is None:
        return Measured(is_gone=True)
    grid = labels.geometry
    size = lesion_size(region.mask, grid)
    mean, note = _mean(region, labels, image)
    unit = "" if image is None else image.acquisition.unit
    points = grid.index_to_lps(region.index_zyx())
    placed = gland.place(points) if gland is not None else None
    if placed is None and problem:
        placed = Placed(notes=(problem,))
    return Measured(
        size.volume_ml, size.axial_mm, size.diameter_3d_mm, mean, unit, note, _centre(points),
        region.n_parts, placed,
    )  # fmt: skip


def _gland(zones: LabelMap | None) -> tuple[ZonedGland | None, str]:
    if zones is None:
        return None, ""
    try:
        return zoned_gland(zones), ""
    except MedAssistError as error:
        return None, str(error)


def _mean(region: Region, labels: LabelMap, image: Volume | None) -> tuple[float | None, str]:
    if image is None:
        return None, ""
    values = region_values(image, region.whole(labels.geometry.shape_zyx), labels.geometry)
    if not isfinite(values.mean):
        return None, "No voxel of the image lies in the lesion."
    if values.coverage > 0.999:
        return values.mean, ""
    return values.mean, f"Only {values.coverage:.0%} of the lesion lies in the image."


def _centre(points_lps_mm: Float) -> Triple:
    offsets = points_lps_mm - points_lps_mm.mean(axis=0)
    x, y, z = (float(v) for v in points_lps_mm[int((offsets**2).sum(axis=1).argmin())])
    return x, y, z
