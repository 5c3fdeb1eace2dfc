"""A map that is known in a window only, continued by the rigid map nearest to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.transform import AffineTransform, DisplacementField
from napari_medassist.registration.start import from_landmarks

_PLACES = 3000  # of the window, for the rigid map


def continued(
    vectors_lps_mm: NDArray[np.float32],
    window: Geometry,
    fixed: Geometry,
    *,
    counts: Float | None = None,
    fades_mm: float = 12.0,
) -> DisplacementField:
    """Return a displacement field on the whole fixed grid.

    In the window it is the one that is known; toward the window's faces it fades into the rigid map
    that is nearest to it (Kabsch), which goes on beyond.

    Parameters
    ----------
    vectors_lps_mm
        (z, y, x, 3), LPS (x, y, z) in mm, at the voxels of the window.
    window
        Its grid, along the axes of the fixed one.
    fixed
        The grid that is wanted.
    counts
        (z, y, x), not negative: how much a voxel of the window counts for the rigid map; by default
        those in its middle half do.
    fades_mm
        How far from the window's faces it begins to fade.
    """
    rigid = _nearest_rigid(vectors_lps_mm, window, _middle(window) if counts is None else counts)
    matrix = np.asarray(rigid.matrix_lps)
    # A rigid map displaces by an affine function of the index.
    per_index = (matrix[:3, :3] - np.eye(3)) @ fixed.affine_lps[:3, :3][:, ::-1]
    first = rigid.transform_points(fixed.index_to_lps(np.zeros(3))) - fixed.index_to_lps(np.zeros(3))
    places = np.indices(window.shape_zyx).reshape(3, -1).T
    there = window.index_to_lps(places)
    beyond = vectors_lps_mm - (rigid.transform_points(there) - there).reshape(vectors_lps_mm.shape)
    beyond = beyond * _fading(window, fades_mm)[..., None]
    index_map, offset = fixed.index_map_to(window)
    steps = np.diag(index_map)
    along_axes = np.abs(index_map - np.diag(steps)).max() < 1e-9
    z, y, x = (np.arange(n, dtype=np.float32) for n in fixed.shape_zyx)
    found = np.empty((*fixed.shape_zyx, 3), dtype=np.float32)
    for k in range(3):
        residual = ndimage.affine_transform(
            beyond[..., k].astype(np.float32),
            steps if along_axes else index_map,
            offset,
            fixed.shape_zyx,
            order=1,
            mode="constant",
        )
        a, b, c = (float(v) for v in per_index[k])
        ramp = a * z[:, None, None] + b * y[None, :, None] + c * x[None, None, :] + float(first[k])
        found[..., k] = residual + ramp
    return DisplacementField(found, fixed)


def _nearest_rigid(vectors: NDArray[np.float32], window: Geometry, counts: Float) -> AffineTransform:
    """Return the rigid map nearest to a field where it counts."""
    index = np.argwhere(counts > 0)
    index = index[:: max(1, len(index) // _PLACES)]
    places = window.index_to_lps(index)
    return from_landmarks(places, places + vectors[tuple(index.T)])


def _middle(window: Geometry) -> Float:
    counts = np.zeros(window.shape_zyx)
    z, y, x = (slice(n // 4, max(n - n // 4, n // 4 + 1)) for n in window.shape_zyx)
    counts[z, y, x] = 1
    return counts


def _fading(window: Geometry, fades_mm: float) -> NDArray[np.float32]:
    """Return 1 in the middle of a window, 0 half a voxel beyond its faces."""
    share = np.ones(window.shape_zyx, dtype=np.float32)
    for axis, (n, mm) in enumerate(zip(window.shape_zyx, window.spacing_zyx_mm, strict=True)):
        place = np.arange(n)
        inside = (np.minimum(place, n - 1 - place) + 0.5) * mm
        # A cosine: a straight ramp would bend the field at its ends.
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip(inside / fades_mm, 0, 1))
        share *= ramp.reshape([-1 if k == axis else 1 for k in range(3)]).astype(np.float32)
    return share
