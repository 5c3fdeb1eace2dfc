"""Pairs of masks of the sizes that occur: lesions and glands of MR, opacities and lungs of CT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Shape (z, y, x) and spacing of a chest CT.
CT = (300, 512, 512)
CT_MM = (1.0, 0.75, 0.75)


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


def opacities() -> MaskCase:
    """Sixty opacities in both lungs, of which six are missed: 300x512x512, 1x0.75x0.75 mm."""
    rng = np.random.default_rng(0)
    reference, prediction = np.zeros((2, *CT), dtype=bool)
    for number in range(60):
        side = rng.uniform(90, 220) if number % 2 else rng.uniform(300, 430)
        centre = np.array([rng.uniform(40, 260), rng.uniform(150, 380), side])
        radii = rng.uniform(4, 14, 3) * (0.7, 1, 1)
        draw(reference, centre, radii)
        if number % 10:
            draw(prediction, centre + rng.normal(0, 1.2, 3), radii * rng.uniform(0.85, 1.15, 3))
    return MaskCase("60 opacities, 300x512x512, 1x0.75x0.75 mm", reference, prediction, CT_MM)


def lungs() -> MaskCase:
    """Both lungs with an uneven surface, well segmented: 300x512x512, 1x0.75x0.75 mm."""
    reference, prediction = np.zeros((2, *CT), dtype=bool)
    z, y, x = np.ogrid[tuple(slice(0, n) for n in CT)]
    for centre_x in (150, 362):
        for mask, shift, size in ((reference, 0.0, 1.0), (prediction, 1.5, 0.985)):
            uneven = 6 * np.sin(z / 11 + shift / 9) * np.cos(y / 13) + 4 * np.sin(x / 7)
            scaled = ((z - 150 - shift) / (130 * size)) ** 2 + (
                (x - centre_x + shift) / (95 * size)
            ) ** 2
            mask |= scaled + ((y - 256) / (150 + uneven) / size) ** 2 <= 1
    return MaskCase("lungs, 300x512x512, 1x0.75x0.75 mm", reference, prediction, CT_MM)


def organs() -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[float, float, float]]:
    """Return two label maps of 117 classes (300x300x300), and their spacing: 1.5 mm."""
    rng = np.random.default_rng(1)
    reference, prediction = np.zeros((2, 300, 300, 300), dtype=np.uint8)
    for label, cell in enumerate(list(np.ndindex(5, 5, 5))[:117], start=1):
        centre = 30 + 60 * np.array(cell) + rng.uniform(-4, 4, 3)
        radii = rng.uniform(8, 26, 3)
        draw(reference, centre, radii, label)
        draw(prediction, centre + rng.uniform(-1.5, 1.5, 3), radii * rng.uniform(0.93, 1.05), label)
    return reference, prediction, (1.5, 1.5, 1.5)


def draw(image: NDArray[Any], centre_zyx: Any, radii_zyx: Any, value: int = 1) -> None:
    """Draw a filled ellipsoid into an image; centre and radii in voxels."""
    low = np.maximum(np.floor(centre_zyx - radii_zyx), 0).astype(int)
    high = np.minimum(np.ceil(centre_zyx + radii_zyx) + 1, image.shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    image[box][ellipsoid(tuple(high - low), tuple(centre_zyx - low), tuple(radii_zyx))] = value
