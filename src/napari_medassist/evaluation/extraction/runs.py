"""Connected components by runs: a mask as rows of voxels, which are far fewer than its voxels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.lesion import Index, Labels
from napari_medassist.metrics.occupied import Occupied, row_blocks

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]

#: Connectivity -> for each of the rows before a row that touch it (steps along z and y): how far a run
#: may lie beside another one along x and still be its neighbour.
_ROWS_BEFORE = {
    6: {(0, -1): 0, (-1, 0): 0},
    18: {(0, -1): 1, (-1, 0): 1, (-1, -1): 0, (-1, 1): 0},
    26: {(0, -1): 1, (-1, 0): 1, (-1, -1): 1, (-1, 1): 1},
}
#: Up to so many voxels are painted one by one; more of them gap by gap, which goes through the whole
#: image, but at 13 voxels a nanosecond.
_FEW_VOXELS = 1 << 17


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of a mask: stretches of voxels along x, in the order of their first voxels.

    Places count on a grid with room around the mask, so that no step leads from one end to the other.

    Parameters
    ----------
    starts, stops
        Place of each run's first voxel, and of the voxel after its last one.
    stride_zy
        How far apart neighbouring planes, and neighbouring rows, lie.
    """

    starts: Indices
    stops: Indices
    stride_zy: tuple[int, int]

    @classmethod
    def of(cls, mask: Mask, rows: Mask | None = None) -> Runs:
        """Find the runs of a (z, y, x) bool mask of any memory layout.

        Parameters
        ----------
        mask
            The mask.
        rows
            (z, y) bool: no other row holds a voxel. They are looked for if not given.
        """
        _, height, width = mask.shape
        plane, row = (height + 2) * (width + 2), width + 2
        if rows is None:
            rows = Occupied.of(mask).rows if mask.size else np.zeros(mask.shape[:2], dtype=bool)
        found = [np.zeros((2, 0), dtype=np.int64)]
        for z, y in row_blocks(rows, row):
            room = np.zeros((z.size, row), dtype=bool)
            room[:, 1:-1] = mask[z, y]
            flat = room.reshape(-1)
            changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
            ends = changes.reshape(-1, 2).T
            to_grid = z * plane + (y + 1) * row - np.arange(z.size) * row
            found.append(ends + to_grid[ends[0] // row])
        starts, stops = np.concatenate(found, axis=1)
        return cls(starts, stops, (plane, row))

    @cached_property
    def first_voxels(self) -> Indices:
        """Index of each run's first voxel, shape (n, 3), zyx."""
        plane, row = self.stride_zy
        z, within = np.divmod(self.starts, plane)
        y, x = np.divmod(within, row)
        return np.stack([z, y - 1, x - 1], axis=1)

    @cached_property
    def lengths(self) -> Indices:
        """Number of voxels of each run."""
        return self.stops - self.starts

    def numbered(self, connectivity: int) -> tuple[NDArray[np.int32], int]:
        """Return the number of each run's component, and of how many there are.

        Numbers run from 1 in the order of the components' first voxels.
        """
        first = _first_of_component(self.starts.size, *self._touching(connectivity))
        is_first = first == np.arange(first.size)
        numbers = np.cumsum(is_first, dtype=np.int32)[first]
        return numbers, int(np.count_nonzero(is_first))

    def _touching(self, connectivity: int) -> tuple[Indices, Indices]:
        """Return the pairs of runs that touch each other, the later one first."""
        plane, row = self.stride_zy
        if self.starts.size < 2:
            return self.starts[:0], self.starts[:0]
        ways = [(z * plane + y * row, far) for (z, y), far in _ROWS_BEFORE[connectivity].items()]
        step, beside = (np.array(part)[:, None] for part in zip(*ways, strict=True))
        first = np.searchsorted(self.stops, self.starts + (step - beside), side="right").ravel()
        end = np.searchsorted(self.starts, self.stops + (step + beside), side="left").ravel()
        n_touching = end - first
        before = np.cumsum(n_touching) - n_touching
        one = np.repeat(np.tile(np.arange(self.starts.size), len(ways)), n_touching)
        return one, np.repeat(first - before, n_touching) + np.arange(one.size)

    def painted(self, numbers: NDArray[np.integer], shape_zyx: Index) -> Labels:
        """Return an image in which each run has its number.

        Parameters
        ----------
        numbers
            A number a run, 0 for those that are left out; the image has their type.
        shape_zyx
            Shape of the mask.
        """
        lengths = self.lengths
        z, y, x = self.first_voxels.T
        first = (z * shape_zyx[1] + y) * shape_zyx[2] + x
        n_voxels = int(lengths.sum())
        if n_voxels > _FEW_VOXELS:
            return _with_gaps(numbers, first, lengths, prod(shape_zyx)).reshape(shape_zyx)
        labels = np.zeros(shape_zyx, dtype=numbers.dtype)
        places = np.repeat(first - np.cumsum(lengths) + lengths, lengths) + np.arange(n_voxels)
        labels.reshape(-1)[places] = np.repeat(numbers, lengths)
        return labels


def _with_gaps(values: NDArray[np.integer], first: Indices, lengths: Indices, size: int) -> Labels:
    """Return a row of voxels in which each run has its value, and the gaps between runs have 0."""
    parts = np.zeros(2 * values.size + 1, dtype=values.dtype)
    parts[1::2] = values
    times = np.empty(parts.size, dtype=np.int64)
    times[1::2] = lengths
    times[0::2] = np.diff(first, append=size, prepend=0)
    times[2::2] -= lengths
    return np.repeat(parts, times)


def _first_of_component(n: int, one: Indices, other: Indices) -> Indices:
    """Return for each of n nodes the lowest node of its component.

    Each root is hung below its lowest neighbour until none has a lower one. With 125 000 runs of two
    lungs it took half of the time that ``scipy.sparse.csgraph`` takes, with a few runs a tenth.

    Parameters
    ----------
    n
        Number of nodes.
    one, other
        The nodes at both ends of each edge.
    """
    lowest = np.arange(n)
    while one.size:
        np.minimum.at(lowest, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(up := lowest[lowest], lowest):
            lowest = up
        one, other = lowest[one], lowest[other]
        apart = one != other
        one, other = one[apart], other[apart]
    return lowest
