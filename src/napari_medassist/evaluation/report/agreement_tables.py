"""How far the metrics agree over cases: correlations, and kappa at cut-offs, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_medassist.evaluation.report.columns import CONTROLLED_RECALL, ModelColumns
from napari_medassist.evaluation.report.content import Cell, Section, TextTable
from napari_medassist.evaluation.report.numbers import WITH_CI, interval_cell, number
from napari_medassist.evaluation.statistics.agreement import (
    CaseValues,
    Correlation,
    KappaAtCutOffs,
    correlation,
    kappas,
)
from napari_medassist.metrics.registry import METRICS

_PAIRS = (
    ("dice", "lesion_f1"),
    ("dice", "lesion_recall"),
    ("dice", "lesion_precision"),
    ("dice", "controlled_precision"),
    ("hd95_mm", "lesion_f1"),
    ("hd_mm", "lesion_precision"),
)
_DICE_CUT_OFFS, _F1_CUT_OFFS = (0.5, 0.7, 0.8), (0.5, 1.0)
_INTRO = (
    "If the two views told the same story, these numbers would be near 1. Metrics of which lower is "
    "better are turned round first. Cases in which either number is undefined or infinite are left "
    "out, and counted."
)


def correlations(model: ModelColumns, *, n_resamples: int) -> tuple[Correlation, ...]:
    """Correlate the metrics of both levels over the compared cases; Dice with lesion F1 first."""
    pairs = [pair for pair in _PAIRS if model.scored or "controlled_precision" not in pair]
    return tuple(
        correlation(_values(model, one), _values(model, other), n_resamples=n_resamples)
        for one, other in pairs
    )


def _values(model: ModelColumns, name: str) -> CaseValues:
    if name != "controlled_precision":
        return CaseValues.of(model.compared, name)
    values = [model.controlled_precision.get(case.case, np.nan) for case in model.compared]
    return CaseValues(f"precision at recall {CONTROLLED_RECALL:g}", np.array(values, dtype=np.float64))


def agreement_section(
    models: Sequence[ModelColumns],
    found: Sequence[Sequence[Correlation]],
    *,
    n_resamples: int,
) -> Section:
    """Return the tables of agreement, two a model."""
    tables = []
    for model, of_model in zip(models, found, strict=True):
        suffix = f": {model.name}" if model.name else ""
        at_cut_offs = kappas(
            _values(model, "dice"),
            _values(model, "lesion_f1"),
            first_cut_offs=_DICE_CUT_OFFS,
            second_cut_offs=_F1_CUT_OFFS,
            n_resamples=n_resamples,
        )
        tables += [_correlation_table(of_model, suffix), _kappa_table(at_cut_offs, suffix)]
    return Section("agreement", "Do the two views agree?", (_INTRO,), tuple(tables))


def _correlation_table(found: Sequence[Correlation], suffix: str) -> TextTable:
    rows = tuple(
        (
            Cell(f"{_title(c.first)} and {_title(c.second)}"),
            interval_cell(c.pearson),
            interval_cell(c.spearman),
            Cell(f"{c.n_pairs:,}", f"{c.n_dropped:,} left out" if c.n_dropped else ""),
        )
        for c in found
    )
    columns = ("", f"Pearson {WITH_CI}", f"Spearman {WITH_CI}", "cases")
    return TextTable(f"Correlation over cases{suffix}", columns, rows)


def _kappa_table(found: Sequence[KappaAtCutOffs], suffix: str) -> TextTable:
    rows = tuple(
        (
            Cell(f"Dice ≥ {number(k.first_cut_off, 1)}", f"{k.n_first_good:,} cases"),
            Cell(f"F1 ≥ {number(k.second_cut_off, 1)}", f"{k.n_second_good:,} cases"),
            interval_cell(k.kappa),
        )
        for k in found
    )
    n_pairs = found[0].n_pairs
    note = (
        f"Do both call the same cases good? {n_pairs:,} cases; 0 is what chance would give, 1 always."
    )
    columns = ("good by Dice", "good by lesion F1", f"Cohen's kappa {WITH_CI}")
    return TextTable(f"Same cases called good{suffix}", columns, rows, note)


def _title(name: str) -> str:
    return METRICS.get(name).title if name in METRICS.names() else name.capitalize()
