"""Masks of a clip frame by frame: a label map (t, y, x), filled between the frames that were drawn.

A whole map of 30 s at 25 frames a second in 1920 x 1080 is 1.6 GB of addresses. ``numpy.zeros`` takes
memory for the pages that are written only, so that a map with 100 drawn frames takes some 0.2 GB.
What an operation works on is cut to the frames and the box of the label first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from napari_medassist.annotation.operations.change import (
    ONLY_BACKGROUND,
    Change,
    Protection,
    Voxels,
)
from napari_medassist.annotation.operations.interpolation import interpolate
from napari_medassist.annotation.operations.parts import copy_slice
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    GeometryMismatch,
    InvalidSetting,
    TooLarge,
    UnsupportedFormat,
    WriteFailed,
)
from napari_medassist.core.video import VideoClip
from napari_medassist.io.atomic import replacing

#: Largest mask map of a clip: 40 s of 1920 x 1080 at 25 frames a second.
MOST_BYTES = 2 * 1024**3


def new_mask(clip: VideoClip) -> Voxels:
    """Return an empty label map (t, y, x) on a clip's pixels, uint8.

    Raises
    ------
    TooLarge
        If it would take more than :data:`MOST_BYTES`.
    """
    shape = tuple(int(n) for n in clip.frames.shape[:3])
    if np.prod(shape, dtype=np.int64) > MOST_BYTES:
        raise TooLarge(
            f"A mask of {shape[0]} frames of {shape[2]} x {shape[1]} takes more than 2 GB.",
            cure="Cut the clip to the part that is labelled.",
        )
    return np.zeros(shape, dtype=np.uint8)


def drawn_frames(mask: Voxels, value: int) -> list[int]:
    """Return the frames (t) that hold a label; looks at one frame at a time."""
    return [frame for frame, plane in enumerate(mask) if (plane == value).any()]


def between_frames(
    mask: Voxels,
    value: int,
    times_s: tuple[float, ...],
    spacing_yx: tuple[float, float],
    protection: Protection = ONLY_BACKGROUND,
) -> Change:
    """Return the label on the frames between those that it was drawn on.

    As :func:`~napari_medassist.annotation.operations.interpolation.interpolate`, with the share of the
    way taken from the frames' times, not from their numbers. Frames that hold the label are kept.

    Parameters
    ----------
    mask
        The label map (t, y, x).
    value
        The label.
    times_s
        Seconds of each frame.
    spacing_yx
        Pixel size, in mm or any unit; only its ratio matters.
    protection
        What must not be overwritten; other labels by default.

    Raises
    ------
    InvalidSetting
        If the label is drawn on fewer than two frames.
    """
    drawn = drawn_frames(mask, value) if value else []
    if len(drawn) < 2:
        raise InvalidSetting(
            f"Label {value} is drawn on {'one frame' if drawn else 'no frame'}.",
            cure="Draw it on two frames or more.",
        )
    there = np.logical_or.reduce([mask[frame] == value for frame in drawn])
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    box = (
        slice(drawn[0], drawn[-1] + 1),
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )
    change = interpolate(
        mask[box],
        value,
        (1.0, *spacing_yx),
        protection=protection,
        positions=times_s[box[0]],
    )
    return _moved(change, (box[0].start, box[1].start, box[2].start))


def copied_to_next(
    mask: Voxels, value: int, frame: int, protection: Protection = ONLY_BACKGROUND
) -> Change:
    """Return the copy of a label to the next frame.

    Raises
    ------
    InvalidSetting
        If there is no next frame, or the label is not on this one.
    """
    if not 0 <= frame < len(mask) - 1:
        raise InvalidSetting(f"There is no frame after {frame}.")
    pair = mask[frame : frame + 2]
    return _moved(copy_slice(pair, value, 0, 1, protection=protection), (frame, 0, 0))


def _moved(change: Change, start: tuple[int, int, int]) -> Change:
    """Return a change of a part of a map as one of the whole."""
    if not change.n_voxels:
        return change
    t, y, x = (
        slice(part.start + at, part.stop + at) for part, at in zip(change.box, start, strict=True)
    )
    return Change((t, y, x), change.mask, change.values, change.note.replace("slice", "frame"))


def write_mask(path: Path, mask: Voxels, spacing_yx_mm: tuple[float, float] | None) -> None:
    """Write a mask (t, y, x) as an image of three axes, compressed: .nrrd, .nii.gz or .mha.

    The third axis is the frame, one unit a frame. Pixels without a size in mm are written as 1 x 1.

    Raises
    ------
    UnsupportedFormat
        If the ending is another.
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    _require_ending(path)
    image = sitk.GetImageFromArray(mask)
    y, x = spacing_yx_mm or (1.0, 1.0)
    image.SetSpacing((x, y, 1.0))
    with replacing(path) as part:
        try:
            sitk.WriteImage(image, str(part), useCompression=True)
        except RuntimeError as error:
            raise WriteFailed("The mask could not be written.", path=path) from error


def read_mask(path: Path, clip: VideoClip) -> Voxels:
    """Read a mask (t, y, x) of a clip, uint8.

    Raises
    ------
    FileProblem, CorruptFile
        If the file cannot be read, or holds values that are no labels of 0..255.
    GeometryMismatch
        If it has other frames or pixels than the clip.
    """
    _require_ending(path)
    if not path.is_file():
        raise FileProblem("The file does not exist.", path=path)
    try:
        array = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError as error:
        raise CorruptFile("The mask cannot be read.", path=path) from error
    shape = tuple(int(n) for n in clip.frames.shape[:3])
    if array.shape != shape:
        raise GeometryMismatch(
            f"The mask is {array.shape} (t, y, x), the clip {shape}.",
            path=path,
            cure="Open the clip that it was drawn on.",
        )
    mask: Voxels = array.astype(np.uint8)
    if not np.array_equal(mask, array):
        raise CorruptFile("The file holds values that are no labels (0 to 255).", path=path)
    return mask


def _require_ending(path: Path) -> None:
    if not path.name.lower().endswith((".nrrd", ".nii.gz", ".mha")):
        raise UnsupportedFormat("Masks of clips are kept as .nrrd, .nii.gz or .mha.", path=path)
