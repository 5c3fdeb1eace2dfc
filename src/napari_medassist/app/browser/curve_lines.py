"""The curves of a model as lines to draw: where they run, where the cut-off in use lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.evaluation.detection.curves import LesionCurve

Floats = NDArray[np.float64]

#: False lesions per case up to which a FROC is looked at.
_MAX_FP_PER_CASE = 8.0
_NO_CONFIDENCES = (
    "Label maps have no confidence, so there is no precision-recall or FROC curve: shown is how recall "
    "and precision fall as more overlap is asked for."
)


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a plot.

    Parameters
    ----------
    x, y
        Its corners.
    x_title, y_title
        What the axes are called.
    x_range
        What is shown of x; y runs from 0 to 1.
    summary
        What is said of it behind the model's name in the legend.
    marker
        Where the setting in use lies: x, y and what it is; None for nowhere.
    """

    x: Floats
    y: Floats
    x_title: str
    y_title: str
    x_range: tuple[float, float] = (0.0, 1.0)
    summary: str = ""
    marker: tuple[float, float, str] | None = None


@dataclass(frozen=True, eq=False)
class CurveSet:
    """The two lines of a model.

    Parameters
    ----------
    lines
        One a plot.
    note
        Why there are no others, if so.
    """

    lines: tuple[Line, Line]
    note: str = ""


def curve_set(results: ModelResults) -> CurveSet:
    """Return the curves of a model; takes a moment for thousands of cases."""
    curve = results.curves.detection
    if curve is None:
        return CurveSet(_over_overlap(results), _NO_CONFIDENCES)
    return CurveSet((_precision_over_recall(curve, results), _froc(curve, results)))


def _precision_over_recall(curve: LesionCurve, results: ModelResults) -> Line:
    return Line(
        curve.recall,
        curve.precision,
        "Lesion recall",
        "Lesion precision",
        summary=f", AP {curve.average_precision:.3f}",
        marker=_at_cut_off(curve, curve.recall, curve.precision, results),
    )


def _froc(curve: LesionCurve, results: ModelResults) -> Line:
    false = curve.fp_per_case[curve.recall > 0]  # where it begins to find something
    most = max(_MAX_FP_PER_CASE, 2 * float(np.nanmin(false, initial=np.inf))) if false.size else 1.0
    end = min(most, float(np.nanmax(curve.fp_per_case, initial=0.1)))
    return Line(
        curve.fp_per_case,
        curve.recall,
        "False lesions per case",
        "Lesion recall",
        x_range=(0.0, end),
        marker=_at_cut_off(curve, curve.fp_per_case, curve.recall, results),
    )


def _at_cut_off(
    curve: LesionCurve, x: Floats, y: Floats, results: ModelResults
) -> tuple[float, float, str] | None:
    """Return the point of the cut-off in use: the lowest one that is not below it."""
    cut_off = results.convention.extraction.threshold
    places = np.flatnonzero(curve.cut_offs >= cut_off)
    if not places.size:
        return None
    place = int(places[-1])
    return float(x[place]), float(y[place]), f"Cut-off {cut_off:g}"


def _over_overlap(results: ModelResults) -> tuple[Line, Line]:
    curve, rule = results.curves.overlap, results.convention.matching
    marked = rule.criterion == "overlap"
    lines = []
    for values, title, used in (
        (curve.recall, "Lesion recall", rule.threshold_reference),
        (curve.precision, "Lesion precision", rule.threshold_prediction),
    ):
        here = float(np.interp(used, curve.overlaps, values))
        marker = (used, here, f"Overlap {used:g}") if marked and np.isfinite(here) else None
        lines.append(Line(curve.overlaps, values, "Overlap that is asked for", title, marker=marker))
    return lines[0], lines[1]
