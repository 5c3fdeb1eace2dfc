"""Readers' marks in a report: listed, filtered by, and silent where they may name a person."""

from __future__ import annotations

import pytest

from napari_medassist.evaluation.report.build import Extras, build
from napari_medassist.evaluation.report.case_data import Names
from napari_medassist.evaluation.report.content import Picture, PictureGroup, Report, Section
from napari_medassist.evaluation.report.marks import WITHHELD, ReaderMark
from napari_medassist.evaluation.report.page import render
from napari_medassist.evaluation.statistics.paired import Resampling
from tests.unit.evaluation.report.cohorts import EVIL, model

HOW = Resampling(n_resamples=50, n_permutations=50)
WHEN = "2026-02-03T04:05:06+00:00"
NOTE = "lesion in the  apex\nis not drawn"


def marks_of(report: Report) -> Section:
    return next(part for part in report.further if part.id == "marks")


def rows_of(report: Report) -> list[list[str]]:
    return [[cell.text for cell in row] for row in marks_of(report).tables[0].rows]


@pytest.fixture(scope="module")
def report() -> Report:
    marks = {
        "misses": ReaderMark("label error", NOTE, "reader one", WHEN),
        EVIL: ReaderMark("ambiguous", EVIL, EVIL, EVIL),
        "gone": ReaderMark("other"),
    }
    pictures = (Picture(4, "misses", "Caption.", "Slice 1.", "<svg></svg>"),)
    return build([model()], Extras(how=HOW, marks=marks, gallery=(PictureGroup("Worst", pictures),)))


def test_marked_cases_are_listed_with_what_was_said(report: Report) -> None:
    assert rows_of(report) == [
        [EVIL, "ambiguous", EVIL, EVIL, EVIL],
        ["misses", "label error", "lesion in the apex is not drawn", "reader one", "2026-02-03 04:05"],
    ]
    assert "2 cases (ambiguous: 1; label error: 1)" in marks_of(report).intro[0]
    assert "1 further mark of cases that are not in these results" in marks_of(report).tables[0].note


def test_the_case_table_has_columns_for_them(report: Report) -> None:
    values = report.cases.values
    assert values["mark"] == ["", "ambiguous", "", "", "label error", "", "", ""]
    assert values["mark_note"][4] == "lesion in the apex is not drawn"
    assert report.cases.mark_of(4) == "label error: lesion in the apex is not drawn"
    assert report.cases.mark_of(0) == ""


def test_the_page_tells_them_escaped_and_on_the_cards(report: Report) -> None:
    page = render(report)
    assert EVIL not in page
    assert "Marked label error: lesion in the apex is not drawn</span>" in page


def test_without_marks_there_is_nothing_about_them() -> None:
    report = build([model()], Extras(how=HOW))
    assert "mark" not in report.cases.values
    assert not [part for part in report.further if part.id == "marks"]
    assert 'class="mark"' not in render(report)


def test_of_a_case_without_its_name_only_the_kind_is_told() -> None:
    names = Names({"misses": "case 5"}, frozenset({"misses"}))
    marks = {"misses": ReaderMark("label error", "Mr Secret, 1 May", "reader one", WHEN)}
    report = build([model()], Extras(how=HOW, marks=marks, names=names))
    assert rows_of(report) == [["case 5", "label error", WITHHELD, "", ""]]
    page = render(report)
    assert not [secret for secret in ("Mr Secret", "reader one", "2026-02-03") if secret in page]


def test_a_mark_of_one_model_stands_beside_no_other() -> None:
    marks = {
        "misses": ReaderMark("model failure", model="other"),
        "hides": ReaderMark("label error"),
    }
    report = build([model("one"), model("other")], Extras(how=HOW, marks=marks))
    assert [row[:3] for row in rows_of(report)] == [
        ["hides", "one", "label error"],
        ["hides", "other", "label error"],
        ["misses", "other", "model failure"],
    ]
    assert "Readers marked 2 cases" in marks_of(report).intro[0]
