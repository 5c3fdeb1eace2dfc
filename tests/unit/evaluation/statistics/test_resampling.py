"""Resampling against loops, against scipy and against the exact answers of small sets."""

from __future__ import annotations

from itertools import product
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.results import CaseEvaluation, LesionCounts, ScoredCase, Status
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.detection.case_level import auroc
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.statistics.paired import (
    OF_COUNTS,
    Resampling,
    compare_cohorts,
    compare_means,
    compare_sums,
)
from napari_medassist.evaluation.statistics.resampling import (
    auroc_of,
    average_precision_of,
    bootstrap,
    mean_of,
    resampled,
    share_of,
)
from tests.unit.evaluation.detection.test_curves import cohorts


def repeated(cases: list[ScoredCase], weights: np.ndarray) -> list[ScoredCase]:
    return [case for case, n in zip(cases, weights, strict=True) for _ in range(int(n))]


@settings(max_examples=60, deadline=None)
@given(cohorts.filter(len), st.integers(0, 1000))
def test_weighted_curves_are_those_of_the_drawn_cases(cases: list[ScoredCase], seed: int) -> None:
    weights = next(resampled(len(cases), 5, seed))
    of_weights = zip(
        weights, average_precision_of(cases)(weights), auroc_of(cases)(weights), strict=True
    )
    for row, precision, area in of_weights:
        drawn = repeated(cases, row)
        assert len(drawn) == len(cases)
        expected = detection_curve(drawn).average_precision, auroc(drawn)
        assert (precision, area) == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_statistics_of_no_cases_are_undefined() -> None:
    for statistic in (average_precision_of([]), auroc_of([]), mean_of([])):
        interval = bootstrap(statistic, 0, n_resamples=3)
        assert isnan(interval.value)
        assert isnan(interval.low)
        assert interval.n_undefined == 3


def test_every_case_is_drawn_as_often_as_chance_has_it() -> None:
    weights = np.concatenate(list(resampled(50, 4000, seed=1)))
    assert weights.shape == (4000, 50)
    assert (weights.sum(axis=1) == 50).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(50), abs=0.08)
    assert weights.var() == pytest.approx(1 - 1 / 50, abs=0.02)


def test_the_interval_of_a_mean_agrees_with_theory_and_repeats() -> None:
    values = np.random.default_rng(5).normal(10, 2, 400)
    interval = bootstrap(mean_of(values), 400, seed=3)
    error = 1.96 * values.std() / 20
    assert interval.value == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx(
        (values.mean() - error, values.mean() + error), abs=0.03
    )
    assert interval == bootstrap(mean_of(values), 400, seed=3)
    assert interval != bootstrap(mean_of(values), 400, seed=4)


def test_undefined_resamples_are_counted() -> None:
    interval = bootstrap(share_of([1, 0], [1, 0]), 2, n_resamples=4000)
    assert (interval.value, interval.low, interval.high) == (1, 1, 1)
    assert interval.n_undefined == pytest.approx(1000, abs=120)  # the first case is not drawn: 1/4


@pytest.mark.parametrize("setting", [{"level": 0}, {"level": 1.0}, {"n_resamples": 0}])
def test_impossible_intervals_are_refused(setting) -> None:
    with pytest.raises(InvalidSetting):
        bootstrap(mean_of([1.0]), 1, **setting)


def test_the_permutation_test_of_means_equals_scipy_exactly() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(0.6, 0.2, 10)
    second = first - rng.normal(0.1, 0.15, 10)
    theirs = permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    ours = compare_means(first, second)
    assert ours.n_permutations == 1024
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-12)
    assert ours.difference.value == pytest.approx(theirs.statistic)


