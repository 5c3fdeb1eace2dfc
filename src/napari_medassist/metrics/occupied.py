"""Where an array holds anything at all, from one pass over it.

Masks and maps of lesions are nearly empty. That they are is found at the speed at which memory can be
read, by joining the bits of each row; all that comes after looks at occupied rows only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.metrics.grid import Mask

Box = tuple[slice, slice, slice]
Bits = NDArray[np.unsignedinteger[Any]]

#: The box of an array that holds nothing.
NO_BOX: Box = (slice(0, 0), slice(0, 0), slice(0, 0))
#: Bytes of rows that are worked on at once, so that they stay in the processor's cache.
_BYTES_AT_ONCE = 1 << 18
#: So many rows are looked at as one first: of a short row, what costs is not its bits but the loop.
_ROWS_AT_ONCE = 8
#: Where at most this share of such blocks hold anything, only their rows are looked at one by one.
_FEW_BLOCKS = 0.25


@dataclass(frozen=True, eq=False)
class Occupied:
    """The rows of an array that hold anything, and the smallest box around what they hold.

    Anything is what has a bit set. Of whole numbers that is what is not 0; of floating point numbers
    -0.0 and NaN are among it too.

    Parameters
    ----------
    rows
        (z, y) bool: the rows along x with anything in them.
    box
        The smallest box that holds everything; of size 0 if there is nothing.
    is_binary
        Whether the array is made of single bytes of 0 and 1, so that it is a mask as it stands.
    """

    rows: Mask
    box: Box
    is_binary: bool

    @classmethod
    def of(cls, values: NDArray[Any]) -> Occupied:
        """Look through a (z, y, x) array of numbers in any memory layout.

        24x384x384 of float32 took 0.5 ms, which is what reading them takes; to compare each with 0 and
        to go through the mask along three axes took eight times as long.
        """
        bits = _bits(values)
        # Joining the bits of a row does not ask for their order, but fast reading does.
        backwards = bits.strides[2] < 0
        words = _widest_words(bits[..., ::-1] if backwards else bits)
        rows = _occupied_rows(words)
        columns = _joined(words, rows).view(bits.dtype)
        is_binary = values.dtype.itemsize == 1 and bool((columns <= 1).all())
        if backwards:
            columns = columns[::-1]
        return cls(rows, _box(rows, columns != 0), is_binary)

    @classmethod
    def of_mask(cls, mask: Mask, rows: Mask | None = None) -> Occupied:
        """Look through a (z, y, x) bool mask; ``rows`` are those that may hold anything, if known."""
        if rows is None:
            return cls.of(mask)
        found, columns = np.zeros_like(rows), np.zeros(mask.shape[2], dtype=bool)
        for z, y in row_blocks(rows, mask.shape[2]):
            block = mask[z, y]
            found[z, y] = block.any(axis=1)
            columns |= block.any(axis=0)
        return cls(found, _box(found, columns), is_binary=True)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in the array."""
        return self.box == NO_BOX


def row_blocks(rows: Mask, n_bytes: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Go through chosen rows, a block that fits the processor's cache at a time.

    Parameters
    ----------
    rows
        (z, y) bool: the chosen rows along x.
    n_bytes
        Size of a row.

    Yields
    ------
    tuple of numpy.ndarray
        Indices of the rows of a block along z and along y.
    """
    z, y = np.nonzero(rows)
    step = max(1, _BYTES_AT_ONCE // max(1, n_bytes))
    for start in range(0, z.size, step):
        yield z[start : start + step], y[start : start + step]


def union_box(one: Box, other: Box) -> Box:
    """Return the smallest box around two boxes; the first voxel if both are of size 0."""
    boxes = [box for box in (one, other) if box != NO_BOX]
    if not boxes:
        return slice(0, 1), slice(0, 1), slice(0, 1)
    z, y, x = (
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )
    return z, y, x


def _bits(values: NDArray[Any]) -> Bits:
    if values.dtype.kind not in "biuf" or values.dtype.itemsize not in (1, 2, 4, 8):
        values = values != 0
    bits: Bits = values.view(f"u{values.dtype.itemsize}")
    return bits


def _widest_words(bits: Bits) -> Bits:
    """Take several values of a row as one number, as far as they lie side by side in memory."""
    size, n_bytes = bits.dtype.itemsize, bits.shape[2] * bits.dtype.itemsize
    if bits.strides[2] != size:
        return bits
    for wide in (8, 4, 2):
        if wide > size and n_bytes % wide == 0:
            words: Bits = bits.view(f"u{wide}")
            if words.flags.aligned:
                return words
    return bits


def _occupied_rows(words: Bits) -> Mask:
    """Return which rows (z, y) hold anything; those of empty blocks of rows are looked at together."""
    depth, height, n_words = words.shape
    n_blocks = depth * height // _ROWS_AT_ONCE
    if not (n_blocks and words.flags.c_contiguous):
        return _not_empty(words)
    flat = words.reshape(-1, n_words)
    n_in_blocks = n_blocks * _ROWS_AT_ONCE
    blocks = flat[:n_in_blocks].reshape(n_blocks, _ROWS_AT_ONCE, n_words)
    occupied = np.flatnonzero(_not_empty(blocks.reshape(n_blocks, -1)))
    if occupied.size > _FEW_BLOCKS * n_blocks:
        return _not_empty(words)
    rows = np.zeros(flat.shape[0], dtype=bool)
    rows[:n_in_blocks].reshape(n_blocks, -1)[occupied] = _not_empty(blocks[occupied])
    rows[n_in_blocks:] = _not_empty(flat[n_in_blocks:])
    return rows.reshape(depth, height)


def _not_empty(words: Bits) -> Mask:
    """Tell where any bit is set along the last axis."""
    held: Mask = np.bitwise_or.reduce(words, axis=-1) != 0
    return held


def _joined(words: Bits, rows: Mask) -> Bits:
    """Return the bits of all chosen rows joined into one row."""
    joined = np.zeros(words.shape[2], dtype=words.dtype)
    for z, y in row_blocks(rows, joined.nbytes):
        joined |= np.bitwise_or.reduce(words[z, y], axis=0)
    return joined


def _box(rows: Mask, columns: Mask) -> Box:
    if not columns.any():
        return NO_BOX
    z, y, x = np.any(rows, axis=1), np.any(rows, axis=0), columns
    return _extent(np.flatnonzero(z)), _extent(np.flatnonzero(y)), _extent(np.flatnonzero(x))


def _extent(places: NDArray[np.intp]) -> slice:
    return slice(int(places[0]), int(places[-1]) + 1)
