"""Both levels by zone of the organ and by label, where results were judged so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.core.part_results import PartSummary, ZoneStatus
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Cell, Section, TextTable
from napari_medassist.evaluation.report.intervals import intervals
from napari_medassist.evaluation.report.numbers import WITH_CI, count, interval_cell
from napari_medassist.evaluation.statistics.resampling import mean_of, share_of

_COLUMNS = (
    "cases",
    f"mean Dice {WITH_CI}",
    "found",
    f"recall {WITH_CI}",
    "false",
    f"precision {WITH_CI}",
)
_ON_ZONES = "Voxels are compared within each zone; a lesion counts where most of it lies."
_ON_LABELS = "Each label compared by itself."


def part_sections(models: Sequence[ModelColumns], *, n_resamples: int) -> list[Section]:
    """Return tables by zone and by label; nothing where no model was judged so."""
    kinds = (
        ("zones", "By zone", "Each zone", "zone", _ON_ZONES, "regions"),
        ("labels", "By label", "Each label", "label", _ON_LABELS, "labels"),
    )
    sections = []
    for name, title, caption, word, told, kind in kinds:
        tables = tuple(
            _table(model, getattr(model.cohort, kind), getattr(model, kind), caption, word, n_resamples)
            for model in models
            if getattr(model.cohort, kind)
        )
        intro = (told, *(_unjudged(models) if kind == "regions" else ()))
        if tables:
            sections.append(Section(name, title, intro, tables))
    return sections


def _table(
    model: ModelColumns,
    parts: Sequence[PartSummary],
    columns: Mapping[int, Float],
    title: str,
    word: str,
    n_resamples: int,
) -> TextTable:
    suffix = f": {model.name}" if model.name else ""
    rows = tuple(_row(part, columns[part.value], n_resamples) for part in parts)
    return TextTable(f"{title}{suffix}", (word, *_COLUMNS), rows)


def _row(part: PartSummary, columns: Float, n_resamples: int) -> tuple[Cell, ...]:
    dice = columns[:, 4]
    tp_reference, fn, tp_prediction, fp = np.nan_to_num(columns[:, :4]).T
    statistics = {
        "dice": mean_of(dice),
        "recall": share_of(tp_reference, tp_reference + fn),
        "precision": share_of(tp_prediction, tp_prediction + fp),
    }
    found = intervals(statistics, len(columns), n_resamples=n_resamples)
    totals = part.totals
    return (
        Cell(part.name or str(part.value)),
        Cell(f"{part.n_cases:,}"),
        interval_cell(found["dice"]),
        Cell(f"{totals.tp_reference:,} of {totals.tp_reference + totals.fn:,}"),
        interval_cell(found["recall"]),
        Cell(f"{totals.fp:,} of {totals.tp_prediction + totals.fp:,}"),
        interval_cell(found["precision"]),
    )


def _unjudged(models: Sequence[ModelColumns]) -> tuple[str, ...]:
    """Return how many compared cases were not judged by zone, and why."""
    words = {
        ZoneStatus.MISSING: "without a zone map",
        ZoneStatus.GRID_MISMATCH: "whose zone map lies on another grid",
        ZoneStatus.ERROR: "whose zone map cannot be used",
    }
    found = Counter(case.zone_status for model in models for case in model.compared)
    told = [f"{count(found[s], 'case')} {words[s]}" for s in words if found[s]]
    return (f"Not judged by zone: {', '.join(told)}.",) if told else ()
