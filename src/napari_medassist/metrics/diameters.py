"""The longest diameters of a mask, in one slice and in space, from corner to corner of voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from napari_medassist.core.geometry import Float, Triple

#: From so many points on their convex hull is cheaper than all their distances.
_WORTH_A_HULL = 64


def longest_axial_mm(mask: NDArray[np.bool_], spacing_zyx_mm: Triple) -> float:
    """Return the longest diameter within one axial slice, in mm; 0 of an empty mask.

    The largest distance between two corners of voxels of one slice, over all slices: one voxel is as
    long as its diagonal.

    Parameters
    ----------
    mask
        (z, y, x) bool.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    """
    in_plane = np.asarray(spacing_zyx_mm[1:])
    slices = [_outer_corners(plane) * in_plane for plane in mask if plane.any()]
    bounds = [float(np.linalg.norm(np.ptp(corners, axis=0))) for corners in slices]
    longest = 0.0
    for i in np.argsort(bounds)[::-1]:  # those first that could hold the longest one
        if bounds[i] <= longest:
            break
        longest = max(longest, _largest_distance(slices[i]))
    return longest


def longest_3d_mm(mask: NDArray[np.bool_], spacing_zyx_mm: Triple) -> float:
    """Return the longest diameter in space, in mm; 0 of an empty mask.

    The largest distance between two corners of voxels: one voxel is as long as its space diagonal.

    Parameters
    ----------
    mask
        (z, y, x) bool.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    """
    corners = [
        np.concatenate([np.full((len(flat), 1), z + top), flat], axis=1)
        for z, plane in enumerate(mask)
        if plane.any()
        for flat in [_outer_corners(plane)]
        for top in (0, 1)
    ]
    if not corners:
        return 0.0
    return _largest_distance(np.unique(np.concatenate(corners), axis=0) * np.asarray(spacing_zyx_mm))


def _outer_corners(plane: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the corners of the first and the last voxel of each row, (n, 2), in voxels."""
    rows = np.flatnonzero(plane.any(axis=1))
    first = plane[rows].argmax(axis=1)
    last = plane.shape[1] - plane[rows][:, ::-1].argmax(axis=1)
    corners = [np.stack([y, x], axis=1) for y in (rows, rows + 1) for x in (first, last)]
    return np.concatenate(corners)


def _largest_distance(points: Float) -> float:
    if len(points) > _WORTH_A_HULL:
        points = points[ConvexHull(points).vertices]
    return float(pdist(points).max())
