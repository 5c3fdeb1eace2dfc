"""Rigid and affine registration by SimpleITK: mutual information, levels in mm, deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK

from napari_medassist.core.geometry import Float
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.itk import (
    Level,
    Walk,
    coarser,
    float_images,
    mask_image,
    method_at,
    require_overlap,
    same_bits,
    watched,
)
from napari_medassist.registration.spec import Pair, Registered

RIGID_LEVELS = (Level(6.0, 1.0, 80), Level(3.0, 0.6, 60), Level(1.5, 0.25, 40))
AFFINE_LEVELS = (Level(3.0, 0.6, 80), Level(1.5, 0.25, 60))
_SMALLEST_STEP_MM = 0.002


def register_rigid(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Find the rigid map under which the images tell most of each other.

    Parameters
    ----------
    pair
        Checked images.
    start
        First guess, fixed to moving.
    progress
        Told at each iteration; may raise ``Cancelled``.

    Raises
    ------
    InvalidImage
        If the images hardly overlap at the start.
    """
    walk = Walk(progress, len(RIGID_LEVELS))
    with same_bits():
        found = _over_levels(pair, start, RIGID_LEVELS, walk, is_rigid=True)
    return Registered(found.matrix, found.before, found.after, walk.n_iterations)


def register_affine(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Find an affine map, beginning with a rigid one; see :func:`register_rigid`."""
    walk = Walk(progress, len(RIGID_LEVELS) + len(AFFINE_LEVELS))
    with same_bits():
        rigid = _over_levels(pair, start, RIGID_LEVELS, walk, is_rigid=True)
        found = _over_levels(pair, rigid.matrix, AFFINE_LEVELS, walk, is_rigid=False)
    return Registered(found.matrix, rigid.before, found.after, walk.n_iterations)


@dataclass(frozen=True)
class _Found:
    """A linear map, and what was minimised before and after on its finest level."""

    matrix: AffineTransform
    before: float
    after: float


def _over_levels(
    pair: Pair,
    start: AffineTransform,
    levels: tuple[Level, ...],
    walk: Walk,
    *,
    is_rigid: bool,
) -> _Found:
    require_overlap(pair, start)
    fixed, moving = float_images(pair)
    masks = (
        mask_image(pair.fixed_mask, pair.fixed.geometry),
        mask_image(pair.moving_mask, pair.moving.geometry),
    )
    centre = pair.fixed.geometry.index_to_lps((np.asarray(pair.fixed.geometry.shape_zyx) - 1) / 2)
    optimised = _parameters(is_rigid=is_rigid, centre=centre)
    before = after = float("nan")
    for level in levels:
        method = method_at(level, *masks)
        method.SetMovingInitialTransform(_in_itk(start))
        method.SetInitialTransform(optimised, inPlace=True)
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=level.voxel_mm / 2,
            minStep=_SMALLEST_STEP_MM,
            numberOfIterations=level.iterations,
            relaxationFactor=0.6,
            gradientMagnitudeTolerance=1e-7,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        check = watched(method, walk, level.iterations, "rigid" if is_rigid else "affine")
        there = [coarser(image, level.voxel_mm) for image in (fixed, moving)]
        if level is levels[-1]:
            before = _measured_at(start, level, masks, there, _parameters(is_rigid=True, centre=centre))
        method.Execute(*there)
        check()
        after = float(method.GetMetricValue())
        walk.level += 1
    matrix = np.asarray(start.matrix_lps) @ _matrix(optimised)
    return _Found(AffineTransform.from_matrix(matrix), before, after)


def _measured_at(
    start: AffineTransform,
    level: Level,
    masks: tuple[SimpleITK.Image | None, SimpleITK.Image | None],
    images: Sequence[SimpleITK.Image],
    nothing: SimpleITK.Transform,
) -> float:
    """Return the measure at the start of the whole run, on a level's images."""
    method = method_at(level, *masks)
    method.SetMovingInitialTransform(_in_itk(start))
    method.SetInitialTransform(nothing)
    return float(method.MetricEvaluate(*images))


def _parameters(*, is_rigid: bool, centre: Float) -> SimpleITK.Transform:
    made = SimpleITK.Euler3DTransform() if is_rigid else SimpleITK.AffineTransform(3)
    made.SetCenter(centre.tolist())
    return made


def _in_itk(transform: AffineTransform) -> SimpleITK.AffineTransform:
    matrix = np.asarray(transform.matrix_lps)
    made = SimpleITK.AffineTransform(3)
    made.SetMatrix(matrix[:3, :3].ravel().tolist())
    made.SetTranslation(matrix[:3, 3].tolist())
    return made


def _matrix(transform: SimpleITK.Transform) -> Float:
    """Return a linear transform with a centre as one matrix, fixed to moving."""
    origin = np.asarray(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [
        np.asarray(transform.TransformPoint(tuple(step))) - origin for step in np.eye(3).tolist()
    ]
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = np.stack(columns, axis=1), origin
    return matrix
