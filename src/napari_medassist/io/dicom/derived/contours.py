"""Masks as contours along the edges of their pixels, and contours as masks.

The rule, both ways: a voxel belongs to a structure if its centre lies inside the contours, or on one
(to a thousandth of a voxel).
Where contours of a structure lie within each other they cut holes (even-odd rule). Contours along the
edges of pixels therefore give back exactly the mask that they were drawn around, and their area is
that of its pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float
from napari_medassist.core.outlines import Corner, outlines

Polygon = list[Corner]


def contours_of(mask: NDArray[np.bool_]) -> list[Float]:
    """Return closed polygons around the pixels of a mask; holes are joined to their outer contour.

    A hole is reached through a cut of no width ("keyhole", as DICOM PS3.3 C.8.8.6.3 describes it for
    CLOSED_PLANAR contours), which runs along pixel edges.

    Parameters
    ----------
    mask
        (row, column).

    Returns
    -------
    list of numpy.ndarray
        Each of shape (n, 2): row and column index of its corners; pixel centres are whole numbers, so
        that corners lie at halves.
    """
    polygons = outlines(mask)
    outer = [p for p in polygons if _signed_area(p) > 0]
    holes = sorted((p for p in polygons if _signed_area(p) <= 0), key=lambda p: min(p)[0])
    for hole in holes:
        _join(outer, hole)
    return [np.asarray(polygon, dtype=np.float64)[:, ::-1] - 0.5 for polygon in outer]


def mask_of(contour_yx: Float, shape_yx: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie inside a closed polygon, or on it (even-odd rule).

    Parameters
    ----------
    contour_yx
        (n, 2): row and column index of its corners, pixel centres being whole numbers.
    shape_yx
        Rows and columns.
    """
    from skimage.measure import grid_points_in_poly  # reading images must not wait for it

    mask = np.zeros(shape_yx, bool)
    low = np.maximum(np.ceil(contour_yx.min(axis=0)).astype(int), 0)
    high = np.minimum(np.floor(contour_yx.max(axis=0)).astype(int) + 1, shape_yx)
    if (high <= low).any():
        return mask
    place = grid_points_in_poly(tuple(high - low), contour_yx - low, binarize=False)
    mask[low[0] : high[0], low[1] : high[1]] = place > 0
    return mask


def _signed_area(polygon: Polygon) -> float:
    """Return the area: positive around pixels, negative around holes."""
    corners = np.asarray(polygon, dtype=np.float64)
    x, y = corners[:, 0], corners[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _join(outer: list[Polygon], hole: Polygon) -> None:
    """Insert a hole into the polygon whose edge lies next to its left."""
    start = hole.index(min(hole))
    hx, hy = hole[start]
    best: tuple[int, int, int] | None = None  # x of the edge, polygon, position of the edge
    for number, polygon in enumerate(outer):
        for at, ((x0, y0), (x1, y1)) in enumerate(
            zip(polygon, [*polygon[1:], polygon[0]], strict=True)
        ):
            upright = x0 == x1 and min(y0, y1) <= hy <= max(y0, y1)
            if upright and x0 <= hx and (best is None or x0 > best[0]):
                best = (x0, number, at)
    if best is None:  # cannot be: a hole is surrounded
        outer.append(hole)
        return
    x, number, at = best
    bridge = (x, hy)
    around = [*hole[start:], *hole[:start], hole[start]]
    outer[number][at + 1 : at + 1] = [bridge, *around, bridge]
