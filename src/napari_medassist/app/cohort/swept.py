"""Probability maps at many cut-offs: the curve of a cohort over the same cut-offs for every case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.evaluation.detection.curves import (
    CONTROLLED_RECALLS,
    LUNA16_FP_PER_CASE,
    LesionCurve,
    pooled,
)
from napari_medassist.evaluation.tables.results import Table, Values

#: The columns of ``sweep.csv``: lesions of all cases at each cut-off, from the highest one down.
SWEEP_COLUMNS = (
    "cut_off",
    "tp_reference",
    "fn",
    "tp_prediction",
    "fp",
    "recall",
    "precision",
    "f1",
    "fp_per_case",
)


@dataclass(frozen=True)
class SweptCase:
    """The lesions of a case at each cut-off, in plain values.

    Parameters
    ----------
    cut_offs, tp_reference, tp_prediction, fp, n_reference_lesions, recall_may_fall
        As in :class:`~napari_medassist.evaluation.detection.curves.LesionCurve`.
    """

    cut_offs: tuple[float, ...]
    tp_reference: tuple[int, ...]
    tp_prediction: tuple[int, ...]
    fp: tuple[int, ...]
    n_reference_lesions: int
    recall_may_fall: bool = False

    @classmethod
    def of(cls, curve: LesionCurve) -> Self:
        """Take the values of a curve."""
        return cls(
            cut_offs=tuple(curve.cut_offs.tolist()),
            tp_reference=tuple(curve.tp_reference.tolist()),
            tp_prediction=tuple(curve.tp_prediction.tolist()),
            fp=tuple(curve.fp.tolist()),
            n_reference_lesions=curve.n_reference_lesions,
            recall_may_fall=curve.recall_may_fall,
        )

    def curve(self) -> LesionCurve:
        """Return the curve."""
        return LesionCurve(
            cut_offs=np.array(self.cut_offs, dtype=np.float64),
            tp_reference=np.array(self.tp_reference, dtype=np.int64),
            tp_prediction=np.array(self.tp_prediction, dtype=np.int64),
            fp=np.array(self.fp, dtype=np.int64),
            n_reference_lesions=self.n_reference_lesions,
            recall_may_fall=self.recall_may_fall,
        )


def cut_offs_by(step: float) -> tuple[float, ...]:
    """Return the cut-offs ``step``, 2 ``step``, ... up to 1.

    Raises
    ------
    InvalidSetting
        If the step is not above 0 and up to 1, or too small to be of use.
    """
    if not 0.0001 <= step <= 1:
        raise InvalidSetting(f"Cut-offs lie 0.0001 to 1 apart, not {step}.")
    return tuple(round(step * n, 10) for n in range(1, int(1 / step + 1e-9) + 1))


def sweep_table(cases: Sequence[SweptCase]) -> Table:
    """Return ``sweep.csv``: a row a cut-off, with the lesions of all cases added up."""

    def rows() -> Iterator[Values]:
        curve = pooled(case.curve() for case in cases)
        columns = (
            _f1(curve) if name == "f1" else getattr(curve, _ATTRIBUTES.get(name, name))
            for name in SWEEP_COLUMNS
        )
        for values in zip(*columns, strict=True):
            yield tuple(value.item() for value in values)

    return Table(SWEEP_COLUMNS, rows)


_ATTRIBUTES = {"cut_off": "cut_offs"}


def sweep_summary(cases: Sequence[SweptCase]) -> dict[str, Any]:
    """Return what ``summary.json`` says of a sweep; undefined values are None."""
    curve = pooled(case.curve() for case in cases)
    f1 = _f1(curve)
    best = int(np.nanargmax(f1)) if np.isfinite(f1).any() else None
    return {
        "n_cases": curve.n_cases,
        "n_reference_lesions": curve.n_reference_lesions,
        "recall_may_fall": curve.recall_may_fall,
        "cut_off_at_recall": {
            f"{r:g}": _defined(curve.cut_off_at_recall(r)) for r in CONTROLLED_RECALLS
        },
        "precision_at_recall": {
            f"{r:g}": _defined(curve.precision_at_recall(r)) for r in CONTROLLED_RECALLS
        },
        "recall_at_precision": {
            f"{p:g}": _defined(curve.recall_at_precision(p)) for p in CONTROLLED_RECALLS
        },
        "sensitivity_at_fp_per_case": {
            f"{fp:g}": _defined(curve.sensitivity_at_fp(fp)) for fp in LUNA16_FP_PER_CASE
        },
        "best_f1": None if best is None else _defined(f1[best]),
        "best_f1_cut_off": None if best is None else _defined(curve.cut_offs[best]),
    }


def _f1(curve: LesionCurve) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the lesion F1 at each cut-off, as ``micro_f1`` is defined: 0 if nothing is right."""
    recall, precision = np.nan_to_num(curve.recall), np.nan_to_num(curve.precision)
    both = recall + precision
    f1 = np.divide(2 * recall * precision, both, out=np.zeros_like(both), where=both > 0)
    something = curve.n_reference_lesions + curve.tp_prediction + curve.fp > 0
    return np.where(something, f1, np.nan)


def _defined(value: float) -> float | None:
    return float(value) if isfinite(value) else None
