"""Fill: what is connected to a point, holes of a label, the inside of an outline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage
from skimage.draw import polygon as polygon_pixels

from napari_medassist.annotation.operations.change import (
    ANYTHING,
    ONLY_BACKGROUND,
    Change,
    Protection,
    Voxels,
    box_of,
    box_of_label,
    index_within,
    nothing,
    plane_box,
    set_where,
    whole,
)
from napari_medassist.core.errors import InvalidSetting


def flood(
    voxels: Voxels,
    seed_zyx: Sequence[float],
    value: int,
    *,
    axis: int | None = None,
    protection: Protection = ANYTHING,
) -> Change:
    """Return the fill of all voxels of the seed's value that are connected to it by faces.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    seed_zyx
        The point, as voxel index.
    value
        What it is filled with.
    axis
        Axis across the plane to stay in; None fills in 3D.
    protection
        What must not be overwritten.

    Raises
    ------
    InvalidSetting
        If the seed lies outside.
    """
    seed = index_within(voxels, tuple(seed_zyx))
    box = whole(voxels) if axis is None else plane_box(voxels, axis, seed[axis])
    if axis is None:
        box = box_of(voxels == voxels[seed])
    parts, _ = ndimage.label(voxels[box] == voxels[seed])
    local = tuple(s - part.start for s, part in zip(seed, box, strict=True))
    return set_where(voxels, box, parts == parts[local], value, protection)


def fill_holes(
    voxels: Voxels, value: int, *, axis: int | None = None, protection: Protection = ONLY_BACKGROUND
) -> Change:
    """Return the fill of holes that a label encloses; other labels in a hole stay.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    value
        The label.
    axis
        Fill holes of each slice across this axis; None fills what is enclosed in 3D.
    protection
        What must not be overwritten.

    Raises
    ------
    InvalidSetting
        If no voxel has the value.
    """
    box = box_of_label(voxels, value)
    mask = voxels[box] == value
    structure = ndimage.generate_binary_structure(3, 1)
    if axis is not None:
        # Without neighbours along the axis each slice is filled by itself; a border of background is
        # not put at its ends, so that the first and the last slice can be filled too.
        filled = np.empty_like(mask)
        for index in range(mask.shape[axis]):
            plane = tuple(index if a == axis else slice(None) for a in range(3))
            filled[plane] = ndimage.binary_fill_holes(mask[plane])
    else:
        filled = ndimage.binary_fill_holes(mask, structure)
    change = set_where(voxels, box, filled, value, protection)
    return change if change.n_voxels else nothing(voxels, f"Label {value} has no holes.")


def polygon(
    voxels: Voxels,
    corners_zyx: ArrayLike,
    value: int,
    *,
    axis: int,
    protection: Protection = ANYTHING,
) -> Change:
    """Return the fill of a polygon in one slice: the voxels whose centres lie inside.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    corners_zyx
        (n, 3) corners as voxel indices, all in the slice of the first one.
    value
        What is painted.
    axis
        Axis across the slice.
    protection
        What must not be overwritten.

    Raises
    ------
    InvalidSetting
        If there are fewer than three corners, or the slice lies outside.
    """
    corners = np.asarray(corners_zyx, dtype=float).reshape(-1, 3)
    if len(corners) < 3:
        raise InvalidSetting("An outline needs three points or more.")
    index = int(np.rint(corners[0, axis]))
    if not 0 <= index < voxels.shape[axis]:
        raise InvalidSetting("The outline lies outside of the label map.")
    box = plane_box(voxels, axis, index)
    first, second = (a for a in range(3) if a != axis)
    shape = (voxels.shape[first], voxels.shape[second])
    mask = np.zeros(shape, dtype=bool)
    mask[polygon_pixels(corners[:, first], corners[:, second], shape)] = True
    return set_where(voxels, box, np.expand_dims(mask, axis), value, protection)
