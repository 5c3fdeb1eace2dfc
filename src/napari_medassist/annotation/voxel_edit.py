"""Voxels of a label map that were given other values: only these are kept, with both values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.document import Document, Voxels
from napari_medassist.core.errors import InvalidSetting

#: A mask costs a bit a voxel of its box, an index eight bytes.
_BITS_OF_AN_INDEX = 64


@dataclass(frozen=True, eq=False)
class Dab:
    """What one movement of a brush, or a fill, is about to change or has changed.

    Parameters
    ----------
    box
        One slice an axis of the label map, with start and stop; None if ``where`` holds indices.
    where
        Mask in the box (None: all of it), or one index array (n,) an axis.
    before, after
        Values of these voxels, in the order of ``numpy.nonzero`` or of the indices; (n,) or one value.
    """

    box: tuple[slice, ...] | None
    where: Any
    before: Any
    after: Any

    def flat(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """Return the positions as indices into the flattened label map; (n,)."""
        index = self.where
        if self.box is not None:
            mask = _mask_of(self, self.box)
            index = [i + part.start for i, part in zip(np.nonzero(mask), self.box, strict=True)]
        flat: NDArray[np.int64] = np.ravel_multi_index(
            tuple(np.asarray(i, dtype=np.int64).ravel() for i in index), shape
        ).astype(np.int64, copy=False)
        return flat


@dataclass(frozen=True, eq=False)
class VoxelEdit:
    """Voxels of one label map changed.

    Parameters
    ----------
    title
        What was done, in a few words.
    key
        Key of the label map.
    shape
        Shape of the whole label map.
    box
        (start, stop) an axis: the box that holds all changed voxels.
    bits
        Which voxels of the box change: a mask of it, packed eight to a byte (``numpy.packbits``); None
        if ``flat`` holds them, which takes less room where they lie far apart.
    flat
        Rising indices (n,) into the flattened label map, or None.
    before, after
        Values of the changed voxels in C order, (n,); (1,) if all are the same.
    """

    title: str
    key: str
    shape: tuple[int, ...]
    box: tuple[tuple[int, int], ...]
    bits: NDArray[np.uint8] | None
    flat: NDArray[np.int64] | None
    before: Voxels
    after: Voxels

    @property
    def n_bytes(self) -> int:
        """About as many bytes as it takes in memory."""
        arrays = (self.bits, self.flat, self.before, self.after)
        return 200 + sum(a.nbytes for a in arrays if a is not None)

    @property
    def n_voxels(self) -> int:
        """Number of voxels that it changes."""
        if self.flat is not None:
            return int(self.flat.size)
        return 0 if self.bits is None else int(np.count_nonzero(np.unpackbits(self.bits)))

    def apply_to(self, document: Document) -> None:
        """Give the voxels their values after the edit.

        Raises
        ------
        InvalidSetting
            If the label map is not there, has another shape, or a voxel is not as it was before.
        """
        voxels = document.maps.get(self.key)
        if voxels is None or voxels.shape != self.shape:
            raise InvalidSetting(f"The label map of '{self.title}' is not there any more.")
        if not self._write(voxels, self.before, self.after):
            raise InvalidSetting(
                f"'{self.title}' cannot be taken back or repeated: the voxels were changed otherwise.",
                cure="Something wrote into the label map without telling; nothing was changed now.",
            )

    def put_before(self, voxels: Voxels) -> None:
        """Give the voxels their values before the edit, whatever they are now."""
        self._write(voxels, None, self.before)

    def inverse(self) -> VoxelEdit:
        """Return the edit that takes this one back."""
        return VoxelEdit(
            self.title, self.key, self.shape, self.box, self.bits, self.flat, self.after, self.before
        )

    def _write(self, voxels: Voxels, expected: Voxels | None, values: Voxels) -> bool:
        """Write if the voxels are as expected; tell whether."""
        if self.flat is not None:
            place = np.unravel_index(self.flat, self.shape)
            if expected is not None and (voxels[place] != expected).any():
                return False
            voxels[place] = values
            return True
        region = voxels[tuple(slice(*part) for part in self.box)]
        mask = self._mask(region.shape)
        if expected is not None and _differs(region, mask, expected):
            return False
        if values.size == 1:
            np.copyto(region, values[0], where=mask)
        else:
            region[mask] = values
        return True

    def _mask(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        bits = np.zeros(0, np.uint8) if self.bits is None else self.bits
        return np.unpackbits(bits, count=prod(shape)).view(bool).reshape(shape)


def voxel_edit(title: str, key: str, voxels: Voxels, dabs: Sequence[Dab]) -> VoxelEdit | None:
    """Return the dabs of one stroke as one edit; None if they change nothing.

    Of a voxel that several dabs touch, the first value before and the last one after count.

    Parameters
    ----------
    title
        What was done, in a few words.
    key
        Key of the label map.
    voxels
        The label map; only its shape and type are looked at, since napari tells of some strokes before
        and of others after it writes them.
    dabs
        In the order in which they were made.
    """
    shape, dtype = voxels.shape, voxels.dtype
    if len(dabs) == 1 and dabs[0].box is not None:
        return _edit_of_box(title, key, shape, dtype, dabs[0], dabs[0].box)
    if not dabs:
        return None
    flats = [dab.flat(shape) for dab in dabs]
    before = np.concatenate([_full(d.before, f.size, dtype) for d, f in zip(dabs, flats, strict=True)])
    after = np.concatenate([_full(d.after, f.size, dtype) for d, f in zip(dabs, flats, strict=True)])
    flat = np.concatenate(flats)
    # unique() sorts stably: the first of equal positions is the first in time.
    places, first = np.unique(flat, return_index=True)
    last = flat.size - 1 - np.unique(flat[::-1], return_index=True)[1]
    return _edit_at(title, key, shape, places, before[first], after[last])


def difference(title: str, key: str, before: Voxels, after: Voxels) -> VoxelEdit | None:
    """Return what changes one label map into another of the same shape and type; None if nothing."""
    changed = before != after
    if not changed.any():
        return None
    box = tuple(slice(0, n) for n in before.shape)
    dab = Dab(box, changed, before[changed], after[changed])
    return _edit_of_box(title, key, before.shape, before.dtype, dab, box)


def _edit_of_box(
    title: str,
    key: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    dab: Dab,
    box: tuple[slice, ...],
) -> VoxelEdit | None:
    """Return the edit of one masked box; a fill of an organ must not be turned into indices."""
    mask = _mask_of(dab, box)
    count = int(np.count_nonzero(mask))
    before, after = _full(dab.before, count, dtype), _full(dab.after, count, dtype)
    changed = before != after
    if not changed.any():
        return None
    if not changed.all():
        mask = mask.copy()
        mask[mask] = changed
        before, after = before[changed], after[changed]
    start = tuple(part.start for part in box)
    return _packed(title, key, shape, start, mask, before, after)


def _edit_at(
    title: str,
    key: str,
    shape: tuple[int, ...],
    flat: NDArray[np.int64],
    before: Voxels,
    after: Voxels,
) -> VoxelEdit | None:
    changed = before != after
    flat, before, after = flat[changed], before[changed], after[changed]
    if not flat.size:
        return None
    index = np.unravel_index(flat, shape)
    low = tuple(int(i.min()) for i in index)
    size = tuple(int(i.max()) + 1 - a for i, a in zip(index, low, strict=True))
    if prod(size) > _BITS_OF_AN_INDEX * flat.size:
        box = tuple((a, a + n) for a, n in zip(low, size, strict=True))
        return VoxelEdit(title, key, shape, box, None, flat, _small(before), _small(after))
    mask = np.zeros(size, bool)
    mask[tuple(i - a for i, a in zip(index, low, strict=True))] = True
    return _packed(title, key, shape, low, mask, before, after)


def _packed(
    title: str,
    key: str,
    shape: tuple[int, ...],
    start: tuple[int, ...],
    mask: NDArray[np.bool_],
    before: Voxels,
    after: Voxels,
) -> VoxelEdit:
    """Cut a mask to what is in it, and choose how to keep it."""
    parts = []
    for axis in range(mask.ndim):
        there = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        parts.append(slice(int(there[0]), int(there[-1]) + 1))
    inner = mask[tuple(parts)]
    box = tuple((a + p.start, a + p.stop) for a, p in zip(start, parts, strict=True))
    small = (_small(before), _small(after))
    if inner.size > _BITS_OF_AN_INDEX * before.size:
        index = [i + a for i, (a, _) in zip(np.nonzero(inner), box, strict=True)]
        flat = np.ravel_multi_index(tuple(index), shape).astype(np.int64)
        return VoxelEdit(title, key, shape, box, None, flat, *small)
    return VoxelEdit(title, key, shape, box, np.packbits(inner), None, *small)


def _mask_of(dab: Dab, box: tuple[slice, ...]) -> NDArray[np.bool_]:
    size = tuple(part.stop - part.start for part in box)
    return np.ones(size, bool) if dab.where is None else np.asarray(dab.where, bool).reshape(size)


def _full(values: Any, count: int, dtype: np.dtype[Any]) -> Voxels:
    return np.broadcast_to(np.asarray(values, dtype=dtype).ravel(), (count,))


def _small(values: Voxels) -> Voxels:
    """Return one value for many equal ones."""
    return values[:1].copy() if (values == values[0]).all() else np.ascontiguousarray(values)


def _differs(region: Voxels, mask: NDArray[np.bool_], expected: Voxels) -> bool:
    if expected.size == 1:
        return bool(((region != expected[0]) & mask).any())
    return bool((region[mask] != expected).any())
