"""From each point of one set to the nearest one of another set, exactly, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_medassist.core.geometry import Float
from napari_medassist.metrics.grid import Indices, PaddedGrid

Marks = NDArray[np.uint8]
#: What a point of the grid is marked with if it belongs to the first, and to the second set.
_FIRST, _SECOND = 1, 2

#: After so many steps it is asked whether walking on is worth it...
_STEPS_A_ROUND = 24
#: ...which it is if at least this share of the points found their partner meanwhile: a look-up in the
#: tree costs about as much as five hundred steps.
_WORTH_WALKING = 0.05
#: From so many points on the two directions are worth a thread each.
_WORTH_THREADS = 100_000


def distances_both_ways(first: Indices, second: Indices, grid: PaddedGrid) -> tuple[Float, Float]:
    """Return the distance of each point to the nearest one of the other set.

    Points of both sets cost nothing; close partners are found by walking through the neighbourhood in
    the order of distance; what is left is looked up in a k-d tree. A distance map of the whole grid
    was slower for all pairs of masks that were measured, those far apart included.

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
    marks = np.zeros(grid.n_points, dtype=np.uint8)
    marks[first] = _FIRST
    marks[second] |= _SECOND
    there = partial(_distances, first, second, grid, marks, _SECOND)
    back = partial(_distances, second, first, grid, marks, _FIRST)
    if first.size + second.size < _WORTH_THREADS:
        return there(), back()
    with ThreadPoolExecutor(max_workers=2) as pool:
        one, other = pool.submit(there), pool.submit(back)
        return one.result(), other.result()


def _distances(places: Indices, targets: Indices, grid: PaddedGrid, marks: Marks, target: int) -> Float:
    """Return the distances in one direction; ``target`` is the mark that the targets have."""
    distances = np.zeros(places.size)
    pending = _walk(places, grid, marks, target, distances)
    if pending.size:
        tree = cKDTree(grid.points_mm(targets), leafsize=32, balanced_tree=False, compact_nodes=False)
        distances[pending] = tree.query(grid.points_mm(places[pending]))[0]
    return distances


def _walk(places: Indices, grid: PaddedGrid, marks: Marks, target: int, distances: Float) -> Indices:
    """Fill in the distances of places with a near target; return the numbers of the others."""
    pending = np.flatnonzero((marks.take(places) & target) == 0)
    near = grid.near
    # A step moves the grid under the places, which costs less than moving all places.
    room = int(grid.strides @ grid.margin_zyx)
    here = places[pending] - room
    n_before = pending.size
    moves = zip(near.steps_zyx @ grid.strides, near.lengths_mm, strict=True)
    for n_steps, (move, length) in enumerate(moves, start=1):
        hit = (marks[room + move :].take(here) & target) != 0
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
