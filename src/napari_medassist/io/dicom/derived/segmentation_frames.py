"""The frames of a DICOM segmentation: pixels, segment and place of each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.geometry import Float
from napari_medassist.io.dicom.derived.placing import frame_corners
from napari_medassist.io.dicom.tags import MALFORMED


@dataclass(frozen=True, eq=False)
class SegmentationFrames:
    """A segmentation file, read but not placed.

    Parameters
    ----------
    kind
        ``"BINARY"``, ``"FRACTIONAL"`` or ``"LABELMAP"``.
    pixels
        (frame, row, column): 0/1, fractions as stored, or label values.
    full_scale
        The stored value that means 1 in a fractional one.
    segments
        Segment number -> its item of the SegmentSequence.
    of_segment
        Segment number -> its frames; for a label map the key 0 -> all frames.
    corners_lps_mm
        (frame, 4, 3), see :func:`~napari_medassist.io.dicom.derived.placing.frame_corners`.
    step_mm
        Slice distance as stated, if it is.
    series_uids, frame_of_reference_uid, title
        What it refers to; what it is called.
    """

    kind: str
    pixels: NDArray[Any]
    full_scale: float
    segments: dict[int, Dataset]
    of_segment: dict[int, list[int]]
    corners_lps_mm: Float
    step_mm: float | None
    series_uids: tuple[str, ...]
    frame_of_reference_uid: str
    title: str

    @property
    def shape_yx(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[2])


def read_frames(path: Path) -> SegmentationFrames:
    """Read a DICOM segmentation.

    Raises
    ------
    CorruptFile
        If the file breaks off, or does not say where its frames lie or what its segments are.
    """
    try:
        dataset = dcmread(path, force=True)
        return _frames(dataset)
    except MALFORMED as error:
        raise CorruptFile(
            f"The segmentation cannot be read ({error or type(error).__name__}).",
            path=path,
            cure="The file may be truncated: copy it anew from its source.",
        ) from error


def _frames(dataset: Dataset) -> SegmentationFrames:
    pixels = np.asarray(dataset.pixel_array)
    pixels = pixels[None] if pixels.ndim == 2 else pixels
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    if len(groups) != len(pixels):
        raise ValueError(f"{len(pixels)} frames, of which {len(groups)} are described")
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or []), Dataset())
    kind = str(dataset.SegmentationType)
    measures = _group(groups[0], shared, "PixelMeasuresSequence")
    step = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
    segments = {int(item.SegmentNumber): item for item in dataset.SegmentSequence}
    return SegmentationFrames(
        kind=kind,
        pixels=pixels,
        full_scale=float(dataset.get("MaximumFractionalValue", 1) or 1),
        segments=segments,
        of_segment=_frames_of_segments(groups, shared, kind, segments),
        corners_lps_mm=np.stack([_corners(g, shared, pixels.shape[1:]) for g in groups]),
        step_mm=None if not step else abs(float(step)),
        series_uids=_series_uids(dataset),
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID", "")),
        title=str(dataset.get("SeriesDescription") or dataset.get("ContentLabel") or "Segmentation"),
    )


def _frames_of_segments(
    groups: list[Dataset], shared: Dataset, kind: str, segments: dict[int, Dataset]
) -> dict[int, list[int]]:
    if kind == "LABELMAP":
        return {0: list(range(len(groups)))}
    found: dict[int, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        item = _group(group, shared, "SegmentIdentificationSequence")
        found[int(item.ReferencedSegmentNumber)].append(index)
    unknown = sorted(set(found) - set(segments))
    if unknown:
        raise ValueError(f"frames of the segments {unknown}, which are not described")
    return dict(sorted(found.items()))


def _corners(group: Dataset, shared: Dataset, shape_yx: tuple[int, ...]) -> Float:
    position = np.asarray(
        _group(group, shared, "PlanePositionSequence").ImagePositionPatient, dtype=float
    )
    axes = _group(group, shared, "PlaneOrientationSequence").ImageOrientationPatient
    row, column = np.asarray(axes, dtype=float).reshape(2, 3)
    spacing_y, spacing_x = map(float, _group(group, shared, "PixelMeasuresSequence").PixelSpacing)
    if min(spacing_y, spacing_x) <= 0:
        raise ValueError("PixelSpacing is not positive")
    row, column = row / np.linalg.norm(row), column / np.linalg.norm(column)
    return frame_corners(position, row * spacing_x, column * spacing_y, (shape_yx[0], shape_yx[1]))


def _group(group: Dataset, shared: Dataset, name: str) -> Dataset:
    for holder in (group, shared):
        if holder.get(name):
            item: Dataset = holder[name].value[0]
            return item
    raise ValueError(f"{name} is missing")


def _series_uids(dataset: Dataset) -> tuple[str, ...]:
    references = dataset.get("ReferencedSeriesSequence") or []
    return tuple(str(item.SeriesInstanceUID) for item in references if "SeriesInstanceUID" in item)
