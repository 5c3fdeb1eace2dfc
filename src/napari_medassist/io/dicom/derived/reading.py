"""Which derived objects are read, and how: one function for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from napari_medassist.io.dicom.derived.found import Derived
from napari_medassist.io.dicom.derived.report_reading import read_report
from napari_medassist.io.dicom.derived.segmentation_reading import read_segmentation
from napari_medassist.io.dicom.derived.source_series import SourceSeries
from napari_medassist.io.dicom.derived.structure_set_reading import read_structure_set
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.kinds import SEGMENTATIONS, STRUCTURE_SET


def read_derived(header: Header, sources: Sequence[SourceSeries]) -> Derived:
    """Read a derived object.

    Parameters
    ----------
    header
        Of the file.
    sources
        The images that are there.

    Raises
    ------
    FileProblem, GeometryMismatch, InvalidImage
        If it cannot be read, or needs an image that is not there.
    """
    if header.sop_class_uid in SEGMENTATIONS:
        return read_segmentation(header.path, sources)
    if header.modality_code == "RTSTRUCT" or header.sop_class_uid == STRUCTURE_SET:
        return read_structure_set(header.path, sources)
    report = read_report(header.path)
    n_groups = len(report.findings)
    told = (
        f"{header.path.name}: a structured report with {n_groups} measured finding"
        f"{'s' * (n_groups != 1)}; `napari-medassist measurements` lists them."
    )
    return Derived(warnings=(told,))
