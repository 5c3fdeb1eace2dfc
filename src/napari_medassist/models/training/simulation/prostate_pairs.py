"""One simulated T2w image of a prostate and its diffusion images, moved and bent by a known map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.models.normalise import normalise_mr
from napari_medassist.models.training.simulation.acquisition import acquire, displayed
from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.diffusion import draw_tissue, scan_diffusion
from napari_medassist.models.training.simulation.frame import (
    Array,
    Frame,
    column,
    rotation,
    sample,
)
from napari_medassist.models.training.simulation.gland import Anatomy, place
from napari_medassist.models.training.simulation.gland_tissue import draw_lesions
from napari_medassist.models.training.simulation.prostate_t2w import draw_scene
from napari_medassist.models.training.simulation.surroundings import Background

#: What a pair is drawn in; wider than :data:`KEPT`, so that what moves in from outside is tissue too.
DRAWN = Frame((30, 132, 132), (3.0, 1.0, 1.0))
#: What is kept of it, pixels two by two: 72 x 112 x 112 mm.
KEPT = Frame((24, 56, 56), (3.0, 2.0, 2.0))

_INVENTED = 0.5
_NEXT_SEED = 1_000_003
_INVERSE_STEPS = 20
#: Patients move between series; the bowel pushes from behind; echo-planar images bend along y.
_SHIFT_MM, _TURN_DEG = (2.5, 3.0, 2.5), 4.0
_MOST_SHIFT_MM = 9.0


@dataclass(frozen=True)
class DiffusionPair:
    """T2w and diffusion images of one prostate in the window :data:`KEPT`.

    Parameters
    ----------
    images
        float32 (4, z, y, x), each normalised as networks get it: T2w, high b-value, ADC, lowest
        b-value.
    to_moving_mm
        float32 (3, z, y, x), along z, y, x: from each voxel of T2w to where the same tissue lies in
        the diffusion images.
    gland
        bool (z, y, x), on T2w.
    """

    images: Array
    to_moving_mm: Array
    gland: NDArray[np.bool_]


def simulate_pair(
    seed: int, anatomies: Sequence[Anatomy], backgrounds: Sequence[Background]
) -> DiffusionPair:
    """Make one pair.

    Parameters
    ----------
    seed
        The same seed with the same anatomies and backgrounds gives the same pair.
    anatomies, backgrounds
        What is drawn from.
    """
    chance = Chance(seed, DRAWN.shape_zyx)
    gland = place(chance, DRAWN, anatomies[chance.pick(len(anatomies))])
    if gland is None:
        return simulate_pair(seed + _NEXT_SEED, anatomies, backgrounds)
    background = backgrounds[chance.pick(len(backgrounds))]
    lesions = draw_lesions(chance, DRAWN, gland, _INVENTED)
    scene = draw_scene(chance, DRAWN, gland, background, lesions)
    tissue = draw_tissue(chance, gland, lesions, scene, background)
    t2w = displayed(chance, acquire(chance, DRAWN, scene.image))
    at_mm = _moved_places(chance, DRAWN)
    diffusion = scan_diffusion(chance, DRAWN, tissue, at_mm)
    images = (t2w, diffusion.high, diffusion.adc, diffusion.low)
    whole = _kept(gland.whole.astype(np.float32))
    return DiffusionPair(
        images=np.stack([normalise_mr(_kept(image)) for image in images]),
        to_moving_mm=np.stack([_kept(along) for along in _inverted(at_mm, DRAWN)]),
        gland=whole > 0.5,
    )


def _moved_places(chance: Chance, frame: Frame) -> Array:
    """Return for each voxel of the diffusion images what tissue lies there, in mm from the centre."""
    shift = [chance.normal(0, spread, limit=_MOST_SHIFT_MM) for spread in _SHIFT_MM]
    turned = rotation(*(chance.normal(0, _TURN_DEG, limit=2.5 * _TURN_DEG) for _ in range(3)))
    at_mm = np.tensordot(turned.astype(np.float32), frame.around(np.array(shift)), axes=1)
    at_mm[1] += chance.between(0, 2.5) * chance.field((3, 5, 5))
    for axis, most in ((0, 1.5), (1, 1.5), (2, 1.2)):
        at_mm[axis] += chance.between(0, most) * chance.field((3, 4, 4))
    return np.asarray(at_mm, dtype=np.float32)


def _inverted(at_mm: Array, frame: Frame) -> Array:
    """Return the displacements that lead from each place to the voxel at which it is shown."""
    bent = at_mm - frame.places_mm
    middle = (np.array(frame.shape_zyx) - 1) / 2
    found = -bent
    for _ in range(_INVERSE_STEPS):
        index = (frame.places_mm + found) / column(np.array(frame.spacing_zyx_mm)) + column(middle)
        found = -sample(bent, index.astype(np.float32))
    return found


def _kept(image: Array) -> Array:
    """Cut the window out of what was drawn, and make one pixel of two by two."""
    begin = [(a - b * k) // 2 for a, b, k in zip(image.shape, KEPT.shape_zyx, (1, 2, 2), strict=True)]
    z, y, x = (slice(b, b + n * k) for b, n, k in zip(begin, KEPT.shape_zyx, (1, 2, 2), strict=True))
    cut = image[z, y, x]
    return np.asarray(
        cut.reshape(KEPT.shape_zyx[0], KEPT.shape_zyx[1], 2, KEPT.shape_zyx[2], 2).mean((2, 4))
    )
