"""Predictions with confidences: the detection curve of a cohort, and the numbers read from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from math import isfinite
from typing import Any

from napari_medassist.app.cohort.packed import PackedCases
from napari_medassist.core.results import Candidate, CohortEvaluation, ScoredCase
from napari_medassist.evaluation.detection.case_level import case_average_precision, ranking_score
from napari_medassist.evaluation.detection.curves import (
    CONTROLLED_RECALLS,
    LUNA16_FP_PER_CASE,
    LesionCurve,
    detection_curve,
)
from napari_medassist.evaluation.statistics.resampling import (
    Interval,
    auroc_of,
    average_precision_of,
    bootstrap,
)
from napari_medassist.evaluation.tables.results import Table, Values

#: The columns of ``curves.csv``: what is found and false at each cut-off, from the highest one down.
CURVE_COLUMNS = (
    "cut_off",
    "tp_reference",
    "fn",
    "tp_prediction",
    "fp",
    "recall",
    "precision",
    "fp_per_case",
)

#: The columns of ``candidates.csv`` and ``case_confidences.csv``: what curves are made of.
CANDIDATE_COLUMNS = ("case", *(part.name for part in fields(Candidate)))
CASE_CONFIDENCE_COLUMNS = ("case", "case_confidence", "has_lesion", "n_reference_lesions")


def scored_cases(cohort: CohortEvaluation) -> tuple[ScoredCase, ...]:
    """Return what detection curves need of a cohort; nothing where predictions are label maps."""
    return cohort.cases.scored() if isinstance(cohort.cases, PackedCases) else ()


def curve_of(cases: Sequence[ScoredCase]) -> Table:
    """Return ``curves.csv``: a row a cut-off."""

    def rows() -> Iterator[Values]:
        curve = detection_curve(cases)
        columns = (
            curve.cut_offs if name == "cut_off" else getattr(curve, name) for name in CURVE_COLUMNS
        )
        for values in zip(*columns, strict=True):
            yield tuple(value.item() for value in values)

    return Table(CURVE_COLUMNS, rows)


def candidates_of(cases: Sequence[ScoredCase]) -> Table:
    """Return ``candidates.csv``: a row a hit, false alarm or missed lesion, the latter with 0."""

    def rows() -> Iterator[Values]:
        for case in cases:
            for candidate in case.candidates:
                yield (case.case, *(getattr(candidate, name) for name in CANDIDATE_COLUMNS[1:]))

    return Table(CANDIDATE_COLUMNS, rows)


def case_confidences_of(cases: Sequence[ScoredCase]) -> Table:
    """Return ``case_confidences.csv``: a row a case, how sure it is to hold a lesion and if it does."""

    def rows() -> Iterator[Values]:
        for case in cases:
            yield tuple(getattr(case, name) for name in CASE_CONFIDENCE_COLUMNS)

    return Table(CASE_CONFIDENCE_COLUMNS, rows)


def detection_summary(cases: Sequence[ScoredCase]) -> dict[str, Any]:
    """Return what ``summary.json`` says of predictions with confidences; undefined values are None."""
    curve = detection_curve(cases)
    return {
        "n_cases": len(cases),
        "n_cases_with_lesion": sum(case.has_lesion for case in cases),
        "average_precision": _with_interval(bootstrap(average_precision_of(cases), len(cases))),
        "auroc": _with_interval(bootstrap(auroc_of(cases), len(cases))),
        "case_average_precision": _defined(case_average_precision(cases)),
        "ranking_score": _defined(ranking_score(cases)),
        "sensitivity_at_fp_per_case": {
            f"{fp:g}": _defined(curve.sensitivity_at_fp(fp)) for fp in LUNA16_FP_PER_CASE
        },
        "luna16_score": _defined(curve.luna16_score()),
        **_controlled(curve),
    }


def _controlled(curve: LesionCurve) -> dict[str, Any]:
    """Return precisions at set recalls and recalls at set precisions; None where not reached."""
    return {
        "precision_at_recall": {
            f"{wanted:g}": _defined(curve.precision_at_recall(wanted)) for wanted in CONTROLLED_RECALLS
        },
        "recall_at_precision": {
            f"{wanted:g}": _defined(curve.recall_at_precision(wanted)) for wanted in CONTROLLED_RECALLS
        },
    }


def _with_interval(interval: Interval) -> dict[str, Any]:
    return {
        "value": _defined(interval.value),
        "low": _defined(interval.low),
        "high": _defined(interval.high),
        "level": interval.level,
        "n_resamples": interval.n_resamples,
        "n_undefined": interval.n_undefined,
    }


def _defined(value: float) -> float | None:
    return float(value) if isfinite(value) else None
