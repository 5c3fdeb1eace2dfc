"""From the cases of a cohort to what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan, nan

from napari_medassist.core.results import (
    CaseEvaluation,
    CohortEvaluation,
    HiddenErrors,
    LesionCounts,
    Mean,
    Status,
)
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.metrics.registry import default_names, lesion_scores


def summarise(
    cases: Iterable[CaseEvaluation], *, convention: Convention = MEDASSIST
) -> CohortEvaluation:
    """Add up the cases of a cohort.

    Means and totals are taken over the cases with the status ``ok``; a mean says in how many of them
    its metric is defined.

    Parameters
    ----------
    cases
        One entry a case, failed ones included.
    convention
        The settings that the cases were compared with.
    """
    everything = tuple(cases)
    compared = [case for case in everything if case.status is Status.OK]
    totals = sum((case.counts for case in compared if case.counts), LesionCounts())
    micro = lesion_scores(totals)
    names = sorted({*default_names(), *(name for case in compared for name in case.scores)})
    return CohortEvaluation(
        cases=everything,
        means={name: mean([case.score(name) for case in compared]) for name in names},
        dice_with_lesion=mean([case.dice for case in compared if case.n_reference_lesions]),
        totals=totals,
        micro_recall=micro["lesion_recall"],
        micro_precision=micro["lesion_precision"],
        hidden_errors=hidden_errors(compared, good_dice=convention.good_dice),
        convention=convention.settings(),
    )


def mean(values: Sequence[float]) -> Mean:
    """Return the mean of the defined values, and how many are defined and not."""
    defined = [value for value in values if not isnan(value)]
    return Mean(
        value=sum(defined) / len(defined) if defined else nan,
        n_defined=len(defined),
        n_undefined=len(values) - len(defined),
    )


def hidden_errors(compared: Iterable[CaseEvaluation], *, good_dice: float) -> HiddenErrors:
    """Find the lesion errors in cases whose Dice looks good.

    Parameters
    ----------
    compared
        Cases that could be compared.
    good_dice
        From where on a Dice looks good; inclusive.
    """
    good = [case for case in compared if case.counts and case.dice >= good_dice]
    hiding = [case for case in good if case.fn or case.fp]
    return HiddenErrors(
        good_dice=good_dice,
        n_good_cases=len(good),
        cases=tuple(case.case for case in hiding),
        n_missed=sum(case.fn or 0 for case in hiding),
        n_false=sum(case.fp or 0 for case in hiding),
    )
