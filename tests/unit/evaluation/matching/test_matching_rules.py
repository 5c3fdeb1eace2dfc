"""Every criterion and every assignment, on lesions along a line: their overlaps can be read off."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.core.results import CaseEvaluation, LesionCounts, LesionVerdict
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.matching.assignment import greedy_by_overlap, hungarian
from napari_medassist.evaluation.matching.criteria import Hits

ONE_TO_ONE = ("hungarian", "hungarian_picai", "greedy_by_overlap", "greedy_by_confidence")
Part = tuple[int, int, float]


def line(*parts: Part | tuple[int, int], length: int = 230) -> np.ndarray:
    values = np.zeros((3, 3, length))
    for start, stop, *confidence in parts:
        values[1, 1, start:stop] = confidence[0] if confidence else 1.0
    return values


def judged(reference: np.ndarray, prediction: np.ndarray, **rule: Any) -> CaseEvaluation:
    convention = MEDASSIST.with_changes(matching=rule)
    return evaluate(
        reference > 0, prediction, (1, 1, 1), kind="detection", convention=convention, metrics=()
    )


def four(result: CaseEvaluation) -> tuple[int, int, int, int]:
    counts = result.counts or LesionCounts()
    return counts.tp_reference, counts.fn, counts.tp_prediction, counts.fp


def matches(result: CaseEvaluation) -> list[tuple[int, int]]:
    return [(e.reference_id, e.prediction_id) for e in result.matches if e.is_match]


class TestCriteria:
    @pytest.mark.parametrize(("criterion", "share"), [("overlap", 0.5), ("iou", 1 / 3), ("dice", 0.5)])
    def test_the_threshold_is_inclusive_or_not(self, criterion: str, share: float) -> None:
        sides = line((0, 10)), line((5, 15))
        rule = {"criterion": criterion, "threshold_reference": share, "threshold_prediction": share}
        for assignment in ("many_to_many", "many_to_one", *ONE_TO_ONE):
            for inclusive in (True, False):
                result = judged(*sides, **rule, assignment=assignment, inclusive=inclusive)
                assert four(result) == ((1, 0, 1, 0) if inclusive else (0, 1, 0, 1)), assignment

    def test_one_voxel_is_any_overlap(self) -> None:
        sides = line((0, 30)), line((29, 60))
        assert four(judged(*sides, criterion="any_overlap")) == (1, 0, 1, 0)
        assert four(judged(line((0, 30)), line((30, 60)), criterion="any_overlap")) == (0, 1, 0, 1)

    def test_the_predicted_centroid_lies_in_the_lesion_or_not(self) -> None:
        hit, beside = line((0, 11)), line((0, 13))  # centroids at voxels 5 and 6
        for prediction, found in ((hit, True), (beside, False)):
            result = judged(line((0, 6)), prediction, criterion="centroid_in_mask")
            assert four(result) == ((1, 0, 1, 0) if found else (0, 1, 0, 1))

    def test_a_centroid_between_two_voxels_belongs_to_the_upper_one(self) -> None:
        result = judged(line((0, 4), (5, 6)), line((4, 6)), criterion="centroid_in_mask")
        assert matches(result) == [(2, 1)]

    def test_centres_are_close_within_the_radius_of_a_ball_of_the_lesions_volume(self) -> None:
        ball = line((100, 136))  # 36 mm3, radius 2.048 mm, centre at 117.5
        for start, found in ((119, True), (120, False)):  # one voxel: 1.5 mm and 2.5 mm away
            result = judged(ball, line((start, start + 1)), criterion="centre_distance")
            assert four(result) == ((1, 0, 1, 0) if found else (0, 1, 0, 1))

    def test_centres_may_be_close_without_a_shared_voxel(self) -> None:
        reference = line((100, 136))
        prediction = np.zeros_like(reference)
        prediction[1, 2, 117] = 1
        result = judged(reference, prediction, criterion="centre_distance")
        assert four(result) == (1, 0, 1, 0)
        (edge,) = result.matches
        assert (edge.n_voxels, edge.iou, edge.is_match) == (0, 0, True)


class TestAssignments:
    """Two lesions [0, 20) and [30, 50) under one prediction [0, 50): IoU 0.4 each."""

    merged = line((0, 20), (30, 50)), line((0, 50))

    def test_many_to_many_lets_one_prediction_find_two(self) -> None:
        assert four(judged(*self.merged, criterion="iou")) == (2, 0, 1, 0)

    @pytest.mark.parametrize("assignment", ONE_TO_ONE)
    def test_one_to_one_does_not_and_a_tie_goes_to_the_lower_id(self, assignment: str) -> None:
        result = judged(*self.merged, criterion="iou", assignment=assignment)
        assert four(result) == (1, 1, 1, 0)
        assert matches(result) == [(1, 1)]

    @pytest.mark.parametrize("assignment", ONE_TO_ONE)
    def test_of_two_equal_predictions_the_lower_id_is_taken(self, assignment: str) -> None:
        result = judged(line((0, 30)), line((0, 10), (20, 30)), criterion="iou", assignment=assignment)
        assert matches(result) == [(1, 1)]
        assert four(result) == (1, 0, 1, 1)

    def test_greedy_by_confidence_keeps_the_surest_and_hungarian_the_best(self) -> None:
        """picai_eval's issue 24: a sure hit is thrown away for one that covers more."""
        sides = line((0, 30)), line((0, 8, 0.95), (10, 30, 0.1))
        rule = {"criterion": "iou"}
        assert matches(judged(*sides, **rule, assignment="greedy_by_confidence")) == [(1, 1)]
        assert matches(judged(*sides, **rule, assignment="hungarian")) == [(1, 2)]
        assert matches(judged(*sides, **rule, assignment="greedy_by_overlap")) == [(1, 2)]
        assert matches(judged(*sides, **rule, assignment="surest_of_each")) == [(1, 1)]

    def test_the_surest_of_each_may_find_two_lesions(self) -> None:
        result = judged(*self.merged, criterion="iou", assignment="surest_of_each")
        assert four(result) == (2, 0, 1, 0)

    def test_greedy_by_overlap_can_find_fewer_than_hungarian(self) -> None:
        """Lesion 2 has one partner only, which lesion 1 takes first because they agree better."""
        sides = line((0, 50), (52, 60)), line((0, 6), (8, 58))
        rule = {"criterion": "iou"}
        assert matches(judged(*sides, **rule, assignment="greedy_by_overlap")) == [(1, 2)]
        assert matches(judged(*sides, **rule, assignment="hungarian")) == [(1, 1), (2, 2)]

    def test_hungarian_pairs_as_many_as_possible_where_picai_eval_does_not(self) -> None:
        """Three pairs of IoU 0.1 against two of 0.71 and 0.73: picai_eval 1.4.13 takes the two."""
        sides = line((0, 8), (10, 98), (100, 190)), line((0, 80), (81, 180), (181, 190))
        rule = {"criterion": "iou"}
        assert matches(judged(*sides, **rule, assignment="hungarian")) == [(1, 1), (2, 2), (3, 3)]
        assert matches(judged(*sides, **rule, assignment="hungarian_picai")) == [(2, 1), (3, 2)]

    def test_many_to_one_takes_the_predictions_of_a_lesion_as_one(self) -> None:
        sides = line((0, 30)), line((0, 14), (15, 30))
        strict = {"criterion": "iou", "threshold_reference": 0.9}
        assert four(judged(*sides, **strict, assignment="many_to_one")) == (1, 0, 2, 0)
        assert four(judged(*sides, **strict, assignment="many_to_many")) == (0, 1, 0, 2)

    @pytest.mark.parametrize("assignment", ["many_to_many", "many_to_one", *ONE_TO_ONE])
    @pytest.mark.parametrize("criterion", ["overlap", "any_overlap", "iou", "centre_distance"])
    def test_nothing_on_a_side_is_no_trouble(self, assignment: str, criterion: str) -> None:
        rule = {"criterion": criterion, "assignment": assignment}
        assert four(judged(line(), line((0, 3)), **rule)) == (0, 0, 0, 1)
        assert four(judged(line((0, 3)), line(), **rule)) == (0, 1, 0, 0)
        assert four(judged(line(), line(), **rule)) == (0, 0, 0, 0)


