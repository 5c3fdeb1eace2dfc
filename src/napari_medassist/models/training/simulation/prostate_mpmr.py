"""One simulated multi-parametric study of a prostate: T2w, ADC, high b-value, and its lesions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_medassist.models.normalise import normalise_mr
from napari_medassist.models.training.simulation.acquisition import acquire, displayed
from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.diffusion import acquire_diffusion, draw_tissue
from napari_medassist.models.training.simulation.frame import Array, Frame
from napari_medassist.models.training.simulation.gland import Anatomy, place
from napari_medassist.models.training.simulation.gland_tissue import draw_lesions
from napari_medassist.models.training.simulation.prostate_t2w import draw_scene
from napari_medassist.models.training.simulation.surroundings import Background

_INVENTED = 0.5  # share of glands with one lesion more than in truth
_MISSING = 0.4  # share of samples that lack a series, for each of the three
_NEXT_SEED = 1_000_003


def simulate_mpmr(
    seed: int,
    anatomies: Sequence[Anatomy],
    backgrounds: Sequence[Background],
    frame: Frame,
    *,
    may_miss: bool = True,
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
    may_miss
        Whether series may be missing: they are 0 then, the mean of a normalised image. One stays.

    Returns
    -------
    tuple of ndarray
        Images (3, z, y, x), T2w, ADC and high b-value, normalised as networks get them, and labels on
        the T2w: 1 lesion.
    """
    chance = Chance(seed, frame.shape_zyx)
    gland = place(chance, frame, anatomies[chance.pick(len(anatomies))])
    if gland is None:
        return simulate_mpmr(seed + _NEXT_SEED, anatomies, backgrounds, frame, may_miss=may_miss)
    background = backgrounds[chance.pick(len(backgrounds))]
    lesions = draw_lesions(chance, frame, gland, _INVENTED)
    scene = draw_scene(chance, frame, gland, background, lesions)
    tissue = draw_tissue(chance, gland, lesions, scene, background)
    t2w = displayed(chance, acquire(chance, frame, scene.image))
    diffusion = acquire_diffusion(chance, frame, tissue)
    images = [normalise_mr(image) for image in (t2w, diffusion.adc, diffusion.high)]
    missing = [chance.happens(_MISSING) for _ in images]
    if may_miss and not all(missing):
        images = [np.zeros_like(a) if gone else a for a, gone in zip(images, missing, strict=True)]
    return np.stack(images), lesions.astype(np.uint8)
