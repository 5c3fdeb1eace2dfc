"""How bright each tissue is in one simulated T2-weighted image; 1 is about the brightest fat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.frame import Array

_RANDOM_IMAGES = 0.07  # share of images whose contrast is of no sequence at all
_RANDOM_TISSUE = 0.02


@dataclass(frozen=True)
class Contrast:
    """Mean intensities.

    Parameters
    ----------
    is_t2w
        Whether they follow what a T2-weighted image shows; else they are random.
    """

    is_t2w: bool
    muscle: float
    fat: float
    bone: float
    urine: float
    wall: float
    gas: float
    transition: float
    peripheral: float

    @classmethod
    def draw(cls, chance: Chance) -> Contrast:
        """Draw the intensities of one image."""
        is_t2w = not chance.happens(_RANDOM_IMAGES)

        def one(low: float, high: float) -> float:
            return tissue(chance, low, high, is_t2w=is_t2w)

        transition = chance.between(0.18, 0.5) if is_t2w else chance.between(0.05, 1)
        peripheral = chance.between(0.05, 1)
        if is_t2w:  # a fifth of the peripheral zones is hardly brighter: diffusely dark
            ratio = chance.between(0.9, 1.3) if chance.happens(0.2) else chance.between(1.2, 2.6)
            peripheral = transition * ratio
        return cls(
            is_t2w=is_t2w,
            muscle=one(0.06, 0.2),
            fat=one(0.4, 1.0),
            bone=one(0.2, 0.6),
            urine=one(0.6, 1.25),
            wall=one(0.1, 0.25),
            gas=one(0.0, 0.06),
            transition=transition,
            peripheral=peripheral,
        )


def tissue(chance: Chance, low: float, high: float, *, is_t2w: bool) -> float:
    """Draw a tissue's intensity from its range; now and then, or without a sequence, from all."""
    if is_t2w and not chance.happens(_RANDOM_TISSUE):
        return chance.between(low, high)
    return chance.between(0, 1)


def remapped(chance: Chance, image: Array, *, monotone: bool) -> Array:
    """Send intensities through a random curve; a monotone one keeps the order of tissues."""
    support = np.linspace(0, 1.3, 7)
    if monotone:
        curve = np.cumsum(chance.numbers.gamma(1.2, 1, support.size))
        curve = (curve - curve[0]) / (curve[-1] - curve[0])
        curve = curve * chance.between(0.8, 1.2) + chance.between(0, 0.06)
        if chance.happens(0.6):
            curve = 0.5 * (curve + support)
    else:
        curve = chance.numbers.random(support.size)
    return np.interp(image, support, curve).astype(np.float32)