class TestIgnored:
    def test_a_hit_that_was_not_chosen_is_neither_true_nor_false(self) -> None:
        sides = line((0, 30)), line((0, 14), (15, 30), (40, 50))
        rule = {"criterion": "iou", "assignment": "hungarian", "touching_is_not_false": True}
        result = judged(*sides, **rule)
        assert four(result) == (1, 0, 1, 1)
        assert (result.n_ignored_prediction, result.n_predicted_lesions) == (1, 3)
        verdicts = [lesion.verdict for lesion in result.lesions]
        assert verdicts == [
            LesionVerdict.FOUND,
            LesionVerdict.IGNORED,
            LesionVerdict.TRUE,
            LesionVerdict.FALSE,
        ]
        assert four(judged(*sides, **{**rule, "touching_is_not_false": False})) == (1, 0, 1, 2)
        assert result.lesion_precision == 0.5

    def test_small_reference_lesions_are_left_out_with_what_finds_only_them(self) -> None:
        sides = line((0, 4), (10, 15), (20, 40)), line((2, 4), (30, 50))
        result = judged(*sides, criterion="any_overlap", ignored_up_to_mm3=4)
        assert four(result) == (1, 1, 1, 0)
        assert (result.n_ignored_reference, result.n_ignored_prediction) == (1, 1)
        assert result.lesion_recall == 0.5

    def test_a_prediction_on_a_small_and_a_large_lesion_is_true(self) -> None:
        result = judged(line((0, 4), (10, 30)), line((0, 30)), ignored_up_to_mm3=4)
        assert four(result) == (1, 0, 1, 0)


