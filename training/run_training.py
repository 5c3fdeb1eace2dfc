"""The command line that all training scripts share: begin a run, or go on with one that was stopped."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol

import torch
import yaml
from safetensors.torch import load_file

from napari_medassist.models.networks.anisotropic_unet import AnisotropicUNet
from napari_medassist.models.training.goals import Goal
from napari_medassist.models.training.loop import RunState, settings_of, train
from napari_medassist.models.training.samples import MakeSample, SampleQueue

_HELD_OUT_SEED = 77_000_000
_TRAINING_SEED = 1_000_000_000


class MakeOf(Protocol):
    """From the file of sources to what makes samples; that must be picklable, for the workers."""

    def __call__(self, path: Path, *, held_out: bool) -> MakeSample:
        """Return what makes samples, of what is learned from or of what is held out."""
        ...


def run(description: str | None, make_of: MakeOf, goal: Goal) -> None:
    """Read the command line and train.

    Parameters
    ----------
    description
        What ``--help`` says.
    make_of
        Where samples are from.
    goal
        What is learned.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--init", type=Path, help="safetensors to begin with")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text(encoding="utf-8"))
    settings = settings_of(config["run"])
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    net = AnisotropicUNet(**config["network"])
    if options.init:
        net.load_state_dict({k: v.float() for k, v in load_file(options.init).items()})
    state = RunState.begin(net, settings)
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        state.load(checkpoint)
    make_held_out = make_of(options.sources, held_out=True)
    held_out = [make_held_out(_HELD_OUT_SEED + k) for k in range(config["n_held_out"])]
    first_seed = _TRAINING_SEED * (1 + settings.seed) + state.step
    make = make_of(options.sources, held_out=False)
    with SampleQueue(make, n_workers=options.workers, first_seed=first_seed) as samples:
        train(state, samples, held_out, settings, options.out, goal)
