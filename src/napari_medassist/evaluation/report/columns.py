"""A cohort as columns: gone through once, so that ten thousand cases take little memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float
from napari_medassist.core.lesion import Side
from napari_medassist.core.part_results import PartEvaluation, PartSummary
from napari_medassist.core.results import (
    CaseEvaluation,
    CohortEvaluation,
    LesionVerdict,
    ScoredCase,
    Status,
)
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.disagreement import RankedGaps, lesion_f1, ranked_gaps
from napari_medassist.evaluation.sizes import DEFAULT_EDGES_ML, SizeStratum

Count = NDArray[np.int64]

#: The recall at which precision is controlled in tables and plots of single cases.
CONTROLLED_RECALL = 0.5
#: What is not held of a case once it was looked at.
_LEFT_OUT: Mapping[str, Any] = {
    "lesions": (),
    "matches": (),
    "convention": {},
    "regions": (),
    "labels": (),
}
_COUNTS = ("tp_reference", "fn", "tp_prediction", "fp")


@dataclass(frozen=True, eq=False)
class ModelColumns:
    """One model's cohort, its cases without their lesions.

    Parameters
    ----------
    name
        Of the model; empty if there is only one.
    cohort
        Means, totals, convention. Its cases are not gone through again.
    cases
        Every case, without lesions and matches.
    sizes
        (2, cases, strata, 2): for reference and prediction, how many lesions of a size there are, and
        how many of them are right.
    scored
        What curves need; empty where predictions have no confidences.
    regions, labels
        By zone, and by label: its value -> (cases, 5): found, missed, true, false lesions, and Dice;
        NaN where a case does not have it. Empty where nothing was judged by parts.
    """

    name: str
    cohort: CohortEvaluation
    cases: tuple[CaseEvaluation, ...]
    sizes: Count
    scored: tuple[ScoredCase, ...] = ()
    regions: Mapping[int, Float] = field(default_factory=dict)
    labels: Mapping[int, Float] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, cohort: CohortEvaluation, scored: Sequence[ScoredCase] = ()) -> ModelColumns:
        """Go through a cohort once."""
        slim, sizes = [], []
        parts = {"regions": _Parts(cohort.regions), "labels": _Parts(cohort.labels)}
        for case in cohort.cases:
            sizes.append([_by_size(case, side) for side in Side])
            for kind, found in parts.items():
                found.add(getattr(case, kind))
            slim.append(replace(case, **_LEFT_OUT))
        shape = (len(slim), len(Side), len(DEFAULT_EDGES_ML) - 1, 2)
        counted = np.array(sizes, dtype=np.int64).reshape(shape)
        sides = np.stack([counted[:, 0], counted[:, 1]])
        by_part = {kind: found.columns() for kind, found in parts.items()}
        return cls(name, cohort, tuple(slim), sides, tuple(scored), **by_part)

    @cached_property
    def compared(self) -> tuple[CaseEvaluation, ...]:
        """The cases with the status ``ok``."""
        return tuple(case for case in self.cases if case.status is Status.OK)

    @cached_property
    def counts(self) -> Float:
        """(compared cases, 5): found, missed, true, false lesions, and 1."""
        rows = [[*(getattr(case, name) or 0 for name in _COUNTS), 1] for case in self.compared]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(_COUNTS) + 1)

    @cached_property
    def gaps(self) -> RankedGaps:
        """How far the two views put each compared case apart."""
        return ranked_gaps(self.compared)

    @cached_property
    def gap_of(self) -> Mapping[str, float]:
        """The ranked gap of each compared case, by name."""
        return {case.case: case.gap for case in self.gaps.cases}

    @cached_property
    def controlled_precision(self) -> Mapping[str, float]:
        """Precision at a recall of one half, of each case that has confidences."""
        return {
            case.case: detection_curve([case]).precision_at_recall(CONTROLLED_RECALL)
            for case in self.scored
        }

    def strata(self, side: Side) -> tuple[SizeStratum, ...]:
        """Return how many lesions of each size there are, and are right, over all cases."""
        totals = self.sizes[list(Side).index(side)].sum(axis=0)
        return tuple(
            SizeStratum(low, high, int(n), int(right))
            for (low, high), (n, right) in zip(pairwise(DEFAULT_EDGES_ML), totals, strict=True)
        )

    def value(self, case: CaseEvaluation, key: str) -> float:
        """Return a number of a case by the key of its column; NaN where it is undefined."""
        if key == "lesion_f1":
            return lesion_f1(case.counts) if case.status is Status.OK else np.nan
        if key == "gap":
            return self.gap_of.get(case.case, np.nan)
        if key == "controlled_precision":
            return self.controlled_precision.get(case.case, np.nan)
        return case.score(key)


class _Parts:
    """Collects the parts of each case as columns.

    Parameters
    ----------
    known
        The parts that occur.
    """

    def __init__(self, known: Sequence[PartSummary]) -> None:
        self._rows: dict[int, list[list[float]]] = {part.value: [] for part in known}

    def add(self, parts: Sequence[PartEvaluation]) -> None:
        """Add a case."""
        there = {part.value: part for part in parts}
        for value, rows in self._rows.items():
            part = there.get(value)
            if part is None:
                rows.append([np.nan] * (len(_COUNTS) + 1))
            else:
                rows.append([*(getattr(part.counts, name) for name in _COUNTS), part.score("dice")])

    def columns(self) -> dict[int, Float]:
        """Return an array a part."""
        return {
            value: np.array(rows, dtype=np.float64).reshape(len(rows), len(_COUNTS) + 1)
            for value, rows in self._rows.items()
        }


def _by_size(case: CaseEvaluation, side: Side) -> list[list[int]]:
    """Return, for each stratum, how many lesions of a side count and how many are right."""
    counted = [n for n in case.lesions_of(side) if n.verdict is not LesionVerdict.IGNORED]
    found = [[0, 0] for _ in DEFAULT_EDGES_ML[1:]]
    for lesion in counted:
        for place, (low, high) in enumerate(pairwise(DEFAULT_EDGES_ML)):
            if low <= lesion.volume_ml < high:
                found[place][0] += 1
                found[place][1] += not lesion.verdict.is_error
    return found
