"""From the evaluations of one model or several to all that a report says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from napari_medassist.core.provenance import now
from napari_medassist.core.results import CaseEvaluation, Status
from napari_medassist.evaluation.disagreement import false_alarms
from napari_medassist.evaluation.report.agreement_tables import agreement_section, correlations
from napari_medassist.evaluation.report.case_data import Names, case_data
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import (
    Cell,
    Inputs,
    PictureGroup,
    Report,
    Section,
    TextTable,
)
from napari_medassist.evaluation.report.convention_words import convention_section
from napari_medassist.evaluation.report.findings import (
    LIMITS,
    difference_sentence,
    findings,
    not_compared,
)
from napari_medassist.evaluation.report.intervals import headline_intervals
from napari_medassist.evaluation.report.levels import (
    case_means_section,
    detection_section,
    levels_section,
    sizes_section,
)
from napari_medassist.evaluation.report.marks import (
    ReaderMark,
    marks_of_rows,
    marks_section,
    told_marks,
)
from napari_medassist.evaluation.report.model_tables import (
    Differences,
    differences_of,
    differences_section,
    rankings_section,
)
from napari_medassist.evaluation.report.numbers import count
from napari_medassist.evaluation.report.part_tables import part_sections
from napari_medassist.evaluation.report.plots import plots_of
from napari_medassist.evaluation.report.worst import caption
from napari_medassist.evaluation.statistics.paired import Resampling
from napari_medassist.evaluation.statistics.ranking import Rankings

#: Cases that are listed in a table at most; further ones are counted, and stand in the case table.
_MAX_LINKS = 12
#: So few cases are told in a sentence each, below their table.
_MAX_TOLD = 4
_MAX_FAILED = 200


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What a report shows beyond the numbers of its cohorts.

    Parameters
    ----------
    title
        What stands at the top.
    names
        What cases are called.
    inputs
        Where the numbers come from.
    gallery, gallery_note
        Pictures, and how to read them.
    rankings
        Ranks of the models under several conventions; by default under their own only.
    marks
        What readers marked, by the name of the case.
    how
        Numbers of resamples and of permutations.
    version
        Of this software.
    """

    title: str = "Evaluation report"
    names: Names = field(default_factory=lambda: Names({}))
    inputs: Inputs = field(default_factory=Inputs)
    gallery: tuple[PictureGroup, ...] = ()
    gallery_note: str = ""
    rankings: Rankings | None = None
    marks: Mapping[str, ReaderMark] = field(default_factory=dict)
    how: Resampling = field(default_factory=Resampling)
    version: str = ""


def build(models: Sequence[ModelColumns], extras: Extras) -> Report:
    """Gather all that a report says.

    Parameters
    ----------
    models
        One or several, on the same references and under one convention; several have names.
    extras
        Title, pictures, inputs.

    Raises
    ------
    InvalidSetting
        If the models cannot be compared with each other.
    """
    n_resamples = extras.how.n_resamples
    found = [headline_intervals(model, n_resamples=n_resamples) for model in models]
    agreement = [correlations(model, n_resamples=n_resamples) for model in models]
    differences = differences_of(models, extras.how)
    marks = told_marks(extras.marks, extras.names)
    marked = marks_section(models, marks, extras.names)
    sections = [
        _differing(differences, extras.rankings),
        [agreement_section(models, agreement, n_resamples=n_resamples)],
        [_hidden_section(models, extras.names), sizes_section(models, found)],
        part_sections(models, n_resamples=n_resamples),
        [case_means_section(models, found)],
        [marked] if marked else [],
    ]
    detection = detection_section(models, n_resamples=n_resamples)
    pictured = [p.row for group in extras.gallery for p in group.pictures]
    sentences = [
        f"{model.name}: {sentence}" if model.name else sentence
        for model, of_model, r in zip(models, found, agreement, strict=True)
        for sentence in findings(model, of_model, r[0])
    ]
    sentences += [difference_sentence(*pair, values) for pair, values in differences.items()]
    return Report(
        title=extras.title,
        subtitle=_subtitle(models),
        created=now(),
        version=extras.version,
        findings=tuple(s for s in (*sentences, *not_compared(models)) if s),
        limits=LIMITS,
        levels=(levels_section(models, found), *([detection] if detection else [])),
        plots=plots_of(models),
        further=tuple(section for group in sections for section in group),
        gallery=extras.gallery,
        gallery_note=extras.gallery_note,
        cases=case_data(models, extras.names, pictured=pictured, marks=_marks_by_row(models, marks)),
        closing=(
            *_status_sections(models, extras.names),
            convention_section(models[0].cohort.convention),
        ),
        inputs=extras.inputs,
    )


