"""Make simulated pairs of T2w and diffusion images, to learn from and to be measured on.

A pair takes a second or two, longer than a step of training: they are made once, and turned and
mirrored while the network learns. Needs the file that prostate_sources.py writes::

    python training/diffusion_pairs.py --sources sources.npz --n 1200 --n-held-out 114 --out pairs
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from napari_medassist.models.training.diffusion_pairs import PAIRS_DTYPE, packed
from napari_medassist.models.training.simulation.prostate_pairs import simulate_pair
from napari_medassist.models.training.simulation.sources import N_HELD_OUT, read_sources

_HELD_OUT_SEED = 91_000_000


def _made(seed: int, sources: Path, *, held_out: bool) -> np.ndarray:
    torch.set_num_threads(1)
    anatomies, backgrounds = read_sources(sources)
    pool = anatomies[:N_HELD_OUT] if held_out else anatomies[N_HELD_OUT:]
    if held_out:  # each prostate equally often
        which = (seed - _HELD_OUT_SEED) % N_HELD_OUT
        pool = pool[which : which + 1]
    return packed(simulate_pair(seed, pool, backgrounds))


def main() -> None:
    """Make them with all processors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--n", type=int, default=1200)
    parser.add_argument("--n-held-out", type=int, default=2 * N_HELD_OUT)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    parts = (("held_out", _HELD_OUT_SEED, options.n_held_out), ("learned", 1, options.n))
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for name, first, n in parts:
            make = partial(_made, sources=options.sources, held_out=name == "held_out")
            pairs = np.stack(list(pool.map(make, range(first, first + n), chunksize=4)))
            np.save(options.out / f"{name}.npy", pairs.astype(PAIRS_DTYPE))


if __name__ == "__main__":
    main()
