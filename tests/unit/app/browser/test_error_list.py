"""Stepping through errors: every one once, in the order of the cases, beginning anew at the end."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.app.browser.error_list import ErrorList, LesionError
from napari_medassist.app.browser.lesion_table import LesionTable, lesion_rows, overlap_curve
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.conventions import MEDASSIST
from tests.unit.app.browser.small_cohorts import results_under, summarised


@pytest.fixture(scope="module")
def results():
    return results_under()


@pytest.fixture
def order(results):
    return results.table.order("dice", descending=False)


@pytest.fixture
def errors(results, order) -> ErrorList:
    return ErrorList(results.lesions, results.table.names, order, results.table.values("hidden"))


def by_hand(results, order) -> list[tuple[str, str, int]]:
    found = []
    for row in order:
        case = results.cohort.cases[row]
        for side, verdict in ((Side.REFERENCE, "missed"), (Side.PREDICTION, "false")):
            found += [
                (case.case, verdict, lesion.id)
                for lesion in case.lesions_of(side)
                if lesion.verdict == verdict
            ]
    return found


def key(error: LesionError) -> tuple[str, str, int]:
    return error.case, error.kind, error.lesion_id


def test_each_error_comes_once_in_the_order_of_the_cases(errors, results, order) -> None:
    expected = by_hand(results, order)
    assert [key(e) for e in errors.all()] == expected
    assert len(errors) == len(expected)
    assert errors.count("missed") + errors.count("false") == len(expected)
    at, walked = None, []
    for _ in expected:
        step = errors.step(at)
        walked.append(key(step.error))
        assert not step.wrapped
        at = step.error
    assert walked == expected
    again = errors.step(at)
    assert again.wrapped
    assert key(again.error) == expected[0]
    assert "first one again" in again.message


def test_backwards_is_the_reverse(errors, results, order) -> None:
    at, walked = None, []
    for _ in range(len(errors)):
        at = errors.next(at, step=-1)
        walked.append(key(at))
    assert walked[::-1] == by_hand(results, order)


@pytest.mark.parametrize("kind", ["missed", "false", "hidden"])
def test_only_errors_of_a_kind(errors, results, kind) -> None:
    found = errors.all(kind)
    if kind == "hidden":
        assert all(error.hidden for error in found)
        hidden = int(
            (results.table.values("fn") + results.table.values("fp"))[
                results.table.values("hidden")
            ].sum()
        )
        assert len(found) == hidden
    else:
        assert {error.kind for error in found} == {kind}
        column = "fn" if kind == "missed" else "fp"
        assert len(found) == np.nansum(results.table.values(column))


def test_from_a_case_its_own_errors_come_first(errors, results) -> None:
    with_errors = [e.case for e in errors.all()]
    case = with_errors[len(with_errors) // 2]
    assert errors.next(case).case == case
    previous = errors.next(case, step=-1)
    assert previous.case != case


def test_an_error_that_is_gone_leads_on_from_its_place(results, order) -> None:
    everything = ErrorList(results.lesions, results.table.names, order, results.table.values("hidden"))
    missed = everything.all("missed")[0]
    following = everything.next(missed, "false")
    expected = by_hand(results, order)
    after = expected[expected.index(key(missed)) + 1 :]
    assert key(following) == next(e for e in after if e[1] == "false")


def test_hidden_cases_do_not_count_and_nothing_is_told_kindly(results) -> None:
    nothing = ErrorList(
        results.lesions,
        results.table.names,
        np.array([], dtype=np.int64),
        results.table.values("hidden"),
    )
    step = nothing.step(None, "false")
    assert step.error is None
    assert step.message == "There is no false lesion in the cases shown."


def test_errors_lie_where_their_lesions_do(errors, results) -> None:
    for error in errors.all():
        case = next(c for c in results.cohort.cases if c.case == error.case)
        lesion = case.lesions_of(error.side)[error.lesion_id - 1]
        assert error.volume_ml == lesion.volume_ml
        assert error.centroid_lps_mm == lesion.centroid_lps_mm


def test_tables_of_lesions_can_be_joined_in_any_order(results) -> None:
    cases = summarised().cases
    growing = LesionTable.of(())
    for row in np.random.default_rng(1).permutation(len(cases)):
        growing = growing.joined(LesionTable.of(lesion_rows(int(row), cases[row])))
    for name in ("row", "lesion_id", "verdict", "overlap_fraction"):
        np.testing.assert_array_equal(getattr(growing, name), getattr(results.lesions, name))


def test_recall_over_overlap_is_that_of_the_convention_at_each_overlap() -> None:
    for overlap in (0.1, 0.35, 0.7, 1.0):
        rule = {"threshold_reference": overlap, "threshold_prediction": overlap}
        strict = results_under(MEDASSIST.with_changes(matching=rule))
        curve = overlap_curve(results_under().lesions, [overlap])
        assert curve.recall[0] == pytest.approx(strict.headline["micro_recall"])
        assert curve.precision[0] == pytest.approx(strict.headline["micro_precision"])
    assert np.isnan(overlap_curve(LesionTable.of(())).recall).all()
