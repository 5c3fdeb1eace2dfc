"""Dice of `opacity-ct` and of thresholds on simulated opacities in simulated lungs and in real ones.

The numbers of the method were chosen on other seeds and on the other half of the real chest
(``--chosen-on`` prints what they reach there). The chest of the package is simulated by other rules.
In windows of 20 slices the true lungs are given to all, since the windows end within the chest; on the
chest of the package the lungs are those that were found::

    python training/evaluate_opacity_ct.py --sources chest.npz
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.app.samples import sample_label_maps, sample_path
from napari_medassist.app.segmenting import segment
from napari_medassist.core.case import Case
from napari_medassist.evaluation.statistics.resampling import bootstrap, mean_of
from napari_medassist.io.files import read_labels, read_volume
from napari_medassist.models.classical.opacities import opacities_within
from napari_medassist.models.training.simulation.opacities import (
    FRAME,
    read_chests,
    simulate_ct,
)

_SEED, _CHOSEN_ON = 88_000_000, 77_000_000
_LIMITS_HU = (-750, -700, -650, -600)
Method = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.uint8]]

_PARTS = {"opacity": (1, 2), "ground glass": (1,), "consolidation": (2,)}


def dice(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return Dice; NaN where neither holds a voxel."""
    n = np.count_nonzero(found) + np.count_nonzero(true)
    return float("nan") if not n else 2 * np.count_nonzero(found & true) / n


def above(hu: NDArray[np.float32], lungs: NDArray[np.bool_], limit: float) -> NDArray[np.uint8]:
    """Return what is denser than a limit within lungs, without what is as thin as vessels."""
    dense = (ndimage.median_filter(hu, (1, 3, 3)) > limit) & lungs
    return np.asarray(ndimage.binary_opening(dense, np.ones((1, 3, 3)))).astype(np.uint8)


def methods() -> dict[str, Method]:
    """Return what is compared, each from CT numbers and lungs."""
    spacing = FRAME.spacing_zyx_mm
    thresholds = {f"{limit} HU": partial(above, limit=limit) for limit in _LIMITS_HU}
    return {"opacity-ct": partial(opacities_within, spacing_zyx_mm=spacing), **thresholds}


def print_simulated(sources: Path, n: int, share_real: float, options: argparse.Namespace) -> None:
    """Print the mean Dice of each part by each method, with an interval over images."""
    seed = _CHOSEN_ON if options.chosen_on else _SEED
    real = read_chests(sources, held_out=not options.chosen_on)
    images = [simulate_ct(seed + k, real, FRAME, share_real) for k in range(n)]
    for name, method in methods().items():
        scores: dict[str, list[float]] = {part: [] for part in _PARTS}
        false_ml = []
        for hu, labels, lungs in images:
            found = method(hu, lungs)
            if not labels.any():
                false_ml.append(np.count_nonzero(found) * np.prod(FRAME.spacing_zyx_mm) / 1000)
            for part, values in _PARTS.items():
                if np.isin(labels, values).any():
                    scores[part].append(dice(np.isin(found, values), np.isin(labels, values)))
        for part, values in scores.items():
            if part == "opacity" or name == "opacity-ct":
                made = bootstrap(mean_of(values), len(values))
                told = f"{made.value:.3f} ({made.low:.3f} to {made.high:.3f})"
                print(f"{share_real:.0f} real, {name}, {part}: {told}")
        told = f"{np.median(false_ml):.1f} ml in the median, {np.max(false_ml):.1f} ml at most"
        print(f"{share_real:.0f} real, {name}, {len(false_ml)} without opacities: {told}")


def print_sample() -> None:
    """Print Dice on the chest of the package, within the lungs that are found, and the time."""
    ct = read_volume(sample_path("ct"))
    true = np.asarray(read_labels(sample_label_maps("ct")["opacities"]).array) > 0
    case = Case("c", (ct,))
    start = time.perf_counter()
    found = np.asarray(segment(case, "opacity-ct", preferred=(ct,)).labels.array) > 0
    seconds = time.perf_counter() - start
    share = 100 * np.count_nonzero(true & found) / np.count_nonzero(true)
    print(f"chest of the package: {dice(found, true):.3f}, found {share:.0f} %, {seconds:.2f} s")
    lungs = np.isin(np.asarray(segment(case, "lungs-ct", preferred=(ct,)).labels.array), (1, 2))
    for limit in _LIMITS_HU:
        made = above(np.asarray(ct.array, dtype=np.float32), lungs, limit) > 0
        print(f"  threshold {limit} HU: {dice(made, true):.3f}")


def main() -> None:
    """Evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--chosen-on", action="store_true", help="what the numbers were chosen on")
    options = parser.parse_args()
    print_simulated(options.sources, options.images, 0.0, options)
    print_simulated(options.sources, options.images // 2, 1.0, options)
    print_sample()


if __name__ == "__main__":
    main()
