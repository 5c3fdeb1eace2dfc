"""Several models side by side: their differences, and who is ahead under which number."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import isfinite

from napari_medassist.core.results import CohortEvaluation
from napari_medassist.evaluation.paired import PairedComparison, Resampling, compare_cohorts
from napari_medassist.evaluation.ranking import Flip, Rankings
from napari_medassist.evaluation.report.content import Cell, Section, TextTable
from napari_medassist.evaluation.report.numbers import (
    MINUS,
    UNDEFINED,
    WITH_CI,
    interval_cell,
    number,
    p_value,
)
from napari_medassist.metrics.registry import METRICS

Differences = Mapping[tuple[str, str], Mapping[str, PairedComparison]]

_TOTALS = {
    "micro_recall": "Lesion recall, all cases",
    "micro_precision": "Lesion precision, all cases",
    "micro_f1": "Lesion F1, all cases",
    "fp_per_case": "False lesions per case",
}


def differences_of(cohorts: Mapping[str, CohortEvaluation], how: Resampling) -> Differences:
    """Compare every two models on the cases of both."""
    return {
        (one, other): compare_cohorts(cohorts[one], cohorts[other], how=how)
        for one, other in combinations(cohorts, 2)
    }


def differences_section(differences: Differences) -> Section:
    """Return a table a pair of models."""
    columns = ("", "first", "second", f"first {MINUS} second {WITH_CI}", "p", "cases")
    tables = tuple(
        TextTable(
            f"{first} (first) and {second} (second)",
            columns,
            tuple(_row(name, found) for name, found in by_number.items()),
        )
        for (first, second), by_number in differences.items()
    )
    intro = (
        "On the cases where both models have a value. Intervals draw the same cases for both; p-values "
        "come from exchanging the two models within cases. They are not adjusted for the number of "
        "comparisons."
    )
    return Section("differences", "Differences between the models", (intro,), tables)


def _row(name: str, found: PairedComparison) -> tuple[Cell, ...]:
    metric = name.removeprefix("mean ")
    spec = METRICS.get(metric) if metric in METRICS.names() else None
    title = f"{spec.title}{', ' + spec.unit if spec.unit else ''}" if spec else _TOTALS.get(name, name)
    decimals = 1 if spec is not None and spec.unit == "mm" else 3
    left_out = f"{found.n_dropped:,} left out" if found.n_dropped else ""
    return (
        Cell(title, tip=spec.definition if spec else ""),
        Cell(number(found.first, decimals)),
        Cell(number(found.second, decimals)),
        interval_cell(found.difference, decimals),
        Cell(p_value(found.p_value)),
        Cell(f"{found.n_cases:,}", left_out),
    )


def rankings_section(rankings: Rankings) -> Section:
    """Return who is ahead under each number and convention, and which models swap places."""
    rows = tuple(
        (
            Cell(column.convention),
            Cell(column.number.removeprefix("mean ")),
            *(
                Cell(f"{rank:g}" if isfinite(rank) else UNDEFINED, number(value, 3))
                for rank, value in zip(ranks, values, strict=True)
            ),
        )
        for column, ranks, values in zip(
            rankings.columns, rankings.ranks.T, rankings.values.T, strict=True
        )
    )
    intro = [_swap(flip) for flip in rankings.flips]
    columns = ("convention", "number", *rankings.models)
    table = TextTable("Rank of each model; 1 is best", columns, rows)
    title = "Who is best depends on the number" if intro else "Ranks of the models"
    intro = intro or ["No two models swap places: the order is the same under every number here."]
    return Section("rankings", title, tuple(intro), (table,))


def _swap(flip: Flip) -> str:
    return (
        f"{flip.first} is ahead under {len(flip.first_ahead)} numbers, "
        f"{flip.second} under {len(flip.second_ahead)}."
    )
