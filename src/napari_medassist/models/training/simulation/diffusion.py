"""Diffusion images of a drawn pelvis: ADC and a high b-value, with the faults of echo-planar imaging.

The signal follows S(b) = S(0) exp(-b ADC). Ranges of ADC are those commonly reported at 1.5 and 3 T:
peripheral zone 1400 to 2100, transition zone 1000 to 1600, significant cancer 450 to 1050 um2/s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.contrast import remapped
from napari_medassist.models.training.simulation.frame import Array, Frame, column, sample
from napari_medassist.models.training.simulation.gland import Gland, Mask
from napari_medassist.models.training.simulation.gland_tissue import soft
from napari_medassist.models.training.simulation.prostate_t2w import DrawnScene
from napari_medassist.models.training.simulation.surroundings import Background

_LOW_B, _ADC_B = 50.0, 800.0  # s/mm2, what an ADC map is computed from
_LARGEST_ADC = 3500.0
_PER_MM2 = 1e-6  # b in s/mm2 times ADC in um2/s


@dataclass(frozen=True)
class Tissue:
    """What decides the diffusion signal of each voxel.

    Parameters
    ----------
    adc
        Apparent diffusion coefficient, um2/s.
    signal
        Signal without diffusion weighting, 0 to about 1.
    """

    adc: Array
    signal: Array


def draw_tissue(
    chance: Chance,
    gland: Gland,
    lesions: Mask,
    scene: DrawnScene,
    background: Background,
) -> Tissue:
    """Draw ADC and signal of a scene: where glands hold much fluid, they are bright on T2w too."""
    outside = _outside(chance, scene, background)
    inside = _inside(chance, gland, lesions, scene.image)
    weight = soft(gland.whole | lesions)
    return Tissue(*(weight * a + (1 - weight) * b for a, b in zip(inside, outside, strict=True)))


def _outside(chance: Chance, scene: DrawnScene, background: Background) -> tuple[Array, Array]:
    if scene.index is not None and background.diffusion is not None and chance.happens(0.7):
        adc, signal = sample(background.diffusion, scene.index)
        return adc * chance.between(0.85, 1.15), signal * chance.between(0.6, 1.4)
    # Fat is suppressed and fluid is not: no order of tissues is the same as on T2w.
    adc = 2600 * remapped(chance, scene.image, monotone=chance.happens(0.3))
    signal = chance.between(0.3, 1.0) * remapped(chance, scene.image, monotone=False)
    return adc.astype(np.float32), signal.astype(np.float32)


def _inside(chance: Chance, gland: Gland, lesions: Mask, t2w: Array) -> tuple[Array, Array]:
    adc = np.zeros(t2w.shape, dtype=np.float32)
    follows, wide = chance.between(0.1, 0.6), chance.between(0.03, 0.12)
    zones = ((gland.peripheral, (1400, 2100)), (gland.transition, (1000, 1600)))
    for zone, (low, high) in zones:
        if not zone.any():
            continue
        mean = max(float(np.median(t2w[zone])), 1e-3)
        relative = np.clip(t2w / mean, 0.4, 2.5) ** follows
        adc = np.where(zone, chance.between(low, high) * relative, adc)
    adc = adc * (1 + wide * chance.texture())
    if chance.happens(0.5):  # inflammation, stromal nodules: less than cancer, but like it
        patches = 1 / (1 + np.exp(-(chance.field((6, 12, 12)) - chance.between(0.8, 2.0)) / 0.25))
        adc = adc * (1 - chance.between(0.1, 0.35) * patches)
    signal = chance.between(0.35, 0.9) * (1 + 0.1 * chance.texture())
    cancer = chance.between(450, 1050) * (1 + 0.1 * chance.texture())
    normal = np.median(adc[gland.whole]) if gland.whole.any() else 1400.0
    cancer = np.minimum(cancer, chance.between(0.6, 0.92) * normal)
    adc = np.where(lesions, cancer, adc)
    signal = np.where(lesions, signal * chance.between(0.9, 1.4), signal)
    return np.clip(adc, 100, _LARGEST_ADC).astype(np.float32), signal.astype(np.float32)


@dataclass(frozen=True)
class Diffusion:
    """Diffusion images of one scan, (z, y, x).

    Parameters
    ----------
    low
        The image with the lowest b-value.
    adc
        Map of the apparent diffusion coefficient, um2/s.
    high
        The image with the high b-value, acquired or calculated from the map.
    """

    low: Array
    adc: Array
    high: Array


def acquire_diffusion(chance: Chance, frame: Frame, tissue: Tissue) -> Diffusion:
    """Return the images as a scanner would give them, float32.

    Pixels are larger than those of T2w, the pelvis has moved a little, and near gas the image is bent
    along y.
    """
    return scan_diffusion(chance, frame, tissue, _slightly_moved(chance, frame))


def scan_diffusion(chance: Chance, frame: Frame, tissue: Tissue, at_mm: Array) -> Diffusion:
    """Return the images of a pelvis that has moved.

    Parameters
    ----------
    chance
        Where chance is from.
    frame
        The window.
    tissue
        What decides the signal, as T2w shows it.
    at_mm
        For each voxel, what tissue lies there: its offset from the window's centre, (3, z, y, x).
    """
    adc, signal = _moved(frame, np.stack([tissue.adc, np.clip(tissue.signal, 0, 3)]), at_mm)
    width = chance.between(0.6, 1.2)
    adc, signal = (ndimage.gaussian_filter(c, (0.3, width, width), truncate=2.5) for c in (adc, signal))
    noise = chance.between(0.005, 0.025)
    low = _magnitude(chance, signal * np.exp(-_LOW_B * adc * _PER_MM2), noise)
    high = _magnitude(chance, signal * np.exp(-_ADC_B * adc * _PER_MM2), noise)
    measured = np.log(np.maximum(low, 1e-4) / np.maximum(high, 1e-4)) / ((_ADC_B - _LOW_B) * _PER_MM2)
    measured = np.clip(measured, 0, _LARGEST_ADC)
    measured = np.where(low < chance.between(1.0, 4.0) * noise, 0, measured)
    b_value = chance.between(1000, 2000)
    if chance.happens(0.5):
        weighted = low * np.exp(-b_value * measured * _PER_MM2)
    else:
        weighted = _magnitude(chance, signal * np.exp(-b_value * adc * _PER_MM2), 0.7 * noise)
    weighted = weighted * np.exp(chance.between(0, 0.4) * chance.field((3, 3, 3)))
    return Diffusion(low, measured.astype(np.float32), weighted.astype(np.float32))


def _slightly_moved(chance: Chance, frame: Frame) -> Array:
    shift = np.array([chance.normal(0, 1.0), chance.normal(0, 1.5), chance.normal(0, 1.0)])
    at_mm = frame.around(shift).copy()
    at_mm[1] += chance.between(0, 2.5) * chance.field((3, 5, 5))
    for axis in (0, 2):
        at_mm[axis] += chance.between(0, 0.8) * chance.field((3, 4, 4))
    return at_mm


def _moved(frame: Frame, channels: Array, at_mm: Array) -> Array:
    middle = (np.array(frame.shape_zyx) - 1) / 2
    index = at_mm / column(np.array(frame.spacing_zyx_mm)) + column(middle)
    return sample(channels.astype(np.float32), index.astype(np.float32))


def _magnitude(chance: Chance, image: Array, noise: float) -> Array:
    """Add Rician noise, as fine as the larger pixels of echo-planar images let it be."""
    parts = [1.6 * ndimage.gaussian_filter(chance.noise(), (0, 0.7, 0.7)) for _ in range(2)]
    return np.asarray(np.hypot(image + noise * parts[0], noise * parts[1]), dtype=np.float32)
