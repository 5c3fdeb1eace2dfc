"""The inside of the gland: nodules, zones, urethra, stroma, lesions, capsules."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.contrast import Contrast
from napari_medassist.models.training.simulation.frame import Array, Frame
from napari_medassist.models.training.simulation.gland import Gland, Mask

#: How far the border of an invented lesion strays from a ball, in shares of its squared radius.
_UNEVENNESS = 0.375
#: How far it may reach out of the gland.
_BEYOND_MM = 1.5


def soft(mask: Mask, sigma_vox: float = 0.7) -> Array:
    """Return a mask with soft borders within slices."""
    return np.asarray(
        ndimage.gaussian_filter(mask.astype(np.float32), (0, sigma_vox, sigma_vox), truncate=2.5)
    )


def _step(values: Array, width: float) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(values / width, -30, 30))), dtype=np.float32)


def paint_gland(chance: Chance, frame: Frame, gland: Gland, contrast: Contrast, lesions: Mask) -> Array:
    """Return the intensities within the gland, 0 outside."""
    inside = _transition_zone(chance, frame, gland, contrast)
    inside = np.where(gland.peripheral, _peripheral_zone(chance, gland, contrast), inside)
    dark = contrast.transition * chance.between(0.55, 1.0)
    if not contrast.is_t2w:
        dark = chance.between(0, 1)
    inside = np.where(lesions & gland.whole, dark * (1 + 0.08 * chance.texture()), inside)
    border = soft(gland.transition)
    capsule = 4 * border * (1 - border) * (soft(gland.whole) > 0.9)
    inside = inside * (1 - chance.between(0, 0.65) * capsule)
    return np.asarray(inside, dtype=np.float32)


def _transition_zone(chance: Chance, frame: Frame, gland: Gland, contrast: Contrast) -> Array:
    mean, zone = contrast.transition, gland.transition
    texture = chance.texture()
    patches = chance.between(0, 0.25) * chance.field((6, 12, 12))
    image = np.where(zone, mean * (1 + chance.between(0.03, 0.2) * texture + patches), 0.0)
    _add_nodules(chance, frame, gland, contrast, image, texture)
    _, y, x = gland.relative
    if chance.happens(0.6):  # the anterior fibromuscular stroma
        front = _step(-(y + chance.between(0.3, 0.8)), 0.1)
        middle = np.exp(-((x / chance.between(0.2, 0.5)) ** 2))
        image = image * (1 - chance.between(0.1, 0.6) * front * middle)
    if chance.happens(0.5):  # the urethra
        places = gland.places_mm
        height = gland.half_mm[1] * chance.between(-0.2, 0.3)
        distance = np.hypot(places[2] - chance.between(-3, 3), places[1] - height)
        bright = mean * chance.between(0.5, 2.2) if contrast.is_t2w else chance.between(0, 1)
        image = np.where(zone & (distance < chance.between(1.5, 4)), bright, image)
    return np.asarray(image, dtype=np.float32)


def _add_nodules(
    chance: Chance, frame: Frame, gland: Gland, contrast: Contrast, image: Array, texture: Array
) -> None:
    """Write nodules of benign hyperplasia, each with a rim, into the transition zone."""
    where = np.nonzero(gland.transition)
    n = int(chance.numbers.poisson(chance.between(0, 18)))
    if not n or where[0].size < 50:
        return
    places = np.stack([index * step for index, step in zip(where, frame.spacing_zyx_mm, strict=True)])
    places = places.astype(np.float32)
    values = image[where]
    for centre in places[:, chance.numbers.integers(where[0].size, size=n)].T:
        radius = chance.between(2.5, 11)
        distance = np.sqrt(((places - centre[:, None]) ** 2).sum(axis=0)) + 0.5 * texture[where]
        bright = contrast.transition * chance.between(0.5, 2.1)
        if not contrast.is_t2w:
            bright = chance.between(0, 1)
        grain = 1 + chance.between(0.02, 0.3) * chance.field((10, 30, 30))[where]
        values = np.where(distance < radius, bright * grain, values)
        rim = np.abs(distance - radius) < chance.between(0.4, 1.0)
        values = np.where(rim, values * chance.between(0.5, 1.0), values)
    image[where] = values


def _peripheral_zone(chance: Chance, gland: Gland, contrast: Contrast) -> Array:
    texture = chance.between(0.03, 0.18) * chance.texture()
    waves = chance.between(0, 0.2) * chance.field((6, 14, 14))
    dark_patches = _step(chance.field((5, 9, 9)) - chance.between(0.2, 2), chance.between(0.2, 0.6))
    image = contrast.peripheral * (1 + texture + waves) * (1 - chance.between(0, 0.6) * dark_patches)
    z, _, x = gland.relative
    if chance.happens(0.4):  # the central zone, dark at the base
        base = _step(z - chance.between(0.3, 0.7), 0.08)
        middle = np.exp(-((x / chance.between(0.3, 0.8)) ** 2))
        image = image * (1 - chance.between(0.1, 0.5) * base * middle)
    return np.asarray(image, dtype=np.float32)


def draw_lesions(chance: Chance, frame: Frame, gland: Gland, share: float = 0.25) -> Mask:
    """Return the real lesions, and in a share of the glands one more: the real ones are few."""
    return gland.lesions | _invented_lesion(chance, frame, gland, share)


def _invented_lesion(chance: Chance, frame: Frame, gland: Gland, share: float) -> Mask:
    if not chance.happens(share):
        return np.zeros(frame.shape_zyx, dtype=bool)
    index = np.argwhere(gland.whole)
    centre = frame.places_mm[(slice(None), *index[chance.pick(len(index))])]
    distance = (frame.around(centre) ** 2).sum(axis=0) / chance.between(3, 9) ** 2
    ball = distance + _UNEVENNESS * chance.field((4, 7, 7)) < 1
    return np.asarray(ball & (gland.outside_mm < _BEYOND_MM))
