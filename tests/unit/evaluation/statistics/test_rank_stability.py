"""Ranks over resamples, curves of two models side by side, and p-values of several tests."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, rankdata

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.results import Candidate, CaseEvaluation, LesionCounts, ScoredCase
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.detection.curves import LUNA16_FP_PER_CASE, detection_curve
from napari_medassist.evaluation.statistics.multiplicity import holm
from napari_medassist.evaluation.statistics.paired import Resampling
from napari_medassist.evaluation.statistics.paired_detection import OF_SCORED, compare_scored
from napari_medassist.evaluation.statistics.rank_stability import stability_of_ranks, statistics_of
from napari_medassist.evaluation.statistics.ranking import headline
from napari_medassist.evaluation.statistics.resampling import resampled, sensitivity_at_fp_of


def scored(seed: int, n_cases: int = 12, skill: float = 0.5) -> list[ScoredCase]:
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(n_cases):
        n_lesions = number % 3
        hits = [
            Candidate(True, round(float(rng.random() < skill) * rng.random(), 2))
            for _ in range(n_lesions)
        ]
        alarms = [
            Candidate(False, round(float(rng.random()), 2)) for _ in range(int(rng.integers(0, 3)))
        ]
        found = (*hits, *alarms)
        surest = max((c.confidence for c in found), default=0.0)
        cases.append(ScoredCase(f"c{number}", found, surest, n_lesions > 0, n_lesions))
    return cases


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.125, 0.5, 1.0, 4.0]))
def test_weighted_froc_is_that_of_the_drawn_cases(seed: int, fp: float) -> None:
    cases = scored(seed)
    statistic = sensitivity_at_fp_of(cases, fp)
    (weights,) = resampled(len(cases), 5, seed)
    for weight, value in zip(weights, statistic(weights), strict=True):
        drawn = [case for case, n in zip(cases, weight, strict=True) for _ in range(int(n))]
        expected = detection_curve(drawn).sensitivity_at_fp(fp)
        assert value == pytest.approx(expected, nan_ok=True)


class TestScoredPairs:
    def test_the_numbers_are_those_of_each_model_and_cases_are_paired_by_name(self) -> None:
        one, other = scored(1, skill=0.9), scored(2, skill=0.3)
        found = compare_scored(one, other[::-1], how=Resampling(n_resamples=200, n_permutations=300))
        assert set(found) == set(OF_SCORED)
        ap = found["average_precision"]
        assert (ap.first, ap.second) == pytest.approx(
            (detection_curve(one).average_precision, detection_curve(other).average_precision)
        )
        assert ap.difference.low < ap.difference.value < ap.difference.high
        curve = detection_curve(one)
        readings = [curve.sensitivity_at_fp(fp) for fp in LUNA16_FP_PER_CASE]
        assert found["froc"].first == pytest.approx(np.mean(readings))
        assert found["sensitivity_at_1_fp"].first == pytest.approx(curve.sensitivity_at_fp(1))
        assert (ap.n_cases, ap.n_dropped, ap.n_permutations) == (12, 0, 300)

    def test_all_exchanges_by_hand(self) -> None:
        one, other = scored(3, 5, 1.0), scored(4, 5, 0.2)
        found = compare_scored(one, other, how=Resampling(n_resamples=10))["average_precision"]
        observed = abs(found.difference.value)
        n_as_large = 0
        for bits in range(2**5):
            a = [(other if bits >> i & 1 else one)[i] for i in range(5)]
            b = [(one if bits >> i & 1 else other)[i] for i in range(5)]
            apart = detection_curve(a).average_precision - detection_curve(b).average_precision
            n_as_large += abs(apart) >= observed - 1e-12
        assert found.p_value == pytest.approx(n_as_large / 2**5)
        assert found.n_permutations == 2**5

    def test_a_model_does_not_differ_from_itself(self) -> None:
        found = compare_scored(scored(1), scored(1), how=Resampling(n_resamples=50, n_permutations=50))
        for comparison in found.values():
            assert (comparison.difference.low, comparison.difference.high) == (0, 0)
            assert comparison.p_value == 1

    def test_what_cannot_be_paired(self) -> None:
        cases = scored(1)
        with pytest.raises(InvalidSetting, match="stands twice"):
            compare_scored([*cases, cases[0]], cases)
        renamed = ScoredCase("c0", (), 0.0, has_lesion=True, n_reference_lesions=2)
        with pytest.raises(InvalidSetting, match="reference lesions"):
            compare_scored(cases, [renamed, *cases[1:]])
        apart = compare_scored(cases[:4], cases[2:], how=Resampling(n_resamples=5, n_permutations=5))
        assert (apart["auroc"].n_cases, apart["auroc"].n_dropped) == (2, 10)
        assert np.isnan(compare_scored([], [])["froc"].p_value)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_by_its_definition(p_values: list[float]) -> None:
    adjusted = holm([*p_values, nan])
    assert np.isnan(adjusted[-1])
    for place, p in enumerate(p_values):
        # A hypothesis falls at a level if all with smaller p-values fall at theirs.
        rank = rankdata(p_values, method="ordinal")
        smaller = [
            (len(p_values) - int(r) + 1) * q
            for q, r in zip(p_values, rank, strict=True)
            if r <= rank[place]
        ]
        assert adjusted[place] == pytest.approx(min(1.0, max(smaller)))
        assert adjusted[place] >= p
    if p_values:
        assert (adjusted[:-1] >= false_discovery_control(p_values) - 1e-12).all()


class TestRanks:
    def cases(self, dice: list[float], fn: list[int]) -> list[CaseEvaluation]:
        return [
            CaseEvaluation(
                f"c{i}", scores={"dice": d, "volume_reference_ml": 1.0}, counts=LesionCounts(1, n, 1, 0)
            )
            for i, (d, n) in enumerate(zip(dice, fn, strict=True))
        ]

    def test_values_are_the_headline_numbers(self) -> None:
        cases = self.cases([0.5, nan, 0.9], [0, 2, 1])
        found = {name: float(of(np.ones((1, 3)))[0]) for name, of in statistics_of(cases).items()}
        expected = headline(summarise(cases))
        assert found == pytest.approx({name: expected[name] for name in found}, nan_ok=True)
        assert "mean volume_reference_ml" not in found

    def test_a_model_that_is_better_in_every_case_is_always_first(self) -> None:
        better, worse = self.cases([0.9, 0.8, 0.7], [0, 0, 0]), self.cases([0.5, 0.6, 0.1], [1, 1, 1])
        found = stability_of_ranks(
            {"a": {"x": statistics_of(better)}, "b": {"x": statistics_of(worse)}}, 3, n_resamples=100
        )
        place = [c.number for c in found.rankings.columns].index("mean dice")
        assert found.first[:, place].tolist() == [1.0, 0.0]
        assert (found.low[0, place], found.high[0, place], found.low[1, place]) == (1, 1, 2)

    def test_equal_models_share_the_first_place_and_undefined_numbers_have_none(self) -> None:
        same = statistics_of(self.cases([0.9, nan], [0, 0]))
        found = stability_of_ranks({n: {"x": same} for n in "abc"}, 2, n_resamples=64)
        by_number = {c.number: found.first[:, i] for i, c in enumerate(found.rankings.columns)}
        assert by_number["mean dice"] == pytest.approx([1 / 3] * 3)
        never = statistics_of(self.cases([nan, nan], [0, 0]))
        found = stability_of_ranks({n: {"x": never} for n in "ab"}, 2, n_resamples=10)
        by_number = {c.number: found.first[:, i] for i, c in enumerate(found.rankings.columns)}
        assert np.isnan(by_number["mean dice"]).all()

    def test_ranks_within_resamples_are_those_of_the_drawn_cases(self) -> None:
        rng = np.random.default_rng(0)
        models = {n: self.cases(rng.random(6).round(1).tolist(), [0] * 6) for n in "abc"}
        found = stability_of_ranks(
            {n: {"x": statistics_of(cases)} for n, cases in models.items()}, 6, n_resamples=50, seed=4
        )
        (weights,) = resampled(6, 50, 4)
        dice = np.array([[c.score("dice") for c in cases] for cases in models.values()])
        means = (weights @ dice.T) / 6
        first = np.zeros(3)
        for row in means.round(12):
            first += (row == row.max()) / (row == row.max()).sum() / 50
        place = [c.number for c in found.rankings.columns].index("mean dice")
        assert found.first[:, place] == pytest.approx(first, abs=0.03)

    def test_no_model(self) -> None:
        with pytest.raises(InvalidSetting):
            stability_of_ranks({}, 3)
