"""Connected components by runs: a mask as rows of voxels, which are far fewer than its voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]

#: Connectivity -> for each of the rows before a row that touch it (steps along z and y): how far a run
#: may lie beside another one along x and still be its neighbour.
_ROWS_BEFORE = {
    6: {(0, -1): 0, (-1, 0): 0},
    18: {(0, -1): 1, (-1, 0): 1, (-1, -1): 0, (-1, 1): 0},
    26: {(0, -1): 1, (-1, 0): 1, (-1, -1): 1, (-1, 1): 1},
}
#: Voxels that are looked through at once, so that little memory is needed beside the mask.
_VOXELS_A_SLAB = 1 << 22


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
    def of(cls, mask: Mask) -> Runs:
        """Find the runs of a (z, y, x) bool mask."""
        depth, height, width = mask.shape
        stride_zy = ((height + 2) * (width + 2), width + 2)
        if not mask.size:
            nothing = np.zeros(0, dtype=np.int64)
            return cls(nothing, nothing, stride_zy)
        step = max(1, _VOXELS_A_SLAB // (height * width))
        room = np.zeros((min(step, depth), height + 2, width + 2), dtype=bool)
        found = []
        for start in range(0, depth, step):
            slab = room[: min(step, depth - start)]
            slab[:, 1:-1, 1:-1] = mask[start : start + step]
            flat = slab.reshape(-1)
            found.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1 + start * room[0].size)
        changes = np.concatenate(found)
        return cls(changes[0::2], changes[1::2], stride_zy)

    def first_voxels(self) -> Indices:
        """Return the index of each run's first voxel, shape (n, 3), zyx."""
        plane, row = self.stride_zy
        within = self.starts % plane
        return np.stack([self.starts // plane, within // row - 1, within % row - 1], axis=1)

    @property
    def lengths(self) -> Indices:
        """Number of voxels of each run."""
        return self.stops - self.starts

    def numbered(self, connectivity: int) -> tuple[NDArray[np.int32], int]:
        """Return the number of each run's component, and of how many there are.

        Numbers run from 1 in the order of the components' first voxels.
        """
        plane, row = self.stride_zy
        neighbours = [
            self._touching(z * plane + y * row, beside)
            for (z, y), beside in _ROWS_BEFORE[connectivity].items()
        ]
        one, other = (np.concatenate(ends) for ends in zip(*neighbours, strict=True))
        n = self.starts.size
        graph = coo_array((np.ones(one.size, dtype=bool), (one, other)), shape=(n, n))
        count, component = connected_components(graph, directed=False)
        return component.astype(np.int32) + 1, int(count)

    def _touching(self, step: int, beside: int) -> tuple[Indices, Indices]:
        """Return the pairs of runs of which the second touches the first when moved by a step."""
        first = np.searchsorted(self.stops, self.starts + step - beside, side="right")
        end = np.searchsorted(self.starts, self.stops + step + beside, side="left")
        n_touching = end - first
        one = np.repeat(np.arange(n_touching.size), n_touching)
        within = np.arange(one.size) - np.repeat(np.cumsum(n_touching) - n_touching, n_touching)
        return one, np.repeat(first, n_touching) + within
