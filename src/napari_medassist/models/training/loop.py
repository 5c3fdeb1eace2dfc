"""A training run: bounded by time, written down, and able to go on after it was stopped."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_medassist.models.normalise import position_channels
from napari_medassist.models.training.goals import ZONES, Goal
from napari_medassist.models.training.samples import Sample, SampleQueue

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class RunSettings:
    """What a run does.

    Parameters
    ----------
    minutes
        How long it learns, in all its parts.
    learning_rate, warm_up_steps
        Peak of the learning rate; it rises over the first steps and falls as a cosine over the time.
    crop_depths, crop_widths
        Voxels of the random crops along z, and along y and x; a crop costs less than the whole window.
    averaging
        Share of the running mean of weights that stays at a step; the mean is what is kept.
    spacing_zyx_mm
        Voxel distances.
    has_positions
        Whether the network is told where in the window each voxel lies.
    seed
        Of weights, crops and samples.
    n_threads, autocast
        PyTorch's threads; bfloat16 where the processor is faster with it.
    save_every_s
        Seconds between checkpoints.
    """

    minutes: float
    learning_rate: float = 2e-3
    warm_up_steps: int = 100
    crop_depths: tuple[int, ...] = (12, 16, 20)
    crop_widths: tuple[int, ...] = (80, 96, 112)
    averaging: float = 0.998
    spacing_zyx_mm: tuple[float, float, float] = (3.0, 1.0, 1.0)
    has_positions: bool = True
    seed: int = 0
    n_threads: int = 1
    autocast: bool = False
    save_every_s: float = 300.0


@dataclass
class RunState:
    """Where a run stands; all that a checkpoint holds."""

    net: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)

    @classmethod
    def begin(cls, net: nn.Module, settings: RunSettings) -> RunState:
        """Return the state before the first step."""
        optimiser = torch.optim.AdamW(net.parameters(), settings.learning_rate, weight_decay=1e-2)
        return cls(net, copy.deepcopy(net).eval(), optimiser)

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next steps."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def set_scheduled_rate(self, settings: RunSettings) -> None:
        """Set the learning rate that a run has at this step and time."""
        share = min(1.0, self.seconds / (settings.minutes * 60))
        rise = min(1.0, (self.step + 1) / settings.warm_up_steps)
        self.set_rate(settings.learning_rate * rise * cosine(share))

    def kept_share(self, settings: RunSettings) -> float:
        """Return the share of the running mean of weights that stays at this step.

        A mean that starts slow would remember the first, random weights.
        """
        return min(settings.averaging, (self.step + 1) / (self.step + 51))

    def descend(self, loss: Tensor, keep: float) -> None:
        """Take one step down a loss, and move the mean of the weights; of it a share is kept."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.losses.append(float(loss.detach()))
        self.step += 1
        with torch.no_grad():
            for mean, weight in zip(self.average.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(weight, 1 - keep)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        parts = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        temporary = path.with_suffix(".part")
        torch.save(parts, temporary)
        temporary.replace(path)

    def load(self, path: Path) -> None:
        """Go back to a checkpoint."""
        parts = torch.load(path, weights_only=True)
        self.net.load_state_dict(parts["net"])
        self.average.load_state_dict(parts["average"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.step, self.seconds = parts["step"], parts["seconds"]


def network_input(
    image: NDArray[np.float32],
    spacing_zyx_mm: tuple[float, float, float],
    *,
    has_positions: bool = True,
) -> Tensor:
    """Return images, (z, y, x) or (c, z, y, x), with position channels: (1, c + 3, z, y, x)."""
    z, y, x = image.shape[-3:]
    channels = image.reshape(-1, z, y, x)
    if has_positions:
        channels = np.concatenate([channels, position_channels((z, y, x), spacing_zyx_mm)])
    return torch.from_numpy(channels)[None]


def _input(image: NDArray[np.float32], settings: RunSettings) -> Tensor:
    return network_input(image, settings.spacing_zyx_mm, has_positions=settings.has_positions)


def train(
    state: RunState,
    samples: SampleQueue,
    held_out: Sequence[Sample],
    settings: RunSettings,
    folder: Path,
    goal: Goal = ZONES,
) -> None:
    """Learn until the time is over; write ``checkpoint.pt`` and ``log.jsonl`` into the folder.

    Parameters
    ----------
    state
        Changed in place.
    samples
        Where samples come from.
    held_out
        Samples of anatomies that are not learned from; their Dice is logged.
    settings, folder
        What to do, and where to write.
    goal
        What is learned.
    """
    torch.set_num_threads(settings.n_threads)
    crops = np.random.default_rng((settings.seed, state.step))
    before, start, saved = state.seconds, time.monotonic(), time.monotonic()
    while state.seconds < settings.minutes * 60:
        _learn(state, samples.get(), crops, settings, goal)
        state.seconds = before + time.monotonic() - start
        if time.monotonic() - saved > settings.save_every_s:
            _keep(state, held_out, settings, folder, goal)
            saved = time.monotonic()
    _keep(state, held_out, settings, folder, goal)


def _learn(
    state: RunState,
    sample: Sample,
    crops: np.random.Generator,
    settings: RunSettings,
    goal: Goal,
) -> None:
    image, labels = cropped(sample, crops, settings)
    state.set_scheduled_rate(settings)
    net: Any = state.net.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.autocast):
        levels = net.levels(image)
    loss = goal.deep_loss([level.float() for level in levels], labels)
    state.descend(loss, state.kept_share(settings))


def cosine(share: float) -> float:
    """Return the learning rate, in shares of its peak, at a share of the run."""
    return 0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * share))


def cropped(sample: Sample, crops: np.random.Generator, settings: RunSettings) -> tuple[Tensor, Tensor]:
    """Cut a random box; position channels still count from the window's centre."""
    image, labels = sample
    whole = _input(image, settings)
    choices = (settings.crop_depths, settings.crop_widths, settings.crop_widths)
    box = []
    for n, sizes in zip(labels.shape, choices, strict=True):
        size = min(n, int(crops.choice(sizes)))
        begin = int(crops.integers(0, n - size + 1))
        box.append(slice(begin, begin + size))
    z, y, x = box
    target = torch.from_numpy(labels.astype(np.int64))[None]
    return whole[:, :, z, y, x].contiguous(), target[:, z, y, x].contiguous()


def _keep(
    state: RunState,
    held_out: Sequence[Sample],
    settings: RunSettings,
    folder: Path,
    goal: Goal,
) -> None:
    """Write a checkpoint and a line of the log."""
    state.save(folder / "checkpoint.pt")
    line = {
        "minutes": round(state.seconds / 60, 1),
        "step": state.step,
        "loss": round(float(np.mean(state.losses[-300:])), 4) if state.losses else None,
        "held_out_dice": goal.measure(state.average, held_out, lambda image: _input(image, settings)),
    }
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def settings_of(entries: dict[str, Any]) -> RunSettings:
    """Read settings from the entries of a configuration file; an unknown name is an error."""
    unknown = set(entries) - set(asdict(RunSettings(minutes=1)))
    if unknown:
        raise ValueError(f"Unknown training settings: {', '.join(sorted(unknown))}.")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entries.items()}
    return RunSettings(**values)
