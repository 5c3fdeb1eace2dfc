"""One outline of a prostate brought to another by a network that has learned how glands deform."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import ndimage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform, CompositeTransform
from napari_medassist.core.volume import Volume
from napari_medassist.models.backends.pytorch import network_of
from napari_medassist.models.places import weights_path
from napari_medassist.models.zoo.gland_surfaces import CARD, N_POINTS, UNIT_MM
from napari_medassist.registration.closest_points import iterative_closest_points
from napari_medassist.registration.local_field import continued
from napari_medassist.registration.spec import Mask, Pair, outlines_of
from napari_medassist.registration.surfaces import is_sparse, surface_points

_STEP_MM = 4.0
#: The network has learned how tissue moves up to 10 mm beyond the gland.
_MARGIN_MM, _FADES_MM = 14.0, 8.0
_ZYX = (2, 1, 0)  # LPS (x, y, z) to the network's order


class SurfaceMap:
    """How any point near one surface is moved to lie by the other one.

    Parameters
    ----------
    source, target
        Points on both surfaces, (n, 3), LPS mm, in spaces whose axes agree roughly (within 30 degrees).

    First a rigid map by closest points, then what the network adds to it.
    """

    def __init__(self, source: Float, target: Float) -> None:
        import torch

        self._torch, self._net = torch, _network()
        self.rigid = iterative_closest_points(source, target).transform
        self._source, self._target = self.rigid.transform_points(source), target
        self._origin = (self._source.mean(axis=0) + target.mean(axis=0)) / 2

    def transform_points(self, points_lps_mm: Float) -> Float:
        """Map points (..., 3), LPS mm, from the source's space to the target's."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        met = self.rigid.transform_points(points.reshape(-1, 3))
        tensors = (self._tensor(p - self._origin) for p in (self._source, self._target, met))
        with self._torch.inference_mode():
            moved = self._net(*tensors)[0].numpy()
        displacement = np.asarray(moved.T[:, _ZYX], dtype=np.float64) * UNIT_MM
        return np.asarray(met + displacement).reshape(points.shape)

    def _tensor(self, points: Float) -> Any:
        values = np.ascontiguousarray(points[:, _ZYX].T / UNIT_MM, dtype=np.float32)
        return self._torch.from_numpy(values)[None]


def surface_map(pair: Pair, start: AffineTransform, progress: Progress = silent) -> CompositeTransform:
    """Return the map from one outlined gland to the other: a field on the fixed grid, then the start.

    Parameters
    ----------
    pair
        Both images with masks: the outlined glands, one of them perhaps in some slices only.
    start
        First guess, fixed to moving; only how it turns matters, the middles of the outlines meet first.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    InvalidSetting
        If an image has no mask.
    InvalidImage
        If an outline has hardly a voxel, or by its size is no prostate.
    """
    fixed_mask, moving_mask = outlines_of(pair, CARD.name)
    progress(0, 3, "surfaces")
    fixed = pair.fixed.geometry
    for image, mask in ((pair.fixed, fixed_mask), (pair.moving, moving_mask)):
        _require_a_prostate(image, mask)
    source = surface_points(fixed_mask, fixed, N_POINTS)
    target = surface_points(moving_mask, pair.moving.geometry, N_POINTS)
    progress(1, 3, "network")
    found = SurfaceMap(source, start.inverse().transform_points(target))
    window = _around(fixed_mask, fixed)
    places = window.voxel_places_lps_mm()
    vectors = (found.transform_points(places) - places).astype(np.float32)
    progress(2, 3, "displacements")
    inside = _inside(fixed_mask, fixed, window)
    field = continued(vectors, window, fixed, counts=inside, fades_mm=_FADES_MM)
    return CompositeTransform((field, start))


def _require_a_prostate(image: Volume, mask: Mask) -> None:
    """Refuse outlines far from the sizes that the network has learned from."""
    low, high = CARD.expected.plausible_ml
    ml = np.count_nonzero(mask) * image.geometry.voxel_volume_mm3 / 1000
    if not is_sparse(mask) and not low <= ml <= high:
        raise InvalidImage(
            f"The outline in '{image.name}' holds {ml:.1f} ml: {CARD.name} has learned from prostates "
            f"of {low:.0f} to {high:.0f} ml.",
            cure="Check the size of the voxels and the outline, or choose outlines or outlines-rigid.",
        )


@cache
def _network() -> Any:
    file = next(f for f in CARD.weights if f.name.endswith(".safetensors"))
    return network_of(weights_path(CARD, file), CARD.name).eval()


def _around(mask: Mask, fixed: Geometry) -> Geometry:
    """Return a coarse grid about an outline, along the axes of its image."""
    index = np.argwhere(mask)
    low, high = index.min(axis=0), index.max(axis=0)
    mm = np.asarray(fixed.spacing_zyx_mm)
    n = np.ceil(((high - low) * mm + 2 * _MARGIN_MM) / _STEP_MM).astype(int) + 1
    middle = fixed.index_to_lps((low + high) / 2)
    half = (n[::-1] - 1) / 2 * _STEP_MM
    z, y, x = (int(k) for k in n)
    corner = middle - fixed.direction @ half
    return Geometry((z, y, x), (_STEP_MM,) * 3, tuple(corner.tolist()), fixed.direction_lps)


def _inside(mask: Mask, fixed: Geometry, window: Geometry) -> Float:
    """Return 1 at voxels of the window that lie in the gland or within a step of it, else 0."""
    reach = [int(np.ceil(_STEP_MM / mm)) for mm in fixed.spacing_zyx_mm]
    near = ndimage.maximum_filter(mask, [2 * r + 1 for r in reach])
    matrix, offset = window.index_map_to(fixed)
    there = ndimage.affine_transform(
        near.astype(np.float32), matrix, offset, window.shape_zyx, order=0, mode="constant"
    )
    return np.asarray(there, dtype=np.float64)
