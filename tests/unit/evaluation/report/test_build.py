"""What a report says of a cohort with known numbers."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from napari_medassist.core.lesion import Side
from napari_medassist.core.part_results import PartEvaluation, ZoneStatus
from napari_medassist.core.results import (
    Candidate,
    CaseEvaluation,
    LesionCounts,
    ScoredCase,
    Status,
)
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import presets
from napari_medassist.evaluation.report.build import Extras, build
from napari_medassist.evaluation.report.case_data import Names, case_data
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Report, Section, TextTable
from napari_medassist.evaluation.report.convention_words import convention_section, leaves
from napari_medassist.evaluation.report.intervals import headline_intervals
from napari_medassist.evaluation.report.numbers import number, p_value, plain, volumes
from napari_medassist.evaluation.report.worst import BELITTLED, FLATTERED, caption, worst_cases
from napari_medassist.evaluation.sizes import detection_by_size
from napari_medassist.evaluation.statistics.paired import Resampling
from napari_medassist.evaluation.statistics.ranking import headline, rank_models
from napari_medassist.evaluation.statistics.resampling import bootstrap, mean_of, share_of
from tests.unit.evaluation.report.cohorts import EVIL, case, cohort, model

FAST = Extras(how=Resampling(n_resamples=50, n_permutations=50))


@pytest.fixture(scope="module")
def report() -> Report:
    return build([model()], FAST)


def section(report: Report, name: str) -> Section:
    everything = (*report.levels, *report.further, *report.closing)
    return next(part for part in everything if part.id == name)


def text_of(table: TextTable) -> dict[str, list[str]]:
    return {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}


def test_findings_tell_both_levels_and_where_they_part(report: Report) -> None:
    told = " ".join(report.findings)
    assert "Mean Dice 0.40 " in told
    assert "over the 6 cases where it is defined (in 1 neither side holds a lesion)" in told
    assert "5 of 7 lesions found" in told
    assert "3 of 8 predicted lesions false" in told
    assert "1 of 2 cases with Dice ≥ 0.70 hides a lesion error: 1 missed and 1 false." in told
    assert "In 2 of 4 cases with Dice below 0.70, every lesion was found and none is false." in told
    assert "1 of 8 cases could not be compared and is in no number" in told
    assert "Not a medical device" in " ".join(report.limits)


def test_a_mean_says_what_it_leaves_out(report: Report) -> None:
    voxel, lesions = section(report, "levels").tables
    assert text_of(voxel)["Dice"] == ["0.40", "6", "1", "0"]
    assert text_of(voxel)["Hausdorff distance, mm"] == ["3.0", "4", "3", "1"]
    assert text_of(voxel)["Dice, cases with a lesion"] == ["0.48", "5", "0", "0"]
    assert text_of(lesions)["Recall"] == ["0.71"]
    assert text_of(lesions)["… false"] == ["3"]


def test_intervals_are_those_of_a_bootstrap_of_the_cases() -> None:
    columns = model()
    found = headline_intervals(columns, n_resamples=100)
    compared = columns.compared
    dice = mean_of([c.dice for c in compared])
    recall = share_of([c.tp_reference for c in compared], [c.n_reference_lesions for c in compared])
    assert found["mean dice"] == bootstrap(dice, len(compared), n_resamples=100)
    assert found["micro_recall"] == bootstrap(recall, len(compared), n_resamples=100)


def test_size_strata_are_those_of_the_engine() -> None:
    columns = model()
    for side in Side:
        assert columns.strata(side) == detection_by_size(cohort().cases, side=side)


def test_every_case_is_in_the_table_with_its_verdict(report: Report) -> None:
    values = report.cases.values
    verdicts = dict(zip(values["case"], values["verdict"], strict=True))
    assert verdicts == {
        "hides": "hidden error",
        EVIL: "no lesion error",
        "alarms": "false alarm",
        "alarms too": "false alarm",
        "misses": "lesion errors",
        "false only": "lesion errors",
        "healthy": "no lesions",
        "broken": "not compared",
    }
    assert values["dice"][-2:] == [None, None]
    assert values["message"][-1] == "error: The file /home/someone/x.nii cannot be read."
    assert all(len(column) == report.cases.n_rows == 8 for column in values.values())


def test_a_number_instead_of_a_name_hides_the_message_too() -> None:
    names = Names({"broken": "case 8"}, frozenset({"broken"}))
    values = case_data([model()], names).values
    assert values["case"][-1] == "case 8"
    assert "someone" not in values["message"][-1]


def test_few_hidden_errors_are_told_in_a_sentence_each(report: Report) -> None:
    errors, alarms = section(report, "hidden").tables
    assert errors.note.startswith("hides: Dice 0.90, ranked gap")
    assert "1 of 2 lesions missed (0.50 ml); 1 of 2 predicted lesions false" in errors.note
    assert [row[0].text for row in alarms.rows] == ["alarms", "alarms too"], "the lowest Dice first"


def test_cases_not_compared_stand_with_their_reasons(report: Report) -> None:
    by_status, reasons = section(report, "status").tables
    assert [row[1].text for row in by_status.rows] == ["7", "0", "1"]
    assert text_of(reasons) == {"broken": ["The file /home/someone/x.nii cannot be read."]}


@pytest.mark.parametrize("name", presets())
def test_every_setting_of_every_convention_has_words(name: str) -> None:
    settings = presets()[name].settings()
    found = convention_section(settings)
    rows = found.tables[0].rows
    assert len(rows) == len(list(leaves(settings))) - 3  # name, description and citation stand above
    assert all(row[3].text for row in rows)
    assert name in found.intro[0]


def test_two_models_differ_with_intervals_and_ranks() -> None:
    models = [model("one"), model("other")]
    values = {m.name: {"medassist": headline(m.cohort)} for m in models}
    extras = Extras(how=FAST.how, rankings=rank_models(values))
    report = build(models, extras)
    (table,) = section(report, "differences").tables
    assert [cell.text for cell in table.rows[0][:4]] == ["Dice", "0.400", "0.400", "0.000"]
    assert "No two models swap places" in section(report, "rankings").intro[0]
    assert report.cases.values["model"] == ["one"] * 8 + ["other"] * 8
    assert any("one minus other" in sentence for sentence in report.findings)
    assert all("[" not in cell.text for row in table.rows for cell in row)


def test_three_models_have_adjusted_p_values() -> None:
    report = build([model(name) for name in "abc"], FAST)
    tables = section(report, "differences").tables
    assert len(tables) == 3
    assert "p, Holm" in tables[0].columns


def test_confidences_bring_curves_and_controlled_precision() -> None:
    scored = (
        ScoredCase("hides", (Candidate(True, 0.9), Candidate(False, 0.95)), 0.95, True, 1),
        ScoredCase("alarms", (Candidate(True, 0.8),), 0.8, True, 1),
        ScoredCase("healthy", (), 0.0, False, 0),
    )
    report = build([ModelColumns.of("", cohort(), scored)], FAST)
    plots = {plot.id: plot for plot in report.plots}
    assert plots["plot-dice-controlled_precision"].spec["n"] == 2
    assert plots["curve-froc"].spec["series"][0]["y"][-1] == 1.0
    assert "Average precision" in text_of(section(report, "detection").tables[0])
    at = report.cases.values["case"].index
    precision = report.cases.values["controlled_precision"]
    assert (precision[at("hides")], precision[at("alarms")]) == (0.5, 1.0)
    assert "plot-dice-lesion_recall" not in plots


def test_without_confidences_recall_stands_in(report: Report) -> None:
    plots = {plot.id: plot for plot in report.plots}
    assert plots["plot-dice-lesion_recall"].spec["n"] == 5
    assert "2 compared cases have no value" in plots["plot-dice-lesion_recall"].note
    assert not [name for name in plots if name.startswith("curve")]


def test_zones_and_labels_have_tables_of_their_own() -> None:
    def zoned(found: CaseEvaluation, status: ZoneStatus) -> CaseEvaluation:
        if status is not ZoneStatus.OK or found.counts is None:
            return replace(found, zone_status=status)
        inner = PartEvaluation(1, "peripheral", {"dice": found.dice}, found.counts)
        outer = PartEvaluation(0, "outside", {"dice": nan})
        label = PartEvaluation(2, "ISUP 2", {"dice": 0.5}, LesionCounts(1, 0, 1, 0))
        return replace(found, regions=(inner, outer), labels=(label,), zone_status=status)

    first, *others = cohort().cases
    cases = [zoned(first, ZoneStatus.MISSING), *(zoned(c, ZoneStatus.OK) for c in others)]
    report = build([ModelColumns.of("", summarise(cases))], FAST)
    rows = text_of(section(report, "zones").tables[0])
    assert rows["peripheral"] == ["6", "0.30", "4 of 5", "0.80", "2 of 6", "0.67"]
    assert rows["outside"][2] == "0 of 0"
    assert section(report, "zones").intro[1] == "Not judged by zone: 1 case without a zone map."
    assert text_of(section(report, "labels").tables[0])["ISUP 2"][0] == "6"


def test_histograms_count_every_finite_value(report: Report) -> None:
    spec = next(plot.spec for plot in report.plots if plot.id == "histogram-dice")
    counts = {series["name"]: sum(series["y"]) for series in spec["series"]}
    assert counts == {"no lesion error": 1, "false alarm": 2, "lesion errors": 2, "hidden error": 1}


def test_a_cohort_in_which_nothing_could_be_compared_still_has_a_report() -> None:
    broken = [c for c in cohort().cases if c.status is Status.ERROR]
    report = build([ModelColumns.of("", summarise(broken))], FAST)
    assert report.findings[0].startswith("No case could be compared")
    assert report.cases.values["verdict"] == ["not compared"]


def test_the_gallery_takes_what_dice_flatters_and_what_it_belittles() -> None:
    columns = model()
    chosen = worst_cases([columns], 4)
    names = [columns.cases[choice.index].case for choice in chosen]
    assert names[0] == "hides"
    assert chosen[0].group == FLATTERED
    assert len(set(names)) == len(names) == 4
    groups = {name: choice.group for name, choice in zip(names, chosen, strict=True)}
    assert groups.get("alarms", BELITTLED) == BELITTLED
    assert not worst_cases([columns], 0)


def test_rows_of_pictures_count_on_over_models() -> None:
    models = [model("one"), model("other")]
    rows = [choice.row for choice in worst_cases(models, 2)]
    assert rows == [0, 8]


def test_a_caption_tells_both_levels() -> None:
    told = caption(case("x", 0.856, 1, 1, 1, 2, ml=0.31), 0.4)
    assert told == (
        "Dice 0.86, ranked gap +0.40: 1 of 2 lesions missed (0.31 ml); 2 of 3 predicted lesions false "
        "(0.31, 0.31 ml)."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.125, "0.12"), (-0.001, "0.00"), (-1.5, "\N{MINUS SIGN}1.50"), (nan, "\N{EN DASH}"), (inf, "∞")],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_values_for_json_are_none_where_undefined() -> None:
    assert [plain(v) for v in (nan, None, inf, 0.123456789, np.float64(1))] == [
        None,
        None,
        "inf",
        0.123457,
        1.0,
    ]


def test_small_texts() -> None:
    assert [p_value(p) for p in (0.0001, 0.0123, nan)] == ["< 0.001", "0.012", "\N{EN DASH}"]
    assert [volumes(0, 0.1), volumes(0.1, 2), volumes(2, inf)] == [
        "under 0.1 ml",
        "0.1 to 2 ml",
        "2 ml and more",
    ]
