"""Opacities laid into lungs: ground glass, through which vessels are seen, and consolidation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.chest import (
    Chest,
    Mask,
    RealChest,
    draw_chest,
    warped,
)
from napari_medassist.models.training.simulation.frame import Array, Frame

GROUND_GLASS, CONSOLIDATION = 1, 2
#: Share of tissue in a voxel, the rest being air: from where on it is opaque, and consolidated.
LEAST_TISSUE, DENSE_TISSUE = 0.12, 0.65
FRAME = Frame((20, 112, 112), (3.0, 2.0, 2.0))
_HEALTHY = 0.2
_FEWEST_LUNG_VOXELS = 2000
_NEXT_SEED = 1_000_003

Labels = NDArray[np.uint8]


@cache
def read_chests(path: Path, *, held_out: bool) -> tuple[RealChest, ...]:
    """Read the halves of real chests that ``training/chest_sources.py`` writes."""
    before = "held_out_" if held_out else ""
    with np.load(path) as stored:
        return (RealChest(stored[f"{before}hu"], stored[f"{before}lungs"]),)


def simulate_ct(
    seed: int, real: tuple[RealChest, ...], frame: Frame, share_real: float = 0.2
) -> tuple[Array, Labels, Mask]:
    """Make one CT.

    Parameters
    ----------
    seed
        The same seed with the same real chests gives the same sample.
    real
        Real chests that some samples are laid over.
    frame
        The window.
    share_real
        How many of the samples.

    Returns
    -------
    tuple of ndarray
        CT numbers (z, y, x), the labels (1 ground glass, 2 consolidation), and where the lungs are.
    """
    chance = Chance(seed, frame.shape_zyx)
    if real and chance.happens(share_real):
        chest = warped(chance, frame, real[chance.pick(len(real))])
    else:
        chest = draw_chest(chance, frame)
    if np.count_nonzero(chest.lungs) < _FEWEST_LUNG_VOXELS and not chance.happens(0.1):
        return simulate_ct(seed + _NEXT_SEED, real, frame, share_real)
    hu, labels = chest.hu, np.zeros(frame.shape_zyx, dtype=np.uint8)
    if chest.lungs.any() and not chance.happens(_HEALTHY):
        hu, labels = with_opacities(chance, chest)
    return _scanned(chance, hu), labels, chest.lungs


def with_opacities(chance: Chance, chest: Chest) -> tuple[Array, Labels]:
    """Return a chest's CT numbers with opacities, and the label map of those."""
    added = np.zeros(chest.hu.shape, dtype=np.float32)
    for _ in range(1 + chance.pick(3)):
        kind = chance.pick(3, (0.6, 0.2, 0.2))
        patch = (_patches, _nodules, _segment)[kind](chance, chest)
        added = np.maximum(added, patch)
    added = np.where(chest.lungs, np.clip(added, 0, 1), 0)
    soft = chance.between(-10, 60)
    mixed = chest.hu + added * (soft - np.minimum(chest.hu, soft))
    if chance.happens(0.5):  # air goes on in bronchi within consolidation
        bronchi = np.hypot(chance.field((6, 10, 10)), chance.field((6, 10, 10))) < 0.1
        mixed = np.where(bronchi & (added > DENSE_TISSUE), -850, mixed)
    labels = np.zeros(added.shape, dtype=np.uint8)
    labels[added >= LEAST_TISSUE] = GROUND_GLASS
    labels[added >= DENSE_TISSUE] = CONSOLIDATION
    return mixed.astype(np.float32), labels


