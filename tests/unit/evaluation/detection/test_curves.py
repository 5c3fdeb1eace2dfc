"""Curves over candidates against counting at each cut-off by hand."""

from __future__ import annotations

from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.results import Candidate, ScoredCase
from napari_medassist.evaluation.detection.case_level import (
    auroc,
    case_average_precision,
    operating_point,
    point_at_sensitivity,
    ranking_score,
)
from napari_medassist.evaluation.detection.curves import LesionCurve, detection_curve, pooled


def scored(*candidates: tuple[bool, float], name: str = "a") -> ScoredCase:
    n_lesions = sum(hit for hit, _ in candidates)
    surest = max((confidence for _, confidence in candidates), default=0.0)
    listed = tuple(Candidate(hit, confidence) for hit, confidence in candidates)
    return ScoredCase(name, listed, surest, n_lesions > 0, n_lesions)


confidences = st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.50001, 0.9, 1.0])
cohorts = st.lists(
    st.lists(st.tuples(st.booleans(), confidences), max_size=4).map(lambda c: scored(*c)), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(cohorts)
def test_counts_and_average_precision_by_hand(cases: list[ScoredCase]) -> None:
    curve = detection_curve(cases)
    everything = [c for case in cases for c in case.candidates]
    n_lesions = sum(c.is_lesion for c in everything)
    area, before = 0.0, 0
    for i, t in enumerate(sorted({c.confidence for c in everything if c.confidence}, reverse=True)):
        hits = sum(c.is_lesion and c.confidence >= t for c in everything)
        false = sum(not c.is_lesion and c.confidence >= t for c in everything)
        counted = (curve.cut_offs[i], curve.tp_reference[i], curve.tp_prediction[i], curve.fp[i])
        assert counted == (t, hits, hits, false)
        area += (hits - before) / max(n_lesions, 1) * hits / (hits + false)
        before = hits
    if n_lesions:
        assert curve.average_precision == pytest.approx(area, abs=1e-12)
    else:
        assert isnan(curve.average_precision)


@settings(max_examples=100, deadline=None)
@given(cohorts)
def test_the_order_of_cases_does_not_matter(cases: list[ScoredCase]) -> None:
    one, other = detection_curve(cases), detection_curve(cases[::-1])
    np.testing.assert_array_equal(one.recall, other.recall)
    np.testing.assert_array_equal(one.fp, other.fp)


@settings(max_examples=100, deadline=None)
@given(cohorts)
def test_auroc_is_the_share_of_rightly_ordered_pairs(cases: list[ScoredCase]) -> None:
    positive = [c.case_confidence for c in cases if c.has_lesion]
    negative = [c.case_confidence for c in cases if not c.has_lesion]
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    assert auroc(cases) == pytest.approx(sum(pairs) / len(pairs) if pairs else nan, nan_ok=True)


def curve(found: list[int], true: list[int], false: list[int], n: int, n_cases: int = 1) -> LesionCurve:
    cut_offs = np.linspace(0.9, 0.1, len(found))
    arrays = (np.array(counts, dtype=np.int64) for counts in (found, true, false))
    return LesionCurve(cut_offs, *arrays, n_reference_lesions=n, n_cases=n_cases)


def test_controlled_precision_and_recall() -> None:
    c = curve([1, 2, 2, 4], [1, 2, 3, 4], [0, 2, 0, 4], n=5)
    assert c.recall.tolist() == [0.2, 0.4, 0.4, 0.8]
    assert c.precision.tolist() == [1.0, 0.5, 1.0, 0.5]
    assert c.precision_at_recall(0.4) == 0.5  # at the highest cut-off that reaches it, not the best
    assert c.precision_at_recall(0.8) == 0.5
    assert isnan(c.precision_at_recall(0.9))
    assert c.recall_at_precision(0.9) == 0.4
    assert c.recall_at_precision(0.5) == 0.8
    assert isnan(curve([0], [0], [3], n=2).recall_at_precision(0.1))


def test_sensitivity_at_false_lesions_per_case() -> None:
    c = curve([1, 2, 3], [1, 2, 3], [2, 4, 8], n=4, n_cases=4)
    assert [c.sensitivity_at_fp(x) for x in (0.25, 0.5, 1.0, 1.5, inf)] == [0, 0.25, 0.5, 0.5, 0.75]
    assert isnan(curve([0], [0], [1], n=0).sensitivity_at_fp(1))


def test_luna16_score_by_hand() -> None:
    # Points (0.5, 0.5) and (2, 1), from (0, 0): at 1/8 .. 8 false lesions per case.
    c = curve([1, 2], [1, 2], [1, 4], n=2, n_cases=2)
    expected = [0.125, 0.25, 0.5, 0.5 + 0.5 * 0.5 / 1.5, 1, 1, 1]
    assert c.luna16_score() == pytest.approx(np.mean(expected))
    with pytest.raises(InvalidSetting, match="interpolated"):
        curve([1, 2], [1, 2], [4, 1], n=2).luna16_score()
    assert isnan(curve([0], [0], [1], n=0).luna16_score())


def test_undefined_where_nothing_is_predicted() -> None:
    c = curve([0, 1], [0, 1], [0, 0], n=1)
    assert isnan(c.precision[0])
    assert c.average_precision == 1
    assert detection_curve([]).cut_offs.size == 0
    assert isnan(detection_curve([]).average_precision)
    assert detection_curve([scored((True, 0.0))]).average_precision == 0


def test_adding_up_needs_the_same_cut_offs() -> None:
    one = curve([1, 2], [1, 2], [0, 1], n=3)
    both = pooled([one, one])
    assert (both.n_reference_lesions, both.n_cases, both.fp.tolist()) == (6, 2, [0, 2])
    with pytest.raises(InvalidSetting, match="same cut-offs"):
        pooled([one, curve([1], [1], [0], n=1)])
    with pytest.raises(InvalidSetting, match="no curve"):
        pooled([])


@pytest.mark.parametrize("confidence", [nan, inf, -0.1])
def test_impossible_confidences_are_refused(confidence: float) -> None:
    with pytest.raises(InvalidImage, match="confidence"):
        detection_curve([ScoredCase("a", (Candidate(False, confidence),), 0.5, False, 0)])


def test_more_lesions_than_there_are_is_refused() -> None:
    with pytest.raises(InvalidImage, match="'a' lists more"):
        detection_curve([ScoredCase("a", (Candidate(True, 0.5),), 0.5, True, 0)])


@pytest.mark.parametrize(
    ("found", "true", "n", "complaint"),
    [([2, 1], [1, 1], 3, "lost"), ([4], [1], 3, "than there are"), ([1, 1], [1], 3, "one entry")],
)
def test_curves_that_cannot_be_are_refused(found, true, n, complaint) -> None:
    with pytest.raises(InvalidSetting, match=complaint):
        curve(found, true, [0] * len(found), n)


def test_operating_points() -> None:
    cases = [
        scored((True, 0.9)),
        scored((True, 0.4)),
        scored((False, 0.4)),
        scored(),
        scored((True, 0.0)),
    ]
    point = operating_point(cases, 0.4)
    assert (point.tp, point.fn, point.tn, point.fp) == (2, 1, 1, 1)
    assert (point.sensitivity, point.specificity) == (2 / 3, 0.5)
    assert point_at_sensitivity(cases, 0.6) == point
    assert point_at_sensitivity(cases, 2 / 3) == point
    assert point_at_sensitivity(cases, 0.1).cut_off == 0.9
    assert point_at_sensitivity(cases, 1.0).specificity == 0
    assert isnan(operating_point(cases[3:4], 0.5).sensitivity)
    with pytest.raises(InvalidSetting, match="holds a lesion"):
        point_at_sensitivity(cases[3:4], 0.5)
    with pytest.raises(InvalidSetting, match="between 0 and 1"):
        point_at_sensitivity(cases, 1.5)


def test_average_precision_of_cases_by_hand() -> None:
    # 0.9 right; 0.4 one right, one wrong; 0 the last positive one among two.
    cases = [
        scored((True, 0.9)),
        scored((True, 0.4)),
        scored((False, 0.4)),
        scored(),
        scored((True, 0.0)),
    ]
    assert case_average_precision(cases) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert isnan(case_average_precision(cases[3:4]))


def test_ranking_score_is_the_mean_of_both_levels() -> None:
    cases = [scored((True, 0.9)), scored((False, 0.4))]
    assert ranking_score(cases) == 1.0
    assert isnan(ranking_score(cases[:1]))


def test_a_case_confidence_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidImage, match="not a number"):
        auroc([ScoredCase("a", (), nan, False, 0)])
