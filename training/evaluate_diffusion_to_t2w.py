"""Errors of networks that learned diffusion to T2w, and of methods without one, on held-out pairs.

The error is the distance to the true map, which the simulation knows, averaged over the gland of a
pair; printed are medians over pairs with intervals, and paired tests::

    python training/evaluate_diffusion_to_t2w.py --pairs pairs \
        --run supervised supervised/checkpoint.pt --run alone alone/checkpoint.pt
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

from napari_medassist.app.registering.registry import METHODS
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.orientation import SourceGrid
from napari_medassist.core.transform import AffineTransform, DisplacementField, Transform
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.statistics.resampling import bootstrap
from napari_medassist.models.networks.correlation_net import CorrelationNet
from napari_medassist.models.training.diffusion_pairs import PairBatch, batch_of
from napari_medassist.models.training.simulation.prostate_pairs import KEPT
from napari_medassist.registration.instance import deform
from napari_medassist.registration.spec import Pair

_GRID = Geometry(KEPT.shape_zyx, KEPT.spacing_zyx_mm, (0.0, 0.0, 0.0))
_HERE = AffineTransform.identity()
Aligner = Callable[[PairBatch], Transform]


def volume(image: torch.Tensor) -> Volume:
    """Return an image of a pair."""
    return Volume(image[0, 0].numpy(), _GRID, SourceGrid.of(_GRID), name="image")


def network(path: Path) -> Callable[[PairBatch], DisplacementField]:
    """Return what a trained network finds."""
    weights = torch.load(path, weights_only=True)["average"]
    n_codes = len(weights["codes.codes"]) if "codes.codes" in weights else 0
    net = CorrelationNet(n_codes=n_codes).eval()
    net.load_state_dict(weights)

    def found(batch: PairBatch) -> DisplacementField:
        with torch.no_grad():
            along = net(torch.cat([batch.fixed, batch.moving], dim=1))[0].numpy()
        vectors = np.einsum("lc,czyx->zyxl", _GRID.direction[:, ::-1].astype(np.float32), along)
        return DisplacementField(np.ascontiguousarray(vectors), _GRID)

    return found


def classical(name: str, *, low: bool = False) -> Aligner:
    """Return a method without a network; it may look at the lowest b-value instead."""

    def found(batch: PairBatch) -> Transform:
        pair = Pair(volume(batch.fixed), volume(batch.helper if low else batch.moving))
        return METHODS.get(name).run(pair, _HERE, lambda *_told: None).transform

    return found


def refined(begin: Callable[[PairBatch], DisplacementField]) -> Aligner:
    """Return a network whose displacements are then optimised for the pair."""

    def found(batch: PairBatch) -> Transform:
        pair = Pair(volume(batch.fixed), volume(batch.moving))
        return deform(pair, _HERE, begun=begin(batch)).transform

    return found


def error_mm(transform: Transform, batch: PairBatch) -> float:
    """Return the mean distance to the true map in the gland."""
    inside = batch.gland[0, 0].numpy() > 0
    places = _GRID.voxel_places_lps_mm()[inside]
    axes = _GRID.direction[:, ::-1]
    true = places + batch.to_moving_mm[0].numpy()[:, inside].T @ axes.T
    return float(np.linalg.norm(transform.transform_points(places) - true, axis=1).mean())


def median_of(values: NDArray[np.float64]) -> str:
    """Return a median with its interval over pairs, in words."""
    order = np.argsort(values)

    def median(weights: Float) -> Float:
        sums = weights[:, order].cumsum(axis=1)
        return np.asarray(values[order][(sums >= sums[:, -1:] / 2).argmax(axis=1)])

    made = bootstrap(median, len(values))
    return f"{made.value:.2f} mm ({made.low:.2f} to {made.high:.2f})"


def main() -> None:
    """Evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument(
        "--run",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "FILE"),
        help="a trained network",
    )
    parser.add_argument("--n", type=int, default=57)
    options = parser.parse_args()
    methods: dict[str, Aligner] = {"none": lambda _batch: _HERE}
    methods |= {name: classical(name) for name in ("rigid-information", "rigid", "deformable")}
    methods |= {f"{name}, lowest b": classical(name, low=True) for name in ("rigid", "deformable")}
    for name, file in options.run:
        net = network(Path(file))
        methods |= {f"network, {name}": net, f"network, {name}, refined": refined(net)}
    pairs = np.load(options.pairs / "held_out.npy", mmap_mode="r")[: options.n]
    batches = [batch_of(pairs[k : k + 1]) for k in range(len(pairs))]
    batches = [b for b in batches if b.gland.any()]
    errors: dict[str, NDArray[np.float64]] = {}
    for name, method in methods.items():
        start = time.perf_counter()
        errors[name] = np.array([error_mm(method(batch), batch) for batch in batches])
        seconds = (time.perf_counter() - start) / len(batches)
        far = np.percentile(errors[name], 95)
        print(f"{name}: {median_of(errors[name])}, 95 % {far:.2f} mm, {seconds:.2f} s", flush=True)
    names = list(errors)
    for k, one in enumerate(names):
        for other in names[k + 1 :]:
            p = stats.wilcoxon(errors[one], errors[other]).pvalue
            print(f"  {one} - {other}: {median_of(errors[one] - errors[other])}, p = {p:.2g}")


if __name__ == "__main__":
    main()
