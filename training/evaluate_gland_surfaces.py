"""Errors of `gland-surfaces`, rigid ICP and coherent point drift within glands that were held out.

The error is the distance between where points inside of the gland are moved to and where the simulation
has moved them, averaged over a pair. Coherent point drift is that of pycpd (``pip install pycpd``)::

    python training/evaluate_gland_surfaces.py --sources sources.npz --checkpoint run/checkpoint.pt
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from napari_medassist.core.geometry import Float
from napari_medassist.models.networks.free_point_transformer import FreePointTransformer
from napari_medassist.models.training.simulation.gland_surfaces import (
    SAMPLINGS,
    SurfacePair,
    shape_of,
    surface_pair,
)
from napari_medassist.models.training.simulation.sources import N_HELD_OUT, read_sources
from napari_medassist.models.training.surface_run import tensor_of
from napari_medassist.models.zoo.gland_surfaces import UNIT_MM
from napari_medassist.registration.closest_points import iterative_closest_points

_SEED = 66_000_000
_CPD_POINTS = 512
Move = Callable[[SurfacePair], Float]


def middles(pair: SurfacePair) -> Float:
    """Return inner points as they are: the middles of both surfaces have met."""
    return np.asarray(pair.inside, dtype=np.float64)


def icp(pair: SurfacePair) -> Float:
    """Return inner points after iterative closest points."""
    source, target = pair.source.astype(np.float64), pair.target.astype(np.float64)
    found = iterative_closest_points(source, target)
    return found.transform.transform_points(pair.inside)


def cpd(kind: str) -> Move:
    """Return coherent point drift: rigid, or deformable."""
    import pycpd

    def moved(pair: SurfacePair) -> Float:
        # Its defaults are for coordinates of about 1.
        target, source = (p[:_CPD_POINTS] / np.float64(UNIT_MM) for p in (pair.target, pair.source))
        make = pycpd.RigidRegistration if kind == "rigid" else pycpd.DeformableRegistration
        made = make(X=target, Y=source)
        made.register()
        inside = pair.inside / np.float64(UNIT_MM)
        if kind == "rigid":
            return np.asarray(made.transform_point_cloud(inside)) * UNIT_MM
        # Other points than the source's: the same Gaussians, weighted as there (Myronenko 2010).
        squared = ((inside[:, None] - source) ** 2).sum(axis=2)
        return np.asarray(inside + np.exp(-squared / (2 * made.beta**2)) @ made.W) * UNIT_MM

    return moved


def network(path: Path) -> Move:
    """Return inner points as the network moves them."""
    net = FreePointTransformer().eval()
    net.load_state_dict(torch.load(path, weights_only=True)["average"])

    def moved(pair: SurfacePair) -> Float:
        source, target = pair.source.astype(np.float64), pair.target.astype(np.float64)
        met = pair.begun_with(iterative_closest_points(source, target).transform)
        with torch.inference_mode():
            found = net(*(tensor_of([p]) for p in (met.source, met.target, met.inside)))
        there = met.inside + found[0].numpy().T * UNIT_MM
        return np.asarray(there + pair.target.mean(axis=0) - met.target.mean(axis=0), dtype=np.float64)

    return moved


def main() -> None:
    """Evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--points", type=int, default=1024)
    parser.add_argument("--n-cpd", type=int, default=0, help="pairs for CPD, which takes its time")
    options = parser.parse_args()
    anatomies, _ = read_sources(options.sources)
    shapes = [shape_of(anatomy) for anatomy in anatomies[:N_HELD_OUT]]
    methods: dict[str, Move] = {"middles": middles, "ICP": icp, "network": network(options.checkpoint)}
    if options.n_cpd:
        methods |= {"CPD, rigid": cpd("rigid"), "CPD, deformable": cpd("deformable")}
    for how in SAMPLINGS:
        pairs = [
            surface_pair(shape, _SEED + k, n_points=options.points, target_is=how)
            for k, shape in enumerate(shapes)
        ]
        all_errors: dict[str, NDArray[np.float64]] = {}
        for name, move in methods.items():
            some = pairs[: options.n_cpd] if name.startswith("CPD") else pairs
            start = time.perf_counter()
            errors: NDArray[np.float64] = np.array(
                [np.linalg.norm(move(p) - p.inside_there, axis=1).mean() for p in some]
            )
            all_errors[name] = errors
            ms = (time.perf_counter() - start) / len(some) * 1000
            far = np.percentile(errors, 95)
            told = f"median {np.median(errors):.2f} mm, 95 % {far:.2f} mm, {ms:.0f} ms"
            print(f"{how}, {name}: {told}, {len(some)} pairs", flush=True)
            if options.n_cpd and not name.startswith("CPD"):
                print(f"  of {options.n_cpd}: {np.median(errors[: options.n_cpd]):.2f} mm")
        p = stats.wilcoxon(all_errors["ICP"], all_errors["network"]).pvalue
        gain = np.median(all_errors["ICP"] - all_errors["network"])
        print(f"{how}, ICP - network: {gain:.2f} mm in the median of pairs, p = {p:.1g}")


if __name__ == "__main__":
    main()
