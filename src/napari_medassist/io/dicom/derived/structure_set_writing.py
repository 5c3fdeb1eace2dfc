"""Label maps become radiotherapy structure sets (RTSTRUCT), checked as written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import RTStructureSetStorage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import Label, LabelMap
from napari_medassist.io.atomic import replacing
from napari_medassist.io.dicom.derived.checking import require_same
from napari_medassist.io.dicom.derived.concepts import concept_of
from napari_medassist.io.dicom.derived.contours import contours_of
from napari_medassist.io.dicom.derived.new_object import item, new_object
from napari_medassist.io.dicom.derived.source_series import SourceSeries
from napari_medassist.io.dicom.derived.structure_set_reading import read_structure_set
from napari_medassist.io.dicom.derived.value_notes import value_note
from napari_medassist.io.dicom.planes import Plane


def write_structure_set(labels: LabelMap, source: SourceSeries, path: Path) -> None:
    """Write a label map as contours, one structure a label.

    The contours run along the edges of the voxels, in patient millimetres; holes are joined to their
    outer contour by a cut of no width. The file is read back and compared before it takes its place:
    the same voxels.

    Parameters
    ----------
    labels
        The label map; it must have the voxels of the source.
    source
        The images that it was drawn on.
    path
        The file to write.

    Raises
    ------
    InvalidImage
        If nothing is labelled.
    GeometryMismatch
        If the label map does not lie on the source's voxels.
    WriteFailed
        If the file cannot be written, or read back differs.
    """
    values = source.stored_values(labels)
    present = labels.values()
    if not present:
        raise InvalidImage("Nothing is labelled, so that there is no structure to write.", path=path)
    scheme = labels.scheme.completed(present)
    dataset = _structure_set(labels.name, values, [scheme.get(v) for v in present], source)
    with replacing(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
        require_same(path, values, source, read_structure_set(temporary, [source]).labels)


def _structure_set(
    name: str, values: NDArray[Any], labels: Sequence[Label], source: SourceSeries
) -> FileDataset:
    dataset = _header(name, source)
    dataset.ReferencedFrameOfReferenceSequence = _references(dataset, source)
    frame_of_reference = source.planes[0].header.frame_of_reference_uid
    numbered = list(enumerate(labels, start=1))
    dataset.StructureSetROISequence = Items(
        [
            item(
                ROINumber=number,
                ReferencedFrameOfReferenceUID=frame_of_reference,
                ROIName=label.name[:64],
                ROIDescription=value_note(label.value),
                ROIGenerationAlgorithm="",
            )
            for number, label in numbered
        ]
    )
    dataset.ROIContourSequence = Items(
        [
            item(
                ROIDisplayColor=list(label.colour),
                ReferencedROINumber=number,
                ContourSequence=Items(_contours(values == label.value, source)),
            )
            for number, label in numbered
        ]
    )
    dataset.RTROIObservationsSequence = Items([_observation(n, label) for n, label in numbered])
    return dataset


def _header(name: str, source: SourceSeries) -> FileDataset:
    made = datetime.now()  # DICOM dates without a zone are local ones
    header = source.planes[0].header
    return new_object(
        source.datasets()[0],
        RTStructureSetStorage,
        Modality="RTSTRUCT",
        SeriesNumber=(header.series_number or 0) + 2000,
        SeriesDescription=name[:64] or "Structures",
        OperatorsName="",
        FrameOfReferenceUID=header.frame_of_reference_uid,
        StructureSetLabel="Structures",
        StructureSetName=name[:64],
        StructureSetDate=made.strftime("%Y%m%d"),
        StructureSetTime=made.strftime("%H%M%S"),
        ApprovalStatus="UNAPPROVED",
    )


def _references(dataset: Dataset, source: SourceSeries) -> Items:
    series = item(
        SeriesInstanceUID=source.series_uid,
        ContourImageSequence=Items([_image(plane) for plane in source.planes]),
    )
    study = item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",  # Detached Study Management, as PS3.3 asks
        ReferencedSOPInstanceUID=str(dataset.get("StudyInstanceUID", "")),
        RTReferencedSeriesSequence=Items([series]),
    )
    return Items(
        [
            item(
                FrameOfReferenceUID=source.planes[0].header.frame_of_reference_uid,
                RTReferencedStudySequence=Items([study]),
            )
        ]
    )


def _image(plane: Plane) -> Dataset:
    made = item(
        ReferencedSOPClassUID=plane.header.sop_class_uid,
        ReferencedSOPInstanceUID=plane.header.sop_instance_uid,
    )
    if plane.header.n_frames > 1:
        made.ReferencedFrameNumber = plane.frame + 1
    return made


def _contours(mask: NDArray[np.bool_], source: SourceSeries) -> Iterator[Dataset]:
    for z in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
        for contour in contours_of(mask[z]):
            index = np.concatenate([np.full((len(contour), 1), z), contour], axis=1)
            points = source.geometry.index_to_lps(index)
            yield item(
                ContourImageSequence=Items([_image(source.planes[z])]),
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=len(points),
                ContourData=[f"{value:.5f}" for value in points.ravel()],
            )


def _observation(number: int, label: Label) -> Dataset:
    kind = concept_of(label).kind
    code = item(CodeValue=kind.value, CodingSchemeDesignator=kind.scheme, CodeMeaning=kind.meaning[:64])
    return item(
        ObservationNumber=number,
        ReferencedROINumber=number,
        RTROIIdentificationCodeSequence=Items([code]),
        RTROIInterpretedType="",
        ROIInterpreter="",
    )
