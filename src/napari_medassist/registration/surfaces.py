"""Points on the surface of an outlined organ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float, Geometry

_SMOOTH_MM = 1.5
_LEAST_VOXELS = 50
_SEED = 0


def surface_points(mask: NDArray[np.bool_], geometry: Geometry, n_points: int) -> Float:
    """Return points on the surface of a mask, evenly by area, (n, 3), LPS mm.

    Where every second slice or more was left empty, as when a reader outlines some slices only, there
    is no surface between them: the points are those of the outlines then.

    Parameters
    ----------
    mask
        (z, y, x), canonical order.
    geometry
        Its grid.
    n_points
        How many; the same mask gives the same ones.

    Raises
    ------
    InvalidImage
        If less than 50 voxels are outlined.
    """
    if np.count_nonzero(mask) < _LEAST_VOXELS:
        raise InvalidImage(
            f"An outline of {np.count_nonzero(mask)} voxels has no surface to speak of; "
            f"{_LEAST_VOXELS} are needed."
        )
    chance = np.random.default_rng(_SEED)
    if is_sparse(mask):
        return _on_outlines(mask, geometry, n_points, chance)
    return _on_surface(mask, geometry, n_points, chance)


def is_sparse(mask: NDArray[np.bool_]) -> bool:
    """Tell whether some slices only are outlined, with empty ones between them."""
    outlined = np.flatnonzero(mask.any(axis=(1, 2)))
    return len(outlined) > 1 and int(np.diff(outlined).max()) > 1


def _on_surface(
    mask: NDArray[np.bool_], geometry: Geometry, n_points: int, chance: np.random.Generator
) -> Float:
    from skimage import measure

    low, high = (np.argwhere(mask).min(axis=0), np.argwhere(mask).max(axis=0) + 1)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    spread = [_SMOOTH_MM / mm for mm in geometry.spacing_zyx_mm]
    margin = [int(np.ceil(4 * s)) + 1 for s in spread]
    # Where the image ends the organ goes on or not; a surface closes there either way.
    padded = np.pad(mask[box], [(m, m) for m in margin]).astype(np.float32)
    soft = ndimage.gaussian_filter(padded, spread)
    level = 0.5 if soft.max() > 0.5 else float(soft.max()) / 2
    corners, faces, *_ = measure.marching_cubes(soft, level)
    places = geometry.index_to_lps(corners + low - np.asarray(margin))
    triangles = places[faces]
    sides = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    area = np.linalg.norm(sides, axis=1)
    drawn = chance.choice(len(faces), n_points, p=area / area.sum())
    weights = chance.dirichlet((1, 1, 1), n_points)
    return np.asarray(np.einsum("nc,ncd->nd", weights, triangles[drawn]))


def _on_outlines(
    mask: NDArray[np.bool_], geometry: Geometry, n_points: int, chance: np.random.Generator
) -> Float:
    inner = ndimage.binary_erosion(mask, np.ones((1, 3, 3)))
    index = np.argwhere(mask & ~inner)
    drawn = chance.choice(len(index), n_points, replace=len(index) < n_points)
    return geometry.index_to_lps(index[drawn].astype(np.float64))
