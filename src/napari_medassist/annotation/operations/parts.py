"""Lesions as parts: split, merge, keep the largest, remove small ones, copy, combine labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from napari_medassist.annotation.operations.change import (
    ANYTHING,
    ONLY_BACKGROUND,
    Change,
    Mask,
    Protection,
    Voxels,
    box_of_label,
    free_value,
    nothing,
    plane_box,
    set_where,
    whole,
)
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Triple

_ALL_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


def components_apart(voxels: Voxels, value: int) -> Change:
    """Return the split of a label into its connected parts: the largest keeps its value.

    The others get values that are free, larger parts first. Parts that touch at a corner are one.
    """
    box = box_of_label(voxels, value)
    numbers, n = ndimage.label(voxels[box] == value, _ALL_NEIGHBOURS)
    if n < 2:
        return nothing(voxels, f"Label {value} is one connected part.")
    return _renamed(voxels, box, numbers, value)


def split_by_shape(
    voxels: Voxels, value: int, spacing_zyx_mm: Triple, *, smallest_radius_mm: float = 3.0
) -> Change:
    """Return the split of a label at its narrow places, by the watershed of its depth.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    value
        The label; its largest part keeps the value, the others get free ones.
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    smallest_radius_mm
        The deepest places of two parts lie at least so far apart.
    """
    box = box_of_label(voxels, value)
    mask = np.pad(voxels[box] == value, 1)
    depth = ndimage.distance_transform_edt(mask, sampling=spacing_zyx_mm)
    # Plateaus of the depth would each give many peaks: a little blur leaves one.
    blurred = ndimage.gaussian_filter(depth, 0.5 * smallest_radius_mm / np.asarray(spacing_zyx_mm))
    size = tuple(int(2 * smallest_radius_mm / s) // 2 * 2 + 1 for s in spacing_zyx_mm)
    numbers, _ = ndimage.label(mask, _ALL_NEIGHBOURS)
    peaks = peak_local_max(blurred, footprint=np.ones(size, bool), labels=numbers, exclude_border=False)
    if len(peaks) < 2:
        return nothing(voxels, f"Label {value} has no narrow place to split at.")
    markers = np.zeros(mask.shape, dtype=np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    found = watershed(-blurred, markers, mask=mask)[1:-1, 1:-1, 1:-1]
    return _renamed(voxels, box, found, value)


def split_by_plane(
    voxels: Voxels,
    value: int,
    first_zyx: Sequence[float],
    second_zyx: Sequence[float],
    spacing_zyx_mm: Triple,
    *,
    axis: int = 0,
) -> Change:
    """Return the split of a label by the plane through a line, at right angles to the slice.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    value
        The label; the larger side keeps it, the other gets a free value.
    first_zyx, second_zyx
        Two points of the line, as voxel indices.
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    axis
        Axis across the slice that the line was drawn in.
    """
    box = box_of_label(voxels, value)
    spacing = np.asarray(spacing_zyx_mm)
    a, b = (i for i in range(3) if i != axis)
    along = (np.asarray(second_zyx, dtype=float) - np.asarray(first_zyx, dtype=float)) * spacing
    if not along[a] and not along[b]:
        raise InvalidSetting("A line to split along needs two different points.")
    places = np.ogrid[box]
    off_a, off_b = ((places[i] - first_zyx[i]) * spacing[i] for i in (a, b))
    mask = voxels[box] == value
    beyond = (along[a] * off_b - along[b] * off_a > 0) & mask
    if not beyond.any() or (beyond == mask).all():
        return nothing(voxels, f"The line does not cross label {value}.")
    return _renamed(voxels, box, np.where(beyond, 2, mask.astype(np.int32)), value)


def merge(
    voxels: Voxels, values: Sequence[int], into: int, *, protection: Protection = ANYTHING
) -> Change:
    """Return the change that gives all voxels of some labels one value."""
    mask = np.isin(voxels, [v for v in values if v not in (0, into)])
    if not mask.any():
        raise InvalidSetting("There is nothing to merge: the labels have no voxels.")
    return set_where(voxels, whole(voxels), mask, into, protection)


def remove_small(voxels: Voxels, value: int, spacing_zyx_mm: Triple, smallest_mm3: float) -> Change:
    """Return the removal of connected parts of a label that are smaller than a volume in mm3."""
    box = box_of_label(voxels, value)
    numbers, sizes = _sizes(voxels, box, value)
    small = sizes * float(np.prod(spacing_zyx_mm)) < smallest_mm3
    small[0] = False
    return _without(voxels, box, numbers, small)


def keep_largest(voxels: Voxels, value: int) -> Change:
    """Return the removal of all connected parts of a label but the largest."""
    box = box_of_label(voxels, value)
    numbers, sizes = _sizes(voxels, box, value)
    sizes[0] = 0
    others = np.ones(len(sizes), dtype=bool)
    others[[0, int(sizes.argmax())]] = False
    return _without(voxels, box, numbers, others)


def copy_slice(
    voxels: Voxels,
    value: int,
    index: int,
    to_index: int,
    *,
    axis: int = 0,
    protection: Protection = ONLY_BACKGROUND,
) -> Change:
    """Return the copy of a label from one slice onto another; what is there already stays.

    Raises
    ------
    InvalidSetting
        If a slice lies outside, or the label is not on the first one.
    """
    if not (0 <= index < voxels.shape[axis] and 0 <= to_index < voxels.shape[axis]):
        raise InvalidSetting("There is no further slice.")
    mask = voxels[plane_box(voxels, axis, index)] == value
    if value == 0 or not mask.any():
        raise InvalidSetting(f"Label {value} is not on this slice.")
    return set_where(voxels, plane_box(voxels, axis, to_index), mask, value, protection)


def combine(
    voxels: Voxels,
    value: int,
    other: int,
    how: Literal["add", "subtract", "intersect", "only one"],
    grow_mask: Voxels | None = None,
) -> Change:
    """Return a label combined with what another label map says on the same grid.

    Parameters
    ----------
    voxels
        The label map (z, y, x) that changes.
    value
        Its label.
    other
        The label of ``grow_mask``.
    how
        ``add`` writes the other label onto background, ``subtract`` erases where it is, ``intersect``
        keeps only what both have, ``only one`` keeps what one of them has alone.
    grow_mask
        The other label map (z, y, x); the label map itself by default.
    """
    theirs = (voxels if grow_mask is None else grow_mask) == other
    if theirs.shape != voxels.shape:
        raise InvalidSetting("The two label maps do not have one grid.")
    mine = voxels == value
    wanted = {
        "add": mine | theirs,
        "subtract": mine & ~theirs,
        "intersect": mine & theirs,
        "only one": mine ^ theirs,
    }[how]
    after = np.where(mine & ~wanted, 0, np.where(wanted & (voxels == 0), value, voxels))
    return set_where(voxels, whole(voxels), np.ones(voxels.shape, bool), after.astype(voxels.dtype))


def _sizes(voxels: Voxels, box: tuple[slice, slice, slice], value: int) -> tuple[Voxels, Voxels]:
    numbers, _ = ndimage.label(voxels[box] == value, _ALL_NEIGHBOURS)
    return numbers, np.bincount(numbers.ravel())


def _without(voxels: Voxels, box: tuple[slice, slice, slice], numbers: Voxels, gone: Mask) -> Change:
    n = int(gone.sum())
    change = set_where(voxels, box, np.asarray(gone[numbers], dtype=bool), 0)
    note = f"{n} part{'s' * (n != 1)} removed." if n else "No part was small enough to remove."
    return Change(change.box, change.mask, change.values, note)


def _renamed(voxels: Voxels, box: tuple[slice, slice, slice], numbers: Voxels, value: int) -> Change:
    """Return the change that gives parts values of their own: the largest one keeps its own."""
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    order = [int(number) for number in np.argsort(-sizes, kind="stable") if sizes[number]]
    first = free_value(voxels)
    if first + len(order) - 2 > np.iinfo(voxels.dtype).max:
        raise InvalidSetting(f"{len(order)} parts are too many for this label map.")
    names = np.zeros(len(sizes), dtype=voxels.dtype)
    names[order] = [value, *range(first, first + len(order) - 1)]
    return set_where(voxels, box, numbers > 0, names[numbers], note=f"Split into {len(order)} labels.")
