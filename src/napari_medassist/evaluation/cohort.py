"""From the cases of a cohort to what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isnan, nan

from napari_medassist.core.results import (
    CaseEvaluation,
    CohortEvaluation,
    LesionCounts,
    Mean,
    Status,
)
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.disagreement import hidden_errors
from napari_medassist.evaluation.parts.summary import PartSums
from napari_medassist.metrics.registry import default_names, lesion_scores


def summarise(
    cases: Iterable[CaseEvaluation], *, convention: Convention = MEDASSIST
) -> CohortEvaluation:
    """Add up the cases of a cohort.

    Means and totals are taken over the cases with the status ``ok``. A mean says in how many of them
    its metric is defined, and in how many of the others there was a lesion to find. What empty masks
    count for is the convention's choice, made when the cases were compared: nothing is filled in here.

    Parameters
    ----------
    cases
        One entry a case, failed ones included. A sequence that makes its cases when they are looked at
        is kept as it is and gone through once; lesions and parts are not held.
    convention
        The settings that the cases were compared with.
    """
    everything = _kept(cases)
    regions, labels = PartSums(), PartSums()
    compared = []
    for case in everything:
        if case.status is Status.OK:
            regions.add(case.regions)
            labels.add(case.labels)
            compared.append(without_details(case))
    totals = sum((case.counts for case in compared if case.counts), LesionCounts())
    micro = lesion_scores(totals)
    names = sorted({*default_names(), *(name for case in compared for name in case.scores)})
    with_lesion = [case for case in compared if case.n_reference_lesions]
    return CohortEvaluation(
        cases=everything,
        means={name: mean_score(compared, name) for name in names},
        dice_with_lesion=mean_score(with_lesion, "dice"),
        totals=totals,
        micro_recall=micro["lesion_recall"],
        micro_precision=micro["lesion_precision"],
        hidden_errors=hidden_errors(compared, good_dice=convention.good_dice),
        convention=convention.settings(),
        regions=regions.summaries(),
        labels=labels.summaries(),
    )


def without_details(case: CaseEvaluation) -> CaseEvaluation:
    """Return a case without lesions, matches and parts, for who holds all cases at once."""
    return replace(case, lesions=(), matches=(), regions=(), labels=())


def _kept(cases: Iterable[CaseEvaluation]) -> Sequence[CaseEvaluation]:
    return cases if isinstance(cases, Sequence) and not isinstance(cases, list) else tuple(cases)


def mean_score(compared: Sequence[CaseEvaluation], name: str) -> Mean:
    """Return the mean of a metric over the cases where it is defined, and what it leaves out."""
    undefined = [case for case in compared if isnan(case.score(name))]
    n_missed = sum(bool(case.n_reference_lesions) for case in undefined)
    return replace(mean([case.score(name) for case in compared]), n_missed=n_missed)


def mean(values: Sequence[float]) -> Mean:
    """Return the mean of the defined values, and how many are defined and not."""
    defined = [value for value in values if not isnan(value)]
    return Mean(
        value=sum(defined) / len(defined) if defined else nan,
        n_defined=len(defined),
        n_undefined=len(values) - len(defined),
    )
