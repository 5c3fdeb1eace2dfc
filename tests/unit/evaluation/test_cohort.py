from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from math import isnan, nan

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_medassist.core.results import CaseEvaluation, CohortEvaluation, LesionCounts, Status
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.cohort import mean, summarise
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.tables.results import (
    CASE_COLUMNS,
    LESION_COLUMNS,
    case_table,
    lesion_table,
    summary,
)
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def case(name: str, dice: float, *counts: int, status: Status = Status.OK) -> CaseEvaluation:
    return CaseEvaluation(
        name,
        status,
        scores={"dice": dice},
        counts=LesionCounts(*counts) if status is Status.OK else None,
    )


@pytest.fixture
def cohort() -> CohortEvaluation:
    return summarise(
        [
            case("good", 0.9, 1, 0, 1, 0),
            case("hides", 0.7, 1, 1, 2, 1),
            case("bad", 0.2, 0, 1, 0, 0),
            case("false only", 0.0, 0, 0, 0, 2),
            case("healthy", nan, 0, 0, 0, 0),
            case("elsewhere", nan, status=Status.GRID_MISMATCH),
            case("broken", nan, status=Status.ERROR),
        ]
    )


def test_means_count_what_is_undefined(cohort: CohortEvaluation) -> None:
    dice = cohort.means["dice"]
    assert dice.value == pytest.approx(1.8 / 4)
    assert (dice.n_defined, dice.n_undefined) == (4, 1)
    assert (cohort.means["hd_mm"].n_defined, cohort.means["hd_mm"].n_undefined) == (0, 5)
    assert isnan(cohort.means["hd_mm"].value)


def test_the_dice_over_cases_with_a_lesion_is_its_own_number(cohort: CohortEvaluation) -> None:
    assert cohort.dice_with_lesion.value == pytest.approx(0.6)
    assert cohort.dice_with_lesion.n_defined == 3


def test_totals_and_pooled_shares(cohort: CohortEvaluation) -> None:
    assert cohort.totals == LesionCounts(tp_reference=2, fn=2, tp_prediction=3, fp=3)
    assert (cohort.micro_recall, cohort.micro_precision) == (0.5, 0.5)


def test_hidden_errors_start_at_the_good_dice_inclusive(cohort: CohortEvaluation) -> None:
    hidden = cohort.hidden_errors
    assert hidden.cases == ("hides",)
    assert (hidden.n_good_cases, hidden.n_missed, hidden.n_false) == (2, 1, 1)


def test_the_good_dice_is_a_setting() -> None:
    strict = summarise([case("a", 0.75, 0, 1, 0, 0)], convention=Convention(good_dice=0.8))
    assert strict.hidden_errors.n_good_cases == 0
    assert strict.convention["good_dice"] == 0.8


def test_failed_cases_stay_in_sight(cohort: CohortEvaluation) -> None:
    assert cohort.n_by_status == {Status.OK: 5, Status.GRID_MISMATCH: 1, Status.ERROR: 1}
    assert len(cohort.compared) == 5
    told = summary(cohort)["cases"]
    assert [entry["case"] for entry in told["not_compared"]] == ["elsewhere", "broken"]


def test_no_cases_at_all() -> None:
    nothing = summarise([])
    assert isnan(nothing.micro_recall)
    assert isnan(mean([]).value)
    json.dumps(summary(nothing), allow_nan=False)


def test_a_summary_holds_no_nan(cohort: CohortEvaluation) -> None:
    text = json.dumps(summary(cohort), allow_nan=False)
    read_back = json.loads(text)
    assert read_back["metrics"]["hd_mm"]["mean"] is None
    assert read_back["metrics"]["dice"]["n_undefined"] == 1
    assert read_back["dice_of_cases_with_reference_lesion"]["n_defined"] == 3
    assert read_back["disagreement"]["cases_with_hidden_errors"] == ["hides"]
    assert read_back["cases"]["with_reference_lesion"] == 3


def test_undefined_values_are_empty_cells(cohort: CohortEvaluation) -> None:
    header, *rows = case_table(cohort)
    assert tuple(header[: len(CASE_COLUMNS)]) == CASE_COLUMNS
    by_name = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert by_name["good"]["dice"] == "0.9"
    assert by_name["healthy"]["dice"] == ""
    assert by_name["healthy"]["fn"] == "0"
    assert by_name["broken"]["fn"] == ""
    assert by_name["broken"]["status"] == "error"


def test_a_row_a_lesion() -> None:
    reference, prediction = np.zeros((2, 3, 9, 9), dtype=bool)
    reference[1, 1:3, 1:3] = True
    prediction[1, 1:3, 1:4] = True
    header, *rows = lesion_table(summarise([evaluate(reference, prediction, (1, 1, 1), case="a")]))
    assert tuple(header) == LESION_COLUMNS
    assert [row[:6] for row in rows] == [
        ["a", "reference", "1", "found", "1", "1"],
        ["a", "prediction", "1", "true", str(2 / 3), "1"],
    ]
    assert all(len(row) == len(header) for row in rows)


