"""What is known of one model: its files, cases and lesions under one convention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import numpy as np

from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.columns import PRECISION_AT_RECALL
from napari_medassist.app.browser.headline import Headline, headline_of_table
from napari_medassist.app.browser.lesion_table import (
    LesionTable,
    OverlapCurve,
    lesion_rows,
    overlap_curve,
)
from napari_medassist.app.browser.verdict_columns import case_columns, judged_lesions
from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.app.cohort.packed import CaseRecord, PackedCases, pack, to_json
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.progress import Progress
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation, ScoredCase, Status
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.detection.curves import (
    CONTROLLED_RECALLS,
    LesionCurve,
    detection_curve,
)
from napari_medassist.evaluation.detection.scoring import scored
from napari_medassist.evaluation.inputs.given import Kind
from napari_medassist.evaluation.rejudging.cohort_graph import CohortGraph
from napari_medassist.evaluation.rejudging.one_case import can_rejudge, matched_again, rejudged_cases
from napari_medassist.evaluation.statistics.ranking import headline as ranked_numbers
from napari_medassist.metrics.lesion.matched import MatchingMetric
from napari_medassist.metrics.registry import METRICS, default_names

_PROGRESS_EVERY = 50
#: Cases that are held as objects while a table is filled.
_PORTION = 500


@dataclass(frozen=True, eq=False)
class CohortCurves:
    """The curves of a model.

    Parameters
    ----------
    detection
        Precision, recall and false lesions per case over confidences; None where predictions are
        label maps, and while they are being judged anew.
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
    lesions
        The lesions of all cases.
    cohort
        The evaluation itself; None while it is not finished.
    scored
        What detection curves need; empty where predictions are label maps.
    compared
        Where these results were judged anew: the results as they were compared.
    """

    name: str
    pairs: tuple[FilePair, ...]
    convention: Convention
    table: CaseTable
    kind: Kind = "labels"
    lesions: LesionTable = field(default_factory=lambda: LesionTable.of(()))
    cohort: CohortEvaluation | None = None
    scored: tuple[ScoredCase, ...] = ()
    compared: ModelResults | None = None

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
        found = {case.case: case for case in scored_cases(cohort)}
        records = (CaseRecord(case, found.get(case.case)) for case in cohort.cases)
        return replace(waiting._with_all(records), cohort=cohort)

    def _with_all(self, records: Iterable[CaseRecord]) -> ModelResults:
        """Return the results with all cases, in order; only some of them are held at a time."""
        filled, rows = self, enumerate(records)
        while portion := dict(islice(rows, _PORTION)):
            filled = filled.with_cases(portion)
        return filled

    def with_cases(self, cases: Mapping[int, CaseRecord]) -> ModelResults:
        """Return the results with some cases finished: row -> record."""
        rows = [line for row, record in cases.items() for line in lesion_rows(row, record.evaluation)]
        scored_now = {row: r.scored for row, r in cases.items() if r.scored is not None}
        return replace(
            self,
            table=self.table.with_cases(
                {row: record.evaluation for row, record in cases.items()},
                {row: controlled_values(found) for row, found in scored_now.items()},
            ),
            lesions=self.lesions.joined(LesionTable.of(rows)),
            scored=(*self.scored, *scored_now.values()),
        )

    # Another convention

    def can_rejudge(self, convention: Convention) -> bool:
        """Tell whether the cases can be judged under another convention without their files."""
        source = self.compared or self
        return source.cohort is not None and bool(
            can_rejudge(
                source.convention,
                convention,
                metrics=source.cohort.means,
                of_maps=self.kind != "labels",
            )
        )

    @cached_property
    def graph(self) -> CohortGraph:
        """The match graphs of all cases; takes a moment the first time."""
        if self.cohort is None:
            raise InvalidSetting("The cases were not compared yet.")
        return CohortGraph.of(self.cohort.cases)

    def rejudged(self, convention: Convention) -> ModelResults:
        """Return the cases judged under another convention, all at once, from their match graphs.

        Metrics that look at pairs of lesions, the evaluation itself and detection curves are missing
        until :meth:`completed` adds them.

        Raises
        ------
        InvalidSetting
            If that does not follow from the graphs; see :meth:`can_rejudge`.
        """
        source = self.compared or self
        if convention == source.convention:
            return source
        verdicts = source.graph.judged(
            convention.matching, min_volume_mm3=convention.extraction.min_volume_mm3
        )
        unknown = np.full(source.table.n_rows, np.nan)
        pending = {column.name: unknown for column in source.table.columns if _is_pending(column.name)}
        return ModelResults(
            self.name,
            self.pairs,
            convention,
            source.table.with_values({**pending, **case_columns(verdicts)}, convention.good_dice),
            self.kind,
            judged_lesions(source.lesions, source.graph, verdicts),
            compared=source,
        )

    def completed(self, progress: Progress) -> ModelResults:
        """Return results that were judged anew with all that :meth:`rejudged` leaves out."""
        source = self.compared
        if self.cohort is not None or source is None or source.cohort is None:
            return self
        cases = source.cohort.cases
        packed: list[bytes] = []

        def records() -> Iterator[CaseRecord]:
            for number, record in enumerate(self._judged(cases)):
                if number % _PROGRESS_EVERY == 0:
                    progress(number, len(self.pairs), record.evaluation.case)
                packed.append(pack(to_json(replace(record, evaluation=_bare(record.evaluation)))))
                yield record

        waiting = ModelResults.waiting(
            self.name, self.pairs, self.convention, kind=self.kind, metrics=source.cohort.means
        )
        filled = waiting._with_all(records())
        kept = PackedCases(self.pairs, packed, self.convention.settings())
        cohort = summarise(kept, convention=self.convention)
        return replace(filled, cohort=cohort, compared=source).prepared()

    def _judged(self, cases: Sequence[CaseEvaluation]) -> Iterator[CaseRecord]:
        """Judge cases one by one; what was told of zones and labels is not known any more."""
        has_map = self.kind != "labels"
        whole = (replace(case, regions=(), labels=()) for case in cases)
        again = rejudged_cases(whole, self.convention, of_maps=has_map)
        for case, evaluation in zip(cases, again, strict=True):
            is_scored = has_map and case.status is Status.OK
            yield CaseRecord(evaluation, self._scored(case) if is_scored else None)

    def _scored(self, case: CaseEvaluation) -> ScoredCase:
        how = self.convention.extraction.case_confidence
        matched = matched_again(case, self.convention)
        return scored(matched, case_confidence=how, case=case.case)

    def evaluation(self, row: int) -> CaseEvaluation | None:
        """Return the evaluation of a case, judged at this moment if need be; None if it waits."""
        if self.cohort is not None:
            return self.cohort.cases[row]
        if self.compared is None or self.compared.cohort is None:
            return None
        (record,) = self._judged([self.compared.cohort.cases[row]])
        return record.evaluation

    def prepared(self) -> ModelResults:
        """Return itself with curves and graphs computed: for the end of work in another thread."""
        _ = self.curves, self.headline
        if self.cohort is not None and self.compared is None:
            _ = self.graph
        return self

    # Summed up

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

    def ranked_numbers(self) -> dict[str, float]:
        """Return the numbers that models are ranked by; none while it is not finished."""
        return {} if self.cohort is None else ranked_numbers(self.cohort)


def _bare(case: CaseEvaluation) -> CaseEvaluation:
    """Return a case without the settings that all of them share."""
    return replace(case, convention={})


def controlled_values(found: ScoredCase) -> dict[str, float]:
    """Return the recall-controlled precisions of a case by column."""
    curve = detection_curve([found])
    return {
        PRECISION_AT_RECALL.format(recall): curve.precision_at_recall(recall)
        for recall in CONTROLLED_RECALLS
    }


def _is_pending(column: str) -> bool:
    """Tell whether a column follows from pairs of lesions, and not from counts alone."""
    if column.startswith(PRECISION_AT_RECALL.format(0)[:-1]):
        return True
    return column in METRICS.names() and isinstance(METRICS.get(column), MatchingMetric)
