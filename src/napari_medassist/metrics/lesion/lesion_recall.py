"""Lesion-level recall."""

from __future__ import annotations

from math import nan

from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.spec import Better, EmptyPolicy, LesionMetric


def lesion_recall(counts: LesionCounts) -> float:
    """Return the share of reference lesions that were found; NaN if there is none to find."""
    total = counts.tp_reference + counts.fn
    return counts.tp_reference / total if total else nan


METRIC = LesionMetric(
    name="lesion_recall",
    title="Lesion recall",
    definition="TP(reference) / (TP(reference) + FN)",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=nan, prediction_only=0.0),
    citation="after Yan W. et al., arXiv:2203.16415, 2022",
    compute=lesion_recall,
)
