"""What an operation changes: a box, the voxels in it, their new values; and what it must not touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidSetting

Voxels = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Change:
    """The voxels that an operation gives another value.

    Parameters
    ----------
    box
        Three slices (z, y, x) of the label map; empty ones if nothing changes.
    mask
        (z, y, x) in the box: True where the value changes.
    values
        New values of the voxels in ``mask``, in the order of ``numpy.nonzero``; (n,).
    note
        What a user should be told, in one sentence; empty if there is nothing to tell.
    """

    box: Box
    mask: Mask
    values: Voxels
    note: str = ""

    @property
    def n_voxels(self) -> int:
        """Number of voxels that change."""
        return int(self.values.size)

    def indices(self) -> tuple[NDArray[np.intp], ...]:
        """Return the indices z, y, x of the voxels, three arrays (n,), in the whole label map."""
        inside = np.nonzero(self.mask)
        return tuple(index + part.start for index, part in zip(inside, self.box, strict=True))

    def apply_to(self, voxels: Voxels) -> None:
        """Write the new values into a label map (z, y, x)."""
        voxels[self.box][self.mask] = self.values


@dataclass(frozen=True)
class Protection:
    """Which voxels may be overwritten.

    Parameters
    ----------
    protected
        Label values that no operation changes.
    only
        If given, only voxels with one of these values are changed (0 is the background).
    """

    protected: frozenset[int] = frozenset()
    only: frozenset[int] | None = None

    def allows(self, values: Voxels) -> Mask:
        """Return where the values may be overwritten; same shape."""
        allowed = np.ones(values.shape, dtype=bool)
        if self.only is not None:
            allowed = np.isin(values, sorted(self.only))
        for value in self.protected:
            allowed &= values != value
        return allowed


ANYTHING = Protection()
ONLY_BACKGROUND = Protection(only=frozenset({0}))


def nothing(voxels: Voxels, note: str = "") -> Change:
    """Return a change that changes nothing."""
    empty = slice(0, 0)
    return Change((empty, empty, empty), np.zeros((0, 0, 0), bool), np.zeros(0, voxels.dtype), note)


def whole(voxels: Voxels) -> Box:
    """Return the box that holds a whole label map."""
    z, y, x = (slice(0, n) for n in voxels.shape)
    return z, y, x


def set_where(
    voxels: Voxels,
    box: Box,
    mask: Mask,
    value: int | Voxels,
    protection: Protection = ANYTHING,
    note: str = "",
) -> Change:
    """Return the change that gives voxels a value, where the protection lets it.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    box, mask
        Where: a box, and (z, y, x) in it.
    value
        One value, or one for each voxel of the box, (z, y, x).
    protection
        What must not be overwritten.
    note
        See :class:`Change`.

    Raises
    ------
    InvalidSetting
        If the label map cannot hold the value.
    """
    _require_room(voxels, int(np.max(value)) if np.size(value) else 0)
    before = voxels[box]
    changed = mask & (before != value) & protection.allows(before)
    if not changed.any():
        return nothing(voxels, note)
    inner = box_of(changed)
    values = np.broadcast_to(np.asarray(value, dtype=voxels.dtype), changed.shape)[inner]
    shifted = tuple(slice(o.start + i.start, o.start + i.stop) for o, i in zip(box, inner, strict=True))
    part = changed[inner]
    return Change((shifted[0], shifted[1], shifted[2]), part, values[part], note)


def joined(voxels: Voxels, changes: list[Change], note: str = "") -> Change:
    """Return one change for several; where they touch the same voxel, the last one counts."""
    changes = [change for change in changes if change.n_voxels]
    if not changes:
        return nothing(voxels, note)
    bounds = [
        (min(c.box[a].start for c in changes), max(c.box[a].stop for c in changes)) for a in range(3)
    ]
    box = (slice(*bounds[0]), slice(*bounds[1]), slice(*bounds[2]))
    after = voxels[box].copy()
    for change in changes:
        local = tuple(
            slice(p.start - o.start, p.stop - o.start) for p, o in zip(change.box, box, strict=True)
        )
        after[local][change.mask] = change.values
    return set_where(voxels, box, np.ones(after.shape, bool), after, note=note)


def box_of(mask: Mask) -> Box:
    """Return the smallest box that holds all True voxels of a mask (z, y, x) with at least one."""
    parts = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        there = np.flatnonzero(mask.any(axis=others))
        parts.append(slice(int(there[0]), int(there[-1]) + 1))
    return parts[0], parts[1], parts[2]


def widened(box: Box, margin_vox: tuple[int, ...], shape: tuple[int, ...]) -> Box:
    """Return a box with a margin along z, y, x, within a shape."""
    z, y, x = (
        slice(max(0, part.start - m), min(n, part.stop + m))
        for part, m, n in zip(box, margin_vox, shape, strict=True)
    )
    return z, y, x


def box_of_label(voxels: Voxels, value: int) -> Box:
    """Return the smallest box that holds a label.

    Raises
    ------
    InvalidSetting
        If no voxel has the value.
    """
    mask = voxels == value
    if value == 0 or not mask.any():
        raise InvalidSetting(f"Label {value} has no voxels.", cure="Draw it first, or choose another.")
    return box_of(mask)


def index_within(voxels: Voxels, seed_zyx: tuple[float, ...]) -> tuple[int, int, int]:
    """Return the voxel of a point, by rounding.

    Raises
    ------
    InvalidSetting
        If it lies outside of the label map.
    """
    index = tuple(int(v) for v in np.rint(np.asarray(seed_zyx, dtype=float)))
    if len(index) != 3 or any(not 0 <= i < n for i, n in zip(index, voxels.shape, strict=True)):
        raise InvalidSetting("The point lies outside of the label map.", cure="Click inside the image.")
    return index[0], index[1], index[2]


def plane_box(voxels: Voxels, axis: int, index: int) -> Box:
    """Return the box of one slice across an axis."""
    parts = [slice(0, n) for n in voxels.shape]
    parts[axis] = slice(index, index + 1)
    return parts[0], parts[1], parts[2]


def free_value(voxels: Voxels) -> int:
    """Return the value after the largest one that occurs.

    Raises
    ------
    InvalidSetting
        If the label map cannot hold it.
    """
    value = int(voxels.max(initial=0)) + 1
    _require_room(voxels, value)
    return value


def _require_room(voxels: Voxels, value: int) -> None:
    if value < 0 or value > np.iinfo(voxels.dtype).max:
        raise InvalidSetting(
            f"The label map holds values up to {np.iinfo(voxels.dtype).max}, not {value}."
        )
