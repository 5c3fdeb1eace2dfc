"""Maps between two outlines of an organ, whatever the images show: MR and ultrasound, above all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
from napari_medassist.registration.closest_points import iterative_closest_points
from napari_medassist.registration.instance import Deforming, DeformLevel, deform
from napari_medassist.registration.spec import Mask, Pair, Registered, outlines_of
from napari_medassist.registration.surfaces import is_sparse, surface_points

_N_POINTS = 2000
#: Of an organ of this extent the levels have the sizes below; of others they grow and shrink with it.
_EXTENT_MM = 50.0
_LEVELS = ((3.0, 24.0, 60, 0.8), (2.0, 14.0, 60, 0.4), (1.2, 9.0, 40, 0.2))
_MOST_VOXELS = 400_000
_STIFFNESS, _GUIDING = 3.0, 0.01
#: Distances count so far from the surface, in shares of the extent; beyond they are cut off.
_REACH_SHARE = 0.25


def register_rigid(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Find the rigid map between the surfaces of two outlines.

    Parameters
    ----------
    pair
        Images with masks.
    start
        First guess, fixed to moving; how it turns counts, the middles of the outlines meet first.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    InvalidSetting
        If an image has no mask.
    InvalidImage
        If an outline has hardly a voxel.
    """
    fixed_mask, moving_mask = outlines_of(pair, "outlines")
    progress(0, 2, "surfaces")
    source = surface_points(fixed_mask, pair.fixed.geometry, _N_POINTS)
    target = surface_points(moving_mask, pair.moving.geometry, _N_POINTS)
    progress(1, 2, "closest points")
    there = start.inverse().transform_points(target)
    if is_sparse(fixed_mask) and not is_sparse(moving_mask):
        # A few slices find their place on a whole surface, not the other way round.
        found = iterative_closest_points(there, source)
        rigid = found.transform.inverse()
    else:
        found = iterative_closest_points(source, there)
        rigid = found.transform
    matrix = np.asarray(start.matrix_lps) @ np.asarray(rigid.matrix_lps)
    transform = AffineTransform.from_matrix(matrix)
    return Registered(transform, found.before_mm, found.after_mm, found.n_iterations)


def register_deformable(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Find a deformation that brings the surfaces of two outlines together, after a rigid map.

    What is minimised is the squared difference of the signed distances to both surfaces, near the
    fixed one; bending and folding cost as in :mod:`~napari_medassist.registration.instance`. Within the
    organ and around it tissue follows as smoothly as it can: the images have no say.

    Parameters
    ----------
    pair, start, progress
        As for :func:`register_rigid`.

    Raises
    ------
    InvalidSetting
        If an image has no mask.
    InvalidImage
        If an outline has hardly a voxel, or leaves out slices: there is no surface between them.
    """
    fixed_mask, moving_mask = outlines_of(pair, "outlines")
    for image, mask in ((pair.fixed, fixed_mask), (pair.moving, moving_mask)):
        if is_sparse(mask):
            raise InvalidImage(
                f"The outline in '{image.name}' leaves out slices: there is no surface between them.",
                cure="Fill them (Annotate, interpolate), or choose outlines-rigid or gland-surfaces.",
            )
    rigid = register_rigid(pair, start, part_of(progress, 0, 20))
    extent = _extent_mm(fixed_mask, pair.fixed.geometry)
    reach = _REACH_SHARE * extent
    distances = Pair(
        _distance(pair.fixed, fixed_mask, reach),
        _distance(pair.moving, moving_mask, reach),
        fixed_mask=_near(fixed_mask, pair.fixed.geometry, reach),
        guides=pair.guides,
    )
    turned = rigid.transform
    if not isinstance(turned, AffineTransform):
        raise TypeError("Closest points give a rigid map.")
    found = deform(distances, turned, part_of(progress, 20, 100), _how(extent / _EXTENT_MM))
    return replace(found, n_iterations=rigid.n_iterations + found.n_iterations)


def _how(scale: float) -> Deforming:
    levels = tuple(
        DeformLevel(voxel * scale, control * scale, n, rate * scale, _MOST_VOXELS)
        for voxel, control, n, rate in _LEVELS
    )
    return Deforming(
        levels,
        similarity="squares",
        stiffness=_STIFFNESS * scale**2,
        guiding=_GUIDING / scale**2,
    )


def _extent_mm(mask: Mask, geometry: Geometry) -> float:
    """Return the longest side of the box about an outline."""
    index = np.argwhere(mask)
    sides = (index.max(axis=0) - index.min(axis=0) + 1) * np.asarray(geometry.spacing_zyx_mm)
    return float(sides.max())


def _distance(image: Volume, mask: Mask, reach_mm: float) -> Volume:
    """Return the signed distance to the surface of an outline, from -1 inside to 1 outside."""
    spacing = image.geometry.spacing_zyx_mm
    padded = np.pad(mask, 1)  # where the image ends the outline does
    inside = ndimage.distance_transform_edt(padded, sampling=spacing)
    outside = ndimage.distance_transform_edt(~padded, sampling=spacing)
    signed = (outside - inside)[1:-1, 1:-1, 1:-1]
    # Voxel centres are half a voxel away from the surface between them.
    signed = signed - np.sign(signed) * min(spacing) / 2
    return replace(image, array=np.clip(signed / reach_mm, -1, 1).astype(np.float32))


def _near(mask: Mask, geometry: Geometry, reach_mm: float) -> Mask:
    spacing = geometry.spacing_zyx_mm
    away = ndimage.distance_transform_edt(~mask, sampling=spacing)
    depth = ndimage.distance_transform_edt(mask, sampling=spacing)
    return np.asarray((away + depth) <= reach_mm)
