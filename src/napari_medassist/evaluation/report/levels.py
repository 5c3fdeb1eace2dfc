"""Both levels side by side: means over voxels, sums over lesions, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_medassist.core.lesion import Side
from napari_medassist.core.results import FurtherCounts, Mean
from napari_medassist.evaluation.detection.curves import LUNA16_FP_PER_CASE, detection_curve
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Cell, Section, TextTable
from napari_medassist.evaluation.report.numbers import WITH_CI, interval_cell, number, volumes
from napari_medassist.evaluation.sizes import SizeStratum
from napari_medassist.evaluation.statistics.resampling import (
    Interval,
    auroc_of,
    average_precision_of,
    bootstrap,
)
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Level, MetricSpec

Intervals = Mapping[str, Interval]

_FIRST = ("dice", "hd_mm", "hd95_mm", "assd_mm")
_MEAN_COLUMNS = ("", f"mean {WITH_CI}", "cases", "undefined", "of these, missed")
_MEAN_NOTE = (
    "Undefined: cases without a value, which are in no mean. Of these, missed: those whose reference "
    "has a lesion. A model that misses a lesion has no distance there, so its mean distance looks "
    "better for it."
)
#: Of fewer lesions an interval says nothing.
_ENOUGH_LESIONS = 5
_SIZES_NOTE = (
    "The edges are about the volumes of balls of 5, 7.5, 10 and 15 mm in diameter. "
    f"Intervals come from a bootstrap of the cases; below {_ENOUGH_LESIONS} lesions there is none."
)
_OF_SIDE = {
    Side.REFERENCE: ("Recall", "found", "reference lesion"),
    Side.PREDICTION: ("Precision", "true", "predicted lesion"),
}
_TOTALS = (
    ("micro_recall", "Recall", "Found reference lesions, as a share of all that count."),
    ("micro_precision", "Precision", "True predicted lesions, as a share of all that count."),
    ("micro_f1", "F1", "Harmonic mean of recall and precision."),
    ("fp_per_case", "False lesions per case", "False predicted lesions over compared cases."),
)


def levels_section(models: Sequence[ModelColumns], found: Sequence[Intervals]) -> Section:
    """Return the headline tables: for each model its voxel level beside its lesion level."""
    tables = []
    for model, of_model in zip(models, found, strict=True):
        suffix = f": {model.name}" if model.name else ""
        tables += [_voxel_table(model, of_model, suffix), _lesion_table(model, of_model, suffix)]
    intro = "The same masks, seen twice: voxel by voxel on the left, lesion by lesion on the right."
    return Section("levels", "Both levels side by side", (intro,), tuple(tables))


def _voxel_table(model: ModelColumns, found: Intervals, suffix: str) -> TextTable:
    specs = [spec for spec in _specs(model, Level.VOXEL) if not _is_volume(spec)]
    dice = model.cohort.dice_with_lesion
    tip = "Mean Dice over the compared cases whose reference has a lesion."
    rows = [_mean_row(spec, model.cohort.means[spec.name], found) for spec in specs]
    special = _row("Dice, cases with a lesion", tip, dice, interval_cell(found["dice_with_lesion"]))
    n_first = sum(spec.name == "dice" for spec in specs)
    rows.insert(n_first, special)
    return TextTable(f"Voxel level{suffix}", _MEAN_COLUMNS, tuple(rows), _MEAN_NOTE)


def _is_volume(spec: MetricSpec) -> bool:
    return spec.name in ("volume_reference_ml", "volume_prediction_ml")


def _specs(model: ModelColumns, level: Level) -> list[MetricSpec]:
    known = [spec for spec in METRICS if spec.name in model.cohort.means and spec.level is level]
    return sorted(known, key=lambda s: _FIRST.index(s.name) if s.name in _FIRST else len(_FIRST))


def _mean_row(spec: MetricSpec, mean: Mean, found: Intervals) -> tuple[Cell, ...]:
    title = f"{spec.title}, {spec.unit}" if spec.unit else spec.title
    decimals = 1 if spec.unit == "mm" else 2
    return _row(title, spec.definition, mean, interval_cell(found[f"mean {spec.name}"], decimals))


def _row(title: str, tip: str, mean: Mean, value: Cell) -> tuple[Cell, ...]:
    numbers = (mean.n_defined, mean.n_undefined, mean.n_missed)
    return (Cell(title, tip=tip), value, *(Cell(f"{n:,}") for n in numbers))


def _lesion_table(model: ModelColumns, found: Intervals, suffix: str) -> TextTable:
    totals, n_cases = model.cohort.totals, len(model.compared)
    further = sum((c.further_counts or FurtherCounts() for c in model.compared), FurtherCounts())
    counts = (
        ("Reference lesions", totals.n_reference_lesions, "All that the reference holds."),
        ("… found", totals.tp_reference, "Reference lesions that the prediction hits."),
        ("… missed", totals.fn, "Reference lesions that the prediction does not hit."),
        ("Predicted lesions", totals.n_predicted_lesions, "All that was predicted."),
        ("… true", totals.tp_prediction, "Predicted lesions that hit a reference lesion."),
        ("… false", totals.fp, "Predicted lesions that hit none."),
        ("Ignored", totals.ignored_reference + totals.ignored_prediction, "Left out by convention."),
        ("Split lesions", further.n_splits, "Reference lesions with several true predictions."),
        ("Merged lesions", further.n_merges, "Predictions that lie in several found lesions."),
        (
            "Too small to count",
            further.n_dropped_reference + further.n_dropped_prediction,
            "Components below the least size of the convention, on both sides.",
        ),
    )
    rows = [(Cell(title, tip=tip), interval_cell(found[key])) for key, title, tip in _TOTALS]
    rows += [(Cell(title, tip=tip), Cell(f"{n:,}")) for title, n, tip in counts]
    note = f"Sums over {n_cases:,} compared cases, lesions of all cases together (micro average)."
    return TextTable(f"Lesion level{suffix}", ("", f"all cases {WITH_CI}"), tuple(rows), note)


def case_means_section(models: Sequence[ModelColumns], found: Sequence[Intervals]) -> Section:
    """Return lesion metrics averaged over cases (macro), which weigh a case as a case."""
    tables = []
    for model, of_model in zip(models, found, strict=True):
        suffix = f": {model.name}" if model.name else ""
        specs = _specs(model, Level.LESION)
        rows = tuple(_mean_row(spec, model.cohort.means[spec.name], of_model) for spec in specs)
        tables.append(TextTable(f"Lesion metrics{suffix}", _MEAN_COLUMNS, rows))
    intro = (
        "Each case has a value and counts alike, whatever its number of lesions. "
        "A case without lesions on either side has none."
    )
    return Section("macro", "Lesion metrics, mean over cases", (intro,), tuple(tables))


def sizes_section(models: Sequence[ModelColumns], found: Sequence[Intervals]) -> Section:
    """Return recall and precision by the size of lesions."""
    tables = []
    for model, of_model in zip(models, found, strict=True):
        suffix = f": {model.name}" if model.name else ""
        for side, (title, right, whose) in _OF_SIDE.items():
            rows = tuple(
                _size_row(stratum, of_model[f"size {side.value} {place}"])
                for place, stratum in enumerate(model.strata(side))
            )
            columns = (whose, right, f"{title.lower()} {WITH_CI}")
            tables.append(TextTable(f"{title} by volume{suffix}", columns, rows))
    return Section("sizes", "Small lesions and large ones", (_SIZES_NOTE,), tuple(tables))


def _size_row(stratum: SizeStratum, found: Interval) -> tuple[Cell, ...]:
    cell = interval_cell(found)
    return (
        Cell(volumes(stratum.lower_ml, stratum.upper_ml)),
        Cell(f"{stratum.n_right:,} of {stratum.n_lesions:,}"),
        Cell(
            cell.text,
            cell.detail if stratum.n_lesions >= _ENOUGH_LESIONS else "",
            share=stratum.share if stratum.n_lesions else None,
        ),
    )


def detection_section(models: Sequence[ModelColumns], *, n_resamples: int) -> Section | None:
    """Return what follows from confidences; None where no model has any."""
    tables = []
    for model in models:
        if not model.scored:
            continue
        suffix = f": {model.name}" if model.name else ""
        tables.append(_detection_table(model, suffix, n_resamples))
    if not tables:
        return None
    intro = "From the confidence of every predicted lesion, over all cut-offs."
    return Section("detection", "Detection over all cut-offs", (intro,), tuple(tables))


def _detection_table(model: ModelColumns, suffix: str, n_resamples: int) -> TextTable:
    cases, curve = model.scored, detection_curve(model.scored)
    precision, auroc = (
        bootstrap(of(cases), len(cases), n_resamples=n_resamples)
        for of in (average_precision_of, auroc_of)
    )
    rows = [
        (Cell("Average precision"), interval_cell(precision)),
        (Cell("AUROC of cases"), interval_cell(auroc)),
        *(
            (
                Cell(f"Recall at {fp:g} false lesions per case"),
                Cell(number(curve.sensitivity_at_fp(fp))),
            )
            for fp in LUNA16_FP_PER_CASE
        ),
        *(
            (Cell(f"Precision at recall {recall:g}"), Cell(number(curve.precision_at_recall(recall))))
            for recall in (0.5, 0.7, 0.9)
        ),
    ]
    return TextTable(f"Detection{suffix}", ("", f"value {WITH_CI}"), tuple(rows))
