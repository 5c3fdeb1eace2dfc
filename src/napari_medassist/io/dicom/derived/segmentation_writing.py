"""Label maps become DICOM segmentations on the grid of their source images, checked as written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid

from napari_medassist import __version__
from napari_medassist.core.errors import InvalidImage, WriteFailed
from napari_medassist.core.labels import Label, LabelMap
from napari_medassist.io.atomic import replacing
from napari_medassist.io.dicom.derived.checking import quiet_about_names, require_same
from napari_medassist.io.dicom.derived.concepts import coded, concept_of, lab_colour
from napari_medassist.io.dicom.derived.segmentation_reading import read_segmentation
from napari_medassist.io.dicom.derived.source_series import SourceSeries
from napari_medassist.io.dicom.derived.value_notes import value_note
from napari_medassist.io.dicom.tags import MALFORMED

SegmentationKind = Literal["binary", "labelmap"]
#: Who the files say they were made by.
EQUIPMENT = {
    "manufacturer": "napari-medassist developers",
    "manufacturer_model_name": "napari-medassist",
    "software_versions": __version__,
    "device_serial_number": "none",
}


def write_segmentation(
    labels: LabelMap,
    source: SourceSeries,
    path: Path,
    *,
    kind: SegmentationKind = "binary",
    algorithm: str = "",
) -> None:
    """Write a label map as a DICOM segmentation.

    The file refers to each source image, lies in its frame of reference, and is read back and compared
    before it takes its place: the same voxels, corners within 0.0001 mm.

    Parameters
    ----------
    labels
        The label map; it must have the voxels of the source.
    source
        The images that it was drawn on.
    path
        The file to write.
    kind
        ``"binary"``: a segment a label, what most programs read; ``"labelmap"``: one image of label
        values, DICOM's newer and smaller kind.
    algorithm
        Name of the program that made the labels; empty if a person did.

    Raises
    ------
    InvalidImage
        If nothing is labelled.
    GeometryMismatch
        If the label map does not lie on the source's voxels.
    WriteFailed
        If the images lack what a segmentation must state, or the file read back differs.
    """
    values = source.stored_values(labels)
    present = labels.values()
    if not present:
        raise InvalidImage("Nothing is labelled, so that there is no segment to write.", path=path)
    scheme = labels.scheme.completed(present)
    chosen = [scheme.get(value) for value in present]
    try:
        with quiet_about_names():
            dataset = _segmentation(labels.name, values, chosen, source, kind, algorithm)
    except MALFORMED as error:
        raise WriteFailed(
            f"The images lack what a DICOM segmentation must state ({error}).",
            path=path,
            cure="Save the labels as NIfTI or NRRD, or export the images anew.",
        ) from error
    with replacing(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
        found = read_segmentation(temporary, [source])
        require_same(path, values, source, found.labels)


def _segmentation(
    name: str,
    values: NDArray[Any],
    labels: Sequence[Label],
    source: SourceSeries,
    kind: SegmentationKind,
    algorithm: str,
) -> Any:
    images = source.datasets()
    order = _frame_order(source, images)
    is_map = kind == "labelmap"
    numbers = [label.value if is_map else n for n, label in enumerate(labels, start=1)]
    pixels = values.astype(np.uint16) if is_map else _consecutive(values, labels)
    return hd.seg.Segmentation(
        source_images=images,
        pixel_array=pixels[order],
        segmentation_type="LABELMAP" if is_map else "BINARY",
        segment_descriptions=[
            _description(n, label, algorithm) for n, label in zip(numbers, labels, strict=True)
        ],
        series_instance_uid=generate_uid(),
        series_number=(source.planes[0].header.series_number or 0) + 1000,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        content_label="SEGMENTATION",
        content_description=name[:64] or None,
        series_description=name[:64] or "Segmentation",
        pixel_measures=_measures(source),
        plane_positions=None if _all_frames(source, images) else _positions(source, images),
        **EQUIPMENT,
    )


def _description(number: int, label: Label, algorithm: str) -> hd.seg.SegmentDescription:
    concept = concept_of(label)
    identification = None
    if algorithm:
        identification = hd.AlgorithmIdentificationSequence(
            name=algorithm,
            family=hd.sr.CodedConcept("123109", "DCM", "Manual Processing"),
            version=__version__,
        )
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label.name[:64],
        segmented_property_category=coded(concept.category),
        segmented_property_type=coded(concept.kind),
        algorithm_type="AUTOMATIC" if algorithm else "MANUAL",
        algorithm_identification=identification,
        tracking_uid=generate_uid(),
        tracking_id=label.name[:64],
        display_color=lab_colour(label.colour),
    )
    description.SegmentDescription = value_note(label.value)
    return description


def _consecutive(values: NDArray[Any], labels: Sequence[Label]) -> NDArray[Any]:
    """Return the values renumbered 1, 2, 3..., as segment numbers must be."""
    numbered = np.zeros(values.shape, np.uint16)
    for number, label in enumerate(labels, start=1):
        numbered[values == label.value] = number
    return numbered


def _measures(source: SourceSeries) -> hd.PixelMeasuresSequence:
    spacing_z, spacing_y, spacing_x = source.geometry.spacing_zyx_mm
    normal = source.planes[0].normal_lps
    step = spacing_z * abs(float(source.geometry.direction[:, 2] @ normal))
    return hd.PixelMeasuresSequence(
        pixel_spacing=(spacing_y, spacing_x),
        slice_thickness=source.planes[0].slice_thickness_mm or step,
        spacing_between_slices=step,
    )


def _frame_order(source: SourceSeries, images: Sequence[FileDataset]) -> Any:
    """Return the order of slices in which highdicom expects them: of an enhanced file, its frames'."""
    if len(images) == 1 and len(source.planes) > 1:
        return np.argsort([plane.frame for plane in source.planes])
    return slice(None)


def _all_frames(source: SourceSeries, images: Sequence[FileDataset]) -> bool:
    return sum(int(image.get("NumberOfFrames", 1)) for image in images) == len(source.planes)


def _positions(source: SourceSeries, images: Sequence[FileDataset]) -> list[hd.PlanePositionSequence]:
    order = np.arange(len(source.planes))[_frame_order(source, images)]
    return [
        hd.PlanePositionSequence("PATIENT", source.planes[i].position_lps_mm) for i in order.tolist()
    ]
