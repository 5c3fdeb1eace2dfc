"""Lesion errors as Dice suggests them, beside the actual ones: by lesion and by case.

Two readings of "perceived" errors, after the question of Yan et al. (arXiv:2203.16415). The formulas
stand in ``docs/concepts/disagreement.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionVerdict, Status


@dataclass(frozen=True)
class PerceivedErrors:
    """Lesion errors as the Dice of single lesions suggests them, beside the actual ones (lesion-wise).

    Parameters
    ----------
    dice_cut_off
        A lesion with a smaller Dice of its own is perceived as missed, or false.
    overlap_cut_off
        A lesion of which a smaller share is covered is actually missed, or false.
    fn_perceived, fn_actual
        Missed reference lesions.
    fp_perceived, fp_actual
        False predicted lesions.
    """

    dice_cut_off: float
    overlap_cut_off: float
    fn_perceived: int
    fn_actual: int
    fp_perceived: int
    fp_actual: int

    @property
    def fn_difference(self) -> int:
        """How far the perceived number of missed lesions is from the actual one."""
        return abs(self.fn_perceived - self.fn_actual)

    @property
    def fp_difference(self) -> int:
        """How far the perceived number of false lesions is from the actual one."""
        return abs(self.fp_perceived - self.fp_actual)


@dataclass(frozen=True)
class CaseWiseErrors:
    """What the Dice of whole cases hides, and where it alarms for nothing (case-wise).

    Parameters
    ----------
    dice_cut_off
        From here on a case is perceived as free of errors; inclusive.
    overlap_cut_off
        A lesion of which a smaller share is covered is actually missed, or false.
    n_good_cases, n_hiding_cases
        Cases perceived as free of errors, and those of them that have some.
    n_missed, n_false
        Lesions missed and false in these: the hidden errors.
    n_poor_cases, n_false_alarms
        Cases with a smaller Dice, and those of them without any error.
    n_undefined
        Cases without a Dice: neither side has a lesion. They are in none of the counts above.
    """

    dice_cut_off: float
    overlap_cut_off: float
    n_good_cases: int
    n_hiding_cases: int
    n_missed: int
    n_false: int
    n_poor_cases: int
    n_false_alarms: int
    n_undefined: int


def perceived_errors(
    cases: Sequence[CaseEvaluation],
    *,
    dice_cut_offs: Sequence[float],
    overlap_cut_offs: Sequence[float],
) -> tuple[PerceivedErrors, ...]:
    """Count perceived and actual lesion errors at pairs of cut-offs, lesion by lesion.

    The Dice of a reference lesion is taken with the union of the predicted lesions that share voxels
    with it, and that of a predicted lesion with the union of such reference lesions.

    Parameters
    ----------
    cases
        Cases of a cohort; those that could not be compared are passed over. Lesions that a convention
        ignores are not counted.
    dice_cut_offs, overlap_cut_offs
        Every pair of them is counted, above 0 and up to 1.

    Returns
    -------
    tuple
        One entry a pair, the overlap cut-offs running fastest.

    Raises
    ------
    InvalidSetting
        If a cut-off is out of range.
    """
    _require_shares(dice_cut_offs, overlap_cut_offs)
    missed, false = (_lesion_values(cases, side) for side in Side)
    return tuple(
        PerceivedErrors(
            dice_cut_off=d,
            overlap_cut_off=s,
            fn_perceived=int((missed.dice < d).sum()),
            fn_actual=int((missed.share < s).sum()),
            fp_perceived=int((false.dice < d).sum()),
            fp_actual=int((false.share < s).sum()),
        )
        for d in dice_cut_offs
        for s in overlap_cut_offs
    )


def case_wise_errors(
    cases: Sequence[CaseEvaluation],
    *,
    dice_cut_offs: Sequence[float],
    overlap_cut_offs: Sequence[float],
) -> tuple[CaseWiseErrors, ...]:
    """Count hidden errors and false alarms at pairs of cut-offs, case by case.

    Parameters, returns and errors are those of :func:`perceived_errors`.
    """
    _require_shares(dice_cut_offs, overlap_cut_offs)
    compared = [case for case in cases if case.status is Status.OK]
    dice = np.array([case.dice for case in compared], dtype=np.float64)
    sides = [_lesion_values(compared, side) for side in Side]
    return tuple(
        _case_wise(dice, d, s, *(side.errors_by_case(s, dice.size) for side in sides))
        for d in dice_cut_offs
        for s in overlap_cut_offs
    )


def _case_wise(
    dice: Float, d: float, s: float, missed: NDArray[np.int64], false: NDArray[np.int64]
) -> CaseWiseErrors:
    good, poor, wrong = dice >= d, dice < d, (missed + false) > 0
    return CaseWiseErrors(
        dice_cut_off=d,
        overlap_cut_off=s,
        n_good_cases=int(good.sum()),
        n_hiding_cases=int((good & wrong).sum()),
        n_missed=int(missed[good].sum()),
        n_false=int(false[good].sum()),
        n_poor_cases=int(poor.sum()),
        n_false_alarms=int((poor & ~wrong).sum()),
        n_undefined=int(np.isnan(dice).sum()),
    )


@dataclass(frozen=True, eq=False)
class _LesionValues:
    """Of every lesion of one side: its case, the share of it that is covered, its Dice."""

    case: NDArray[np.int64]
    share: Float
    dice: Float

    def errors_by_case(self, overlap_cut_off: float, n_cases: int) -> NDArray[np.int64]:
        return np.bincount(self.case[self.share < overlap_cut_off], minlength=n_cases)


def _lesion_values(cases: Sequence[CaseEvaluation], side: Side) -> _LesionValues:
    rows = [
        (number, lesion.overlap_fraction, dice)
        for number, case in enumerate(c for c in cases if c.status is Status.OK)
        for lesion, dice in zip(case.lesions_of(side), _own_dice(case, side), strict=True)
        if lesion.verdict is not LesionVerdict.IGNORED
    ]
    number, share, dice = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return _LesionValues(number.astype(np.int64), share, dice)


def _own_dice(case: CaseEvaluation, side: Side) -> list[float]:
    """Return each lesion's Dice with the union of those of the other side that share voxels with it."""
    other = Side.PREDICTION if side is Side.REFERENCE else Side.REFERENCE
    partner_sizes = {lesion.id: lesion.n_voxels for lesion in case.lesions_of(other)}
    shared: dict[int, int] = {}
    around: dict[int, int] = {}
    for edge in case.matches:
        own, partner = edge.reference_id, edge.prediction_id
        if side is Side.PREDICTION:
            own, partner = partner, own
        if edge.n_voxels:
            shared[own] = shared.get(own, 0) + edge.n_voxels
            around[own] = around.get(own, 0) + partner_sizes[partner]
    return [_dice(lesion, shared, around) for lesion in case.lesions_of(side)]


def _dice(lesion: JudgedLesion, shared: dict[int, int], around: dict[int, int]) -> float:
    return 2 * shared.get(lesion.id, 0) / (lesion.n_voxels + around.get(lesion.id, 0))


def _require_shares(*cut_offs: Sequence[float]) -> None:
    for value in (value for several in cut_offs for value in several):
        if not 0 < value <= 1:
            raise InvalidSetting(f"A cut-off lies above 0 and up to 1, not at {value}.")
