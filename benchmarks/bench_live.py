"""How fast settings and brush strokes are followed: one case in stages, a cohort from its match graphs.

    python benchmarks/bench_live.py

Medians of processor time; each change is one that was not computed before. ``anew`` compares from
scratch what the line before it followed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, presets
from napari_medassist.evaluation.rejudging.cohort_graph import CohortGraph
from napari_medassist.evaluation.rejudging.one_case import rejudged_cases
from napari_medassist.evaluation.staged import QUICK_METRICS, StagedCase
from napari_medassist.evaluation.verdict_map import verdict_crop
from synthetic_masks import MaskCase, lesions, opacities

#: Settings that follow each other; no two of them are the same.
STEPS = (0.3, 0.35, 0.4, 0.45, 0.55, 0.6, 0.65)


def cpu_ms(work: Callable[[float], Any]) -> float:
    """Return the median processor time of one step in ms."""
    times = []
    for step in STEPS:
        start = time.process_time()
        work(step)
        times.append((time.process_time() - start) * 1000)
    return median(times)


def told(title: str, milliseconds: float, beside: float | None = None) -> None:
    """Print a line, and how many times as long the comparison from scratch takes."""
    ratio = "" if beside is None else f"   anew {beside:8.1f} ms, x {beside / milliseconds:6.1f}"
    print(f"  {title:<58}{milliseconds:8.2f} ms{ratio}")


def changed(rule: str, setting: str) -> Callable[[float], Convention]:
    """Return what makes a convention with one changed setting."""
    return lambda step: MEDASSIST.with_changes(**{rule: {setting: step}})


def brush(case: MaskCase) -> None:
    """Paint into the reference and compare with each stroke."""
    reference, prediction = (mask.astype(np.uint8) for mask in (case.reference, case.prediction))
    place = tuple(np.argwhere(reference)[0])

    def follower(metrics: Sequence[str] | None) -> Callable[[float], Any]:
        staged = [StagedCase(reference, prediction, case.spacing_zyx_mm)]
        staged[0].under(metrics=metrics)

        def stroke(step: float) -> Any:
            z, y, x = place
            reference[z, y : y + 4, x : x + int(40 * step)] ^= 1
            staged[0] = staged[0].with_reference(reference)
            return verdict_crop(staged[0].under(metrics=metrics))

        return stroke

    anew = cpu_ms(lambda _: evaluate(reference, prediction, case.spacing_zyx_mm))
    told("brush stroke: all headline numbers and colours", cpu_ms(follower(None)), anew)
    told("brush stroke: counts, Dice and colours", cpu_ms(follower(QUICK_METRICS)))


def sliders(case: MaskCase) -> None:
    """Move each setting of a probability map."""
    reference = case.reference.astype(np.uint8)
    values: NDArray[np.float32] = ndimage.gaussian_filter(case.prediction.astype(np.float32), 1.0)
    staged = StagedCase(reference, values.clip(0, 1), case.spacing_zyx_mm, kind="probability")
    staged.under()

    def quick(convention_at: Callable[[float], Convention]) -> float:
        return cpu_ms(
            lambda step: verdict_crop(staged.under(convention_at(step), metrics=QUICK_METRICS))
        )

    cut_off = changed("extraction", "threshold")
    anew = cpu_ms(
        lambda step: evaluate(
            reference,
            values.clip(0, 1),
            case.spacing_zyx_mm,
            kind="probability",
            convention=cut_off(step),
        )
    )
    told("cut-off: counts, Dice and colours", quick(cut_off), anew)
    told("cut-off: distances too", cpu_ms(lambda step: staged.under(cut_off(step - 0.01))))
    told("overlap threshold", quick(changed("matching", "threshold_reference")))
    told("smallest volume", quick(changed("extraction", "min_volume_mm3")))
    nsd = changed("surface", "tolerance_mm")
    told("tolerance of the surface Dice", cpu_ms(lambda s: staged.under(nsd(s), metrics=("nsd",))))


def simulated(n_cases: int) -> list[CaseEvaluation]:
    """Return cases with up to three lesions on each side, many of which compete."""
    rng = np.random.default_rng(0)
    masks = np.zeros((200, 6, 20, 20), dtype=np.uint8)
    for mask in masks:
        for z, y, x in rng.integers(0, (4, 12, 12), (rng.integers(0, 4), 3)):
            mask[z : z + 2, y : y + 6, x : x + 6] = 1
    pairs = rng.integers(0, len(masks), (min(n_cases, 757), 2))
    cases = [evaluate(masks[a], masks[b], (3.0, 0.5, 0.5), case=f"{a}-{b}") for a, b in pairs]
    return (cases * (n_cases // len(cases) + 1))[:n_cases]


def cohort(n_cases: int) -> None:
    """Judge a cohort again under other rules."""
    cases = simulated(n_cases)
    start = time.process_time()
    graph = CohortGraph.of(cases)
    packing_ms = (time.process_time() - start) * 1000
    print(f"\n{n_cases} cases, {len(graph.edges)} pairs of lesions that overlap")
    told(f"packed once, {graph.n_bytes / n_cases:.0f} bytes a case", packing_ms)
    rule = MEDASSIST.matching
    told(
        "overlap threshold: all counts and verdicts",
        cpu_ms(lambda step: graph.judged(replace(rule, threshold_reference=step))),
    )
    told(
        "smallest volume",
        cpu_ms(lambda step: graph.judged(rule, min_volume_mm3=100 * step)),
    )
    for name in ("picai", "brats2023_met", "panoptica", "luna16"):
        matching = presets()[name].matching
        told(f"rule of {name}", cpu_ms(lambda _, matching=matching: graph.judged(matching)))
    if n_cases < 1000:
        strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.3})
        told("every case with its lesions", cpu_ms(lambda _: list(rejudged_cases(cases, strict))))


if __name__ == "__main__":
    for case in (lesions(), opacities()):
        print(f"\n{case.title}")
        brush(case)
        sliders(case)
    cohort(757)
    cohort(10_000)
