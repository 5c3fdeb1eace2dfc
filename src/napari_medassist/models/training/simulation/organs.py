"""Organs that touch the prostate, each laid over an image by a function of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.contrast import Contrast, tissue
from napari_medassist.models.training.simulation.frame import Array, Frame, column
from napari_medassist.models.training.simulation.gland import Gland, Mask


@dataclass
class Scene:
    """An image that organs are laid over.

    Parameters
    ----------
    image
        float32 (z, y, x); replaced by each organ.
    wave
        Smooth field in mm that keeps borders from being straight.
    """

    chance: Chance
    frame: Frame
    gland: Gland
    contrast: Contrast
    image: Array
    wave: Array

    def lay(self, mask: Mask, brightness: float | Array, roughness: float = 0.0) -> None:
        """Fill a mask with a tissue."""
        filling = brightness
        if roughness:
            filling = brightness * (1 + roughness * self.chance.texture())
        self.image = np.where(mask, filling, self.image).astype(np.float32)

    def tissue(self, low: float, high: float) -> float:
        """Draw a brightness."""
        return tissue(self.chance, low, high, is_t2w=self.contrast.is_t2w)

    def ellipsoid(self, centre_mm: list[float], radii_mm: list[float]) -> Array:
        """Return the distance from a centre (relative to the gland's) in radii; 1 is the surface."""
        offsets = self.gland.places_mm - column(np.array(centre_mm))
        return np.asarray(np.sqrt(((offsets / column(np.array(radii_mm))) ** 2).sum(axis=0)))


def add_levator(scene: Scene) -> None:
    """Lay the levator ani beside the gland."""
    chance, (z, y, x) = scene.chance, scene.gland.places_mm
    half_z, half_y, half_x = scene.gland.half_mm
    distance = scene.gland.outside_mm + scene.wave
    inner = chance.between(1, 6)
    mask = (distance > inner) & (distance < inner + chance.between(2, 6)) & (np.abs(x) > 0.35 * half_x)
    mask &= (y > -chance.between(0.3, 1.2) * half_y) & (z < chance.between(-5, half_z))
    scene.lay(mask, scene.contrast.muscle * chance.between(0.8, 1.5), 0.15)


def add_plexus(scene: Scene) -> None:
    """Lay veins around the gland, often as bright as its peripheral zone."""
    chance = scene.chance
    mask = scene.gland.outside_mm < chance.between(1.5, 6) + 0.5 * scene.wave
    if chance.happens(0.5):
        mask &= scene.gland.places_mm[1] < 0
    patches = scene.tissue(0.2, 1.0) + chance.between(0.05, 0.35) * chance.field((12, 45, 45))
    scene.lay(mask, np.clip(patches, 0.02, 1.4))


def add_sphincter(scene: Scene) -> None:
    """Lay the urethra and its sphincter below the apex; a trap, since they look like a small gland."""
    chance, gland, places = scene.chance, scene.gland, scene.frame.places_mm
    slices = np.flatnonzero(gland.whole.any(axis=(1, 2)))
    lowest = int(slices[0])
    rows, columns = np.nonzero(gland.whole[lowest])
    apex_mm = float(places[0, lowest, 0, 0])
    y_mm, x_mm = float(places[1, 0, :, 0][rows].mean()), float(places[2, 0, 0, :][columns].mean())
    below = places[0] < apex_mm + 0.1
    drift = (places[0] - apex_mm) * chance.between(-0.2, 0.4)
    flattened = (places[1] - y_mm - drift) / chance.between(0.8, 1.2)
    radius = np.hypot(flattened, places[2] - x_mm) + 0.6 * scene.wave
    outer = chance.between(6, 14)
    brightness = scene.contrast.muscle * chance.between(0.9, 2.0)
    if chance.happens(0.35):  # as bright as the gland itself
        brightness = scene.contrast.transition * chance.between(0.7, 1.3)
    scene.lay(below & (radius < outer), brightness, 0.15)
    scene.lay(below & (radius < outer * chance.between(0.3, 0.6)), scene.tissue(0.2, 0.6))
    if chance.happens(0.4):  # the bulb of the penis
        bulb = (places[0] < apex_mm - chance.between(6, 18)) & (radius < chance.between(8, 16))
        scene.lay(bulb, scene.tissue(0.5, 1.1), 0.1)


def add_bladder(scene: Scene) -> None:
    """Lay the bladder over the base, with a wall and, often, a neck that runs into the gland."""
    chance = scene.chance
    half_z, half_y, _ = scene.gland.half_mm
    radii = [chance.between(12, 35), chance.between(14, 40), chance.between(20, 45)]
    middle = [
        half_z + radii[0] * chance.between(0.3, 1.1),
        -half_y * chance.between(0.1, 1.3),
        chance.between(-8, 8),
    ]
    surface = scene.ellipsoid(middle, radii) + 0.02 * scene.wave
    wall = scene.contrast.wall
    if chance.happens(0.5):  # a thick wall of the brightness of the transition zone
        wall = scene.contrast.transition * chance.between(0.5, 1.1)
    thickness = chance.between(2.5, 9) / float(np.mean(radii))
    if chance.happens(0.6):
        neck = [half_z * chance.between(0.8, 1.2), middle[1] * chance.between(0.3, 0.8), middle[2] / 2]
        size = [chance.between(4, 12), chance.between(6, 14), chance.between(6, 16)]
        scene.lay(scene.ellipsoid(neck, size) + 0.05 * scene.wave < 1, wall, 0.15)
    scene.lay(surface < 1, wall, 0.1)
    scene.lay(surface < 1 - thickness, scene.contrast.urine, 0.03)


def add_rectum(scene: Scene) -> None:
    """Lay the rectum along the back of the gland, filled with gas, gel or stool."""
    chance, places = scene.chance, scene.frame.places_mm
    back = _back_mm(scene)
    radius_y = chance.between(5, 20)
    radius_x = radius_y * chance.between(0.9, 1.6)
    middle = back + chance.between(-1, 4) + radius_y
    y = (places[1] - middle[:, None, None]) / radius_y
    x = (places[2] - scene.gland.centre_mm[2] - chance.between(-7, 7)) / radius_x
    folds = 1 + 0.25 * np.sin(places[0] / chance.between(8, 25) + chance.between(0, 6))
    surface = (np.hypot(y, x) + 0.025 * scene.wave) / folds
    scene.lay(surface < 1, scene.contrast.wall * chance.between(0.8, 2), 0.1)
    fillings: list[tuple[float, float]] = [
        (scene.contrast.gas, 0.0),
        (scene.tissue(0.5, 1.2), 0.0),
        (scene.tissue(0.15, 0.6), 0.35),
        (scene.tissue(0.1, 0.4), 0.15),
    ]
    filling, roughness = fillings[chance.pick(len(fillings))]
    scene.lay(surface < 1 - chance.between(2, 5) / radius_y, filling, roughness)


def _back_mm(scene: Scene) -> Array:
    """Return the y (mm) of the gland's back in each slice, carried on above and below it."""
    whole, y_mm = scene.gland.whole, scene.frame.places_mm[1, 0, :, 0]
    slices = np.arange(len(whole))
    known = np.flatnonzero(whole.any(axis=(1, 2)))
    at = [y_mm[np.flatnonzero(whole[z].any(axis=1))[-1]] for z in known]
    back = np.interp(slices, known, at)
    back += np.clip(slices - known[-1], 0, None) * scene.chance.between(-1, 3)
    back += np.clip(known[0] - slices, 0, None) * scene.chance.between(-1, 2)
    return np.asarray(ndimage.gaussian_filter1d(back, 1.5), dtype=np.float32)


def add_seminal_vesicles(scene: Scene) -> None:
    """Lay the seminal vesicles behind the base."""
    chance, (z, y, x) = scene.chance, scene.gland.places_mm
    half_z, half_y, _ = scene.gland.half_mm
    floor = half_z + chance.between(-8, 2)
    middle = half_y * chance.between(0.3, 1) + 0.15 * np.abs(x) * chance.between(-0.5, 1)
    middle = middle + (z - floor) * chance.between(0, 0.4) + scene.wave
    mask = (z > floor) & (z < floor + chance.between(6, 20)) & (np.abs(x) < chance.between(18, 35))
    mask &= np.abs(y - middle) < chance.between(3, 9)
    patches = scene.tissue(0.35, 0.9) + chance.between(0.1, 0.4) * chance.field((14, 40, 40))
    scene.lay(mask, np.clip(patches, 0.03, 1.5))


def add_strangers(scene: Scene) -> None:
    """Lay things that are nothing: a network that knows all brightnesses outside is not fooled."""
    chance = scene.chance
    for _ in range(int(chance.numbers.poisson(1.2))):
        middle = chance.numbers.uniform([-30, -50, -50], [30, 50, 50])
        radii = chance.numbers.uniform(4, 18, 3)
        inside = scene.ellipsoid(middle.tolist(), radii.tolist()) + 0.03 * scene.wave < 1
        scene.lay(inside, chance.between(0, 1), 0.15)