def _patches(chance: Chance, chest: Chest) -> Array:
    """Clouds that may prefer the rim, the base or the back, denser toward their middle."""
    n = 3 + chance.pick(6)
    cloud = chance.field((max(2, n // 2), n, n)) + 0.5 * chance.field((n, 2 * n, 2 * n))
    rim = np.exp(-chest.depth_mm / chance.between(8, 30))
    cloud = cloud + chance.between(0, 2.5) * rim
    cloud = cloud - chance.between(-0.5, 2.0) * chest.height + chance.between(-0.5, 1.5) * chest.behind
    share = float(np.exp(chance.between(np.log(0.01), np.log(0.7))))
    return _filled(chance, chest, cloud, share)


def _filled(chance: Chance, chest: Chest, cloud: Array, share: float) -> Array:
    """Let the highest part of a cloud be opaque, that share of the lungs, and a part of it dense."""
    inside = cloud[chest.lungs]
    limit = float(np.quantile(inside, 1 - share))
    spread = max(float(inside.std()), 1e-3)
    edge = np.clip((cloud - limit) / (chance.between(0.02, 0.35) * spread) + 0.5, 0, 1)
    glass = chance.between(0.2, 0.55) * np.clip(
        1 + chance.between(0.05, 0.3) * chance.texture(), 0.4, 1.6
    )
    if chance.happens(0.3):  # crazy paving
        glass = glass + chance.between(0.1, 0.3) * (np.abs(chance.field((8, 30, 30))) < 0.15)
    tissue = np.minimum(glass, 0.6) * edge
    if chance.happens(0.55):
        core = float(np.quantile(inside, 1 - share * chance.between(0.1, 0.9)))
        dense = np.clip((cloud - core) / (chance.between(0.02, 0.25) * spread) + 0.5, 0, 1)
        tissue = np.maximum(tissue, dense * chance.between(0.75, 1.0))
    return np.asarray(tissue, dtype=np.float32)


def _nodules(chance: Chance, chest: Chest) -> Array:
    """Round ones of 3 to 20 mm, ground glass, dense, or dense with a halo."""
    places = np.argwhere(chest.lungs)
    tissue = np.zeros(chest.hu.shape, dtype=np.float32)
    grid = np.stack(
        np.meshgrid(*(np.arange(n, dtype=np.float32) for n in chest.hu.shape), indexing="ij")
    )
    step = np.array([3.0, 2.0, 2.0], dtype=np.float32)[:, None, None, None]
    bumps = 0.25 * chance.field((8, 16, 16))
    for _ in range(1 + chance.pick(6)):
        at = places[chance.pick(len(places))].astype(np.float32)[:, None, None, None]
        form = chance.numbers.uniform(0.7, 1.4, 3).astype(np.float32)[:, None, None, None]
        away = np.sqrt((((grid - at) * step * form) ** 2).sum(axis=0)) / chance.between(3, 20) + bumps
        soft = np.clip((1 - away) / chance.between(0.05, 0.4) + 0.5, 0, 1)
        kind = chance.pick(3)
        value = chance.between(0.2, 0.55) if kind == 0 else chance.between(0.75, 1.0)
        tissue = np.maximum(tissue, soft * value)
        if kind == 2:
            halo = np.clip((1 - away / chance.between(1.3, 1.9)) / 0.2 + 0.5, 0, 1)
            tissue = np.maximum(tissue, halo * chance.between(0.2, 0.5))
    return tissue


def _segment(chance: Chance, chest: Chest) -> Array:
    """Fill a part of a lobe, cut off by a plane that is nearly straight."""
    z, y, x = np.meshgrid(
        *(np.linspace(-1, 1, n, dtype=np.float32) for n in chest.hu.shape), indexing="ij"
    )
    normal = chance.numbers.normal(0, 1, 3)
    plane = normal[0] * z + normal[1] * y + normal[2] * x + 0.25 * chance.field((3, 5, 5))
    return _filled(chance, chest, plane.astype(np.float32), chance.between(0.05, 0.5))


def _scanned(chance: Chance, hu: Array) -> Array:
    """Blur and noise of a scanner: sharp and smooth kernels, thick and thin slices, low dose."""
    if chance.happens(0.8):
        in_plane = chance.between(0.2, 0.8)
        hu = ndimage.gaussian_filter(hu, (chance.between(0, 0.6), in_plane, in_plane), truncate=2.5)
    noise = chance.noise()
    if chance.happens(0.5):
        noise = 2.0 * ndimage.gaussian_filter(noise, (0, 0.7, 0.7), truncate=2.5)
    return np.asarray(hu + chance.between(4, 60) * noise + chance.normal(0, 8), dtype=np.float32)
