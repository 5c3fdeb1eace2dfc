"""A training run of a network that brings one gland surface to another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_medassist.models.training.loop import RunSettings, RunState
from napari_medassist.models.training.simulation.gland_surfaces import (
    COMPLETE,
    GlandShape,
    SurfacePair,
    surface_pair,
)
from napari_medassist.models.zoo.gland_surfaces import UNIT_MM

Meet = Callable[[SurfacePair], SurfacePair]
_N_MOVED = 128  # points inside and around, each, of one pair and step
_NEXT_SEEDS = 1_000_000
_FIRST_HELD_OUT = 55_000_000


def tensor_of(points: Sequence[NDArray[np.float32]]) -> Tensor:
    """Return points (n, 3) of several pairs, mm, as the network takes them: (pairs, 3, n)."""
    return torch.from_numpy(np.stack(points)).mT / UNIT_MM


def learn_surfaces(
    state: RunState,
    learned: Sequence[GlandShape],
    held_out: Sequence[GlandShape],
    settings: RunSettings,
    folder: Path,
    meet: Meet,
    n_at_once: int = 16,
) -> None:
    """Learn until the time is over; write ``checkpoint.pt`` and ``log.jsonl`` into the folder.

    Minimised is the mean distance between where points inside and around the gland are moved to, and
    where the simulation has moved them.

    Parameters
    ----------
    state
        Changed in place.
    learned, held_out
        Glands to learn from, and others, whose error is logged; nothing is chosen by it.
    settings, folder
        What to do, and where to write.
    meet
        Brings a pair together rigidly; what is left the network learns.
    n_at_once
        Pairs a step.
    """
    torch.set_num_threads(settings.n_threads)
    chance = np.random.default_rng((settings.seed, state.step))
    tests = [meet(surface_pair(s, _FIRST_HELD_OUT + k)) for k, s in enumerate(held_out)]
    before, start, saved = state.seconds, time.monotonic(), time.monotonic()
    while state.seconds < settings.minutes * 60:
        pairs = [meet(_drawn(learned, chance)) for _ in range(n_at_once)]
        state.set_scheduled_rate(settings)
        state.descend(_loss(state.net.train(), pairs, chance), state.kept_share(settings))
        state.seconds = before + time.monotonic() - start
        if time.monotonic() - saved > settings.save_every_s:
            _keep(state, tests, folder)
            saved = time.monotonic()
    _keep(state, tests, folder)


def _drawn(shapes: Sequence[GlandShape], chance: np.random.Generator) -> SurfacePair:
    """Draw a pair; one of its sides is complete."""
    seed = int(chance.integers(_NEXT_SEEDS, 2**40))
    shape = shapes[int(chance.integers(len(shapes)))]
    if chance.random() < 0.5:
        return surface_pair(shape, seed)
    return surface_pair(shape, seed, source_is="", target_is=COMPLETE)


def _loss(net: Any, pairs: Sequence[SurfacePair], chance: np.random.Generator) -> Tensor:
    which = chance.choice(len(pairs[0].inside), _N_MOVED, replace=False)
    points = tensor_of([np.concatenate([p.inside[which], p.around[which]]) for p in pairs])
    there = tensor_of([np.concatenate([p.inside_there[which], p.around_there[which]]) for p in pairs])
    source, target = tensor_of([p.source for p in pairs]), tensor_of([p.target for p in pairs])
    moved = points + net(source, target, points)
    off: Tensor = (moved - there).pow(2).sum(1).add(1e-6).sqrt()
    return off.mean()


def _keep(state: RunState, tests: Sequence[SurfacePair], folder: Path) -> None:
    """Write a checkpoint and a line of the log."""
    state.save(folder / "checkpoint.pt")
    errors = []
    for pair in tests:
        points = tensor_of([pair.inside])
        with torch.no_grad():
            found = state.average(tensor_of([pair.source]), tensor_of([pair.target]), points)
        off = (points + found - tensor_of([pair.inside_there])) * UNIT_MM
        errors.append(float(off.pow(2).sum(1).sqrt().mean()))
    line = {
        "minutes": round(state.seconds / 60, 1),
        "step": state.step,
        "loss_mm": round(float(np.mean(state.losses[-300:])) * UNIT_MM, 3),
        "held_out_error_mm": round(float(np.median(errors)), 3),
    }
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
