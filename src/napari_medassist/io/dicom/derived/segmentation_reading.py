"""DICOM segmentations become label maps (or probability images) on the grid of their image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from napari_medassist import __version__
from napari_medassist.core.errors import CorruptFile, MedAssistError
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import Code, Label, LabelMap, LabelScheme, default_colour
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.volume import Acquisition, Modality, Volume
from napari_medassist.io.dicom.derived.concepts import rgb_of
from napari_medassist.io.dicom.derived.found import Derived
from napari_medassist.io.dicom.derived.layering import empty_voxels, lay
from napari_medassist.io.dicom.derived.placing import (
    choose_source,
    foreign_grid,
    own_grid,
    slice_indices,
)
from napari_medassist.io.dicom.derived.segmentation_frames import SegmentationFrames, read_frames
from napari_medassist.io.dicom.derived.source_series import SourceSeries
from napari_medassist.io.dicom.derived.value_notes import label_values


def read_segmentation(path: Path, sources: Sequence[SourceSeries] = ()) -> Derived:
    """Read a DICOM segmentation: binary, fractional or label map.

    Segments that do not overlap share a label map; where some do, there are several label maps, and it
    is told. Each fractional segment is a probability image. Frames that are missing are empty.

    Parameters
    ----------
    path
        The file.
    sources
        The images that are there. On the grid of one of them the labels are given, if their frames lie
        on its slices and it is in the same frame of reference; else on the grid of the frames, and it
        is told. Nothing is resampled.

    Raises
    ------
    CorruptFile
        If the file cannot be read.
    GeometryMismatch
        If its frames lie on no regular grid.
    """
    frames = read_frames(path)
    if not len(frames.pixels):
        raise CorruptFile("The segmentation has no frames.", path=path)
    try:
        geometry, told = _grid(path, frames, sources)
    except MedAssistError as error:
        raise type(error)(error.message, path=path, cure=error.cure) from error
    where = slice_indices(geometry, frames.corners_lps_mm)
    if where is None:
        raise CorruptFile("A frame lies beside the slices of the grid.", path=path)
    if frames.kind == "FRACTIONAL":
        return Derived(maps=_probabilities(path, frames, geometry, where), warnings=told)
    maps = (
        [_label_values(path, frames, geometry, where)]
        if frames.kind == "LABELMAP"
        else _layers(path, frames, geometry, where)
    )
    if len(maps) > 1:
        told += (f"{path.name}: segments overlap, so that it makes {len(maps)} label maps.",)
    labels = tuple(
        _label_map(path, frames, geometry, values, number if len(maps) > 1 else 0)
        for number, values in enumerate(maps, start=1)
    )
    return Derived(labels=labels, warnings=told)


def _grid(
    path: Path, frames: SegmentationFrames, sources: Sequence[SourceSeries]
) -> tuple[Geometry, tuple[str, ...]]:
    source = choose_source(
        sources,
        series_uids=frames.series_uids,
        frame_of_reference_uid=frames.frame_of_reference_uid,
        shape_yx=frames.shape_yx,
        corners_lps_mm=frames.corners_lps_mm,
    )
    if source is None:
        grid = own_grid(frames.corners_lps_mm, frames.shape_yx, frames.step_mm)
        return grid, (foreign_grid(path.name, sources, frames.series_uids),)
    if frames.series_uids and source.series_uid not in frames.series_uids:
        told = f"{path.name}: it refers to another series, and lies on the voxels of '{source.title}'."
        return source.geometry, (told,)
    return source.geometry, ()


def _values_of(frames: SegmentationFrames) -> dict[int, int]:
    return label_values(
        {n: str(item.get("SegmentDescription", "")) for n, item in frames.segments.items()}
    )


def _layers(
    path: Path, frames: SegmentationFrames, geometry: Geometry, where: Sequence[int]
) -> list[NDArray[Any]]:
    values = _values_of(frames)
    structures = (
        (values[number], [(where[i], frames.pixels[i] > 0) for i in indices])
        for number, indices in frames.of_segment.items()
    )
    return lay(path, geometry.shape_zyx, structures)


def _label_values(
    path: Path, frames: SegmentationFrames, geometry: Geometry, where: Sequence[int]
) -> NDArray[Any]:
    values = empty_voxels(path, geometry.shape_zyx, frames.pixels.dtype)
    for z, pixels in zip(where, frames.pixels, strict=True):
        values[z] = pixels
    return values


def _probabilities(
    path: Path, frames: SegmentationFrames, geometry: Geometry, where: Sequence[int]
) -> tuple[Volume, ...]:
    found = []
    for number, indices in frames.of_segment.items():
        values = empty_voxels(path, geometry.shape_zyx, np.float32)
        for i in indices:
            values[where[i]] = np.clip(frames.pixels[i] / frames.full_scale, 0, 1)
        name = f"{frames.title} {_name(frames.segments[number], number)} probability"
        found.append(
            Volume.from_stored(
                values,
                geometry,
                name=name,
                role="probability",
                provenance=_provenance(path),
                acquisition=Acquisition(
                    modality=Modality.SEG,
                    description=name,
                    frame_of_reference_uid=frames.frame_of_reference_uid,
                ),
            )
        )
    return tuple(found)


def _label_map(
    path: Path,
    frames: SegmentationFrames,
    geometry: Geometry,
    values: NDArray[Any],
    part: int,
) -> LabelMap:
    numbers = _values_of(frames) if frames.kind != "LABELMAP" else {n: n for n in frames.segments}
    occurring = set(np.unique(values).tolist())
    labels = [
        _label(frames.segments[n], n, value)
        for n, value in numbers.items()
        if value > 0 and (not part or value in occurring)
    ]
    return LabelMap.from_stored(
        values,
        geometry,
        name=frames.title + (f" ({part})" if part else ""),
        scheme=LabelScheme(tuple(labels)),
        provenance=_provenance(path),
    )


def _label(item: Dataset, number: int, value: int) -> Label:
    colour = rgb_of(item.get("RecommendedDisplayCIELabValue")) or default_colour(value)
    code = next(iter(item.get("SegmentedPropertyTypeCodeSequence") or []), None)
    return Label(value, _name(item, number), colour, None if code is None else _code(code))


def _code(item: Dataset) -> Code:
    value = item.get("CodeValue") or item.get("LongCodeValue") or ""
    return Code(
        str(item.get("CodingSchemeDesignator", "")), str(value), str(item.get("CodeMeaning", ""))
    )


def _name(item: Dataset, number: int) -> str:
    return str(item.get("SegmentLabel") or f"segment {number}")


def _provenance(path: Path) -> Provenance:
    return Provenance(
        made_by="reader dicom seg", sources=(str(path),), software=f"napari-medassist {__version__}"
    )
