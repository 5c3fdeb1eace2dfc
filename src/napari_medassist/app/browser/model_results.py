"""What is known of one model: its files, cases and lesions under one convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.headline import Headline, headline_of_table
from napari_medassist.app.browser.lesion_table import (
    LesionRow,
    LesionTable,
    OverlapCurve,
    lesion_rows,
    overlap_curve,
)
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation, ScoredCase
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.curves import LesionCurve, detection_curve
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
        has_confidences: bool = False,
    ) -> ModelResults:
        """Return the results before anything was compared: every case waits."""
        table = CaseTable.waiting(
            [pair.case for pair in pairs],
            [pair.group for pair in pairs],
            default_names(),
            has_confidences=has_confidences,
            good_dice=convention.good_dice,
        )
        return cls(name, tuple(pairs), convention, table)

    def with_cases(self, cases: Mapping[int, CaseEvaluation]) -> ModelResults:
        """Return the results with some cases finished: row -> case."""
        added = [rows for row, case in cases.items() for rows in lesion_rows(row, case)]
        return replace(
            self,
            table=self.table.with_cases(cases),
            lesion_rows=(*self.lesion_rows, *added),
        )

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