@pytest.fixture
def own_metric() -> Iterator[VoxelMetric]:
    spec = VoxelMetric(
        name="voxels_apart",
        title="Voxels apart",
        definition="|R xor P|",
        better=Better.LOWER,
        empty=EmptyPolicy(),
        citation="test",
        compute=lambda pair: float((pair.reference ^ pair.prediction).sum()),
    )
    yield METRICS.register(spec)
    del METRICS._items[spec.name]


def test_a_further_metric_appears_in_tables_and_summary(own_metric: VoxelMetric) -> None:
    reference, prediction = np.zeros((2, 2, 2, 2), dtype=bool)
    reference[0] = True
    cohort = summarise([evaluate(reference, prediction, (1, 1, 1))])
    header, row = case_table(cohort)
    assert (header[-1], row[-1]) == ("voxels_apart", "4")
    assert summary(cohort)["metrics"]["voxels_apart"]["mean"] == 4


def shifted_lesion(by: int | None) -> NDArray[np.bool_]:
    mask = np.zeros((6, 24, 24), dtype=bool)
    if by is not None:
        mask[2:4, 4:8, 4 + by : 8 + by] = True
    return mask


def ten_cases(hard: int | None, convention: Convention) -> CohortEvaluation:
    """Nine lesions found one voxel off, and a hard one found ``hard`` voxels off, or missed (None)."""
    shifts = [1] * 9 + [hard]
    return summarise(
        [
            evaluate(
                shifted_lesion(0), shifted_lesion(by), (3, 1, 1), case=str(i), convention=convention
            )
            for i, by in enumerate(shifts)
        ],
        convention=convention,
    )


def test_a_missed_lesion_never_leaves_a_mean_distance_without_a_word() -> None:
    found_badly, missed = (ten_cases(hard, Convention()) for hard in (12, None))
    worse, better = found_badly.means["hd95_mm"], missed.means["hd95_mm"]
    assert better.value < worse.value  # over nine cases, so it may not stand alone:
    assert (worse.n_defined, worse.n_undefined, worse.n_missed) == (10, 0, 0)
    assert (better.n_defined, better.n_undefined, better.n_missed) == (9, 1, 1)
    assert missed.totals.fn == 1
    assert missed.means["dice"].n_undefined == 0


@pytest.mark.parametrize(
    ("distance", "expected"), [(None, (6**2 * 9 + 24**2 + 24**2) ** 0.5), (374.0, 374.0)]
)
def test_a_convention_can_charge_a_missed_lesion(distance: float | None, expected: float) -> None:
    charged = Convention().with_changes(
        empty_distance={"prediction_only": "worst", "worst_distance_mm": distance}
    )
    found_badly, missed = (ten_cases(hard, charged) for hard in (12, None))
    mean_missed = missed.means["hd95_mm"]
    assert (mean_missed.n_defined, mean_missed.n_undefined) == (10, 0)
    assert mean_missed.value > found_badly.means["hd95_mm"].value
    assert mean_missed.value == pytest.approx((9 * 1 + expected) / 10, rel=0.02)


@pytest.mark.parametrize(
    ("both", "dice", "hd_mm"),
    [("undefined", None, None), ("worst", 0.0, 50.0), ("best_if_both", 1.0, 0.0)],
)
def test_two_empty_masks_count_as_the_convention_says(both, dice, hd_mm) -> None:
    rule = {"both": both, "reference_only": "worst", "prediction_only": "worst"}
    convention = Convention().with_changes(
        empty_overlap=rule, empty_distance={**rule, "worst_distance_mm": 50.0}
    )
    nothing = shifted_lesion(None)
    cohort = summarise([evaluate(nothing, nothing, (3, 1, 1), convention=convention)])
    for name, expected in (("dice", dice), ("hd_mm", hd_mm)):
        mean_of_it = cohort.means[name]
        assert mean_of_it.n_missed == 0
        if expected is None:
            assert (mean_of_it.n_defined, mean_of_it.n_undefined) == (0, 1)
        else:
            assert (mean_of_it.value, mean_of_it.n_defined) == (expected, 1)


def test_cases_that_are_made_when_asked_for_are_kept_so_and_lists_are_not() -> None:
    class Lazy(Sequence[CaseEvaluation]):
        def __getitem__(self, index):
            if index >= 3:
                raise IndexError
            return case(str(index), 0.5, 1, 0, 1, 0)

        def __len__(self) -> int:
            return 3

    lazy, listed = Lazy(), [case("a", 0.5, 1, 0, 1, 0)]
    assert summarise(lazy).cases is lazy
    assert summarise(lazy).totals.tp_reference == 3
    kept = summarise(listed)
    listed.clear()
    assert len(kept.cases) == 1
