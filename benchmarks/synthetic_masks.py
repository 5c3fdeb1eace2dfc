"""Pairs of masks of the sizes that occur: lesions of a prostate MR, a whole gland."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class MaskCase:
    """A reference and a prediction (z, y, x; bool) on one grid, with its spacing in mm."""

    title: str
    reference: NDArray[np.bool_]
    prediction: NDArray[np.bool_]
    spacing_zyx_mm: tuple[float, float, float]


def ellipsoid(
    shape_zyx: tuple[int, int, int],
    centre_zyx: tuple[float, float, float],
    radii_zyx: tuple[float, float, float],
) -> NDArray[np.bool_]:
    """Return a filled ellipsoid; centre and radii in voxels."""
    axes = np.ogrid[tuple(slice(0, n) for n in shape_zyx)]
    scaled = (((a - c) / r) ** 2 for a, c, r in zip(axes, centre_zyx, radii_zyx, strict=True))
    return sum(scaled) <= 1


def lesions() -> MaskCase:
    """Four lesions, of which one is missed, and a false one: 24x384x384, 3x0.5x0.5 mm."""
    shape = (24, 384, 384)
    true = [((10, 150, 180), (3, 22, 18)), ((14, 210, 230), (2, 9, 11)), ((8, 240, 160), (1, 5, 6))]
    called = [((10, 153, 182), (3, 20, 19)), ((14, 212, 229), (2, 8, 12)), ((5, 120, 120), (1, 7, 7))]
    missed = ((17, 190, 150), (1, 6, 5))
    reference = np.logical_or.reduce([ellipsoid(shape, *e) for e in (*true, missed)])
    prediction = np.logical_or.reduce([ellipsoid(shape, *e) for e in called])
    return MaskCase("lesions, 24x384x384, 3x0.5x0.5 mm", reference, prediction, (3.0, 0.5, 0.5))


def gland() -> MaskCase:
    """A whole gland, well segmented: 128x160x160, 1 mm."""
    shape = (128, 160, 160)
    reference = ellipsoid(shape, (64, 80, 80), (22, 20, 26))
    prediction = ellipsoid(shape, (65, 81, 79), (21, 21, 25))
    return MaskCase("gland, 128x160x160, 1 mm", reference, prediction, (1.0, 1.0, 1.0))
