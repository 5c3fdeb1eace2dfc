"""Several models side by side: their differences, and who is ahead under which number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isfinite

from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Cell, Section, TextTable
from napari_medassist.evaluation.report.numbers import (
    MINUS,
    UNDEFINED,
    WITH_CI,
    interval_cell,
    number,
    p_value,
)
from napari_medassist.evaluation.statistics.multiplicity import holm
from napari_medassist.evaluation.statistics.paired import PairedComparison, Resampling, compare_cohorts
from napari_medassist.evaluation.statistics.paired_detection import compare_scored
from napari_medassist.evaluation.statistics.ranking import Flip, Rankings
from napari_medassist.metrics.registry import METRICS

Differences = Mapping[tuple[str, str], Mapping[str, PairedComparison]]

_TOTALS = {
    "micro_recall": "Lesion recall, all cases",
    "micro_precision": "Lesion precision, all cases",
    "micro_f1": "Lesion F1, all cases",
    "fp_per_case": "False lesions per case",
    "average_precision": "Average precision of lesions",
    "auroc": "AUROC of cases",
    "froc": "Mean lesion recall at 1/8 to 8 false lesions per case",
    "sensitivity_at_1_fp": "Lesion recall at 1 false lesion per case",
}


_ORDER = ("mean dice", "mean hd_mm", "mean hd95_mm", "mean assd_mm", *_TOTALS)
_ON_DIFFERENCES = (
    "On the cases where both models have a value. Intervals draw the same cases for both; p-values "
    "come from exchanging the two models within cases. They are not adjusted for the number of "
    "metrics; of three models and more, Holm's are adjusted for the number of pairs."
)


def differences_of(models: Sequence[ModelColumns], how: Resampling) -> Differences:
    """Compare every two models on the cases of both; their curves too where both have confidences."""
    return {
        (one.name, other.name): {
            **compare_cohorts(one.cohort, other.cohort, how=how),
            **(
                compare_scored(one.scored, other.scored, how=how) if one.scored and other.scored else {}
            ),
        }
        for one, other in combinations(models, 2)
    }


def differences_section(differences: Differences) -> Section:
    """Return a table a pair of models; of several pairs with p-values adjusted by Holm's method."""
    adjusted = _adjusted(differences)
    p_values = ("p", "p, Holm") if adjusted else ("p",)
    columns = ("", "first", "second", f"first {MINUS} second {WITH_CI}", *p_values, "cases")
    tables = tuple(
        TextTable(
            f"{pair[0]} (first) and {pair[1]} (second)",
            columns,
            tuple(
                _row(name, found[name], adjusted.get((pair, name)))
                for name in sorted(found, key=_place)
            ),
        )
        for pair, found in differences.items()
    )
    return Section("differences", "Differences between the models", (_ON_DIFFERENCES,), tables)


def _adjusted(differences: Differences) -> dict[tuple[tuple[str, str], str], float]:
    """Return p-values adjusted for the number of pairs, each number by itself; none for one pair."""
    if len(differences) < 2:
        return {}
    adjusted: dict[tuple[tuple[str, str], str], float] = {}
    for name in dict.fromkeys(name for found in differences.values() for name in found):
        pairs = [pair for pair, found in differences.items() if name in found]
        values = holm([differences[pair][name].p_value for pair in pairs])
        adjusted |= {(pair, name): float(p) for pair, p in zip(pairs, values, strict=True)}
    return adjusted


def _place(number: str) -> tuple[int, str]:
    """Return where a number stands in its table: Dice and distances, sums over lesions, all else."""
    return (_ORDER.index(number) if number in _ORDER else len(_ORDER), number)


def _row(name: str, found: PairedComparison, adjusted: float | None) -> tuple[Cell, ...]:
    decimals = 1 if name.endswith("_mm") else 3
    left_out = f"{found.n_dropped:,} left out" if found.n_dropped else ""
    return (
        _name(name),
        Cell(number(found.first, decimals)),
        Cell(number(found.second, decimals)),
        interval_cell(found.difference, decimals),
        Cell(p_value(found.p_value)),
        *(() if adjusted is None else (Cell(p_value(adjusted)),)),
        Cell(f"{found.n_cases:,}", left_out),
    )


def _name(number_name: str) -> Cell:
    """Return what a number is called, with its definition."""
    metric = number_name.removeprefix("mean ")
    if metric not in METRICS.names():
        return Cell(_TOTALS.get(number_name, number_name))
    spec = METRICS.get(metric)
    return Cell(f"{spec.title}, {spec.unit}" if spec.unit else spec.title, tip=spec.definition)


def rankings_section(rankings: Rankings) -> Section:
    """Return who is ahead under each number and convention, and which models swap places."""
    rows = tuple(
        (
            _name(column.number),
            Cell(column.convention),
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
    columns = ("number", "convention", *rankings.models)
    table = TextTable("Rank of each model; 1 is best", columns, rows)
    title = "Who is best depends on the number" if intro else "Ranks of the models"
    intro = intro or ["No two models swap places: the order is the same under every number here."]
    return Section("rankings", title, tuple(intro), (table,))


def _swap(flip: Flip) -> str:
    return (
        f"{flip.first} is ahead under {len(flip.first_ahead)} numbers, "
        f"{flip.second} under {len(flip.second_ahead)}."
    )
