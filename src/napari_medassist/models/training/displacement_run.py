"""A training run of a network that finds displacements: what it minimises, and how far it has come."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation writes it so

from napari_medassist.models.networks.correlation_net import STEP_ZYX_MM, CorrelationNet
from napari_medassist.models.training.diffusion_pairs import PairBatch, batch_of, warped
from napari_medassist.models.training.loop import RunSettings, RunState
from napari_medassist.models.training.simulation.prostate_pairs import KEPT

Pairs = NDArray[np.float16]

_BINS = 21
_N_VOXELS = 24_000  # drawn anew at each step: mutual information needs no more
_SHOWN_WIDTH = 6.0  # standard deviations of a normalised image from black to white
_GLAND_WEIGHT = 4.0
_SPREAD_STEPS = 0.6
_MEASURED_AT_ONCE = 6


@dataclass(frozen=True)
class Terms:
    """How much each part of the loss counts.

    Parameters
    ----------
    moving
        Mutual information of T2w and the displaced moving image.
    helper
        The same with the lowest b-value, which the network never sees: the privileged image of Yang
        et al., IEEE TMI 2022.
    matched
        Cross-entropy of the displacements that are weighed up against the true one, which only a
        simulation knows; more in the gland.
    truth
        Mean distance in mm to the true map; more in the gland.
    smooth
        Mean squared gradient of the displacements, mm per mm.
    """

    moving: float = 0.0
    helper: float = 0.0
    matched: float = 0.0
    truth: float = 0.0
    smooth: float = 0.0


def network_loss(
    net: CorrelationNet, batch: PairBatch, terms: Terms, chance: np.random.Generator
) -> Tensor:
    """Return what is minimised for what a network makes of pairs."""
    matched = net.matched(torch.cat([batch.fixed, batch.moving], dim=1))
    loss = terms.matched * _mismatch(matched, net.displacements, batch)
    if terms.moving or terms.helper or terms.truth or terms.smooth:
        found_mm = net.displaced(matched, batch.fixed.shape[2:])
        loss = loss + displacement_loss(found_mm, batch, terms, chance)
    return loss if net.codes is None else loss + net.codes.off


def displacement_loss(
    found_mm: Tensor, batch: PairBatch, terms: Terms, chance: np.random.Generator
) -> Tensor:
    """Return what is minimised for displacements (n, 3, z, y, x), in mm."""
    loss = terms.smooth * _roughness(found_mm)
    if terms.truth:
        weight = 1 + _GLAND_WEIGHT * batch.gland
        off = (found_mm - batch.to_moving_mm).pow(2).sum(1, keepdim=True).add(1e-4).sqrt()
        loss = loss + terms.truth * (weight * off).mean() / weight.mean()
    if terms.moving or terms.helper:
        seen = warped(torch.cat([batch.moving, batch.helper], dim=1), found_mm)
        n_all = seen[0, 0].numel()
        which = torch.from_numpy(chance.choice(n_all, min(n_all, _N_VOXELS), replace=False))
        fixed = _shown(batch.fixed, which)
        for share, moved in ((terms.moving, seen[:, :1]), (terms.helper, seen[:, 1:])):
            if share:
                loss = loss + share * _unlike(_shown(moved, which), fixed)
    return loss


def errors_mm(found_mm: Tensor, batch: PairBatch) -> NDArray[np.float64]:
    """Return for each pair the mean distance to the true map in the gland; NaN without a gland."""
    off = (found_mm - batch.to_moving_mm).pow(2).sum(1, keepdim=True).sqrt()
    size = batch.gland.sum(dim=(1, 2, 3, 4))
    return np.asarray(((off * batch.gland).sum(dim=(1, 2, 3, 4)) / size).numpy(), dtype=np.float64)


def network_errors_mm(net: nn.Module, pairs: Pairs) -> NDArray[np.float64]:
    """Return the errors of a network on pairs as they are, the high b-value moving."""
    net.eval()
    found = []
    for first in range(0, len(pairs), _MEASURED_AT_ONCE):
        batch = batch_of(pairs[first : first + _MEASURED_AT_ONCE])
        with torch.no_grad():
            found.append(errors_mm(net(torch.cat([batch.fixed, batch.moving], dim=1)), batch))
    return np.concatenate(found)


def learn_displacements(
    state: RunState,
    learned: Pairs,
    held_out: Pairs,
    settings: RunSettings,
    terms: Terms,
    folder: Path,
    n_at_once: int = 2,
) -> None:
    """Learn until the time is over; write ``checkpoint.pt`` and ``log.jsonl`` into the folder.

    Parameters
    ----------
    state
        Changed in place.
    learned, held_out
        Pairs to learn from, and pairs of other prostates; the error on these is logged, nothing is
        chosen by it.
    settings, terms
        What to do, and what is minimised.
    folder
        Where to write.
    n_at_once
        Pairs a step.
    """
    torch.set_num_threads(settings.n_threads)
    chance = np.random.default_rng((settings.seed, state.step))
    before, start, saved = state.seconds, time.monotonic(), time.monotonic()
    while state.seconds < settings.minutes * 60:
        which = np.sort(chance.choice(len(learned), n_at_once, replace=False))
        batch = batch_of(learned[which], chance)
        state.set_scheduled_rate(settings)
        net: Any = state.net.train()
        loss = network_loss(net, batch, terms, chance)
        state.descend(loss, state.kept_share(settings))
        state.seconds = before + time.monotonic() - start
        if time.monotonic() - saved > settings.save_every_s:
            _keep(state, held_out, folder)
            saved = time.monotonic()
    _keep(state, held_out, folder)


def _keep(state: RunState, held_out: Pairs, folder: Path) -> None:
    """Write a checkpoint and a line of the log."""
    state.save(folder / "checkpoint.pt")
    errors = network_errors_mm(state.average, held_out)
    line = {
        "minutes": round(state.seconds / 60, 1),
        "step": state.step,
        "loss": round(float(np.mean(state.losses[-300:])), 4) if state.losses else None,
        "held_out_error_mm": round(float(np.nanmedian(errors)), 3),
    }
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def _mismatch(matched: Tensor, displacements: Tensor, batch: PairBatch) -> Tensor:
    """Return the cross-entropy of displacements against the true one, spread over its neighbours."""
    z, y, x = matched.shape[2:]
    size = (z, y, x)
    with torch.no_grad():
        true = F.adaptive_avg_pool3d(batch.to_moving_mm, size)
        weight = 1 + _GLAND_WEIGHT * F.adaptive_avg_pool3d(batch.gland, size)[:, 0]
        steps = torch.tensor(STEP_ZYX_MM).view(1, 3, 1, 1, 1, 1)
        off = (true[:, :, None] - displacements.view(1, 3, -1, 1, 1, 1)) / steps
        wanted = (-off.pow(2).sum(1) / (2 * _SPREAD_STEPS**2)).softmax(dim=1)
    entropy = -(wanted * matched.log_softmax(dim=1)).sum(1)
    return (weight * entropy).mean() / weight.mean()


def _roughness(found_mm: Tensor) -> Tensor:
    total = found_mm.new_zeros(())
    for axis, step in enumerate(KEPT.spacing_zyx_mm):
        total = total + (found_mm.diff(dim=axis + 2) / step).pow(2).sum(1).mean()
    return total


def _shown(image: Tensor, which: Tensor) -> Tensor:
    """Return drawn voxels of normalised images (n, 1, ...), from 0 to 1: (n, 1, voxels)."""
    return (image.flatten(2)[:, :, which] / _SHOWN_WIDTH + 1 / 3).clamp(0, 1)


def _unlike(moved: Tensor, fixed: Tensor) -> Tensor:
    from monai.losses.image_dissimilarity import GlobalMutualInformationLoss

    loss: Tensor = GlobalMutualInformationLoss(kernel_type="gaussian", num_bins=_BINS)(moved, fixed)
    return loss
