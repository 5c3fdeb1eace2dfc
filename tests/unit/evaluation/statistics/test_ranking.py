from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.results import CaseEvaluation, LesionCounts
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.statistics.ranking import Column, headline, rank_models
from napari_medassist.metrics.spec import Better


def test_ranks_ties_and_undefined_values() -> None:
    rankings = rank_models(
        {
            "a": {"x": {"mean dice": 0.9, "mean hd_mm": 9.0, "fp_per_case": 0.1}},
            "b": {"x": {"mean dice": 0.9, "mean hd_mm": 4.0, "fp_per_case": 0.2}},
            "c": {"x": {"mean dice": 0.5, "mean hd_mm": nan}},
        }
    )
    assert rankings.columns == tuple(Column("x", n) for n in ("mean dice", "mean hd_mm", "fp_per_case"))
    np.testing.assert_array_equal(rankings.ranks, [[1.5, 2, 1], [1.5, 1, 2], [3, nan, nan]])
    assert [rankings.winners[c] for c in rankings.columns] == [("a", "b"), ("b",), ("a",)]


def test_flips_name_where_either_is_ahead() -> None:
    rankings = rank_models(
        {
            "a": {"x": {"mean dice": 0.9}, "y": {"mean dice": 0.2}, "z": {"mean dice": 0.5}},
            "b": {"x": {"mean dice": 0.8}, "y": {"mean dice": 0.3}, "z": {"mean dice": 0.5}},
            "c": {"x": {"mean dice": 0.1}, "y": {"mean dice": 0.1}, "z": {"mean dice": nan}},
        }
    )
    (flip,) = rankings.flips
    assert (flip.first, flip.second) == ("a", "b")
    assert flip.first_ahead == (Column("x", "mean dice"),)
    assert flip.second_ahead == (Column("y", "mean dice"),)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2), min_size=2, max_size=8))
def test_concordance_is_kendalls_tau_b(values) -> None:
    models = {f"m{i}": {"x": {"micro_recall": a, "micro_f1": b}} for i, (a, b) in enumerate(values)}
    rankings = rank_models(models)
    ours = rankings.concordance(*rankings.columns)
    a, b = np.array(values).T
    expected = nan if np.ptp(a) == 0 or np.ptp(b) == 0 else kendalltau(a, b).statistic
    assert ours == pytest.approx(expected, nan_ok=True)


def test_headline_numbers_of_a_cohort() -> None:
    scores = {"dice": 0.8, "hd_mm": nan, "volume_reference_ml": 3.0}
    case = CaseEvaluation("a", scores=scores, counts=LesionCounts(1, 1, 1, 2))
    numbers = headline(summarise([case]))
    assert numbers["mean dice"] == 0.8
    assert isnan(numbers["mean hd_mm"])
    assert "mean volume_reference_ml" not in numbers
    assert (numbers["micro_recall"], numbers["fp_per_case"]) == (0.5, 2)
    assert numbers["micro_precision"] == pytest.approx(1 / 3)
    rankings = rank_models({"one": {"medassist": numbers}, "other": {"medassist": numbers}})
    assert not rankings.flips


def test_numbers_of_unknown_direction_are_refused() -> None:
    with pytest.raises(UnknownItem, match="'beauty'"):
        rank_models({"a": {"x": {"beauty": 1.0}}})
    with pytest.raises(UnknownItem, match="volume_reference_ml"):
        rank_models({"a": {"x": {"mean volume_reference_ml": 1.0}}})
    told = rank_models({"a": {"x": {"beauty": 1.0}}}, better={"beauty": Better.HIGHER})
    assert told.ranks.tolist() == [[1.0]]


def test_nothing_to_rank() -> None:
    with pytest.raises(InvalidSetting):
        rank_models({})
    rankings = rank_models({"a": {"x": {"micro_f1": nan}}})
    assert rankings.winners == {Column("x", "micro_f1"): ()}
    with pytest.raises(UnknownItem):
        rankings.concordance(Column("x", "micro_f1"), Column("y", "micro_f1"))