def test_the_permutation_test_of_a_pooled_recall_by_trying_all_exchanges() -> None:
    rng = np.random.default_rng(1)
    first, second = (
        np.column_stack([rng.integers(0, 4, (8, 4)), np.ones(8)]).astype(float) for _ in range(2)
    )
    for name, statistic in OF_COUNTS.items():
        observed = statistic(first.sum(0)) - statistic(second.sum(0))
        others = []
        for exchanged in product([False, True], repeat=8):
            swap = np.array(exchanged)[:, None]
            one, other = np.where(swap, second, first), np.where(swap, first, second)
            others.append(abs(statistic(one.sum(0)) - statistic(other.sum(0))))
        expected = np.mean(np.array(others) >= abs(observed) - 1e-12)
        ours = compare_sums(first, second, statistic=statistic)
        assert ours.p_value == pytest.approx(expected), name
        assert ours.difference.value == pytest.approx(observed)


def test_a_sampled_p_value_is_close_to_the_exact_one_and_never_zero() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random(12), rng.random(12)
    exact = compare_means(first, second)
    sampled = compare_means(first, second, how=Resampling(n_permutations=4000))
    assert (exact.n_permutations, sampled.n_permutations) == (4096, 4000)
    assert sampled.p_value == pytest.approx(exact.p_value, abs=0.03)
    assert compare_means(
        first + 100, second, how=Resampling(n_permutations=99)
    ).p_value == pytest.approx(0.01)


def test_equal_models_do_not_differ() -> None:
    same = compare_means([0.5, 0.7, 0.1], [0.5, 0.7, 0.1])
    assert (same.difference.value, same.difference.low, same.difference.high, same.p_value) == (
        0,
        0,
        0,
        1,
    )


def test_undefined_values_are_dropped_in_pairs_and_counted() -> None:
    result = compare_means([1.0, nan, 3.0, 4.0], [0.0, 5.0, nan, 2.0])
    assert (result.first, result.second) == (2.5, 1.0)
    assert (result.n_cases, result.n_dropped) == (2, 2)
    nothing = compare_means([nan], [1.0])
    assert isnan(nothing.p_value)
    assert nothing.n_permutations == 0


def case(name: str, dice: float, *counts: int, status: Status = Status.OK) -> CaseEvaluation:
    ok = status is Status.OK
    return CaseEvaluation(
        name, status, scores={"dice": dice}, counts=LesionCounts(*counts) if ok else None
    )


def test_two_cohorts_are_paired_by_name() -> None:
    first = summarise(
        [case("b", 0.9, 1, 0, 1, 0), case("a", 0.8, 2, 0, 1, 1), case("c", 0.1, 0, 1, 0, 0)]
    )
    failed = case("c", nan, status=Status.ERROR)
    second = summarise([case("a", 0.6, 1, 1, 1, 0), failed, case("b", 0.9, 1, 0, 1, 0)])
    result = compare_cohorts(first, second)
    recall = result["micro_recall"]
    assert (recall.first, recall.second) == (1.0, 2 / 3)
    assert (recall.n_cases, recall.n_dropped) == (2, 1)
    assert result["fp_per_case"].first == 0.5
    assert result["micro_f1"].second == pytest.approx(0.8)
    dice = result["mean dice"]
    assert (dice.first, dice.second) == pytest.approx((0.85, 0.75))
    assert (dice.n_cases, dice.n_dropped) == (2, 1)


def test_cohorts_that_cannot_be_paired_are_refused() -> None:
    one = summarise([case("a", 0.9, 1, 0, 1, 0)])
    with pytest.raises(InvalidSetting, match="stands twice"):
        compare_cohorts(one, summarise([case("a", 0.9, 1, 0, 1, 0)] * 2))
    with pytest.raises(InvalidSetting, match="reference lesions"):
        compare_cohorts(one, summarise([case("a", 0.9, 1, 1, 1, 0)]))


@pytest.mark.parametrize("setting", [{"level": 1.5}, {"n_resamples": 0}, {"n_permutations": 0}])
def test_impossible_resampling_is_refused(setting) -> None:
    with pytest.raises(InvalidSetting):
        Resampling(**setting)


def test_different_numbers_of_cases_are_refused() -> None:
    with pytest.raises(InvalidSetting, match="same cases"):
        compare_means([1.0], [1.0, 2.0])
