"""Results as rows and plain values, ready to be written as CSV and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields, replace
from typing import Any

from napari_medassist.core.results import (
    CaseEvaluation,
    CohortEvaluation,
    FurtherCounts,
    JudgedLesion,
    LesionMatch,
    Status,
)
from napari_medassist.evaluation.cohort import without_details
from napari_medassist.evaluation.disagreement import false_alarms, ranked_gaps
from napari_medassist.evaluation.tables.cells import Row, Table, Values, mean_values, number_for_json
from napari_medassist.evaluation.tables.parts import part_summaries
from napari_medassist.metrics.registry import METRICS

__all__ = [
    "CASE_COLUMNS",
    "CASE_FURTHER_COLUMNS",
    "LESION_COLUMNS",
    "MATCH_COLUMNS",
    "Row",
    "Table",
    "Values",
    "case_table",
    "cases_of",
    "lesion_table",
    "lesions_of",
    "matches_of",
    "summary",
]

#: The columns of ``cases.csv`` that always stand first. Further metrics follow, sorted by name.
CASE_COLUMNS = (
    "case",
    "status",
    "message",
    "dice",
    "hd_mm",
    "hd95_mm",
    "assd_mm",
    "volume_reference_ml",
    "volume_prediction_ml",
    "n_reference_lesions",
    "n_predicted_lesions",
    "tp_reference",
    "fn",
    "tp_prediction",
    "fp",
    "lesion_recall",
    "lesion_precision",
)

#: The columns of ``lesions.csv``. Indices count from 0 on the canonical grid (z, y, x grow toward
#: superior, posterior, left); boxes are half-open; several ids are parted by blanks.
LESION_COLUMNS = (
    "case",
    "side",
    "lesion",
    "verdict",
    "overlap_fraction",
    "matched_ids",
    "n_voxels",
    "volume_ml",
    *(f"centroid_index_{axis}" for axis in "zyx"),
    *(f"centroid_lps_{axis}_mm" for axis in "xyz"),
    *(f"start_{axis}" for axis in "zyx"),
    *(f"stop_{axis}" for axis in "zyx"),
    "confidence",
    "zone",
    "zone_fraction",
)

#: Columns of ``cases.csv`` that stand between those and further metrics.
CASE_FURTHER_COLUMNS = (
    "group",
    "ignored_reference",
    "ignored_prediction",
    *(part.name for part in fields(FurtherCounts)),
    "ranked_gap",
    *(f"spacing_{axis}_mm" for axis in "zyx"),
    "zone_status",
    "unlisted_labels",
)

#: The columns of ``matches.csv``: the match graph, an edge a row.
MATCH_COLUMNS = (
    "case",
    *(part.name for part in fields(LesionMatch)),
    *(
        n
        for n in ("reference_fraction", "prediction_fraction", "iou", "dice")
        if hasattr(LesionMatch, n)
    ),
)


def cases_of(cohort: CohortEvaluation) -> Table:
    """Return ``cases.csv``: a row a case; metrics that were asked for follow at the end."""
    further = tuple(name for name in cohort.means if name not in CASE_COLUMNS)

    def rows() -> Iterator[Values]:
        gaps = iter(ranked_gaps(_slim(cohort.cases)).cases)
        for case in cohort.cases:
            known = (getattr(case, name) for name in CASE_COLUMNS)
            gap = next(gaps).gap if case.status is Status.OK else None
            scores = (case.score(name) for name in further)
            yield (*known, *_further_values(case, gap), *scores)

    return Table((*CASE_COLUMNS, *CASE_FURTHER_COLUMNS, *further), rows)


def lesions_of(cohort: CohortEvaluation) -> Table:
    """Return ``lesions.csv``: a row a lesion of either side."""

    def rows() -> Iterator[Values]:
        for case in cohort.cases:
            for lesion in case.lesions:
                yield (case.case, *_lesion_values(lesion))

    return Table(LESION_COLUMNS, rows)


def matches_of(cohort: CohortEvaluation) -> Table:
    """Return ``matches.csv``: a row an edge of the match graph, whether it decided something or not."""

    def rows() -> Iterator[Values]:
        for case in cohort.cases:
            for match in case.matches:
                yield (case.case, *(getattr(match, name) for name in MATCH_COLUMNS[1:]))

    return Table(MATCH_COLUMNS, rows)


def case_table(cohort: CohortEvaluation) -> Iterator[Row]:
    """Go through ``cases.csv``: the header, then a row a case; an undefined value is an empty cell."""
    return cases_of(cohort).as_text()


def lesion_table(cohort: CohortEvaluation) -> Iterator[Row]:
    """Go through ``lesions.csv``: the header, then a row a lesion of either side."""
    return lesions_of(cohort).as_text()


def summary(cohort: CohortEvaluation) -> dict[str, Any]:
    """Return what ``summary.json`` says of the cohort; undefined values are None."""
    cases = tuple(_slim(cohort.cases))
    return {
        "cases": _case_counts(cases),
        "metrics": {
            spec.name: {
                "title": spec.title,
                "level": spec.level.value,
                "unit": spec.unit,
                **mean_values(cohort.means[spec.name]),
                "when_empty": spec.empty.describe(),
            }
            for spec in METRICS
            if spec.name in cohort.means
        },
        "dice_of_cases_with_reference_lesion": mean_values(cohort.dice_with_lesion),
        "lesions": _lesion_totals(cohort),
        "disagreement": _disagreement(cohort, cases),
        **part_summaries(cohort, cases),
        "convention": dict(cohort.convention),
    }


def _slim(cases: Iterable[CaseEvaluation]) -> Iterator[CaseEvaluation]:
    """Go through cases with Dice and counts only, for who holds all of them at once."""
    return (
        replace(without_details(case), scores={"dice": case.dice}, further_counts=None)
        for case in cases
    )


def _further_values(case: CaseEvaluation, gap: float | None) -> Values:
    spacing = case.spacing_zyx_mm or (None, None, None)
    if case.counts is None:
        counted: Values = (None,) * (2 + len(fields(FurtherCounts)))
    else:
        further = astuple(case.further_counts or FurtherCounts())
        counted = (case.counts.ignored_reference, case.counts.ignored_prediction, *further)
    unlisted = " ".join(str(value) for value in case.unlisted_labels)
    return (case.group, *counted, gap, *spacing, case.zone_status, unlisted)


def _case_counts(cases: Sequence[CaseEvaluation]) -> dict[str, Any]:
    found = Counter(case.status for case in cases)
    compared = [case for case in cases if case.status is Status.OK]
    return {
        "total": len(cases),
        **{status.value: found[status] for status in Status},
        "with_reference_lesion": sum(bool(case.n_reference_lesions) for case in compared),
        "with_predicted_lesion": sum(bool(case.n_predicted_lesions) for case in compared),
        "not_compared": [_failure(case) for case in cases if case.status is not Status.OK],
    }


def _failure(case: CaseEvaluation) -> dict[str, str]:
    return {"case": case.case, "status": case.status.value, "message": case.message}


def _lesion_totals(cohort: CohortEvaluation) -> dict[str, Any]:
    totals = cohort.totals
    return {
        "n_reference_lesions": totals.n_reference_lesions,
        "n_predicted_lesions": totals.n_predicted_lesions,
        "tp_reference": totals.tp_reference,
        "fn": totals.fn,
        "tp_prediction": totals.tp_prediction,
        "fp": totals.fp,
        "ignored_reference": totals.ignored_reference,
        "ignored_prediction": totals.ignored_prediction,
        "micro_recall": number_for_json(cohort.micro_recall),
        "micro_precision": number_for_json(cohort.micro_precision),
    }


def _disagreement(cohort: CohortEvaluation, cases: Iterable[CaseEvaluation]) -> dict[str, Any]:
    hidden = cohort.hidden_errors
    compared = (case for case in cases if case.status is Status.OK)
    alarms = false_alarms(compared, good_dice=hidden.good_dice)
    return {
        "good_dice": hidden.good_dice,
        "n_cases_with_good_dice": hidden.n_good_cases,
        "n_cases_with_hidden_errors": len(hidden.cases),
        "n_missed_lesions": hidden.n_missed,
        "n_false_lesions": hidden.n_false,
        "cases_with_hidden_errors": list(hidden.cases),
        "n_cases_with_poor_dice": alarms.n_poor_cases,
        "n_cases_with_false_alarms": len(alarms.cases),
        "cases_with_false_alarms": list(alarms.cases),
    }


def _lesion_values(lesion: JudgedLesion) -> tuple[object, ...]:
    return (
        lesion.side.value,
        lesion.id,
        lesion.verdict.value,
        lesion.overlap_fraction,
        " ".join(str(i) for i in lesion.matched_ids),
        lesion.n_voxels,
        lesion.volume_ml,
        *lesion.centroid_index_zyx,
        *(lesion.centroid_lps_mm or (None, None, None)),
        *lesion.start_zyx,
        *lesion.stop_zyx,
        lesion.confidence,
        lesion.zone,
        lesion.zone_fraction,
    )
