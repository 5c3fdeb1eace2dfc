"""All match graphs of a cohort in flat arrays: the whole cohort judged again in milliseconds.

A threshold, criterion, assignment, or larger smallest volume is followed without looking at an image::

    graph = CohortGraph.of(result.cases)                       # once; some hundred bytes a case
    strict = replace(MEDASSIST.matching, threshold_reference=0.5)
    verdicts = graph.judged(strict, min_volume_mm3=100)
    verdicts.totals, verdicts.micro_scores["lesion_recall"], verdicts.hidden_errors(0.7)
    verdicts.counts.fn[place], verdicts.counts.lesion_f1      # by case, for tables and plots
    case = rejudged(result.cases[place], convention)          # one case with lesions and matches

The numbers equal those of comparing all images again under the changed convention. Whether they can
follow from what is kept, and why not, says :func:`can_rejudge`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import cast

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.core.results import (
    CaseEvaluation,
    FurtherCounts,
    JudgedLesion,
    Settings,
    Status,
)
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.extraction.components import reaches_volume
from napari_medassist.evaluation.matching.graph import Flags, MatchGraph
from napari_medassist.evaluation.matching.match import judged
from napari_medassist.evaluation.rejudging.cohort_verdicts import CaseCounts, CohortVerdicts
from napari_medassist.evaluation.rejudging.flat_lesions import FlatLesions, Numbers
from napari_medassist.evaluation.rejudging.flat_matching import (
    FlatEdges,
    FlatVerdicts,
    flat_splits_and_merges,
    flat_verdicts,
)
from napari_medassist.evaluation.rejudging.one_case import (
    Rejudgeable,
    can_rejudge,
    rejudged,
    voxel_volume_mm3,
)
from napari_medassist.evaluation.rules import MatchingRule

__all__ = ["CohortGraph", "Rejudgeable", "can_rejudge", "rejudged"]


@dataclass(frozen=True, eq=False)
class CohortGraph:
    """The lesions of a cohort and what they share, without any voxel. Make it with :meth:`of`.

    Parameters
    ----------
    names, compared, dice
        Of each case: its name, whether it was compared, and its Dice; NaN where undefined.
    spacing_zyx_mm
        (n_cases, 3) voxel spacing in mm.
    reference, prediction
        The lesions of the two sides.
    edges
        (n_edges, 3) int64: places of a reference and a predicted lesion, and the voxels they share.
    convention
        What the cases were compared with.
    """

    names: tuple[str, ...]
    compared: Flags
    dice: Float
    spacing_zyx_mm: Float
    reference: FlatLesions
    prediction: FlatLesions
    edges: Numbers
    convention: Convention

    @classmethod
    def of(cls, cases: Iterable[CaseEvaluation]) -> CohortGraph:
        """Pack a cohort; its cases are gone through once and not held.

        Parameters
        ----------
        cases
            Results under one convention; one that was not compared counts with no lesion.

        Raises
        ------
        InvalidSetting
            If there is no case, the conventions differ, or the voxel spacing of a case is not known.
        """
        packing = _Packing()
        for case in cases:
            packing.add(case)
        return packing.graph()

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.names)

    @property
    def n_bytes(self) -> int:
        """Memory of the arrays: about 50 bytes a case and a lesion, 24 a pair that shares voxels."""
        own = (self.compared, self.dice, self.spacing_zyx_mm, self.edges)
        sides = (getattr(s, f.name) for s in (self.reference, self.prediction) for f in fields(s))
        return sum(array.nbytes for array in (*own, *sides))

    def judged(self, matching: MatchingRule, *, min_volume_mm3: float | None = None) -> CohortVerdicts:
        """Judge all lesions again.

        Parameters
        ----------
        matching
            What counts as a hit, and how lesions are assigned to each other.
        min_volume_mm3
            Smaller lesions are not counted on either side; as before by default, and never less.

        Raises
        ------
        InvalidSetting
            If it does not follow from the graph; the message says why.
        """
        extraction = self.convention.extraction
        least = extraction.min_volume_mm3 if min_volume_mm3 is None else min_volume_mm3
        changed = replace(
            self.convention,
            matching=matching,
            extraction=replace(extraction, min_volume_mm3=least),
        )
        allowed = can_rejudge(self.convention, changed)
        if not allowed:
            raise InvalidSetting(f"The cohort cannot be judged again. {allowed.reason}")
        rows, columns = (self._large_enough(s, least) for s in (self.reference, self.prediction))
        graph = self if rows.all() and columns.all() else self._of_lesions(rows, columns)
        verdicts = graph._verdicts(matching)
        return CohortVerdicts(
            names=self.names,
            compared=self.compared,
            dice=self.dice,
            found=_spread(verdicts.found, rows),
            missed=_spread(~(verdicts.found | verdicts.ignored_reference), rows),
            ignored_reference=_spread(verdicts.ignored_reference, rows),
            true=_spread(verdicts.true, columns),
            false=_spread(~(verdicts.true | verdicts.ignored_prediction), columns),
            ignored_prediction=_spread(verdicts.ignored_prediction, columns),
            counts=graph._counts(verdicts, matching, dropped=(~rows, ~columns), whole=self),
        )

    def _large_enough(self, lesions: FlatLesions, least_mm3: float) -> Flags:
        if not least_mm3:
            return np.ones(len(lesions), dtype=bool)
        volumes = voxel_volume_mm3(self.spacing_zyx_mm)[lesions.case]
        return reaches_volume(lesions.n_voxels, volumes, least_mm3)

    def _of_lesions(self, rows: Flags, columns: Flags) -> CohortGraph:
        """Return the graph of some of the lesions, these told of by flags."""
        row, column, shared = self.edges[rows[self.edges[:, 0]] & columns[self.edges[:, 1]]].T
        new_row, new_column = np.cumsum(rows) - 1, np.cumsum(columns) - 1
        return replace(
            self,
            reference=self.reference.chosen(rows),
            prediction=self.prediction.chosen(columns),
            edges=np.stack([new_row[row], new_column[column], shared], axis=1),
        )

    @property
    def _flat(self) -> FlatEdges:
        reference, prediction, shared = self.edges.T
        volumes_mm3 = self.reference.n_voxels * self.spacing_zyx_mm.prod(axis=1)[self.reference.case]
        sizes = self.reference.n_voxels, self.prediction.n_voxels
        return FlatEdges(reference, prediction, shared, *sizes, volumes_mm3)

    def _verdicts(self, rule: MatchingRule) -> FlatVerdicts:
        """Judge all lesions: at once, and one by one the cases in which the rule has to choose."""
        verdicts, competing = flat_verdicts(self._flat, rule)
        cases = self.reference.case[self.edges[competing, 0]]
        if rule.criterion == "centre_distance":  # a hit need not share a voxel
            cases = np.intersect1d(self.reference.case, self.prediction.case)
        for case in np.unique(cases).tolist():
            rows, columns = self.reference.places_of(case), self.prediction.places_of(case)
            alone = judged(self._graph_of(case, rows, columns), rule)
            verdicts.found[rows], verdicts.true[columns] = alone.found, alone.true
            verdicts.ignored_reference[rows] = alone.ignored_reference
            verdicts.ignored_prediction[columns] = alone.ignored_prediction
        return verdicts

    def _graph_of(self, case: int, rows: slice, columns: slice) -> MatchGraph:
        first, last = np.searchsorted(self.edges[:, 0], (rows.start, rows.stop))
        row, column, n_voxels = self.edges[first:last].T
        shared = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=np.int64)
        shared[row - rows.start, column - columns.start] = n_voxels
        z, y, x = self.spacing_zyx_mm[case].tolist()
        # Whatever asks a lesion set for voxels has been refused: flat lesions answer all the rest.
        reference = cast(LesionSet, self.reference.chosen(rows))
        return MatchGraph(reference, self.prediction.chosen(columns), (z, y, x), shared, shared > 0)

    def _counts(
        self,
        verdicts: FlatVerdicts,
        rule: MatchingRule,
        *,
        dropped: tuple[Flags, Flags],
        whole: CohortGraph,
    ) -> CaseCounts:
        split, merged = flat_splits_and_merges(self._flat, rule)
        rows, columns = self.reference.case, self.prediction.case
        n_small = (
            side.n_dropped + self._by_case(side.case, flags)
            for side, flags in zip((whole.reference, whole.prediction), dropped, strict=True)
        )
        return CaseCounts(
            self._by_case(rows, verdicts.found),
            self._by_case(rows, ~(verdicts.found | verdicts.ignored_reference)),
            self._by_case(columns, verdicts.true),
            self._by_case(columns, ~(verdicts.true | verdicts.ignored_prediction)),
            self._by_case(rows, verdicts.ignored_reference),
            self._by_case(columns, verdicts.ignored_prediction),
            self._by_case(rows, split),
            self._by_case(columns, merged),
            *n_small,
        )

    def _by_case(self, case: Numbers, flags: Flags) -> Numbers:
        return np.bincount(case[flags], minlength=len(self))


def _spread(flags: Flags, kept: Flags) -> Flags:
    """Return flags of the kept lesions as flags of all of them."""
    everywhere = np.zeros(kept.size, dtype=bool)
    everywhere[kept] = flags
    return everywhere


class _Packing:
    """Collects the cases of a cohort, one after the other."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.compared: list[bool] = []
        self.dice: list[float] = []
        self.spacings: list[tuple[float, float, float]] = []
        self.lesions: dict[Side, list[tuple[int, JudgedLesion]]] = {side: [] for side in Side}
        self.n_dropped: dict[Side, list[int]] = {side: [] for side in Side}
        self.edges: list[tuple[int, int, int]] = []
        self.convention: Settings | None = None

    def add(self, case: CaseEvaluation) -> None:
        is_compared = case.status is Status.OK
        if is_compared:
            self._require_same(case)
        first = {side: len(self.lesions[side]) - 1 for side in Side}
        for lesion in case.lesions:
            self.lesions[lesion.side].append((len(self.names), lesion))
        for edge in case.matches:
            if edge.n_voxels:
                row = first[Side.REFERENCE] + edge.reference_id
                self.edges.append((row, first[Side.PREDICTION] + edge.prediction_id, edge.n_voxels))
        small = case.further_counts or FurtherCounts()
        self.n_dropped[Side.REFERENCE].append(small.n_dropped_reference)
        self.n_dropped[Side.PREDICTION].append(small.n_dropped_prediction)
        self.names.append(case.case)
        self.compared.append(is_compared)
        self.dice.append(case.dice)
        self.spacings.append(case.spacing_zyx_mm or (1.0, 1.0, 1.0))

    def _require_same(self, case: CaseEvaluation) -> None:
        if case.spacing_zyx_mm is None:
            raise InvalidSetting(f"The voxel spacing of case '{case.case}' is not known.")
        if self.convention is None:
            self.convention = case.convention
        elif self.convention is not case.convention and self.convention != case.convention:
            raise InvalidSetting(
                f"Case '{case.case}' was compared under another convention than those before."
            )

    def graph(self) -> CohortGraph:
        if not self.names:
            raise InvalidSetting("There is no case.")
        return CohortGraph(
            names=tuple(self.names),
            compared=np.array(self.compared),
            dice=np.array(self.dice, dtype=float),
            spacing_zyx_mm=np.array(self.spacings, dtype=float),
            reference=self._packed(Side.REFERENCE),
            prediction=self._packed(Side.PREDICTION),
            edges=np.array(sorted(self.edges), dtype=np.int64).reshape(-1, 3),
            convention=Convention.from_settings(self.convention or {}),
        )

    def _packed(self, side: Side) -> FlatLesions:
        return FlatLesions.of(self.lesions[side], self.n_dropped[side])
