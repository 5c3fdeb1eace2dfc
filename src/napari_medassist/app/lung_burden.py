"""The opacities of one or several dated scans of a patient: parts, scores, and how they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_medassist.app.segmenting import segment
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Modality, Volume
from napari_medassist.metrics.lung_burden import (
    Mask,
    PartBurden,
    burden,
    corona_score,
    density_histogram,
    lung_parts,
)
from napari_medassist.models.registry import find_model

_MODEL, _OPACITY_MODEL = "lungs-ct", "opacity-ct"
_LEFT, _RIGHT = 1, 2
#: The part that is all of the lungs.
WHOLE = "both lungs"


@dataclass(frozen=True, eq=False)
class LungScan:
    """One scan with what is outlined in it.

    Attributes
    ----------
    ct, date
        The scan, in HU, and when it was (text, as it was given; empty if not).
    parts
        Both lungs, each lung, six zones, or lobes in place of the zones, by name; on its grid.
    opacity
        Its opacities.
    warnings
        What a reader should know.
    """

    ct: Volume
    date: str
    parts: Mapping[str, Mask]
    opacity: Mask
    warnings: tuple[str, ...] = ()

    @property
    def lungs(self) -> Mask:
        """Both of them."""
        return self.parts[WHOLE]


@dataclass(frozen=True)
class ScanBurden:
    """What was measured on one scan.

    Attributes
    ----------
    name, date
        The scan, and when it was (text, as it was given; empty if not).
    parts
        Both lungs, each lung, six zones; or lobes in place of the zones.
    corona_cm3
        The absolute corona score.
    histogram
        Share of the lungs' voxels in each bin of ``HISTOGRAM_HU``.
    warnings
        What a reader should know.
    """

    name: str
    date: str
    parts: tuple[PartBurden, ...]
    corona_cm3: float
    histogram: tuple[float, ...]
    warnings: tuple[str, ...]


def outlined(
    ct: Volume,
    opacities: LabelMap | None = None,
    *,
    lungs: LabelMap | None = None,
    lobes: LabelMap | None = None,
    date: str = "",
    progress: Progress = silent,
) -> LungScan:
    """Return a scan with its lungs and opacities, as they were given or as models find them.

    Parameters
    ----------
    ct
        The scan, in HU.
    opacities
        Label map on its grid: every label is opacity. By default those that ``opacity-ct`` finds.
    lungs
        Label map on its grid: 1 left, 2 right lung (others do not count). By default those that
        ``lungs-ct`` finds.
    lobes
        Label map on its grid, a label a lobe; they are measured in place of the six zones.
    date
        When it was.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    GeometryMismatch
        If a map lies on another grid: nothing is resampled.
    InvalidImage
        If there are no lungs.
    """
    warnings: list[str] = []
    if opacities is None:
        opacities, told = _found(ct, _OPACITY_MODEL, "Opacities", progress)
        warnings += told
    if lungs is None:
        lungs, told = _found(ct, _MODEL, "Lungs", progress)
        warnings += told
    for labels in (opacities, lungs, *(() if lobes is None else (lobes,))):
        ct.geometry.require_same_grid(labels.geometry)
    if ct.modality not in (Modality.CT, Modality.OTHER):
        warnings.append(f"'{ct.name}' is {ct.modality}, not CT: densities mean nothing.")
    opacity = np.asarray(opacities.array) > 0
    left, right, told = _sides(lungs)
    warnings += told
    left, right, joined_ml = _with_opacities(left, right, opacity, ct)
    if joined_ml >= 0.1:
        warnings.append(f"{joined_ml:.1f} ml of opacities lie outside of the lungs; counted as lung.")
    return LungScan(ct, date, _parts(left, right, lobes), opacity, tuple(warnings))


def measured(scan: LungScan) -> ScanBurden:
    """Measure the opacities of a scan."""
    hu = np.asarray(scan.ct.array, dtype=np.float32)
    voxel_mm3 = scan.ct.geometry.voxel_volume_mm3
    return ScanBurden(
        scan.ct.name,
        scan.date,
        burden(hu, scan.parts, scan.opacity, voxel_mm3),
        corona_score(scan.opacity.astype(np.float32), scan.lungs, voxel_mm3),
        tuple(density_histogram(hu, scan.lungs).tolist()),
        scan.warnings,
    )


def _found(ct: Volume, model: str, what: str, progress: Progress) -> tuple[LabelMap, tuple[str, ...]]:
    """Return what a model finds, that nobody has looked at it, and where it fails first of all."""
    made = segment(Case(ct.name, (ct,)), model, preferred=(ct,), progress=progress)
    told = f"{what} are those of {model}, not looked at by anybody. {find_model(model).limits[0]}"
    return made.labels, (told, *made.warnings)


def _sides(lungs: LabelMap) -> tuple[Mask, Mask, tuple[str, ...]]:
    """Return the left and the right lung, and what was strange about them.

    Label maps count lungs in either order. The two labels are told apart by where they lie; one alone
    is believed to be what its value says.
    """
    values = np.asarray(lungs.array)
    left, right = values == _LEFT, values == _RIGHT
    if not (left.any() or right.any()):
        raise InvalidImage(
            "No lung was found.", cure="Give a label map of the lungs (1 left, 2 right)."
        )
    if not (left.any() and right.any()):
        return left, right, ()
    x = np.arange(values.shape[2])  # canonical: grows toward the patient's left
    middle_left, middle_right = (np.average(x, weights=m.sum(axis=(0, 1))) for m in (left, right))
    if middle_left >= middle_right:
        return left, right, ()
    told = f"In '{lungs.name}' label 1 lies on the patient's right: it is taken as the right lung."
    return right, left, (told,)


def _parts(left: Mask, right: Mask, lobes: LabelMap | None) -> dict[str, Mask]:
    """Return both lungs, each lung, and the lobes or else six zones."""
    parts = lung_parts(left, right)
    if lobes is None:
        return parts
    found = {name: parts[name] for name in (WHOLE, "left lung", "right lung")}
    values = np.asarray(lobes.array)
    for value in lobes.values():
        name = lobes.scheme.get(value).name
        found[f"{name} ({value})" if name in found else name] = values == value
    return found


def _with_opacities(
    left: np.ndarray, right: np.ndarray, opacity: np.ndarray, ct: Volume
) -> tuple[np.ndarray, np.ndarray, float]:
    """Join opacities that a lung mask leaves out (dense ones) to the nearer lung; tell how much."""
    outside = opacity & ~(left | right)
    n = int(np.count_nonzero(outside))
    if not n:
        return left, right, 0.0
    spacing = ct.geometry.spacing_zyx_mm
    distances = [
        ndimage.distance_transform_edt(~lung, sampling=spacing)[outside]
        if lung.any()
        else np.full(n, np.inf)
        for lung in (left, right)
    ]
    is_left = np.zeros_like(left)
    is_left[outside] = distances[0] <= distances[1]
    joined_ml = n * ct.geometry.voxel_volume_mm3 / 1000
    return left | is_left, right | (outside & ~is_left), joined_ml
