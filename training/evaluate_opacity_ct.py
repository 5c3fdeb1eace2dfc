"""Dice of `opacity-ct` on simulated CT that were held out, and of thresholds, on three kinds of chests.

The held-out images are of the simulation that it learned from: simulated chests, and the half of the
real chest that took no part. The chest of the package is simulated by other rules. Thresholds call
opaque what is denser than a number of HU in the true lungs, after vessels were opened away::

    python training/evaluate_opacity_ct.py --sources chest.npz
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.app.samples import sample_label_maps, sample_path
from napari_medassist.app.segmenting import segment
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Acquisition, Modality, Volume
from napari_medassist.evaluation.statistics.resampling import bootstrap, mean_of
from napari_medassist.io.files import read_labels, read_volume
from napari_medassist.models.training.simulation.opacities import (
    FRAME,
    SCALE,
    read_chests,
    simulate_ct,
)

_SEED = 88_000_000
_PARTS = {"opacity": (1, 2), "ground glass": (1,), "consolidation": (2,)}


def dice(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return Dice; NaN where neither holds a voxel."""
    n = np.count_nonzero(found) + np.count_nonzero(true)
    return float("nan") if not n else 2 * np.count_nonzero(found & true) / n


def opened(hu: NDArray[np.float32], lungs: NDArray[np.bool_], limit: float) -> NDArray[np.bool_]:
    """Return what is denser than a limit within lungs, without what is as thin as vessels."""
    dense = (ndimage.median_filter(hu, (1, 3, 3)) > limit) & lungs
    return np.asarray(ndimage.binary_opening(dense, np.ones((1, 3, 3))))


def image(seed: int, sources: Path, share_real: float) -> tuple[Volume, NDArray[np.uint8]]:
    """Return a simulated CT as a user's image, and its labels."""
    real = read_chests(sources, held_out=True)
    scaled, labels = simulate_ct(seed, real, FRAME, share_real)
    hu = scaled * SCALE.deviation + SCALE.mean
    corner = -(np.array(FRAME.shape_zyx)[::-1] - 1) / 2 * np.array(FRAME.spacing_zyx_mm)[::-1]
    grid = Geometry(FRAME.shape_zyx, FRAME.spacing_zyx_mm, tuple(corner.tolist()), np.eye(3))
    acquisition = Acquisition(modality=Modality.CT)
    return Volume.from_stored(hu, grid, name="ct", role="ct", acquisition=acquisition), labels


def print_simulated(sources: Path, n: int, share_real: float, name: str) -> None:
    """Print the mean Dice of each part, with an interval over images."""
    scores: dict[str, list[float]] = {part: [] for part in _PARTS}
    false_ml = []
    for k in range(n):
        ct, labels = image(_SEED + k, sources, share_real)
        found = np.asarray(segment(Case("c", (ct,)), "opacity-ct").labels.array)
        if not labels.any():
            false_ml.append(np.count_nonzero(found) * ct.geometry.voxel_volume_mm3 / 1000)
        for part, values in _PARTS.items():
            if np.isin(labels, values).any():
                scores[part].append(dice(np.isin(found, values), np.isin(labels, values)))
    for part, values in scores.items():
        interval = bootstrap(mean_of(values), len(values))
        print(f"{name}, {part}: {interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})")
    if false_ml:
        told = f"{np.median(false_ml):.2f} ml in the median, {np.max(false_ml):.2f} ml at most"
        print(f"{name}, {len(false_ml)} without opacities: {told}")


def print_sample() -> None:
    """Print Dice on the chest of the package, of the model and of thresholds within its true lungs."""
    ct = read_volume(sample_path("ct"))
    maps = {kind: np.asarray(read_labels(p).array) for kind, p in sample_label_maps("ct").items()}
    start = time.perf_counter()
    made = segment(Case("c", (ct,)), "opacity-ct", preferred=(ct,))
    seconds = time.perf_counter() - start
    found, true = np.asarray(made.labels.array), maps["opacities"] > 0
    told = f"{made.n_windows} windows, {seconds:.1f} s, {made.seconds}"
    print(f"chest of the package: {dice(found > 0, true):.3f}; {told}")
    share = 100 * np.count_nonzero(true & (found > 0)) / np.count_nonzero(true)
    print(
        f"  found {share:.0f} % of the opacities, {np.count_nonzero((found > 0) & ~true)} voxels beside"
    )
    hu = np.asarray(ct.array, dtype=np.float32)
    for limit in (-750, -700, -650, -600, -500):
        print(f"  threshold {limit} HU: {dice(opened(hu, maps['lungs'] > 0, limit), true):.3f}")


def main() -> None:
    """Evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--images", type=int, default=100)
    options = parser.parse_args()
    print_simulated(options.sources, options.images, 0.0, "simulated chests")
    print_simulated(options.sources, options.images // 2, 1.0, "held-out half of the real chest")
    print_sample()


if __name__ == "__main__":
    main()
