"""Label maps leave the program: as DICOM objects beside their images, or in another format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from napari_medassist.core.case import Case
from napari_medassist.core.errors import UnsupportedFormat
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.files import write

if TYPE_CHECKING:
    from napari_medassist.io.dicom.derived.measurements import MeasuredFinding

ExportKind = Literal["seg", "labelmap-seg", "rtstruct", "sr", "other"]


def kind_of(path: Path) -> ExportKind:
    """Return what a file is by its name: ``.rtstruct.dcm``, ``.labelmap.dcm``, ``.dcm``, or other."""
    name = path.name.lower()
    if name.endswith(".rtstruct.dcm"):
        return "rtstruct"
    if name.endswith(".labelmap.dcm"):
        return "labelmap-seg"
    return "seg" if name.endswith(".dcm") else "other"


def save(labels: LabelMap, path: Path, case: Case | None) -> Path:
    """Write a label map of an open case; the ending of the name says as what (:func:`kind_of`).

    Raises
    ------
    MedAssistError
        As :func:`export` raises them.
    """
    kind = kind_of(path)
    images, series = ((), "") if kind == "other" else dicom_images(labels, case)
    return export(labels, path, kind=kind, images=images, series=series)


def export(
    labels: LabelMap,
    path: Path,
    *,
    kind: ExportKind = "seg",
    images: Sequence[Path] = (),
    series: str = "",
    segmentation: Path | None = None,
    table: Path | None = None,
    findings: Sequence[MeasuredFinding] = (),
) -> Path:
    """Write a label map; DICOM kinds refer to the images that it was drawn on.

    Parameters
    ----------
    labels
        The label map.
    path
        The file to write.
    kind
        ``seg`` (binary), ``labelmap-seg``, ``rtstruct``, ``sr`` (measurements of each label: volume
        and longest diameters), or ``other``: by the ending of the name.
    images
        Where the DICOM images lie.
    series
        Which series, if several have the same grid.
    segmentation, table
        For ``sr``: the DICOM SEG of the same labels that it refers to, and a CSV to write as well.
    findings
        For ``sr``: what is reported of the labels; by default the sizes of each.

    Raises
    ------
    UnsupportedFormat
        If there are no DICOM images to refer to, or no segmentation for a report.
    MedAssistError
        As the writers of ``io`` raise them.
    """
    if kind == "other":
        return write(labels, path)
    if not images:
        raise UnsupportedFormat(
            "A DICOM object refers to the images that it was made of, and none are given.",
            path=path,
            cure="Name the study (--image), or save the labels as NIfTI, NRRD or MetaImage.",
        )
    # highdicom takes half a second to import: only who exports waits for it.
    from napari_medassist.io.dicom.derived.source_series import find_source

    source = find_source(labels, images, series=series)
    if kind == "rtstruct":
        from napari_medassist.io.dicom.derived.structure_set_writing import write_structure_set

        write_structure_set(labels, source, path)
    elif kind == "sr":
        _write_report(labels, path, images, series, segmentation, table, findings)
    else:
        from napari_medassist.io.dicom.derived.segmentation_writing import write_segmentation

        write_segmentation(labels, source, path, kind="binary" if kind == "seg" else "labelmap")
    return path


def dicom_images(labels: LabelMap, case: Case | None) -> tuple[tuple[Path, ...], str]:
    """Return where the images of a label map lie, and the UID of their series; empty if not DICOM.

    Parameters
    ----------
    labels
        The label map, on the grid of an image of the case.
    case
        The open case.
    """
    volumes = () if case is None else tuple(case.volumes())
    for volume in sorted(volumes, key=lambda v: v.source is not labels.source):
        same = volume.geometry.is_same_grid(labels.geometry)
        if same and volume.acquisition.series_uid:
            return tuple(map(Path, volume.provenance.sources)), volume.acquisition.series_uid
    return (), ""


def _write_report(
    labels: LabelMap,
    path: Path,
    images: Sequence[Path],
    series: str,
    segmentation: Path | None,
    table: Path | None,
    findings: Sequence[MeasuredFinding],
) -> None:
    from napari_medassist.io.dicom.derived.measurements import write_table
    from napari_medassist.io.dicom.derived.report_writing import write_report
    from napari_medassist.io.dicom.derived.source_series import find_source

    if segmentation is None:
        raise UnsupportedFormat(
            "A report refers to the segments that were measured, and no segmentation is given.",
            path=path,
            cure="Export the labels with --to seg first, and name that file with --segmentation.",
        )
    findings = findings or _sizes_as_findings(labels)
    write_report(findings, find_source(labels, images, series=series), segmentation, path)
    if table is not None:
        write_table(findings, table)


def _sizes_as_findings(labels: LabelMap) -> list[MeasuredFinding]:
    from napari_medassist.io.dicom.derived.measurements import MeasuredFinding, quantities_of

    values = np.asarray(labels.array)
    findings = []
    for label in labels.scheme.completed(labels.values()).labels:
        mask = values == label.value
        if mask.any():
            quantities = quantities_of(**sizes_of(mask, labels.geometry))
            findings.append(MeasuredFinding(label.name, label_value=label.value, quantities=quantities))
    return findings


def sizes_of(mask: NDArray[np.bool_], geometry: Geometry) -> dict[str, float]:
    """Return volume and longest diameters of a mask.

    Parameters
    ----------
    mask
        (z, y, x), canonical; not empty.
    geometry
        Its grid.

    Returns
    -------
    dict
        ``volume_ml``; ``longest_axial_diameter_mm`` and ``longest_diameter_3d_mm``: the largest
        distance between the centres of two voxels of one slice (across z), and of any two.
    """
    index = np.argwhere(mask)
    slices = [index[index[:, 0] == z] for z in np.unique(index[:, 0])]
    return {
        "volume_ml": float(len(index) * geometry.voxel_volume_mm3 / 1000),
        "longest_axial_diameter_mm": max(_longest(geometry.index_to_lps(s)) for s in slices),
        "longest_diameter_3d_mm": _longest(geometry.index_to_lps(index)),
    }


def _longest(points_lps_mm: Float) -> float:
    """Return the largest distance between two points: between corners of their convex hull."""
    if len(points_lps_mm) < 2:
        return 0.0
    centred = points_lps_mm - points_lps_mm.mean(axis=0)
    axes, sizes, _ = np.linalg.svd(centred.T, full_matrices=False)
    flat = centred @ axes[:, sizes > 1e-6 * sizes[0]]  # points of one slice lie in a plane
    try:
        corners = flat[ConvexHull(flat).vertices] if flat.shape[1] > 1 else flat
    except QhullError:
        corners = flat
    return float(pdist(corners).max())
