"""Brush and eraser: a disc or a ball in millimetres, drawn along a line without gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_medassist.annotation.operations.change import (
    ANYTHING,
    Box,
    Change,
    Mask,
    Protection,
    Voxels,
    nothing,
    set_where,
)
from napari_medassist.annotation.operations.sampling import IntensityRange
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float, Triple


def stroke(
    voxels: Voxels,
    start_zyx: Sequence[float],
    end_zyx: Sequence[float],
    spacing_zyx_mm: Triple,
    radius_mm: float,
    value: int,
    *,
    axis: int | None = None,
    protection: Protection = ANYTHING,
    within: IntensityRange | None = None,
) -> Change:
    """Return what a brush changes on its way from one point to another.

    A voxel is painted if its centre lies at most ``radius_mm`` from the line between the points; the
    voxel of either point is painted in any case, so that a brush smaller than a voxel draws too.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    start_zyx, end_zyx
        Points as voxel indices, may be fractional and outside of the label map.
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    radius_mm
        Radius of the brush.
    value
        What is painted; 0 erases.
    axis
        Axis across the plane that is painted in, that of ``start_zyx``; None paints a ball.
    protection, within
        What must not be overwritten, and the intensities that may be painted on.

    Raises
    ------
    InvalidSetting
        If the radius is not positive.
    """
    if not radius_mm > 0:
        raise InvalidSetting(f"A brush needs a radius above 0 mm, got {radius_mm:g}.")
    points = np.asarray([start_zyx, end_zyx], dtype=float)
    if axis is not None:
        points[:, axis] = np.rint(points[0, axis])
    spacing = np.asarray(spacing_zyx_mm)
    box = _box_around(points, radius_mm / spacing, axis, voxels.shape)
    if any(part.start >= part.stop for part in box):
        return nothing(voxels)
    mask = _near_line(box, points, spacing, radius_mm)
    for point in points:
        _mark(mask, box, point)
    if within is not None:
        mask &= within.mask(box)
    return set_where(voxels, box, mask, value, protection)


def _box_around(points: Float, reach_vox: Float, axis: int | None, shape: tuple[int, ...]) -> Box:
    low = np.floor(points.min(axis=0) - reach_vox).astype(int)
    high = np.ceil(points.max(axis=0) + reach_vox).astype(int) + 1
    if axis is not None:
        low[axis], high[axis] = int(points[0, axis]), int(points[0, axis]) + 1
    z, y, x = (slice(max(0, int(a)), min(n, int(b))) for a, b, n in zip(low, high, shape, strict=True))
    return z, y, x


def _near_line(box: Box, points: Float, spacing: Float, radius_mm: float) -> Mask:
    """Return the voxels whose centres lie near the line between two points: a capsule."""
    start, along = points[0] * spacing, (points[1] - points[0]) * spacing
    offsets = [
        (np.arange(part.start, part.stop) * spacing[a] - start[a]).reshape(
            [-1 if i == a else 1 for i in range(3)]
        )
        for a, part in enumerate(box)
    ]
    length2 = float(along @ along)
    if length2 == 0:
        return np.asarray(sum(o * o for o in offsets) <= radius_mm**2 + 1e-9)
    share = np.clip(sum(o * a for o, a in zip(offsets, along, strict=True)) / length2, 0, 1)
    squared = sum((o - share * a) ** 2 for o, a in zip(offsets, along, strict=True))
    return np.asarray(squared <= radius_mm**2 + 1e-9)


def _mark(mask: Mask, box: Box, point: Float) -> None:
    index = np.rint(point).astype(int) - [part.start for part in box]
    if all(0 <= i < n for i, n in zip(index, mask.shape, strict=True)):
        mask[tuple(index)] = True
