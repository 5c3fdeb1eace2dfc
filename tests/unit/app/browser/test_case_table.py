"""The table of cases: values, order and filter against plain counting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.case_table import UNDEFINED, WAITING, CaseTable, natural_key
from napari_medassist.app.browser.columns import (
    base_columns,
    columns_of,
    described,
    difference_columns,
    matching_in_words,
)
from napari_medassist.app.browser.differences import differences_of
from napari_medassist.app.browser.headline import headline_of_table
from napari_medassist.app.browser.marks import Mark
from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.cohort.packed import CaseRecord
from napari_medassist.app.cohort.sensitivity import SENSITIVITY_COLUMNS, headline_of
from napari_medassist.core.errors import UnknownItem
from napari_medassist.core.results import CaseEvaluation, LesionCounts, Status
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from napari_medassist.evaluation.disagreement import false_alarms, hidden_errors, ranked_gaps
from napari_medassist.metrics.registry import METRICS
from tests.unit.app.browser.small_cohorts import N_CASES, results_under, summarised


@pytest.fixture(scope="module")
def cohort():
    return summarised()


@pytest.fixture(scope="module")
def table(cohort) -> CaseTable:
    return CaseTable.of(cohort.cases, good_dice=0.5)


def shown(table: CaseTable, *args: object, **options: object) -> list[str]:
    return [table.names[row] for row in table.order(*args, **options)]  # type: ignore[arg-type]


def test_every_value_is_that_of_the_case(table: CaseTable, cohort) -> None:
    for row, case in enumerate(cohort.cases):
        for name in ("dice", "hd95_mm", "fn", "fp", "tp_reference", "n_splits", "lesion_f1", "pq"):
            expected = getattr(case, name, None)
            expected = case.score(name) if name in ("lesion_f1", "pq") else expected
            found = table.value(row, name)
            assert found == pytest.approx(math.nan if expected is None else expected, nan_ok=True)
        assert table.value(row, "status") == case.status
        assert table.value(row, "message") == case.message


def test_disagreement_hidden_errors_and_false_alarms_are_those_of_the_engine(table, cohort) -> None:
    gaps = {gap.case: gap.gap for gap in ranked_gaps(cohort.cases).cases}
    for row, name in enumerate(table.names):
        assert table.value(row, "disagreement") == pytest.approx(gaps.get(name, math.nan), nan_ok=True)
    names = np.array(table.names)
    numbers = set()
    for good_dice in (0.5, 0.7, 0.75):
        judged = table.with_values({}, good_dice)
        hidden = hidden_errors(cohort.compared, good_dice=good_dice).cases
        alarms = false_alarms(cohort.compared, good_dice=good_dice).cases
        assert set(names[judged.values("hidden")]) == set(hidden)
        assert set(names[judged.values("false_alarm")]) == set(alarms)
        numbers.add((len(hidden), len(alarms)))
    assert any(n_hidden for n_hidden, _ in numbers)
    assert any(n_alarms for _, n_alarms in numbers)


def test_by_disagreement_the_largest_comes_first_and_what_failed_last(table, cohort) -> None:
    names = shown(table)
    expected = [gap.case for gap in ranked_gaps(cohort.cases).largest_first()]
    sizes = {gap.case: abs(gap.gap) for gap in ranked_gaps(cohort.cases).cases}
    assert [sizes[n] for n in names[: len(expected)]] == [sizes[n] for n in expected]
    assert names[-1] == f"case_{N_CASES - 1}"
    assert sorted(names) == sorted(table.names)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("column", ["dice", "fn", "hd95_mm", "hidden", "case", "group", "message"])
def test_undefined_values_come_last_in_both_directions(table, column, descending) -> None:
    rows = table.order(column, descending=descending)
    values = table.values(column)[rows].tolist()
    is_undefined = [v == "" or (isinstance(v, float) and math.isnan(v)) for v in values]
    if table.column(column).kind != "text":
        is_undefined = [
            u or not c for u, c in zip(is_undefined, table.is_compared()[rows], strict=True)
        ]
    assert is_undefined == sorted(is_undefined)
    defined = [v for v, u in zip(values, is_undefined, strict=True) if not u]
    assert defined == sorted(
        defined, reverse=descending, key=lambda v: v if v != str(v) else natural_key(v)
    )


def test_names_are_sorted_as_people_do() -> None:
    table = CaseTable.waiting(["case_10", "case_9", "Case_1", "b"])
    assert shown(table, "case", descending=False) == ["b", "Case_1", "case_9", "case_10"]


def test_text_shows_dashes_signs_and_infinities() -> None:
    cases = [
        CaseEvaluation(
            "a", scores={"dice": 0.51239, "hd_mm": math.inf}, counts=LesionCounts(1, 2, 1, 0)
        ),
        CaseEvaluation("b", Status.GRID_MISMATCH, "Other grid."),
    ]
    table = CaseTable.of(cases)
    assert [table.text(0, n) for n in ("dice", "hd_mm", "fn", "status")] == [
        "0.512",
        "∞",
        "2",
        "compared",
    ]
    assert [table.text(1, n) for n in ("dice", "fn", "status")] == [UNDEFINED, UNDEFINED, "other grid"]
    with pytest.raises(UnknownItem):
        table.text(0, "beauty")


def test_a_filter_leaves_what_counting_leaves(table, cohort) -> None:
    def expected(condition) -> set[str]:
        return {case.case for case in cohort.cases if condition(case)}

    def found(**conditions) -> set[str]:
        return set(shown(table, "case", CaseFilter(**conditions)))

    assert found(only=frozenset({"missed"})) == expected(lambda c: c.fn)
    assert found(only=frozenset({"missed", "false"})) == expected(lambda c: c.fn or c.fp)
    assert found(only=frozenset({"not_compared"})) == expected(lambda c: c.status != "ok")
    assert found(text="CENTRE 1") == expected(lambda c: c.group == "centre 1")
    assert found(text="torn") == {f"case_{N_CASES - 1}"}
    assert found(ranges={"dice": (0.2, 0.6)}) == expected(lambda c: 0.2 <= c.dice <= 0.6)
    assert found(cases=frozenset({"case_3", "elsewhere"})) == {"case_3"}
    both = found(only=frozenset({"missed"}), ranges={"dice": (0.3, 1.0)})
    assert both == expected(lambda c: c.fn and c.dice >= 0.3)
    assert found() == set(table.names)


def test_marks_are_a_column_that_can_be_looked_for(table) -> None:
    marked = table.with_marks({"case_2": Mark("ambiguous", "two readers"), "gone": Mark("other")})
    assert marked.text(2, "mark") == "ambiguous: two readers"
    assert shown(marked, "case", CaseFilter(only=frozenset({"marked"}))) == ["case_2"]
    assert shown(marked, "case", CaseFilter(text="two readers")) == ["case_2"]
    assert table.text(2, "mark") == ""  # tables do not change


def test_cases_fill_a_waiting_table_as_they_finish(cohort, table) -> None:
    growing = CaseTable.waiting([case.case for case in cohort.cases], good_dice=0.5)
    assert growing.n_waiting == N_CASES
    assert set(growing.values("status")) == {WAITING}
    for row in np.random.default_rng(0).permutation(N_CASES):
        growing = growing.with_cases({int(row): cohort.cases[row]})
    assert growing.n_waiting == 0
    for column in growing.columns:
        if column.is_numeric:
            np.testing.assert_array_equal(growing.values(column.name), table.values(column.name))


def test_the_headline_is_that_of_the_engine(cohort) -> None:
    found = headline_of_table(CaseTable.of(cohort.cases))
    for name, expected in zip(SENSITIVITY_COLUMNS[1:], headline_of(cohort), strict=True):
        wanted = math.nan if expected is None else float(expected)
        assert found[name] == pytest.approx(wanted, nan_ok=True), name
    assert found["dice_with_lesion"] == pytest.approx(cohort.dice_with_lesion.value)
    assert str(cohort.totals.fn) in found.sentence


def test_an_empty_table_has_no_numbers_and_no_trouble() -> None:
    table = CaseTable.waiting(())
    assert table.order("dice", CaseFilter(text="x")).size == 0
    assert "undefined" in headline_of_table(table).sentence


def test_differences_of_two_models_by_counting() -> None:
    first, second = results_under(seed=0), results_under(name="other", seed=0)
    same = differences_of(first.table, first.lesions, second.table, second.lesions)
    assert np.nansum(np.abs(same["delta_dice"])) == 0
    assert np.nansum(same["gained"]) == np.nansum(same["lost"]) == 0

    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.9})
    second = results_under(strict, name="strict", seed=0)
    found = differences_of(first.table, first.lesions, second.table, second.lesions)
    assert found["lost"][:-1].sum() == 0
    assert (
        found["gained"][:-1].tolist()
        == (second.table.values("fn") - first.table.values("fn"))[:-1].tolist()
    )
    assert math.isnan(found["gained"][-1])
    table = first.table.compared_with("strict", found)
    differing = set(shown(table, "case", CaseFilter(only=frozenset({"disagree"}))))
    assert differing == {n for n, g in zip(table.names, found["gained"], strict=True) if g > 0}
    assert shown(first.table, "case", CaseFilter(only=frozenset({"disagree"}))) == []


def test_models_with_other_cases_are_compared_where_they_meet() -> None:
    first, second = results_under(seed=0), results_under(name="other", seed=0)
    keep = np.array([5, 3, 9])
    cases = {row: CaseRecord(second.cohort.cases[old]) for row, old in enumerate(keep)}
    pairs = [second.pairs[old] for old in keep]
    fewer = ModelResults.waiting("other", pairs, MEDASSIST).with_cases(cases)
    strict = first.rejudged(MEDASSIST.with_changes(matching={"threshold_reference": 0.9}))
    found = differences_of(strict.table, strict.lesions, fewer.table, fewer.lesions)
    assert set(np.flatnonzero(~np.isnan(found["lost"]))) == set(keep)
    expected = strict.table.values("fn")[keep] - first.table.values("fn")[keep]
    assert found["lost"][keep].tolist() == expected.tolist()
    back = differences_of(fewer.table, fewer.lesions, strict.table, strict.lesions)
    assert back["gained"].tolist() == expected.tolist()


def test_columns_have_titles_and_one_sentence_tips() -> None:
    columns = (*columns_of(METRICS.names(), has_confidences=True), *difference_columns("b"))
    assert len({column.name for column in columns}) == len(columns)
    for column in columns:
        assert column.title
        assert column.tip
        assert "\n" not in described(column, MEDASSIST)
    assert columns_of() == base_columns()
    names = [column.name for column in columns_of(["nsd"])]
    assert names[-2:] == ["nsd", "message"]


def test_the_convention_is_told_where_a_number_depends_on_it() -> None:
    by_name = {column.name: column for column in base_columns()}
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.5}, name="mine")
    assert "0.5 of the lesion, 0.1 of the call" in described(by_name["fn"], strict)
    assert "mine" in described(by_name["fn"], strict)
    assert described(by_name["dice"], strict) == by_name["dice"].tip
    assert "0.7" in described(by_name["hidden"], strict)
    assert "hungarian" in matching_in_words(preset("picai"))


def test_a_filter_in_words() -> None:
    chosen = CaseFilter("a", frozenset({"missed", "marked"}), {"dice": (0.1, 0.5)}, frozenset({"x"}))
    assert chosen.in_words() == "'a', missed, marked, dice 0.1 to 0.5, 1 chosen"
    assert CaseFilter().in_words() == ""
    assert CaseFilter().is_empty
    assert chosen.with_range("dice", None).ranges == {}
    assert chosen.with_range("fn", (1, 2)).ranges == {"dice": (0.1, 0.5), "fn": (1, 2)}
