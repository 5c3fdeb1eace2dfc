"""Simulated pairs of T2w and diffusion images as a training run reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation writes it so

from napari_medassist.models.training.simulation.frame import rotation
from napari_medassist.models.training.simulation.prostate_pairs import KEPT, DiffusionPair

#: How pairs are kept: 8 channels a pair, see :func:`packed`.
PAIRS_DTYPE = np.float16
_SHIFT_MM, _TURN_DEG = 1.5, 2.0  # spread of what moves a pair further while a network learns
_T2W, _HIGH, _ADC, _LOW, _MAP, _GLAND = 0, 1, 2, 3, slice(4, 7), 7


def packed(pair: DiffusionPair) -> NDArray[np.float16]:
    """Return a pair as one array (8, z, y, x): four images, the map in mm, the gland."""
    parts = [pair.images, pair.to_moving_mm, pair.gland[None].astype(np.float32)]
    return np.concatenate(parts).astype(PAIRS_DTYPE)


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Pairs of one step.

    Parameters
    ----------
    fixed, moving, helper
        T2w, a diffusion image, and the lowest b-value in the same space, (n, 1, z, y, x).
    to_moving_mm
        The true map, (n, 3, z, y, x), along z, y, x.
    gland
        1 in the gland on T2w, (n, 1, z, y, x).
    """

    fixed: Tensor
    moving: Tensor
    helper: Tensor
    to_moving_mm: Tensor
    gland: Tensor


def batch_of(
    pairs: NDArray[np.float16],
    chance: np.random.Generator | None = None,
    *,
    adc_share: float = 0.4,
) -> PairBatch:
    """Return pairs as tensors.

    Parameters
    ----------
    pairs
        (n, 8, z, y, x) of :func:`packed`.
    chance
        For training: the moving images are turned and shifted further, and all is mirrored, half of
        the times; which diffusion image is the moving one is drawn too. None: nothing is changed, and
        the high b-value moves.
    adc_share
        How often the moving image is the ADC map.
    """
    tensors = torch.from_numpy(np.asarray(pairs, dtype=np.float32))
    n = len(tensors)
    is_adc = np.zeros(n, dtype=bool) if chance is None else chance.random(n) < adc_share
    choice = torch.from_numpy(np.where(is_adc, _ADC, _HIGH))
    moving = tensors[torch.arange(n), choice][:, None]
    helper, to_moving = tensors[:, _LOW : _LOW + 1], tensors[:, _MAP]
    fixed, gland = tensors[:, _T2W : _T2W + 1], tensors[:, _GLAND : _GLAND + 1]
    if chance is None:
        return PairBatch(fixed, moving, helper, to_moving, gland)
    moved, to_moving = _moved_further(torch.cat([moving, helper], dim=1), to_moving, chance)
    mirrored = torch.from_numpy(chance.random(n) < 0.5)
    everything = torch.cat([fixed, moved, to_moving, gland], dim=1)
    turned = everything.flip(-1)
    turned[:, 5] *= -1  # along x
    everything = torch.where(mirrored[:, None, None, None, None], turned, everything)
    return PairBatch(
        everything[:, :1], everything[:, 1:2], everything[:, 2:3], everything[:, 3:6], everything[:, 6:]
    )


def grid_of(to_moving_mm: Tensor) -> Tensor:
    """Return where displaced voxels lie, (n, z, y, x, 3), in the units of ``grid_sample``, x first."""
    places = torch.from_numpy(KEPT.places_mm)[None] + to_moving_mm
    half = [(n - 1) / 2 * mm for n, mm in zip(KEPT.shape_zyx, KEPT.spacing_zyx_mm, strict=True)]
    unit = places / torch.tensor(half, dtype=torch.float32).view(1, 3, 1, 1, 1)
    return unit.flip(1).permute(0, 2, 3, 4, 1)


def warped(image: Tensor, to_moving_mm: Tensor) -> Tensor:
    """Return an image (n, c, z, y, x) as seen at displaced places; beyond its border it goes on."""
    return F.grid_sample(image, grid_of(to_moving_mm), padding_mode="border", align_corners=True)


def _moved_further(
    images: Tensor, to_moving: Tensor, chance: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Turn and shift the moving images by a rigid map each, and their true maps with them."""
    n = len(images)
    angles = np.clip(chance.normal(0, _TURN_DEG, (n, 3)), -3 * _TURN_DEG, 3 * _TURN_DEG)
    shifts = np.clip(chance.normal(0, _SHIFT_MM, (n, 3)), -3 * _SHIFT_MM, 3 * _SHIFT_MM)
    turns = torch.from_numpy(np.stack([rotation(*a) for a in angles]).astype(np.float32))
    shift = torch.from_numpy(shifts.astype(np.float32)).view(n, 3, 1, 1, 1)
    places = torch.from_numpy(KEPT.places_mm)[None]
    # The new image shows at y what the old one shows at R y + t: a place p + u moves to R'(p + u - t).
    read_at = torch.einsum("nij,njzyx->nizyx", turns, places.expand(n, -1, -1, -1, -1)) + shift
    moved = warped(images, read_at - places)
    there = torch.einsum("nji,njzyx->nizyx", turns, places + to_moving - shift)
    return moved, there - places
