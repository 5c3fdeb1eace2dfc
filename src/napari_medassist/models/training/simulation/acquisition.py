"""What the scanner adds: uneven coils, blur, noise, another display curve."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.frame import Array, Frame


def acquire(chance: Chance, frame: Frame, image: Array) -> Array:
    """Return the image as a scanner would give it; float32, not negative."""
    image = np.clip(image, 0, 2)
    image = image * np.exp(chance.between(0, 0.35) * chance.field((3, 3, 3)))
    if chance.happens(0.5):  # a surface coil: brighter on one side
        z, y, x = frame.places_mm
        slope = chance.between(-0.5, 0.5) * y / 56
        slope = slope + chance.between(-0.25, 0.25) * x / 56 + chance.between(-0.25, 0.25) * z / 30
        image = image * np.exp(slope)
    if chance.happens(0.6):
        in_plane = chance.between(0.2, 0.9)
        across = chance.between(0, 0.6) if chance.happens(0.4) else 0.0
        image = ndimage.gaussian_filter(image, (across, in_plane, in_plane), truncate=2.5)
    return _with_noise(chance, image)


def _with_noise(chance: Chance, image: Array) -> Array:
    """Add Rician noise: what the magnitude of a complex signal shows."""
    level = chance.between(0.003, 0.06) * max(0.15, 1.5 * float(image.mean()))
    parts = [chance.noise(), chance.noise()]
    if chance.happens(0.4):  # interpolated by the scanner
        parts = [ndimage.gaussian_filter(n, (0, 0.6, 0.6)) * 1.6 for n in parts]
    magnitude: Array = np.hypot(image + level * parts[0], level * parts[1]).astype(np.float32)
    return magnitude


def displayed(chance: Chance, image: Array) -> Array:
    """Bend the intensities by a random gamma, in half of the images."""
    if not chance.happens(0.5):
        return image
    low, high = float(image.min()), float(image.max())
    unit = np.clip((image - low) / (high - low + 1e-6), 0, 1)
    return np.asarray(unit ** chance.between(0.65, 1.5), dtype=np.float32)
