"""Train `prostate-zones`: peripheral and transition zone on T2-weighted MR, from simulated contrast.

Needs the file that prostate_sources.py writes. A run that was stopped goes on with the same command; a
run in another folder may begin from weights with --init::

    python training/prostate_zones.py --sources sources.npz \
        --config training/prostate_zones.yaml --out run
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import load_file

from napari_medassist.models.networks.anisotropic_unet import AnisotropicUNet
from napari_medassist.models.training.loop import RunState, settings_of, train
from napari_medassist.models.training.samples import Sample, SampleQueue
from napari_medassist.models.training.simulation.frame import Frame
from napari_medassist.models.training.simulation.gland import Anatomy
from napari_medassist.models.training.simulation.prostate_t2w import simulate
from napari_medassist.models.training.simulation.surroundings import Background

N_HELD_OUT = 57
_HELD_OUT_SEED = 77_000_000
_TRAINING_SEED = 1_000_000_000


@cache
def sources(path: Path) -> tuple[list[Anatomy], list[Background]]:
    """Read what samples are drawn from; the order of the anatomies is shuffled once and for all."""
    with np.load(path) as stored:
        found = {name: stored[name] for name in stored.files}
    order = np.random.default_rng(7).permutation(len(found["names"]))
    anatomies = [Anatomy(found["zones"][k], found["lesions"][k], str(found["names"][k])) for k in order]
    background = Background(
        found["image"], found["tissues"].astype(np.float32), found["centre"], found["half_mm"]
    )
    return anatomies, [background]


@dataclass(frozen=True)
class MakeZones:
    """Make the sample of a seed, in whatever process."""

    path: Path
    held_out: bool = False
    frame: Frame = field(default_factory=Frame)

    def __call__(self, seed: int) -> Sample:
        """Return image and labels."""
        anatomies, backgrounds = sources(self.path)
        pool = anatomies[:N_HELD_OUT] if self.held_out else anatomies[N_HELD_OUT:]
        return simulate(seed, pool, backgrounds, self.frame)


def main() -> None:
    """Train, or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
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
    make_held_out = MakeZones(options.sources, held_out=True)
    held_out = [make_held_out(_HELD_OUT_SEED + k) for k in range(config["n_held_out"])]
    first_seed = _TRAINING_SEED * (1 + settings.seed) + state.step
    with SampleQueue(
        MakeZones(options.sources), n_workers=options.workers, first_seed=first_seed
    ) as samples:
        train(state, samples, held_out, settings, options.out)


if __name__ == "__main__":
    main()
