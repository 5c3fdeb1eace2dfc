"""Correlations and kappa against scipy and against counting by hand."""

from __future__ import annotations

from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.results import CaseEvaluation, LesionCounts, Status
from napari_medassist.evaluation.detection.sweep import sweep
from napari_medassist.evaluation.statistics.agreement import (
    CaseValues,
    correlation,
    kappa_of,
    kappas,
    pearson_of,
    spearman_of,
)
from napari_medassist.evaluation.statistics.resampling import resampled
from napari_medassist.metrics.spec import Better
from tests.golden.boxes import CASES, SPACING_ZYX_MM

pairs = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.7, 1.0]), st.floats(-50, 50)), min_size=2, max_size=25
)


def by_scipy(function, x, y) -> float:
    if np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return nan
    return float(function(x, y).statistic)


@settings(max_examples=80, deadline=None)
@given(pairs, st.integers(0, 100))
def test_correlations_of_resamples_equal_scipy_on_the_drawn_cases(values, seed) -> None:
    x, y = np.array(values).T
    y = y.round(1)
    weights = next(resampled(x.size, 4, seed))
    for statistic, function in ((pearson_of, stats.pearsonr), (spearman_of, stats.spearmanr)):
        for row, ours in zip(weights, statistic(x, y)(weights), strict=True):
            drawn = np.repeat(np.arange(x.size), row.astype(int))
            expected = by_scipy(function, x[drawn], y[drawn])
            assert ours == pytest.approx(expected, abs=1e-7, nan_ok=True)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_kappa_by_hand(calls) -> None:
    a, b = np.array(calls).T
    n, both, neither = len(calls), (a & b).sum(), (~a & ~b).sum()
    observed = (both + neither) / n
    chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    expected = (observed - chance) / (1 - chance) if chance < 1 else nan
    assert kappa_of(a, b)(np.ones((1, n)))[0] == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_undefined_and_infinite_values_are_dropped_in_pairs() -> None:
    dice = CaseValues("dice", np.array([0.9, 0.5, 0.0, 0.7, 0.8, nan]))
    distance = CaseValues("hd95_mm", np.array([1.0, 6.0, nan, 4.0, inf, 2.0]), Better.LOWER)
    result = correlation(dice, distance)
    assert (result.n_pairs, result.n_dropped) == (3, 3)
    expected = stats.pearsonr([0.9, 0.5, 0.7], [-1, -6, -4]).statistic
    assert result.pearson.value == pytest.approx(expected)
    assert result.spearman.value == pytest.approx(1.0)
    assert result.pearson.low <= result.pearson.value <= result.pearson.high


def test_the_interval_of_a_correlation_agrees_with_fisher() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 400))
    y = 0.7 * x + np.sqrt(1 - 0.49) * noise
    interval = correlation(CaseValues("x", x), CaseValues("y", y)).pearson
    fisher = stats.pearsonr(x, y).confidence_interval(0.95)
    assert (interval.low, interval.high) == pytest.approx((fisher.low, fisher.high), abs=0.02)


def test_kappa_at_every_pair_of_cut_offs() -> None:
    dice = CaseValues("dice", np.array([0.9, 0.8, 0.6, 0.2, nan]))
    distance = CaseValues("hd95_mm", np.array([2.0, 9.0, 3.0, 12.0, 1.0]), Better.LOWER)
    results = kappas(dice, distance, first_cut_offs=(0.5, 0.8), second_cut_offs=(3.0, 20.0))
    assert [(k.first_cut_off, k.second_cut_off) for k in results] == [
        (0.5, 3.0), (0.5, 20.0), (0.8, 3.0), (0.8, 20.0),
    ]  # fmt: skip
    assert [(k.n_first_good, k.n_second_good) for k in results] == [(3, 2), (3, 4), (2, 2), (2, 4)]
    # Good by Dice: yes yes yes no; by distance: yes no yes no.
    assert results[0].kappa.value == pytest.approx((0.75 - 0.5) / 0.5)
    assert results[1].kappa.value == 0
    assert {(k.n_pairs, k.n_dropped) for k in results} == {(4, 1)}


def test_no_kappa_where_all_calls_are_alike() -> None:
    ones = CaseValues("a", np.ones(3))
    (result,) = kappas(ones, ones, first_cut_offs=[0.5], second_cut_offs=[0.5])
    assert isnan(result.kappa.value)
    assert result.kappa.n_undefined == result.kappa.n_resamples


def test_nothing_to_correlate() -> None:
    nothing = CaseValues("a", np.array([nan, nan]))
    result = correlation(nothing, nothing)
    assert isnan(result.pearson.value)
    assert (result.n_pairs, result.n_dropped) == (0, 2)
    one = correlation(CaseValues("a", np.ones(1)), CaseValues("b", np.ones(1)))
    assert isnan(one.spearman.value)


def test_values_of_cases_and_of_curves() -> None:
    ok = CaseEvaluation("a", scores={"dice": 0.8, "hd_mm": 3.0}, counts=LesionCounts(1, 1, 1, 0))
    cases = [ok, CaseEvaluation("b", Status.ERROR)]
    assert CaseValues.of(cases, "hd_mm").oriented.tolist() == [-3.0]
    assert CaseValues.of(cases, "lesion_f1").values.tolist() == [pytest.approx(2 / 3)]
    with pytest.raises(UnknownItem):
        CaseValues.of(cases, "no_such_metric")
    curves = [sweep(c.reference_mask(), c.probability(), SPACING_ZYX_MM) for c in CASES]
    controlled = CaseValues.of_curves(curves, recall=0.5)
    np.testing.assert_array_equal(controlled.values, [1.0, 1.0, 1.0, nan, nan, 1.0])


def test_different_numbers_of_cases_are_refused() -> None:
    with pytest.raises(InvalidSetting, match="'a' has 1 cases and 'b' 2"):
        correlation(CaseValues("a", np.ones(1)), CaseValues("b", np.ones(2)))
