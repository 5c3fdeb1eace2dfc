from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, Status
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.sizes import detection_by_size, size_agreement


def case(reference: list[int], prediction: list[int], **matching: object) -> CaseEvaluation:
    """Lesions one beside the other, each a row of so many voxels of 1 ml; 0 for none."""
    sides = np.zeros((2, 1, 2 * len(reference), 40), dtype=np.uint8)
    for side, lengths in zip(sides, (reference, prediction), strict=True):
        for row, length in enumerate(lengths):
            side[0, 2 * row, :length] = 1
    convention = MEDASSIST.with_changes(matching=matching)
    return evaluate(*sides, (10, 10, 10), convention=convention)


CASES = [case([1, 5, 20], [0, 5, 10]), case([5, 0, 0], [0, 3, 4])]


def test_found_lesions_by_volume() -> None:
    strata = detection_by_size(CASES, edges_ml=(0, 5, 20, inf))
    assert [(s.n_lesions, s.n_right) for s in strata] == [(1, 0), (2, 1), (1, 1)]
    assert [s.share for s in strata] == [0, 0.5, 1]
    assert isnan(detection_by_size(CASES, edges_ml=(30, 40))[0].share)


def test_true_predictions_by_volume() -> None:
    strata = detection_by_size(CASES, side=Side.PREDICTION, edges_ml=(0, 5, inf))
    assert [(s.n_lesions, s.n_right) for s in strata] == [(2, 0), (2, 2)]


def test_every_lesion_is_in_one_of_the_default_strata() -> None:
    assert sum(s.n_lesions for s in detection_by_size(CASES)) == 4


def test_ignored_lesions_are_in_none() -> None:
    one = case([1, 5], [0, 5], ignored_up_to_mm3=1000)
    assert [s.n_lesions for s in detection_by_size([one], edges_ml=(0, 2, 10))] == [0, 1]


@pytest.mark.parametrize("edges", [(), (1,), (1, 1), (2, 1)])
def test_impossible_edges_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(InvalidSetting, match="rise"):
        detection_by_size(CASES, edges_ml=edges)


def test_agreement_by_hand() -> None:
    found = size_agreement([case([10, 20, 30], [12, 20, 25]), case([5], [0])])
    assert found.n_lesions == 3
    assert found.mean_difference_ml == pytest.approx(-1)
    spread = 1.96 * np.std([2, 0, -5], ddof=1)
    assert found.lower_limit_ml == pytest.approx(-1 - spread)
    assert found.upper_limit_ml == pytest.approx(-1 + spread)
    assert found.mean_absolute_difference_ml == pytest.approx(7 / 3)
    assert found.correlation == pytest.approx(np.corrcoef([10, 20, 30], [12, 20, 25])[0, 1])


def test_a_split_lesion_has_the_volume_of_its_parts() -> None:
    reference, prediction = np.zeros((2, 1, 1, 30), dtype=np.uint8)
    reference[..., :20] = 1
    prediction[..., :8] = prediction[..., 10:20] = 1
    assert size_agreement([evaluate(reference, prediction, (10, 10, 10))]).mean_difference_ml == -2


def test_too_few_lesions_leave_it_undefined() -> None:
    nothing = size_agreement([case([5], [0]), CaseEvaluation("a", Status.ERROR, "no file")])
    assert nothing.n_lesions == 0
    assert isnan(nothing.mean_difference_ml)
    one = size_agreement([case([5], [7])])
    assert one.mean_difference_ml == 2
    assert isnan(one.upper_limit_ml)
    assert isnan(one.correlation)
