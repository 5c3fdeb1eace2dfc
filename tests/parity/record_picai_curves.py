"""Record what picai_eval computes from lists of candidates; run where picai_eval is installed.

    python tests/parity/record_picai_curves.py

Writes ``recorded/picai_curves.json``: each cohort with its lists, so that a comparison needs no
random numbers, and with the values that picai_eval gave. Confidences are rounded to few digits on
purpose: ties within and between cases are what such tools differ in.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from picai_eval.metrics import Metrics

OUT = Path(__file__).parent / "recorded" / "picai_curves.json"
FP_PER_CASE = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
N_COHORTS = 80
MANY_CASES, N_BOOTSTRAPS, SEED = 9, 300, 11

Candidates = list[tuple[int, float, float]]


def cohort(rng: np.random.Generator) -> dict[str, Candidates]:
    """Return random candidates of 2 to 40 cases; in the first two cases both classes occur."""
    digits = int(rng.integers(1, 5))
    misses = 0.3 if rng.random() < 0.75 else 0.0
    lists = {}
    for number in range(int(rng.integers(2, 41))):
        n_found, n_missed, n_false = rng.poisson((0.7, misses, 0.8))
        if number < 2:
            n_found, n_missed = (1 - number, 0)
        confidence = np.maximum(rng.random(n_found + n_false).round(digits), 10.0**-digits)
        found = [(1, float(c), round(rng.uniform(0.1, 1), 3)) for c in confidence[:n_found]]
        missed = [(1, 0.0, 0.0)] * int(n_missed)
        false = [(0, float(c), 0.0) for c in confidence[n_found:]]
        lists[f"case_{number:02d}"] = [*found, *missed, *false]
    return lists


def values(lists: dict[str, Candidates]) -> dict[str, Any]:
    metrics = Metrics(lesion_results=lists)
    counts = metrics.calculate_counts()
    return {
        "average_precision": float(metrics.AP),
        "auroc": float(metrics.auroc),
        "score": float(metrics.score),
        "thresholds": [float(t) for t in metrics.thresholds],
        "tp": [int(n) for n in counts["TP"]],
        "fp": [int(n) if np.isfinite(n) else None for n in counts["FP"]],
        "sensitivity_at_fp": [float(metrics.lesion_TPR_at_FPR(f)) for f in FP_PER_CASE],
    }


def intervals(lists: dict[str, Candidates]) -> dict[str, Any]:
    """Return bootstrap intervals, where hardly any resample lacks lesions or healthy cases."""
    n_positive = sum(any(hit for hit, *_ in found) for found in lists.values())
    if not MANY_CASES <= n_positive <= len(lists) - MANY_CASES:
        return {}
    drawn = Metrics(lesion_results=lists).bootstrap_score_ci(N_BOOTSTRAPS, seed=SEED)
    return {name: [float(end) for end in ends] for name, ends in drawn.items()}


def main() -> None:
    rng = np.random.default_rng(20260301)
    cohorts = []
    for _ in range(N_COHORTS):
        lists = cohort(rng)
        cohorts.append({"lists": lists, **values(lists), **intervals(lists)})
    names = ("picai_eval", "scikit-learn", "numpy")
    record = {
        "versions": {name: version(name) for name in names},
        "fp_per_case": FP_PER_CASE,
        "bootstrap": {"n_resamples": N_BOOTSTRAPS, "seed": SEED},
        "cohorts": cohorts,
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
