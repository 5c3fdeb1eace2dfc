"""What the plots show. Points of cases come from the case table, so that they are in the page once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.evaluation.detection.curves import LesionCurve, detection_curve
from napari_medassist.evaluation.report.case_data import ALARM, EMPTY, ERRORS, FINE, HIDDEN, verdict
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Plot
from napari_medassist.evaluation.report.numbers import count, plain_list
from napari_medassist.metrics.registry import METRICS

#: Points of a curve at most; more cannot be told apart.
_MAX_POINTS = 1500
_SCATTERS = (
    ("dice", "lesion_f1", "Dice against lesion F1"),
    ("dice", "controlled_precision", "Dice against recall-controlled precision"),
    ("dice", "lesion_recall", "Dice against lesion recall"),
    ("hd_mm", "lesion_precision", "Hausdorff distance against lesion precision"),
)
_SHARES, _LENGTHS = np.linspace(0, 1, 21), 20


def plots_of(models: Sequence[ModelColumns]) -> tuple[Plot, ...]:
    """Return all plots of a report."""
    has_confidences = any(model.scored for model in models)
    left_out = "lesion_recall" if has_confidences else "controlled_precision"
    scatters = [_scatter(models, *pair) for pair in _SCATTERS if left_out not in pair]
    return (
        *scatters,
        _explorer(),
        *(_histogram(models, key) for key in ("dice", "hd95_mm")),
        *(_curves(models) if has_confidences else ()),
    )


def _scatter(models: Sequence[ModelColumns], x: str, y: str, title: str) -> Plot:
    n_cases = n_shown = 0
    for model in models:
        n_cases += len(model.compared)
        n_shown += sum(
            bool(np.isfinite([model.value(case, x), model.value(case, y)]).all())
            for case in model.compared
        )
    note = f"{count(n_shown, 'point')}, one a case{' and model' if len(models) > 1 else ''}."
    if n_shown < n_cases:
        note += f" {n_cases - n_shown:,} compared cases have no value on one axis or both."
    return Plot(f"plot-{x}-{y}", title, note, {"type": "scatter", "x": x, "y": y, "n": n_shown})


def _explorer() -> Plot:
    note = "Cases without a value on either axis are left out; their number stands in the plot."
    spec = {"type": "scatter", "x": "volume_reference_ml", "y": "dice", "choose": True}
    return Plot("plot-any", "Any number against any other", note, spec)


def _histogram(models: Sequence[ModelColumns], key: str) -> Plot:
    spec = METRICS.get(key)
    title = f"{spec.title}, {spec.unit}" if spec.unit else spec.title
    values = [_finite([model.value(case, key) for case in model.compared]) for model in models]
    top = max((float(v.max(initial=0)) for v in values), default=0) or 1.0
    edges = _SHARES if spec.range == (0.0, 1.0) else np.linspace(0, top * (1 + 1e-9), _LENGTHS + 1)
    if len(models) == 1:
        series = _by_verdict(models[0], key, edges)
        note = "Bars are stacked by verdict, in the colours of the plots above."
    else:
        pairs = zip(models, values, strict=True)
        series = [_bars(model.name, found, edges) for model, found in pairs]
        note = "Cases by model."
    n_undefined = sum(len(m.compared) - v.size for m, v in zip(models, values, strict=True))
    note += f" {n_undefined:,} compared cases have no finite value." if n_undefined else ""
    bars = {"type": "bars", "x": title, "y": "cases", "stacked": len(models) == 1, "series": series}
    return Plot(f"histogram-{key}", f"How {spec.title} is spread", note, bars)


def _by_verdict(model: ModelColumns, key: str, edges: Float) -> list[dict[str, Any]]:
    groups: dict[str, list[float]] = {name: [] for name in (FINE, ALARM, ERRORS, HIDDEN, EMPTY)}
    for case in model.compared:
        groups[verdict(model, case)].append(model.value(case, key))
    return [_bars(name, found, edges) for name, v in groups.items() if (found := _finite(v)).size]


def _bars(name: str, values: Float, edges: Float) -> dict[str, Any]:
    counts, _ = np.histogram(values, bins=edges)
    centres = (edges[:-1] + edges[1:]) / 2
    return {"name": name, "x": plain_list(centres.tolist(), 4), "y": counts.tolist()}


def _finite(values: Sequence[float]) -> Float:
    found = np.array(values, dtype=np.float64)
    return found[np.isfinite(found)]


def _curves(models: Sequence[ModelColumns]) -> tuple[Plot, Plot]:
    curves = {model.name: detection_curve(model.scored) for model in models if model.scored}
    n_cases = sum(curve.n_cases for curve in curves.values())
    note = (
        f"Every confidence that occurs is a cut-off; {count(n_cases, 'case')}. Hover tells the cut-off."
    )
    precision = {
        "type": "lines",
        "x": "recall",
        "y": "precision",
        "ranges": [[0, 1], [0, 1]],
        "series": [_line(name, c, c.recall, c.precision) for name, c in curves.items()],
    }
    froc = {
        "type": "lines",
        "x": "false lesions per case",
        "y": "recall",
        "ranges": [None, [0, 1]],
        "series": [_line(name, c, c.fp_per_case, c.recall) for name, c in curves.items()],
    }
    return (
        Plot("curve-precision-recall", "Precision over recall, lesion by lesion", note, precision),
        Plot("curve-froc", "FROC: recall over false lesions per case", note, froc),
    )


def _line(name: str, curve: LesionCurve, x: Float, y: Float) -> dict[str, Any]:
    step = max(1, -(-curve.cut_offs.size // _MAX_POINTS))
    chosen = np.unique(np.append(np.arange(0, curve.cut_offs.size, step), curve.cut_offs.size - 1))
    chosen = chosen[chosen >= 0]
    return {
        "name": name,
        "x": plain_list(x[chosen].tolist(), 4),
        "y": plain_list(y[chosen].tolist(), 4),
        "cut_offs": plain_list(curve.cut_offs[chosen].tolist(), 4),
    }
