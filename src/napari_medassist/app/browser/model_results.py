"""What is known of one model: its files, cases and lesions under one convention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.columns import PRECISION_AT_RECALL
from napari_medassist.app.browser.headline import Headline, headline_of_table
from napari_medassist.app.browser.lesion_table import (
    LesionRow,
    LesionTable,
    OverlapCurve,
    lesion_rows,
    overlap_curve,
)
from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.app.cohort.packed import CaseRecord
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.results import CohortEvaluation, ScoredCase
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.curves import CONTROLLED_RECALLS, LesionCurve, detection_curve
from napari_medassist.evaluation.masks import Kind
from napari_medassist.evaluation.ranking import headline as ranked_numbers
from napari_medassist.evaluation.rejudging import can_rejudge, rejudged
from napari_medassist.metrics.registry import default_names


@dataclass(frozen=True, eq=False)
class CohortCurves:
    """The curves of a model.

    Parameters
    ----------
    detection
        Precision, recall and false lesions per case over confidences; None where predictions are
        label maps.
    overlap
        Recall and precision over the overlap that is asked for.
    """

    detection: LesionCurve | None
    overlap: OverlapCurve


@dataclass(frozen=True, eq=False)
class ModelResults:
    """The results of one model. Never changes; may be read from any thread.

    Parameters
    ----------
    name
        The model's name.
    pairs
        The files of each case; row by row those of the table.
    convention
        What the numbers were computed with.
    table
        The cases.
    kind
        What the predictions hold.
    lesion_rows
        The lesions as rows, case by case.
    cohort
        The evaluation itself; None while it is not finished.
    scored
        What detection curves need; empty where predictions are label maps.
    """

    name: str
    pairs: tuple[FilePair, ...]
    convention: Convention
    table: CaseTable
    kind: Kind = "labels"
    lesion_rows: tuple[LesionRow, ...] = ()
    cohort: CohortEvaluation | None = None
    scored: tuple[ScoredCase, ...] = ()

    @classmethod
    def waiting(
        cls,
        name: str,
        pairs: Sequence[FilePair],
        convention: Convention,
        *,
        kind: Kind = "labels",
        metrics: Iterable[str] = (),
    ) -> ModelResults:
        """Return the results before anything was compared: every case waits."""
        table = CaseTable.waiting(
            [pair.case for pair in pairs],
            [pair.group for pair in pairs],
            {*default_names(), *metrics},
            has_confidences=kind != "labels",
            good_dice=convention.good_dice,
        )
        return cls(name, tuple(pairs), convention, table, kind)

    @classmethod
    def of_cohort(
        cls,
        name: str,
        pairs: Sequence[FilePair],
        convention: Convention,
        cohort: CohortEvaluation,
        *,
        kind: Kind = "labels",
    ) -> ModelResults:
        """Return the results of a cohort that was compared; goes through its cases once."""
        waiting = cls.waiting(name, pairs, convention, kind=kind, metrics=cohort.means)
        scored = {case.case: case for case in scored_cases(cohort)}
        found = waiting.with_cases(
            {row: CaseRecord(case, scored.get(case.case)) for row, case in enumerate(cohort.cases)}
        )
        return replace(found, cohort=cohort)

    def with_cases(self, cases: Mapping[int, CaseRecord]) -> ModelResults:
        """Return the results with some cases finished: row -> record."""
        added = [line for row, record in cases.items() for line in lesion_rows(row, record.evaluation)]
        scored = [record.scored for record in cases.values() if record.scored is not None]
        return replace(
            self,
            table=self.table.with_cases(
                {row: record.evaluation for row, record in cases.items()},
                {row: controlled_values(r.scored) for row, r in cases.items() if r.scored is not None},
            ),
            lesion_rows=(*self.lesion_rows, *added),
            scored=(*self.scored, *scored),
        )

    def can_rejudge(self, convention: Convention) -> bool:
        """Tell whether the cases can be judged under another convention without their files."""
        if self.cohort is None:
            return False
        return bool(
            can_rejudge(
                self.convention,
                convention,
                metrics=self.cohort.means,
                of_maps=self.kind != "labels",
            )
        )

    def rejudged(self, convention: Convention) -> ModelResults:
        """Return the cases judged under another convention, from their match graphs."""
        if self.cohort is None:
            raise InvalidSetting("The cases were not compared yet.")
        cases = tuple(rejudged(case, convention) for case in self.cohort.cases)
        cohort = summarise(cases, convention=convention)
        return ModelResults.of_cohort(self.name, self.pairs, convention, cohort, kind=self.kind)

    def ranked_numbers(self) -> dict[str, float]:
        """Return the numbers that models are ranked by; none while it is not finished."""
        return {} if self.cohort is None else ranked_numbers(self.cohort)

    @cached_property
    def lesions(self) -> LesionTable:
        """The lesions as columns."""
        return LesionTable.of(self.lesion_rows)

    @cached_property
    def headline(self) -> Headline:
        """The headline numbers of the cases compared so far."""
        return headline_of_table(self.table)

    @cached_property
    def curves(self) -> CohortCurves:
        """The curves; takes a moment for thousands of cases."""
        return CohortCurves(
            detection=detection_curve(self.scored) if self.scored else None,
            overlap=overlap_curve(self.lesions),
        )


def controlled_values(scored: ScoredCase) -> dict[str, float]:
    """Return the recall-controlled precisions of a case by column."""
    curve = detection_curve([scored])
    return {
        PRECISION_AT_RECALL.format(recall): curve.precision_at_recall(recall)
        for recall in CONTROLLED_RECALLS
    }
