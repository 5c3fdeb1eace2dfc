"""Metrics of matched lesions: what each promises, by hand, by brute force, and on empty masks."""

from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_medassist.core.results import CaseEvaluation, LesionCounts
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from napari_medassist.metrics.lesion.lesion_f1 import lesion_f1
from napari_medassist.metrics.lesion.matched import MatchingMetric
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import METRICS, voxel_scores

SPECS = [spec for spec in METRICS if isinstance(spec, MatchingMetric)]
NAMES = tuple(spec.name for spec in SPECS)
SPACING = (3.0, 0.5, 0.7)
SHAPE = (5, 14, 16)

EMPTY = np.zeros(SHAPE, dtype=np.uint8)
SOME, OTHER = EMPTY.copy(), EMPTY.copy()
SOME[1:3, 2:6, 2:6] = SOME[3, 10:12, 10:13] = 1
OTHER[1:3, 3:7, 2:6] = OTHER[4, 1:3, 12:15] = 1
#: What is empty there.
SITUATIONS = {"both": (EMPTY, EMPTY), "reference_only": (EMPTY, SOME), "prediction_only": (SOME, EMPTY)}


def scores(
    reference: np.ndarray, prediction: np.ndarray, convention: str = "medassist"
) -> CaseEvaluation:
    return evaluate(reference, prediction, SPACING, convention=preset(convention), metrics=NAMES)


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_it_keeps_its_range_and_its_policy_for_empty_masks(spec: MatchingMetric) -> None:
    low, high = spec.range
    assert low <= scores(SOME, OTHER).score(spec.name) <= high
    situations = {
        "both": (EMPTY, EMPTY),
        "reference_only": (EMPTY, SOME),
        "prediction_only": (SOME, EMPTY),
    }
    for situation, pair in situations.items():
        value, promised = scores(*pair).score(spec.name), getattr(spec.empty, situation)
        assert (
            low <= value <= high if promised is None else value == pytest.approx(promised, nan_ok=True)
        )


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_the_same_mask_is_perfect(spec: MatchingMetric) -> None:
    assert scores(SOME, SOME).score(spec.name) == spec.best


@pytest.mark.parametrize("convention", ["brats2023_gli", "metrics_reloaded"])
def test_two_empty_masks_are_perfect_where_the_convention_says_so(convention: str) -> None:
    result = scores(EMPTY, EMPTY, convention)
    for spec in SPECS:
        assert result.score(spec.name) == spec.best


def test_lesion_wise_values_by_hand() -> None:
    result = scores(SOME, OTHER)
    dice = 2 * 24 / (32 + 32)
    assert result.score("lesion_dice") == pytest.approx(dice / 3)
    diagonal = sqrt(sum((n * s) ** 2 for n, s in zip(SHAPE, SPACING, strict=True)))
    assert result.score("lesion_hd95_mm") == pytest.approx((0.5 + 2 * diagonal) / 3)
    assert scores(SOME, OTHER, "brats2023_met").score("lesion_hd95_mm") == pytest.approx(
        (0.5 + 2 * 374) / 3, abs=0.1
    )


def test_panoptic_values_by_hand() -> None:
    result = scores(SOME, OTHER)
    assert result.score("sq") == pytest.approx(24 / 40)
    assert result.score("rq") == pytest.approx(1 / 2)
    assert result.score("pq") == pytest.approx(24 / 40 / 2)


def test_panoptic_pairs_are_unique_where_the_rule_pairs_nothing() -> None:
    reference, prediction = EMPTY.copy(), EMPTY.copy()
    reference[2, 2, 2:12] = prediction[2, 2, 2:7] = prediction[2, 2, 8:12] = 1  # IoU 0.5 and 0.4
    assert scores(reference, prediction).score("pq") == 0
    prediction[2, 2, 7] = 1
    assert scores(reference, prediction).score("pq") == 1


