"""Distances between the borders of two masks, computed once and then reduced by the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_medassist.core.geometry import Float, Triple

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

#: Radius of the search by steps, in units of the smallest spacing. Most border voxels of two masks
#: that resemble each other find their partner within it; the tree is for those that do not.
_NEAR = 3.0


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances from each border voxel of one mask to the nearest border voxel of the other.

    Parameters
    ----------
    from_reference_mm
        One value a border voxel of the reference, in mm.
    from_prediction_mm
        One value a border voxel of the prediction, in mm.
    """

    from_reference_mm: Float
    from_prediction_mm: Float

    def max_directed_percentile_mm(self, percentile: float) -> float:
        """Return the larger of the two directed percentiles (linear interpolation), in mm."""
        return max(
            float(np.percentile(distances, percentile))
            for distances in (self.from_reference_mm, self.from_prediction_mm)
        )

    def pooled_mean_mm(self) -> float:
        """Return the mean over the border voxels of both masks together, in mm."""
        total = self.from_reference_mm.sum() + self.from_prediction_mm.sum()
        return float(total / (self.from_reference_mm.size + self.from_prediction_mm.size))


def border(mask: Mask) -> Mask:
    """Return the voxels of a mask that touch the background through a face.

    That is what a 6-neighbour erosion removes; the outside of the array counts as background.

    Parameters
    ----------
    mask
        (z, y, x) bool.

    Returns
    -------
    numpy.ndarray
        bool, same shape.
    """
    inside = np.zeros_like(mask)
    if min(mask.shape) > 2:
        core = (slice(1, -1),) * 3
        inner = mask[core].copy()
        for axis in range(3):
            for beside in (slice(None, -2), slice(2, None)):
                inner &= mask[(*core[:axis], beside, *core[axis + 1 :])]
        inside[core] = inner
    return mask & ~inside


def surface_distances(
    reference: Mask, prediction: Mask, *, spacing_zyx_mm: Sequence[float]
) -> SurfaceDistances:
    """Measure the distances between the borders of two masks, exactly.

    Distances are taken between voxel centres. Voxels that are on both borders cost nothing, close
    partners are found by stepping through the neighbourhood in the order of distance, and only what
    is left is looked up in a k-d tree.

    Parameters
    ----------
    reference, prediction
        (z, y, x) bool, same shape, both with at least one voxel.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    """
    z, y, x = (float(s) for s in spacing_zyx_mm)
    near = _near_steps((z, y, x))
    borders = (np.pad(border(mask), near.margins) for mask in (reference, prediction))
    first, second = (_Border.of(padded, (z, y, x)) for padded in borders)
    return SurfaceDistances(first.distances_to(second, near), second.distances_to(first, near))


@dataclass(frozen=True, eq=False)
class _Steps:
    """Index steps to the neighbours within a radius, the nearest first, and how far each leads."""

    steps_zyx: Indices
    lengths_mm: Float

    @property
    def margins(self) -> list[tuple[int, int]]:
        """How far an array must be padded so that no step from inside leads out of it."""
        return [(int(reach), int(reach)) for reach in np.abs(self.steps_zyx).max(axis=0)]


@lru_cache(maxsize=64)
def _near_steps(spacing_zyx_mm: Triple) -> _Steps:
    spacing = np.asarray(spacing_zyx_mm)
    radius = _NEAR * spacing.min() * (1 + 1e-9)
    reach = (radius // spacing).astype(int)
    steps = np.stack(
        np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    lengths = np.sqrt(((steps * spacing) ** 2).sum(axis=1))
    order = np.argsort(lengths, kind="stable")
    kept = order[(lengths[order] > 0) & (lengths[order] <= radius)]
    return _Steps(steps[kept], lengths[kept])


@dataclass(frozen=True, eq=False)
class _Border:
    """A padded border: as a bitmap, and as the flat indices of its voxels."""

    bitmap: Mask
    places: Indices
    spacing_zyx_mm: Triple

    @classmethod
    def of(cls, bitmap: Mask, spacing_zyx_mm: Triple) -> _Border:
        return cls(bitmap, np.flatnonzero(bitmap), spacing_zyx_mm)

    def points_mm(self, places: Indices) -> Float:
        """Return the positions of flat indices within the padded box, shape (n, 3), zyx in mm."""
        indices = np.stack(np.unravel_index(places, self.bitmap.shape), axis=1)
        points: Float = indices * np.asarray(self.spacing_zyx_mm)
        return points

    def distances_to(self, other: _Border, near: _Steps) -> Float:
        """Return the distance of each voxel to the nearest one of the other border, in mm."""
        distances = np.zeros(self.places.size)
        target = other.bitmap.ravel()
        pending = np.flatnonzero(~target[self.places])
        places = self.places[pending]
        strides = np.asarray(self.bitmap.strides, dtype=np.intp)
        for step, length in zip(near.steps_zyx @ strides, near.lengths_mm, strict=True):
            if not pending.size:
                break
            hit = target[places + step]
            distances[pending[hit]] = length
            pending, places = pending[~hit], places[~hit]
        if pending.size:
            tree = cKDTree(other.points_mm(other.places), balanced_tree=False, compact_nodes=False)
            distances[pending] = tree.query(self.points_mm(places))[0]
        return distances
