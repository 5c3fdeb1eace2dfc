"""Train a network to bring high b-value or ADC to T2w, on simulated pairs.

Needs the folder that diffusion_pairs.py writes. A run that was stopped goes on with the same command; a
run in another folder may begin from weights with --init::

    python training/diffusion_to_t2w.py --pairs pairs --out run \
        --config training/diffusion_to_t2w-privileged.yaml
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import load_file

from napari_medassist.models.networks.correlation_net import CorrelationNet
from napari_medassist.models.training.displacement_run import Terms, learn_displacements
from napari_medassist.models.training.loop import RunState, settings_of


def main() -> None:
    """Begin or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--init", type=Path, help="safetensors or checkpoint.pt to begin with")
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text(encoding="utf-8"))
    settings = settings_of(config["run"])
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    net = CorrelationNet(**config["network"])
    if options.init:
        net.load_state_dict(_weights(options.init), strict=net.codes is None)
    state = RunState.begin(net, settings)
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        state.load(checkpoint)
    learned, held_out = (
        np.load(options.pairs / f"{name}.npy", mmap_mode="r") for name in ("learned", "held_out")
    )
    held_out = held_out[: config["n_held_out"]]
    learn_displacements(state, learned, held_out, settings, Terms(**config["terms"]), options.out)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    if path.suffix == ".pt":
        return dict(torch.load(path, weights_only=True)["average"])
    return {name: tensor.float() for name, tensor in load_file(path).items()}


if __name__ == "__main__":
    main()
