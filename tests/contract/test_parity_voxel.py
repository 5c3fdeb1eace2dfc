"""Voxel and surface metrics against MONAI, MedPy, surface-distance and scikit-learn.

Their values were recorded by tests/parity/record_voxel.py.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.registry import probability_scores, voxel_scores
from napari_medassist.metrics.rules import SurfaceRule
from tests.parity.voxel_cases import cases, fingerprint

RECORDED = Path(__file__).parents[1] / "parity" / "recorded"
RECORD: dict[str, Any] = json.loads((RECORDED / "voxel.json").read_text())

RULES = {
    "ours": SurfaceRule(),
    "pooled": SurfaceRule(aggregation="pooled"),
    "voxels": SurfaceRule(in_voxels=True),
    "areas": SurfaceRule(border="surface_elements"),
    "median of areas": SurfaceRule(border="surface_elements", percentile=50),
}
#: (tool, its value) -> (our metric, under which rule)
SAME = {
    ("monai", "dice"): ("dice", "ours"),
    ("monai", "iou"): ("jaccard", "ours"),
    ("monai", "hd"): ("hd_mm", "ours"),
    ("monai", "hd95"): ("hd95_mm", "ours"),
    ("monai", "hd95_voxels"): ("hd95_mm", "voxels"),
    ("monai", "assd"): ("assd_mm", "ours"),
    ("monai", "nsd"): ("nsd", "ours"),
    ("medpy", "dc"): ("dice", "ours"),
    ("medpy", "jc"): ("jaccard", "ours"),
    ("medpy", "recall"): ("voxel_sensitivity", "ours"),
    ("medpy", "precision"): ("voxel_precision", "ours"),
    ("medpy", "specificity"): ("voxel_specificity", "ours"),
    ("medpy", "ravd"): ("relative_volume_difference", "ours"),
    ("medpy", "hd"): ("hd_mm", "ours"),
    ("medpy", "hd95"): ("hd95_mm", "pooled"),
    ("medpy", "assd"): ("assd_mm", "ours"),
    ("medpy", "asd_both_ways"): ("masd_mm", "ours"),
    ("surface_distance", "hd"): ("hd_mm", "areas"),
    ("surface_distance", "hd95"): ("hd95_mm", "areas"),
    ("surface_distance", "hd50"): ("hd_percentile_mm", "median of areas"),
    ("surface_distance", "mean_of_means"): ("masd_mm", "areas"),
    ("surface_distance", "mean_by_area"): ("assd_mm", "areas"),
    ("surface_distance", "nsd"): ("nsd", "areas"),
    ("scikit_learn", "kappa"): ("cohen_kappa", "ours"),
    ("scikit_learn", "balanced_accuracy"): ("balanced_accuracy", "ours"),
    ("scikit_learn", "auroc"): ("voxel_auroc", "ours"),
    ("scikit_learn", "brier"): ("brier", "ours"),
}


@cache
def ours() -> list[dict[str, Any]]:
    """Return for each case its pair and our values under each rule."""
    names = {rule: sorted({m for m, r in SAME.values() if r == rule}) for rule in RULES}
    found = []
    for case in cases():
        row: dict[str, Any] = {
            name: voxel_scores(
                MaskPair.of(case.reference, case.prediction, case.spacing_zyx_mm, rule=rule),
                names[name],
            )
            for name, rule in RULES.items()
        }
        row["ours"] |= probability_scores(ProbabilityPair.of(case.reference, case.probability))
        row["empty"] = not (case.reference.any() and case.prediction.any())
        found.append(row)
    return found


def both(tool: str, key: str) -> list[tuple[float, float | None, bool]]:
    metric, rule = SAME[tool, key]
    return [
        (row[rule][metric], recorded[tool][key], row["empty"])
        for row, recorded in zip(ours(), RECORD["cases"], strict=True)
    ]


def test_the_masks_are_those_that_the_tools_have_seen() -> None:
    assert fingerprint() == RECORD["fingerprint"]
    assert sum(not row["empty"] for row in ours()) >= 300


@pytest.mark.parametrize(("tool", "key"), SAME, ids=lambda name: name)
def test_values_are_equal_where_both_masks_have_voxels(tool: str, key: str) -> None:
    for mine, theirs, empty in both(tool, key):
        if not empty:
            assert mine == pytest.approx(theirs, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("tool", "key"), SAME, ids=lambda name: name)
def test_values_are_equal_where_a_mask_is_empty_and_both_are_defined(tool: str, key: str) -> None:
    for mine, theirs, empty in both(tool, key):
        if empty and theirs is not None and not math.isnan(mine):
            assert mine == pytest.approx(theirs, rel=1e-6, abs=1e-6)


def test_what_others_call_a_value_though_nothing_can_be_counted() -> None:
    """Where ours are undefined: a convention decides, and says so."""
    differing = {
        f"{tool}-{key}"
        for tool, key in SAME
        if any(math.isnan(mine) and theirs is not None for mine, theirs, _ in both(tool, key))
    }
    assert differing == {
        "monai-dice",  # 1 (with ignore_empty=False)
        "monai-iou",  # 1 (with ignore_empty=False)
        "medpy-dc",  # 0
        "medpy-jc",  # 0
        "medpy-recall",  # 0
        "medpy-precision",  # 0
        "scikit_learn-balanced_accuracy",  # the one class that occurs
    }


def test_no_other_tool_has_a_distance_where_a_mask_is_empty() -> None:
    """Nor has surface-distance 0.1, which fails there."""
    distances = [pair for pair, (metric, _) in SAME.items() if metric.endswith("_mm")]
    for tool, key in distances:
        assert all(theirs is None for _, theirs, empty in both(tool, key) if empty)
