"""Lesion-level F1."""

from __future__ import annotations

from math import nan

from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.spec import Better, EmptyPolicy, LesionMetric


def lesion_f1(counts: LesionCounts) -> float:
    """Return the harmonic mean of recall and precision; NaN if there is no lesion on either side.

    Where lesions are paired one to one this is 2 TP / (2 TP + FP + FN).
    """
    n_reference = counts.tp_reference + counts.fn
    n_predicted = counts.tp_prediction + counts.fp
    if not n_reference + n_predicted:
        return nan
    if not (counts.tp_reference and counts.tp_prediction):
        return 0.0
    recall, precision = counts.tp_reference / n_reference, counts.tp_prediction / n_predicted
    return 2 * recall * precision / (recall + precision)


METRIC = LesionMetric(
    name="lesion_f1",
    title="Lesion F1",
    definition="2 recall precision / (recall + precision), each counted on its own side; 0 "
    "where lesions are and none is right",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    citation="Maier-Hein L. et al., Nature Methods 21:195-212, 2024",
    compute=lesion_f1,
)
