"""Train `gland-surfaces`: what a rigid map leaves between two surfaces of a prostate, simulated.

Needs the file that prostate_sources.py writes. A run that was stopped goes on with the same command::

    python training/gland_surfaces.py --sources sources.npz --config training/gland_surfaces.yaml \
        --out run
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import yaml

from napari_medassist.models.networks.free_point_transformer import FreePointTransformer
from napari_medassist.models.training.loop import RunState, settings_of
from napari_medassist.models.training.simulation.gland_surfaces import SurfacePair, shape_of
from napari_medassist.models.training.simulation.sources import N_HELD_OUT, read_sources
from napari_medassist.models.training.surface_run import learn_surfaces
from napari_medassist.registration.closest_points import iterative_closest_points

_EACH = 2


def main() -> None:
    """Begin or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    config = yaml.safe_load(options.config.read_text(encoding="utf-8"))
    settings = settings_of(config["run"])
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    state = RunState.begin(FreePointTransformer(**config["network"]), settings)
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        state.load(checkpoint)
    anatomies, _ = read_sources(options.sources)
    shapes = [shape_of(anatomy) for anatomy in anatomies]
    learn_surfaces(state, shapes[N_HELD_OUT:], shapes[:N_HELD_OUT], settings, options.out, meet)


def meet(pair: SurfacePair) -> SurfacePair:
    """Bring a pair together by closest points, of fewer points than in use: it is done often."""
    found = iterative_closest_points(
        pair.source[::_EACH].astype(np.float64), pair.target[::_EACH].astype(np.float64)
    )
    return pair.begun_with(found.transform)


if __name__ == "__main__":
    main()
