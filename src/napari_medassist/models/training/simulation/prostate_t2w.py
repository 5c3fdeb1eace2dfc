"""One simulated T2-weighted image of a prostate, with its zones.

After the recipe of SynthSeg (Billot et al., Medical Image Analysis 2023): real label maps, random
contrast; here with what is known of T2-weighted contrast for most images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.models.normalise import normalise_mr
from napari_medassist.models.training.simulation import organs
from napari_medassist.models.training.simulation.acquisition import acquire, displayed
from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.contrast import Contrast
from napari_medassist.models.training.simulation.frame import Array, Frame
from napari_medassist.models.training.simulation.gland import Anatomy, Gland, Mask, place
from napari_medassist.models.training.simulation.gland_tissue import draw_lesions, paint_gland, soft
from napari_medassist.models.training.simulation.surroundings import Background, surround

# Probability of each organ where a real pelvis lies beneath, and where it is painted.
_ORGANS = (
    (organs.add_levator, 0.5, 0.85),
    (organs.add_plexus, 0.5, 0.85),
    (organs.add_sphincter, 0.6, 0.85),
    (organs.add_bladder, 0.4, 0.85),
    (organs.add_rectum, 0.5, 0.85),
    (organs.add_seminal_vesicles, 0.45, 0.85),
    (organs.add_strangers, 1.0, 1.0),
)
_NEXT_SEED = 1_000_003


def simulate(
    seed: int, anatomies: Sequence[Anatomy], backgrounds: Sequence[Background], frame: Frame
) -> tuple[Array, NDArray[np.uint8]]:
    """Make one sample.

    Parameters
    ----------
    seed
        The same seed with the same anatomies and backgrounds gives the same sample.
    anatomies, backgrounds
        What is drawn from.
    frame
        The window.

    Returns
    -------
    tuple of ndarray
        The image (z, y, x), normalised as networks get it, and its labels: 1 peripheral zone,
        2 transition zone.
    """
    chance = Chance(seed, frame.shape_zyx)
    gland = place(chance, frame, anatomies[chance.pick(len(anatomies))])
    if gland is None:
        return simulate(seed + _NEXT_SEED, anatomies, backgrounds, frame)
    background = backgrounds[chance.pick(len(backgrounds))]
    lesions = draw_lesions(chance, frame, gland)
    scene = draw_scene(chance, frame, gland, background, lesions)
    image = displayed(chance, acquire(chance, frame, scene.image))
    return normalise_mr(image), gland.labels


@dataclass(frozen=True)
class DrawnScene:
    """A pelvis with its prostate, before a scanner has seen it.

    Parameters
    ----------
    image
        T2-weighted brightness (z, y, x); 1 is about the brightest fat.
    index
        Where in the background the surroundings are from; None if they are painted.
    contrast
        Its mean intensities.
    """

    image: Array
    index: Array | None
    contrast: Contrast


def draw_scene(
    chance: Chance, frame: Frame, gland: Gland, background: Background, lesions: Mask
) -> DrawnScene:
    """Draw surroundings and organs, and lay the gland with its lesions into them."""
    contrast = Contrast.draw(chance)
    around = surround(chance, frame, gland, contrast, background)
    wave = 2.5 * chance.field((4, 7, 7))
    scene = organs.Scene(chance, frame, gland, contrast, around.image, wave)
    for add, over_real, over_painted in _ORGANS:
        if chance.happens(over_painted if around.index is None else over_real):
            add(scene)
    inside = paint_gland(chance, frame, gland, contrast, lesions)
    return DrawnScene(_joined(chance, gland, contrast, inside, scene.image), around.index, contrast)


def _joined(chance: Chance, gland: Gland, contrast: Contrast, inside: Array, around: Array) -> Array:
    """Lay the gland into its surroundings with a soft border and, mostly, a dark capsule."""
    beyond = np.clip(around, 0, 1.5)
    if chance.happens(0.5):
        beyond = np.full_like(around, contrast.transition)
    inside = np.where(gland.whole, inside, beyond)  # so that the soft border is not black
    weight = soft(gland.whole)
    if chance.happens(0.7):
        around = around * (1 - chance.between(0, 0.6) * 4 * weight * (1 - weight))
    return np.asarray(weight * inside + (1 - weight) * around, dtype=np.float32)
