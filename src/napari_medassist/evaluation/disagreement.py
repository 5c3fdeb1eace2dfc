"""Where the voxel view and the lesion view of a case disagree.

A ranked gap per case, lesion errors that a good Dice hides, and false alarms: a poor Dice although
every lesion is right. The formulas stand in ``docs/concepts/disagreement.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from scipy.stats import rankdata

from napari_medassist.core.geometry import Float
from napari_medassist.core.results import CaseEvaluation, HiddenErrors, LesionCounts, Status
from napari_medassist.metrics.lesion import lesion_f1 as metric


@dataclass(frozen=True)
class CaseGap:
    """How far apart the two views of a case are.

    Parameters
    ----------
    case
        Its name.
    dice, lesion_f1
        The two views, 0..1; NaN where neither side has a lesion.
    gap
        By how many of the cases the rank by Dice is higher than that by lesion F1, as a share of all
        ranked ones, -1..1; NaN if undefined. Above 0, Dice makes the case look better than its lesions
        are; below 0, worse; 0 where ties allow both ranks to be the same.
    """

    case: str
    dice: float
    lesion_f1: float
    gap: float


@dataclass(frozen=True)
class RankedGaps:
    """The gap of every compared case.

    Parameters
    ----------
    cases
        In the order in which they were given.
    n_defined, n_undefined
        Cases that were ranked, and cases that could not be.
    """

    cases: tuple[CaseGap, ...]
    n_defined: int
    n_undefined: int

    def largest_first(self) -> tuple[CaseGap, ...]:
        """Return the ranked cases, the largest disagreement first; equal ones by name."""
        defined = [case for case in self.cases if not isnan(case.gap)]
        return tuple(sorted(defined, key=lambda case: (-abs(case.gap), case.case)))


@dataclass(frozen=True)
class FalseAlarms:
    """Cases whose Dice looks poor although no lesion is missed or false.

    Parameters
    ----------
    good_dice
        Below this a Dice looks poor.
    n_poor_cases
        Number of cases with such a Dice.
    cases
        Those of them without any lesion error.
    """

    good_dice: float
    n_poor_cases: int = 0
    cases: tuple[str, ...] = ()


def lesion_f1(counts: LesionCounts | None) -> float:
    """Return the harmonic mean of lesion recall and precision, each from its own side's counts.

    0 if there are lesions on either side and none is right; NaN if there are none at all. Ignored
    lesions, neither right nor wrong, are none.
    """
    return nan if counts is None else metric.lesion_f1(counts)


def ranked_gaps(cases: Iterable[CaseEvaluation]) -> RankedGaps:
    """Rank the compared cases by Dice and by lesion F1, and tell how far apart the two ranks are.

    With n cases where both are defined, the gap is the difference of the two ranks over n. Cases of
    equal value have all the ranks between them in common; then the nearest ones count. So two cases
    with a perfect F1 and different Dice do not disagree.

    Parameters
    ----------
    cases
        Cases of a cohort; those that could not be compared are passed over.
    """
    compared = [case for case in cases if case.status is Status.OK]
    dice = np.array([case.dice for case in compared], dtype=np.float64)
    f1 = np.array([lesion_f1(case.counts) for case in compared], dtype=np.float64)
    gap = gaps_of_ranks(dice, f1)
    n_defined = int(np.count_nonzero(~np.isnan(gap)))
    values = zip(compared, dice.tolist(), f1.tolist(), gap.tolist(), strict=True)
    return RankedGaps(
        cases=tuple(CaseGap(case.case, d, f, g) for case, d, f, g in values),
        n_defined=n_defined,
        n_undefined=len(compared) - n_defined,
    )


def gaps_of_ranks(dice: Float, f1: Float) -> Float:
    """Return the ranked gap of each case from its two views; NaN where either is undefined.

    Parameters
    ----------
    dice, f1
        (cases,): what to rank by.
    """
    ranked = np.flatnonzero(np.isfinite(dice) & np.isfinite(f1))
    gap = np.full(dice.shape, nan)
    if ranked.size:
        gap[ranked] = _rank_difference(dice[ranked], f1[ranked]) / ranked.size
    return gap


def _rank_difference(dice: Float, f1: Float) -> Float:
    """Return how far the ranks by Dice lie above those by F1, from the nearest end of each tie."""
    dice_low, dice_high = (rankdata(dice, method=end) for end in ("min", "max"))
    f1_low, f1_high = (rankdata(f1, method=end) for end in ("min", "max"))
    difference: Float = np.maximum(dice_low - f1_high, 0.0) - np.maximum(f1_low - dice_high, 0.0)
    return difference


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


def false_alarms(compared: Iterable[CaseEvaluation], *, good_dice: float) -> FalseAlarms:
    """Find the cases whose Dice looks poor although every lesion is right.

    Parameters
    ----------
    compared
        Cases that could be compared. Those without any lesion have no Dice, and alarm nobody.
    good_dice
        Below this a Dice looks poor.
    """
    poor = [case for case in compared if case.counts and case.dice < good_dice]
    return FalseAlarms(
        good_dice=good_dice,
        n_poor_cases=len(poor),
        cases=tuple(case.case for case in poor if not (case.fn or case.fp)),
    )
