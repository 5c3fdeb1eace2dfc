"""From each point of one set to the nearest one of another set, exactly, and back."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from napari_medassist.core.geometry import Float
from napari_medassist.metrics.grid import Indices, Mask, PaddedGrid, near_steps

#: After so many steps it is asked whether walking on is worth it...
_STEPS_A_ROUND = 24
#: ...which it is if at least this share of the points found their partner meanwhile: a look-up in the
#: tree costs about as much as five hundred steps.
_WORTH_WALKING = 0.05


def distances_both_ways(first: Indices, second: Indices, grid: PaddedGrid) -> tuple[Float, Float]:
    """Return the distance of each point to the nearest one of the other set.

    Points of both sets cost nothing; close partners are found by walking through the neighbourhood in
    the order of distance; what is left is looked up in a k-d tree. A distance map of the whole grid
    would be slower, even for large masks that are far apart.

    Parameters
    ----------
    first, second
        Places on the grid, not in the grid's room; at least one each.
    grid
        Where they lie.

    Returns
    -------
    tuple of numpy.ndarray
        In mm, one value a point of the first set, and one a point of the second.
    """
    marks = np.zeros(grid.n_points, dtype=bool)
    return _distances(first, second, grid, marks), _distances(second, first, grid, marks)


def _distances(places: Indices, targets: Indices, grid: PaddedGrid, marks: Mask) -> Float:
    """Return the distances in one direction; the marks are all False before and after."""
    distances = np.zeros(places.size)
    marks[targets] = True
    pending = _walk(places, grid, marks, distances)
    marks[targets] = False
    if pending.size:
        tree = cKDTree(grid.points_mm(targets), leafsize=32, balanced_tree=False, compact_nodes=False)
        distances[pending] = tree.query(grid.points_mm(places[pending]))[0]
    return distances


def _walk(places: Indices, grid: PaddedGrid, is_target: Mask, distances: Float) -> Indices:
    """Fill in the distances of places with a near target; return the numbers of the others."""
    pending = np.flatnonzero(~is_target.take(places))
    near = near_steps(grid.spacing_zyx_mm)
    # A step moves the grid under the places, which costs less than moving all places.
    room = int(grid.strides @ grid.margin_zyx)
    here = places[pending] - room
    n_before = pending.size
    moves = zip(near.steps_zyx @ grid.strides, near.lengths_mm, strict=True)
    for n_steps, (move, length) in enumerate(moves, start=1):
        hit = is_target[room + move :].take(here)
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
