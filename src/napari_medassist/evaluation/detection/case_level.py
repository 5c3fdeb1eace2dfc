"""Which cases hold a lesion at all: ROC and operating points over the confidence of each case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.results import ScoredCase
from napari_medassist.evaluation.detection.curves import detection_curve


@dataclass(frozen=True)
class OperatingPoint:
    """Right and wrong calls of whole cases at one cut-off.

    Parameters
    ----------
    cut_off
        A case is called positive if its confidence reaches this; inclusive.
    tp, fn, tn, fp
        Positive cases called right and missed, negative ones called right and falsely called.
    """

    cut_off: float
    tp: int
    fn: int
    tn: int
    fp: int

    @property
    def sensitivity(self) -> float:
        """Share of the cases with a lesion that are called positive; NaN if there are none."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else nan

    @property
    def specificity(self) -> float:
        """Share of the cases without a lesion that are called negative; NaN if there are none."""
        return self.tn / (self.tn + self.fp) if self.tn + self.fp else nan


def auroc(cases: Sequence[ScoredCase]) -> float:
    """Return the area under the ROC curve of the case confidences, ties counting half.

    NaN unless there are cases with and without a lesion.

    Raises
    ------
    InvalidImage
        If a confidence is not a number.
    """
    confidence, positive = _case_arrays(cases)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if not (n_positive and n_negative):
        return nan
    rank_sum = float(rankdata(confidence)[positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def case_average_precision(cases: Sequence[ScoredCase]) -> float:
    """Return the average precision of the case confidences, by steps; NaN without a positive case.

    Every confidence is a cut-off here, 0 included: the last step calls all cases positive.

    Raises
    ------
    InvalidImage
        If a confidence is not a number.
    """
    confidence, positive = _case_arrays(cases)
    if not positive.any():
        return nan
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.append(np.flatnonzero(np.diff(confidence[order])), confidence.size - 1)
    gained = np.diff(hits[last], prepend=0)
    return float((gained * hits[last] / (last + 1)).sum() / hits[-1])


def ranking_score(cases: Sequence[ScoredCase]) -> float:
    """Return PI-CAI's ranking score: the mean of lesion-level average precision and AUROC."""
    return (detection_curve(cases).average_precision + auroc(cases)) / 2


def operating_point(cases: Sequence[ScoredCase], cut_off: float) -> OperatingPoint:
    """Count right and wrong calls at one cut-off of the case confidence.

    Raises
    ------
    InvalidImage
        If a confidence is not a number.
    """
    confidence, positive = _case_arrays(cases)
    called = confidence >= cut_off
    return OperatingPoint(
        cut_off=cut_off,
        tp=int((called & positive).sum()),
        fn=int((~called & positive).sum()),
        tn=int((~called & ~positive).sum()),
        fp=int((called & ~positive).sum()),
    )


def point_at_sensitivity(cases: Sequence[ScoredCase], wanted: float) -> OperatingPoint:
    """Return the operating point at the highest cut-off that reaches a sensitivity.

    Raises
    ------
    InvalidSetting
        If the wanted sensitivity lies outside of 0..1, or no case holds a lesion.
    InvalidImage
        If a confidence is not a number.
    """
    confidence, positive = _case_arrays(cases)
    if isnan(wanted) or not 0 <= wanted <= 1:
        raise InvalidSetting(f"A sensitivity lies between 0 and 1, not at {wanted}.")
    if not positive.any():
        raise InvalidSetting("No case holds a lesion, so there is no sensitivity to reach.")
    of_positive = -np.sort(-confidence[positive])
    # A share of n cases is compared with the wanted one, not a product that rounding may lift.
    reached = np.arange(1, of_positive.size + 1) / of_positive.size >= wanted
    return operating_point(cases, float(of_positive[np.argmax(reached)]))


def _case_arrays(cases: Sequence[ScoredCase]) -> tuple[Float, NDArray[np.bool_]]:
    confidence = np.array([case.case_confidence for case in cases], dtype=np.float64)
    if np.isnan(confidence).any():
        raise InvalidImage("The confidence of a case is not a number.")
    return confidence, np.array([case.has_lesion for case in cases], dtype=bool)
