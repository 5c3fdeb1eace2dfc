"""Grow a region from a point: in a range of intensities, or in what resembles its surroundings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.annotation.operations.change import (
    ONLY_BACKGROUND,
    Box,
    Change,
    Mask,
    Protection,
    Voxels,
    index_within,
    set_where,
)
from napari_medassist.annotation.operations.sampling import IntensityRange, Sampled
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Triple


def grow(
    voxels: Voxels,
    seed_zyx: Sequence[float],
    within: IntensityRange,
    spacing_zyx_mm: Triple,
    value: int,
    *,
    radius_mm: float,
    largest_ml: float | None = None,
    axis: int | None = None,
    protection: Protection = ONLY_BACKGROUND,
) -> Change:
    """Return the region around a point whose intensities lie in a range, connected by faces.

    It does not pass through voxels that the protection keeps, so that other labels bound it.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    seed_zyx
        The point, as voxel index.
    within
        The range.
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    value
        What is painted.
    radius_mm
        It ends so far from the point; the note tells if it would have gone on.
    largest_ml
        A larger region is refused as a leak.
    axis
        Axis across the plane to stay in; None grows in 3D.
    protection
        What must not be overwritten.

    Raises
    ------
    InvalidSetting
        If the point lies outside, its own intensity is not in the range, or the region is too large.
    """
    seed = index_within(voxels, tuple(seed_zyx))
    box, near = _ball(voxels, seed, spacing_zyx_mm, radius_mm, axis)
    inside = within.mask(box)
    local = tuple(s - part.start for s, part in zip(seed, box, strict=True))
    if not inside[local]:
        raise InvalidSetting(
            f"The point itself does not lie in the range {within.low:g} to {within.high:g}.",
            cure="Click inside the range, or widen it.",
        )
    free = protection.allows(voxels[box]) | (voxels[box] == value)
    if not free[local]:
        raise InvalidSetting("The point lies on a protected label.")
    region = _connected(inside & free & near, local)
    volume_ml = float(region.sum() * np.prod(spacing_zyx_mm)) / 1000
    if largest_ml is not None and volume_ml > largest_ml:
        raise InvalidSetting(
            f"The region would be {volume_ml:.1f} ml, above the limit of {largest_ml:g} ml: it leaks.",
            cure="Narrow the range or the radius.",
        )
    beyond = ndimage.binary_dilation(region) & inside & free & ~near
    note = f"{volume_ml:.2f} ml"
    if beyond.any():
        note += f"; it was cut off at {radius_mm:g} mm and may leak"
    return set_where(voxels, box, region, value, protection, note=f"{note}.")


def confidence_range(
    image: Sampled,
    voxels: Voxels,
    seed_zyx: Sequence[float],
    spacing_zyx_mm: Triple,
    *,
    radius_mm: float,
    start_radius_vox: int = 2,
    width_sd: float = 2.5,
    iterations: int = 4,
) -> IntensityRange:
    """Return the range of what resembles the surroundings of a point: mean +- width x SD, repeated.

    The rule of ITK's ConfidenceConnectedImageFilter: mean and SD first of a cube around the point, then
    of the region that is connected within mean +- width x SD.

    Parameters
    ----------
    image
        The image, seen from the label map.
    voxels
        The label map (z, y, x); gives the shape only.
    seed_zyx
        The point, as voxel index.
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    radius_mm
        How far from the point voxels are looked at.
    start_radius_vox
        Half the edge of the first cube.
    width_sd
        Width of the range, in SD.
    iterations
        How often mean and SD are taken anew.
    """
    seed = index_within(voxels, tuple(seed_zyx))
    box, near = _ball(voxels, seed, spacing_zyx_mm, radius_mm, None)
    values, inside = image.values(box)
    local = tuple(s - part.start for s, part in zip(seed, box, strict=True))
    if not inside[local]:
        raise InvalidSetting("The image has no voxel at this point.")
    cube = tuple(slice(max(0, s - start_radius_vox), s + start_radius_vox + 1) for s in local)
    low, high = _limits(values[cube][inside[cube]], width_sd, float(values[local]))
    for _ in range(iterations):
        region = _connected(inside & near & (values >= low) & (values <= high), local)
        low, high = _limits(values[region], width_sd, float(values[local]))
    return IntensityRange(image, low, high)


def _limits(values: NDArray[Any], width_sd: float, at_seed: float) -> tuple[float, float]:
    mean = float(np.mean(values))
    half = width_sd * float(np.std(values, ddof=1)) if values.size > 1 else 0.0
    # The point itself always belongs, as in ITK.
    return min(mean - half, at_seed), max(mean + half, at_seed)


def _ball(
    voxels: Voxels, seed: tuple[int, int, int], spacing: Triple, radius_mm: float, axis: int | None
) -> tuple[Box, Mask]:
    """Return the box around a ball with a rim of one voxel, and the ball in it."""
    reach = [int(radius_mm / s) + 1 for s in spacing]
    if axis is not None:
        reach[axis] = 0
    z, y, x = (
        slice(max(0, s - r), min(n, s + r + 1))
        for s, r, n in zip(seed, reach, voxels.shape, strict=True)
    )
    squared = [
        ((np.arange(part.start, part.stop) - s) * mm) ** 2
        for part, s, mm in zip((z, y, x), seed, spacing, strict=True)
    ]
    distance = squared[0][:, None, None] + squared[1][None, :, None] + squared[2][None, None, :]
    return (z, y, x), distance <= radius_mm**2


def _connected(mask: Mask, seed: tuple[int, ...]) -> Mask:
    parts, _ = ndimage.label(mask)
    number = parts[seed]
    found: Mask = (parts == number) if number else np.zeros_like(mask)
    return found
