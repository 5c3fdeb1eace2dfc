"""What lies around the gland before single organs are laid over it: a real pelvis, or a painted one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.contrast import Contrast, remapped
from napari_medassist.models.training.simulation.frame import Array, Frame, column, sample
from napari_medassist.models.training.simulation.gland import Gland

_KINDS = ("image", "tissues", "both", "painted")
_WEIGHTS = (0.17, 0.1, 0.13, 0.6)


@dataclass(frozen=True)
class Background:
    """A real image whose gland was filled in from around it.

    Parameters
    ----------
    image
        float32 (z, y, x) at the frame's spacing, free of bias, 0 to about 1.3.
    tissues
        float32 (n, z, y, x): classes of intensity, of n fineness levels.
    centre_index, half_mm
        Where the gland was, and its half sizes, along z, y, x.
    diffusion
        float32 (2, z, y, x) of the same study: ADC in um2/s, and the signal without diffusion
        weighting, 0 to about 1; both without the gland. None if it has none.
    """

    image: Array
    tissues: Array
    centre_index: NDArray[np.float64]
    half_mm: NDArray[np.float64]
    diffusion: Array | None = None


@dataclass(frozen=True)
class Around:
    """What lies around the gland.

    Parameters
    ----------
    image
        An image without a gland.
    index
        Where in the background it is from, (3, z, y, x); None if it is painted (and needs organs).
    """

    image: Array
    index: Array | None


def surround(
    chance: Chance, frame: Frame, gland: Gland, contrast: Contrast, background: Background
) -> Around:
    """Draw what lies around the gland: a real pelvis, its classes of tissue, or a painted one."""
    kind = _KINDS[chance.pick(len(_KINDS), _WEIGHTS)]
    if kind == "painted":
        return Around(_painted(chance, gland, contrast), None)
    index = _where(chance, frame, gland, background)
    layers = []
    if kind in ("image", "both"):
        real = sample(background.image[None], index)[0]
        layers.append(remapped(chance, real, monotone=chance.happens(0.96)))
    if kind in ("tissues", "both"):
        layers.append(_tissue_classes(chance, index, background, is_t2w=contrast.is_t2w))
    share = chance.between(0.2, 0.8) if len(layers) > 1 else 1.0
    return Around(share * layers[0] + (1 - share) * layers[-1], index)


def _where(chance: Chance, frame: Frame, gland: Gland, background: Background) -> Array:
    """Return the index in the background of each voxel: near the gland, its own gland's place."""
    distance = np.sqrt((gland.relative**2).sum(axis=0))
    nearness = np.exp(-np.clip(distance - 1, 0, None) / chance.between(0.7, 1.2))
    plain = chance.between(0.75, 1.3)
    fitted = background.half_mm / gland.half_mm
    fitted = fitted * chance.numbers.uniform([0.9, 0.95, 0.95], [1.1, 1.12, 1.1])
    at_mm = gland.places_mm * (plain + (column(fitted) - plain) * nearness)
    at_mm[2] *= chance.sign()
    angle = np.deg2rad(chance.normal(0, 5))
    y, x = at_mm[1].copy(), at_mm[2].copy()
    at_mm[1], at_mm[2] = y * np.cos(angle) - x * np.sin(angle), y * np.sin(angle) + x * np.cos(angle)
    strength = chance.between(0, 8.0)
    for axis in range(3):
        at_mm[axis] += strength * chance.field((3, 6, 6))
    index: Array = at_mm / column(np.array(frame.spacing_zyx_mm)) + column(background.centre_index)
    return index


def _tissue_classes(chance: Chance, index: Array, background: Background, *, is_t2w: bool) -> Array:
    level = chance.pick(len(background.tissues))
    classes = sample(background.tissues[level : level + 1], index, nearest=True)[0].astype(int)
    n = int(background.tissues[level].max()) + 1
    brightness = chance.numbers.random(n)
    if is_t2w:  # the order of the classes is kept
        brightness = 0.6 * np.sort(brightness) + 0.4 * np.linspace(0.05, 1, n)
    flat = ndimage.gaussian_filter(brightness[classes].astype(np.float32), (0, 0.6, 0.6), truncate=2.5)
    return np.asarray(flat * (1 + 0.12 * chance.texture()), dtype=np.float32)


def _painted(chance: Chance, gland: Gland, contrast: Contrast) -> Array:
    """Paint fat, the obturator muscles, bones and the buttocks."""
    z, y, x = gland.places_mm
    _, half_y, half_x = gland.half_mm
    lean = chance.between(0, 0.4) * chance.sign()
    waves = [chance.between(3, 8) * chance.field((4, 7, 7)) + lean * y for _ in range(2)]
    wave = chance.between(3, 9) * chance.field((4, 6, 6))
    image = contrast.fat * (1 + 0.12 * chance.texture())

    def lay(mask: NDArray[np.bool_], brightness: float, roughness: float) -> None:
        nonlocal image
        image = np.where(mask, brightness * (1 + roughness * chance.texture()), image)

    beside = np.abs(x) > half_x + chance.between(6, 20) + waves[0]
    muscles = beside & (y + wave > -chance.between(15, 50)) & (y - wave < chance.between(5, 40))
    lay(muscles, contrast.muscle, 0.15)
    lay(np.abs(x) > half_x + chance.between(25, 40) + waves[0] + 0.5 * waves[1], contrast.bone, 0.15)
    if chance.happens(0.7):  # the symphysis, in front and below
        front = y < -half_y - chance.between(4, 22) - 0.5 * wave
        lay(front & (z + waves[0] < chance.between(-15, 20)), chance.between(0.1, 0.6), 0.15)
    if chance.happens(0.7):
        lay(y < -half_y - chance.between(30, 45) + 0.4 * wave, contrast.muscle, 0.2)
    buttocks = (y > chance.between(25, 50) + wave) & (np.abs(x) + waves[1] > chance.between(10, 25))
    lay(buttocks, contrast.muscle * chance.between(0.8, 1.4), 0.35)
    return image.astype(np.float32)
