"""Time average precision and AUROC over a cohort, intervals, and a sweep over all cut-offs.

    python benchmarks/bench_curves.py [--cases 50] [--repeats 3]

Where picai_eval can be imported, it is timed in turns with ours, on the same detection maps, and both
results are printed; so is the time that reading all voxels takes, below which nobody can come. The
sweep is timed against labelling every cut-off anew.
"""

from __future__ import annotations

import argparse
import importlib.util

import numpy as np
from scipy import ndimage

from napari_medassist.core.results import ScoredCase
from napari_medassist.evaluation.conventions import preset
from napari_medassist.evaluation.detection.case_level import auroc
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.evaluation.detection.sweep import sweep
from napari_medassist.evaluation.statistics.resampling import auroc_of, average_precision_of, bootstrap
from timing import medians_ms, print_ratios

SHAPE_ZYX = (24, 384, 384)
SPACING_ZYX_MM = (3.0, 0.5, 0.5)
N_RESAMPLES = 1000


def detections(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a reference of up to three lesions and a detection map that finds most of them."""
    reference, found = np.zeros(SHAPE_ZYX, dtype=np.uint8), np.zeros(SHAPE_ZYX, dtype=np.float32)
    for _ in range(rng.integers(0, 4)):
        z, y, x = (rng.integers(3, n - 23) for n in (46, *SHAPE_ZYX[1:]))
        reference[z - 2 : z + 2, y : y + 12, x : x + 12] = 1
        if rng.random() < 0.8:
            shift = rng.integers(0, 6)
            found[z - 2 : z + 2, y : y + 12, x + shift : x + shift + 12] = rng.random() * 0.9 + 0.1
    for _ in range(rng.integers(0, 3)):
        y, x = rng.integers(0, 370, 2)
        box = (slice(0, 2), slice(y, y + 9), slice(x, x + 9))
        found[box] = 0 if found[box].any() else rng.random() * 0.6 + 0.05
    labels, n = ndimage.label(found, np.ones((3, 3, 3)))
    highest = np.concatenate([[0], ndimage.maximum(found, labels, range(1, n + 1))])
    return reference, highest[labels].astype(np.float32)


def ours(cohort: list[tuple[np.ndarray, np.ndarray]]) -> list[ScoredCase]:
    convention = preset("picai")
    return [
        score_case(r, d, SPACING_ZYX_MM, kind="detection", convention=convention, case=str(i))
        for i, (r, d) in enumerate(cohort)
    ]


def bench_cohort(n_cases: int, repeats: int) -> None:
    rng = np.random.default_rng(7)
    cohort = [detections(rng) for _ in range(n_cases)]
    cases = ours(cohort)

    def from_maps() -> tuple[float, float]:
        scored = ours(cohort)
        return detection_curve(scored).average_precision, auroc(scored)

    def intervals() -> None:
        for statistic in (average_precision_of(cases), auroc_of(cases)):
            bootstrap(statistic, n_cases, n_resamples=N_RESAMPLES)

    def read_once() -> None:
        for arrays in cohort:
            for values in arrays:
                np.bitwise_or.reduce(values.reshape(-1).view(np.uint64))

    maps = {"napari-medassist": from_maps, "reading all voxels once": read_once}
    drawn = {"napari-medassist": intervals}
    notes = {"napari-medassist": "AP {:.6f}, AUROC {:.6f}".format(*from_maps())}
    if importlib.util.find_spec("picai_eval"):
        from picai_eval import evaluate

        def picai():
            references, found = zip(*cohort, strict=True)
            return evaluate(y_det=list(found), y_true=list(references), num_parallel_calls=1)

        metrics = picai()
        notes["picai_eval"] = f"AP {metrics.AP:.6f}, AUROC {metrics.auroc:.6f}"
        maps["picai_eval"] = picai
        drawn["picai_eval"] = lambda: metrics.bootstrap_score_ci(N_RESAMPLES, seed=0)
    title = f"AP and AUROC from {n_cases} detection maps {SHAPE_ZYX}"
    print_ratios(title, medians_ms(maps, repeats=repeats), notes)
    title = f"their intervals from {N_RESAMPLES} resamples of {n_cases} cases"
    print_ratios(title, medians_ms(drawn, repeats=repeats), {})


def bench_sweep(repeats: int) -> None:
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.random((24, 384, 384)), (1, 4, 4))
    smooth = ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
    probability = np.clip(smooth * 2 - 1.2, 0, 1).astype(np.float32)
    reference = smooth > 0.8
    cut_offs = np.linspace(0.01, 1, 100)

    def again() -> None:
        for t in cut_offs:
            labels, n = ndimage.label(probability >= t, np.ones((3, 3, 3)), output=np.int32)
            np.bincount(labels.ravel(), minlength=n + 1)
            np.bincount(labels[reference], minlength=n + 1)

    candidates = {
        "one tree of components": lambda: sweep(
            reference, probability, SPACING_ZYX_MM, cut_offs=cut_offs
        ),
        "labelled at each cut-off": again,
    }
    share = 100 * np.count_nonzero(probability >= cut_offs[0]) / probability.size
    title = f"100 cut-offs of a map {probability.shape}, {share:.1f} % above the lowest"
    print_ratios(title, medians_ms(candidates, repeats=repeats), {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    bench_cohort(arguments.cases, arguments.repeats)
    bench_sweep(arguments.repeats)


if __name__ == "__main__":
    main()
