"""From each of some points of a grid to the nearest of others, exactly."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from napari_medassist.core.geometry import Float
from napari_medassist.metrics.grid import Indices, PaddedGrid, near_steps

#: After so many steps it is asked whether walking on is worth it...
_STEPS_A_ROUND = 24
#: ...which it is if at least this share of the points found their partner meanwhile: a look-up in the
#: tree costs about as much as four hundred steps.
_WORTH_WALKING = 0.06


def nearest_distances(places: Indices, targets: Indices, grid: PaddedGrid) -> Float:
    """Return the distance of each place to the nearest target.

    Places that are targets cost nothing; close partners are found by walking through the neighbourhood
    in the order of distance; what is left is looked up in a k-d tree.

    Parameters
    ----------
    places, targets
        Places on the grid, not in the grid's room; at least one target.
    grid
        Where they lie.

    Returns
    -------
    numpy.ndarray
        One distance a place, in mm.
    """
    distances = np.zeros(places.size)
    pending = _walk(places, targets, grid, distances)
    if pending.size:
        tree = cKDTree(grid.points_mm(targets), leafsize=32, balanced_tree=False, compact_nodes=False)
        distances[pending] = tree.query(grid.points_mm(places[pending]))[0]
    return distances


def _walk(places: Indices, targets: Indices, grid: PaddedGrid, distances: Float) -> Indices:
    """Fill in the distances of places with a near target; return the numbers of the others."""
    is_target = np.zeros(grid.n_points, dtype=bool)
    is_target[targets] = True
    pending = np.flatnonzero(~is_target[places])
    here = places[pending]
    near = near_steps(grid.spacing_zyx_mm)
    n_before = pending.size
    moves = zip(near.steps_zyx @ grid.strides, near.lengths_mm, strict=True)
    for n_steps, (move, length) in enumerate(moves, start=1):
        hit = is_target[here + move]
        if hit.any():
            distances[pending[hit]] = length
            missed = ~hit
            pending, here = pending[missed], here[missed]
        if n_steps % _STEPS_A_ROUND == 0:
            if n_before - pending.size < _WORTH_WALKING * n_before:
                break
            n_before = pending.size
        if not pending.size:
            break
    return pending