class TestSplitsAndMerges:
    def test_they_are_counted_whatever_the_rule(self) -> None:
        sides = line((0, 30), (40, 60), (70, 90)), line((0, 14), (15, 30), (40, 90))
        for rule in ({}, {"criterion": "iou", "assignment": "hungarian"}):
            result = judged(*sides, **rule)
            assert (result.n_splits, result.n_merges) == (1, 1)

    def test_a_grazing_prediction_makes_no_split(self) -> None:
        result = judged(line((0, 30)), line((0, 25), (29, 60)))
        assert (result.n_splits, result.fp) == (0, 1)


def test_edges_hold_every_overlap() -> None:
    (edge,) = judged(line((0, 20)), line((10, 50))).matches
    assert (edge.n_voxels, edge.n_reference_voxels, edge.n_prediction_voxels) == (10, 20, 40)
    assert (edge.iou, edge.dice) == (0.2, pytest.approx(1 / 3))
    assert (edge.reference_fraction, edge.prediction_fraction) == (0.5, 0.25)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
def test_hungarian_equals_trying_every_assignment(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 9, (rows, columns)) / 10
    hits = Hits(rng.random((rows, columns)) < 0.6, scores)
    links = hungarian(hits)
    best = max(_worth(hits, order) for order in permutations(range(max(rows, columns)), rows))
    assert (int(links.sum()), round(scores[links].sum(), 6)) == best
    assert links.sum(axis=0).max() <= 1
    assert links.sum(axis=1).max() <= 1
    assert not (links & ~hits.pairs).any()


def _worth(hits: Hits, order: tuple[int, ...]) -> tuple[int, float]:
    n_columns = hits.pairs.shape[1]
    pairs = [(i, j) for i, j in enumerate(order) if j < n_columns and hits.pairs[i, j]]
    return len(pairs), round(sum(float(hits.scores[p]) for p in pairs), 6)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_greedy_leaves_no_hit_between_two_free_lesions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hits = Hits(rng.random((4, 5)) < 0.5, rng.integers(1, 9, (4, 5)) / 10)
    links = greedy_by_overlap(hits)
    free = ~links.any(axis=1)[:, None] & ~links.any(axis=0)
    assert not (hits.pairs & free).any()
