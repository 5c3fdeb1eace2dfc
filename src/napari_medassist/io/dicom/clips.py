"""Files without a place in the patient: ultrasound, endoscopy, secondary captures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from napari_medassist import __version__
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Acquisition, Array, Modality
from napari_medassist.io.dicom.colour import displayed
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.pixels import colour_frames, require_memory, require_plausible
from napari_medassist.io.dicom.tags import Tags
from napari_medassist.io.dicom.video_stream import (
    is_video_stream,
    require_plausible_stream,
    video_frames,
)
from napari_medassist.io.lazy import made_when_seen

#: Clips that take more, decoded, stay on disk and are decoded frame by frame.
LAZY_ABOVE_BYTES = 256 * 2**20
_CM = 3  # PhysicalUnitsXDirection
_TISSUE = 1  # RegionSpatialFormat: a two-dimensional image


def clip_of(header: Header, dataset: Dataset, tick: Callable[[], None]) -> VideoClip:
    """Read a file as a clip; a still image is a clip of one frame.

    Parameters
    ----------
    header, dataset
        What the header pass read.
    tick
        Called after each frame; may raise ``Cancelled``.

    Raises
    ------
    CorruptFile, UnsupportedFormat
        If the pixels are not there or cannot be decoded.
    TooLarge
        If a single frame would not fit into memory.
    """
    (require_plausible_stream if is_video_stream(header) else require_plausible)(header)
    tags = Tags(header.path, (dataset,))
    times, time_source, time_warnings = frame_times(tags, header.n_frames)
    spacing, spacing_warnings = pixel_spacing(tags, dataset)
    return VideoClip(
        frames=_frames(header, tick),
        frame_times_s=times,
        spacing_yx_mm=spacing,
        name=f"{header.title} #{header.instance_number}",
        role="us" if header.modality is Modality.US else "other",
        acquisition=Acquisition(
            modality=header.modality,
            description=header.description,
            series_uid=header.series_uid,
            frame_of_reference_uid=header.frame_of_reference_uid,
            series_number=header.series_number,
            time_source=time_source,
            image_type=header.image_type,
        ),
        warnings=(*_place_warnings(header), *time_warnings, *spacing_warnings),
        provenance=Provenance(
            made_by="reader dicom",
            sources=(str(header.path),),
            software=f"napari-medassist {__version__}",
        ),
    )


def frame_times(tags: Tags, n_frames: int) -> tuple[tuple[float, ...], str, tuple[str, ...]]:
    """Return the seconds of each frame from the first, the tag that says so, and warnings."""
    if n_frames == 1:
        return (0.0,), "", ()
    vector_ms = tags.numbers("FrameTimeVector")
    if len(vector_ms) == n_frames and min(vector_ms[1:]) >= 0:
        seconds = np.cumsum([0.0, *vector_ms[1:]]) / 1000
        return _rounded(seconds), "FrameTimeVector (0018,1065)", ()
    frame_time_ms = tags.number("FrameTime")
    if frame_time_ms and frame_time_ms > 0:
        seconds = np.arange(n_frames) * frame_time_ms / 1000
        return _rounded(seconds), "FrameTime (0018,1063)", ()
    for keyword, number in (
        ("CineRate", "0018,0040"),
        ("RecommendedDisplayFrameRate", "0008,2144"),
    ):
        rate = tags.number(keyword)
        if rate and rate > 0:
            return _rounded(np.arange(n_frames) / rate), f"{keyword} ({number})", ()
    seconds = np.arange(n_frames, dtype=np.float64)
    return _rounded(seconds), "", ("No frame time is stated; frames are counted as one a second.",)


def pixel_spacing(tags: Tags, dataset: Dataset) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """Return the pixel size (y, x) in mm from the ultrasound region or PixelSpacing, and warnings."""
    regions = [_region(Tags(tags.path, (r,))) for r in dataset.get("SequenceOfUltrasoundRegions") or []]
    found = sorted((r for r in regions if r is not None), reverse=True)
    if found:
        _, y_mm, x_mm = found[0]
        differ = any(max(abs(y - y_mm), abs(x - x_mm)) > 1e-6 for _, y, x in found)
        warning = "The image has regions of different scale; distances hold in the largest one only."
        return (y_mm, x_mm), (warning,) if differ else ()
    stated = tags.numbers("PixelSpacing")
    if len(stated) == 2 and min(stated) > 0:
        return (stated[0], stated[1]), ()
    return None, ()


def _region(tags: Tags) -> tuple[float, float, float] | None:
    """Return area, y and x pixel size in mm of a two-dimensional region that is measured in cm."""
    if tags.integer("RegionSpatialFormat") != _TISSUE:
        return None
    units = (tags.integer("PhysicalUnitsXDirection"), tags.integer("PhysicalUnitsYDirection"))
    x_cm, y_cm = tags.number("PhysicalDeltaX"), tags.number("PhysicalDeltaY")
    if units != (_CM, _CM) or not x_cm or not y_cm:
        return None
    width = tags.integer("RegionLocationMaxX1") - tags.integer("RegionLocationMinX0")
    height = tags.integer("RegionLocationMaxY1") - tags.integer("RegionLocationMinY0")
    return float(width * height), abs(y_cm) * 10, abs(x_cm) * 10


def _frames(header: Header, tick: Callable[[], None]) -> Array:
    if is_video_stream(header):
        return video_frames(header, tick, LAZY_ABOVE_BYTES)
    require_memory(2 * header.frame_bytes, header.path)
    first = _decode(header, 0)
    if first.nbytes * header.n_frames > LAZY_ABOVE_BYTES:
        shape = (header.n_frames, *first.shape)
        return made_when_seen(partial(_decode, header), shape, first.dtype)
    frames = np.empty((header.n_frames, *first.shape), dtype=first.dtype)
    palette = Dataset()
    for i, frame in enumerate(colour_frames(header, range(header.n_frames), palette)):
        frames[i] = displayed(frame, header, palette)
        tick()
    return frames


def _decode(header: Header, index: int) -> NDArray[Any]:
    palette = Dataset()
    frame = next(iter(colour_frames(header, [index], palette)))
    return displayed(frame, header, palette)


def _place_warnings(header: Header) -> tuple[str, ...]:
    warnings = []
    if header.modality in (Modality.MR, Modality.CT, Modality.PT):
        warnings.append("The image states no place in the patient; it is shown frame by frame.")
    if header.photometric == "MONOCHROME1":
        warnings.append("Stored with low values bright (MONOCHROME1); it was inverted for display.")
    return tuple(warnings)


def _rounded(seconds: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(s), 6) for s in seconds)