def test_a_lesion_missed_by_all_costs_the_worst_distance_and_never_drops_out() -> None:
    one, two = scores(SOME, SOME), scores(SOME, np.where(np.arange(SHAPE[2]) < 8, SOME, 0))
    assert one.score("lesion_hd95_mm") == 0
    assert two.score("lesion_hd95_mm") > 5


def test_the_distance_of_one_lesion_is_that_of_its_masks() -> None:
    reference, prediction = (np.where(np.arange(SHAPE[2]) < 8, m, 0) for m in (SOME, OTHER))
    for convention in ("medassist", "brats2023_met", "medpy"):
        rule = preset(convention).surface
        pair = MaskPair.of(reference > 0, prediction > 0, SPACING, rule=rule)
        expected = voxel_scores(pair, ("hd95_mm",))["hd95_mm"]
        found = scores(reference, prediction, convention).score("lesion_hd95_mm")
        assert found == pytest.approx(expected)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_cc_dice_equals_assigning_every_voxel_to_its_nearest_lesion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spacing = tuple(rng.choice((0.5, 1.0, 2.0, 1.7), 3))
    reference, prediction = (rng.random((5, 7, 8)) < share for share in (0.04, 0.2))
    value = evaluate(reference, prediction, spacing, metrics=("cc_dice",)).score("cc_dice")
    if not reference.any():
        assert isnan(value) or value == 0
        return
    assert value == pytest.approx(_cc_dice(reference, prediction, np.array(spacing)))


def _cc_dice(reference: np.ndarray, prediction: np.ndarray, spacing: np.ndarray) -> float:
    labels, count = ndimage.label(reference, np.ones((3, 3, 3)))
    lesions = [labels == number for number in range(1, count + 1)]
    to_each = [ndimage.distance_transform_edt(~one, sampling=spacing).round(9) for one in lesions]
    nearest = np.argmin(to_each, axis=0)  # the first of equals
    values = []
    for number in range(count):
        a, b = (mask & (nearest == number) for mask in (reference, prediction))
        values.append(2 * (a & b).sum() / (a.sum() + b.sum()))
    return float(np.mean(values))


def test_regions_follow_the_spacing_or_do_not() -> None:
    reference, prediction = EMPTY.copy(), EMPTY.copy()
    reference[0, 2, 2] = reference[3, 2, 9] = 1
    prediction[2, 2, 2] = prediction[3, 2, 9] = 1  # 2 planes (6 mm) or 7 columns (5.7 mm) away
    result = scores(reference, prediction)
    assert result.score("cc_dice_voxels") == pytest.approx((0 + 1) / 2)
    assert result.score("cc_dice") == pytest.approx((0 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (LesionCounts(), nan),
        (LesionCounts(fp=2), 0),
        (LesionCounts(fn=2), 0),
        (LesionCounts(3, 1, 3, 2), 2 * 3 / (2 * 3 + 1 + 2)),
        (LesionCounts(2, 0, 1, 1), 2 * 1 * 0.5 / 1.5),
        (LesionCounts(1, 0, 1, 0, 5, 5), 1),
    ],
)
def test_f1(counts: LesionCounts, expected: float) -> None:
    assert lesion_f1(counts) == pytest.approx(expected, nan_ok=True)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.permutations(range(3)))
def test_turning_both_changes_nothing(seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    masks = [rng.random((5, 6, 7)) < 0.15 for _ in range(2)]
    names = ("lesion_dice", "lesion_hd95_mm", "pq", "rq", "sq")
    turned = [mask.transpose(order) for mask in masks]
    one = evaluate(*masks, SPACING, metrics=names)
    other = evaluate(*turned, [SPACING[axis] for axis in order], metrics=names)
    for name in names:
        assert one.score(name) == pytest.approx(other.score(name), nan_ok=True)


def test_every_name_is_asked_for_in_the_default_convention_or_on_request() -> None:
    asked = set(evaluate(SOME, OTHER, SPACING, convention=MEDASSIST).scores)
    assert {"pq", "rq", "sq", "lesion_dice", "lesion_f1"} <= asked
    assert not asked & {"cc_dice", "cc_dice_voxels", "lesion_hd95_mm"}