def _marks_by_row(
    models: Sequence[ModelColumns], marks: Mapping[str, ReaderMark]
) -> list[tuple[str, str]]:
    rows = marks_of_rows(models, marks)
    return [(mark.kind, mark.note) if mark else ("", "") for mark in rows]


def _differing(differences: Differences, rankings: Rankings | None) -> list[Section]:
    if not differences:
        return []
    return [
        differences_section(differences),
        *([rankings_section(rankings)] if rankings is not None else []),
    ]


def _subtitle(models: Sequence[ModelColumns]) -> str:
    n_cases = count(len(models[0].cases), "case")
    convention = models[0].cohort.convention.get("name", "")
    named = (
        f"{count(len(models), 'model')}: {', '.join(m.name for m in models)}; "
        if models[0].name
        else ""
    )
    return f"{named}{n_cases}, convention “{convention}”"


def _hidden_section(models: Sequence[ModelColumns], names: Names) -> Section:
    tables: list[TextTable] = []
    first_row = 0
    for model in models:
        rows_of = {case.case: first_row + i for i, case in enumerate(model.cases)}
        tables += _hidden_tables(model, rows_of, names)
        first_row += len(model.cases)
    good = models[0].cohort.hidden_errors.good_dice
    intro = (
        f"Who only sees Dice takes a case with Dice ≥ {good:g} for a good one. A hidden error is such "
        "a case with a missed or false lesion; a false alarm is a case below, with every lesion right. "
        "The largest disagreements come first; all stand in the case table."
    )
    return Section("hidden", "Hidden errors and false alarms", (intro,), tuple(tables))


def _hidden_tables(
    model: ModelColumns, rows_of: dict[str, int], names: Names
) -> tuple[TextTable, TextTable]:
    suffix = f": {model.name}" if model.name else ""
    hidden = model.cohort.hidden_errors
    alarms = false_alarms(model.compared, good_dice=hidden.good_dice)
    place_of = {case.case: place for place, case in enumerate(model.cases)}
    by_name = {case.case: case for case in model.cases}

    def table(title: str, cases: Sequence[str], n_possible: int, sign: int) -> TextTable:
        ranked = sorted(cases, key=lambda n: (-abs(model.gap_of.get(n, 0.0)), sign * by_name[n].dice))
        rows = tuple(_case_row(by_name[n], rows_of[n], names) for n in ranked[:_MAX_LINKS])
        more = len(ranked) - len(rows)
        told = [
            f"{names.of(n)}: {caption(model.cohort.cases[place_of[n]], model.gap_of.get(n, 0.0))}"
            for n in ranked
            if len(ranked) <= _MAX_TOLD
        ]
        return TextTable(
            f"{title}{suffix}: {count(len(cases), 'case')} of {n_possible:,}",
            ("case", "Dice", "missed", "false"),
            rows,
            f"{more:,} more in the case table." if more else " ".join(told),
        )

    return (
        table("Hidden errors", hidden.cases, hidden.n_good_cases, -1),
        table("False alarms", alarms.cases, alarms.n_poor_cases, 1),
    )


def _case_row(case: CaseEvaluation, row: int, names: Names) -> tuple[Cell, ...]:
    return (
        Cell(names.of(case.case), href=f"#case-{row}"),
        Cell(f"{case.dice:.2f}"),
        Cell(f"{case.fn} of {case.n_reference_lesions}"),
        Cell(f"{case.fp} of {case.n_predicted_lesions}"),
    )


def _status_sections(models: Sequence[ModelColumns], names: Names) -> tuple[Section, ...]:
    tables = []
    for model in models:
        suffix = f": {model.name}" if model.name else ""
        by_status = model.cohort.n_by_status
        titles = {
            Status.OK: "compared",
            Status.GRID_MISMATCH: "on different grids",
            Status.ERROR: "not readable, or incomplete",
        }
        rows: list[tuple[Cell, ...]] = [
            (Cell(titles[status]), Cell(f"{n:,}")) for status, n in by_status.items()
        ]
        tables.append(TextTable(f"Cases by status{suffix}", ("", "cases"), tuple(rows)))
        failed = [case for case in model.cases if case.status is not Status.OK]
        if failed:
            rows = [(Cell(names.of(c.case)), Cell(names.message(c))) for c in failed[:_MAX_FAILED]]
            more = len(failed) - len(rows)
            note = f"{more:,} more stand in the case table." if more else ""
            table = TextTable(f"Not compared{suffix}", ("case", "why"), tuple(rows), note)
            tables.append(table)
    intro = (
        "A case that could not be compared is in no number, and stands here: none is dropped silently."
    )
    return (Section("status", "What was compared, and what was not", (intro,), tuple(tables)),)
