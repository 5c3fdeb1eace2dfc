"""The outline of a mask as closed polygons along the edges of its pixels."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Corner = tuple[int, int]


def outlines(mask: NDArray[np.bool_]) -> list[list[Corner]]:
    """Return the closed polygons around the pixels of a mask, holes included.

    Parameters
    ----------
    mask
        (y, x).

    Returns
    -------
    list
        Corners (x, y) of each polygon in pixels, where pixel (0, 0) reaches from corner (0, 0) to
        corner (1, 1). Only corners where the direction changes are listed.

    Examples
    --------
    >>> outlines(np.array([[True, True]]))
    [[(0, 0), (2, 0), (2, 1), (0, 1)]]
    """
    following = _edges(mask)
    polygons = []
    while following:
        start = next(iter(following))
        corners, at = [start], following[start].pop()
        if not following[start]:
            del following[start]
        while at != start:
            corners.append(at)
            ends = following[at]
            at_next = ends.pop()
            if not ends:
                del following[at]
            at = at_next
        polygons.append(_turns(corners))
    return polygons


def _edges(mask: NDArray[np.bool_]) -> dict[Corner, list[Corner]]:
    """Return where each edge of the outline leads, clockwise around the mask."""
    inside = np.pad(mask.astype(bool), 1)
    core = inside[1:-1, 1:-1]
    sides = (
        (inside[:-2, 1:-1], (0, 0), (1, 0)),  # the pixel above is outside: along the top, to the right
        (inside[1:-1, 2:], (1, 0), (1, 1)),
        (inside[2:, 1:-1], (1, 1), (0, 1)),
        (inside[1:-1, :-2], (0, 1), (0, 0)),
    )
    following: defaultdict[Corner, list[Corner]] = defaultdict(list)
    for beside, (x0, y0), (x1, y1) in sides:
        for y, x in zip(*(part.tolist() for part in np.nonzero(core & ~beside)), strict=True):
            following[x + x0, y + y0].append((x + x1, y + y1))
    return dict(following)


def _turns(corners: list[Corner]) -> list[Corner]:
    """Leave out corners that lie on a straight line between their neighbours."""
    around = [corners[-1], *corners, corners[0]]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(around)]
    turning = (before != after for before, after in pairwise(steps))
    return [corner for corner, turns in zip(corners, turning, strict=True) if turns]
