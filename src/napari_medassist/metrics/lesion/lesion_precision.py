"""Lesion-level precision."""

from __future__ import annotations

from math import nan

from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.spec import Better, EmptyPolicy, LesionMetric


def lesion_precision(counts: LesionCounts) -> float:
    """Return the share of predicted lesions that are true; NaN if nothing was predicted."""
    total = counts.tp_prediction + counts.fp
    return counts.tp_prediction / total if total else nan


METRIC = LesionMetric(
    name="lesion_precision",
    title="Lesion precision",
    definition="TP(prediction) / (TP(prediction) + FP)",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=nan),
    citation="after Yan W. et al., arXiv:2203.16415, 2022",
    compute=lesion_precision,
)
