"""Lesion-level numbers over all cut-offs: precision and recall, average precision, FROC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.results import ScoredCase

Count = NDArray[np.int64]

#: False positives per case at which the LUNA16 score reads the sensitivity.
LUNA16_FP_PER_CASE = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
#: Recalls at which recall-controlled precision is usually told.
CONTROLLED_RECALLS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, eq=False)
class LesionCurve:
    """Right and wrong lesions at every cut-off of a confidence or probability.

    It comes from lists of candidates (:func:`detection_curve`) or from a probability map
    (:func:`~napari_medassist.evaluation.detection.sweep.sweep`). All arrays are of one length, n >= 0.

    Parameters
    ----------
    cut_offs
        Falling and above 0; what is equal to a cut-off counts as predicted.
    tp_reference
        Reference lesions that are found at each cut-off; never falls along the array, except where
        ``recall_may_fall``.
    tp_prediction, fp
        True and false predicted lesions at each cut-off.
    n_reference_lesions
        Number of reference lesions, the same at every cut-off.
    n_cases
        Number of cases that were added up.
    recall_may_fall
        Whether the matching rule may lose a lesion at a lower cut-off, where a prediction has grown
        beyond it: as one-to-one rules and those of IoU do.

    Raises
    ------
    InvalidSetting
        If the lengths differ, the cut-offs do not fall, or the found lesions become fewer though they
        may not.
    """

    cut_offs: Float
    tp_reference: Count
    tp_prediction: Count
    fp: Count
    n_reference_lesions: int
    n_cases: int = 1
    recall_may_fall: bool = False

    def __post_init__(self) -> None:
        arrays = (self.cut_offs, self.tp_reference, self.tp_prediction, self.fp)
        if len({array.shape for array in arrays}) != 1 or self.cut_offs.ndim != 1:
            raise InvalidSetting("The arrays of a curve need one entry a cut-off.")
        if (np.diff(self.cut_offs) >= 0).any() or (self.cut_offs <= 0).any():
            raise InvalidSetting("The cut-offs of a curve must fall and lie above 0.")
        if not self.recall_may_fall and (np.diff(self.tp_reference) < 0).any():
            raise InvalidSetting("Lesions that are found cannot be lost at a lower cut-off.")
        if self.tp_reference.max(initial=0) > self.n_reference_lesions:
            raise InvalidSetting("More lesions are found than there are.")

    @property
    def fn(self) -> Count:
        """Reference lesions that are missed at each cut-off."""
        return self.n_reference_lesions - self.tp_reference

    @property
    def recall(self) -> Float:
        """Share of the reference lesions that are found; NaN if there are none."""
        return _share(self.tp_reference, np.full_like(self.tp_reference, self.n_reference_lesions))

    @property
    def precision(self) -> Float:
        """Share of the predicted lesions that are true; NaN where none is predicted."""
        return _share(self.tp_prediction, self.tp_prediction + self.fp)

    @property
    def fp_per_case(self) -> Float:
        """False lesions per case."""
        return self.fp / self.n_cases if self.n_cases else np.full(self.fp.shape, nan)

    @property
    def average_precision(self) -> float:
        """Area under precision over recall, by steps: the sum of precision times gained recall.

        Missed lesions, which no cut-off reaches, add nothing. NaN if there is no reference lesion.

        Raises
        ------
        InvalidSetting
            If recall falls somewhere along this curve: then there is no area.
        """
        if not self.n_reference_lesions:
            return nan
        if (np.diff(self.tp_reference) < 0).any():
            raise InvalidSetting(
                "Recall does not only grow along this curve, so precision has no area over it.",
                cure="Use precision_at_recall or sensitivity_at_fp, or score the candidates.",
            )
        gained = np.diff(self.recall, prepend=0.0)
        return float(gained @ np.nan_to_num(self.precision))

    def cut_off_at_recall(self, wanted: float) -> float:
        """Return the highest cut-off whose recall is at least the wanted one; NaN if none is."""
        place = self._first_with_recall(wanted)
        return nan if place is None else float(self.cut_offs[place])

    def precision_at_recall(self, wanted: float) -> float:
        """Return the recall-controlled precision.

        That is the precision at the highest cut-off whose recall is at least the wanted one (0..1);
        NaN, and never 0, if no cut-off reaches it.
        """
        place = self._first_with_recall(wanted)
        return nan if place is None else float(self.precision[place])

    def recall_at_precision(self, wanted: float) -> float:
        """Return the precision-controlled recall.

        That is the largest recall among the cut-offs whose precision is at least the wanted one
        (0..1); NaN if none is. Precision is not monotone, so all cut-offs are looked at.
        """
        precise = self.recall[np.nan_to_num(self.precision, nan=-1.0) >= wanted]
        return float(precise.max()) if precise.size else nan

    def sensitivity_at_fp(self, fp_per_case: float) -> float:
        """Return the largest recall with at most so many false lesions per case, not interpolated.

        0 if every cut-off has more; NaN if there is no reference lesion.
        """
        if not self.n_reference_lesions:
            return nan
        return float(self.recall[self.fp_per_case <= fp_per_case].max(initial=0.0))

    def luna16_score(self) -> float:
        """Return the mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false lesions per case.

        As LUNA16 defines it: linear between the points of the curve, which starts at (0, 0), and flat
        beyond its last one. NaN if there is no reference lesion.

        Raises
        ------
        InvalidSetting
            If false lesions become fewer at a lower cut-off, as they may in the sweep of a map: then
            there is no line to read from.
        """
        if not self.n_reference_lesions:
            return nan
        if (np.diff(self.fp) < 0).any():
            raise InvalidSetting(
                "False lesions do not only grow along this curve, so nothing can be interpolated.",
                cure="Use sensitivity_at_fp, which needs no interpolation.",
            )
        along = np.concatenate([[0.0], self.fp_per_case])
        read = np.interp(LUNA16_FP_PER_CASE, along, np.concatenate([[0.0], self.recall]))
        return float(read.mean())

    def _first_with_recall(self, wanted: float) -> int | None:
        if not 0 <= wanted <= 1:
            raise InvalidSetting(f"A recall lies between 0 and 1, not at {wanted}.")
        reached = np.flatnonzero(self.recall >= wanted)
        return int(reached[0]) if reached.size else None


def detection_curve(cases: Iterable[ScoredCase]) -> LesionCurve:
    """Return the curve over all candidates of some cases.

    Every confidence above 0 that occurs is a cut-off. What has a confidence of 0 is predicted at none:
    missed lesions are listed so.

    Parameters
    ----------
    cases
        Candidates of each case.

    Raises
    ------
    InvalidImage
        If a confidence is negative or not finite, or a case lists more lesions than it has.

    Examples
    --------
    >>> from napari_medassist.core.results import Candidate
    >>> found, false, missed = Candidate(True, 0.9), Candidate(False, 0.8), Candidate(True, 0.0)
    >>> case = ScoredCase("a", (found, false, missed), 0.9, has_lesion=True, n_reference_lesions=2)
    >>> curve = detection_curve([case])
    >>> curve.recall.tolist(), curve.precision.tolist(), curve.average_precision
    ([0.5, 0.5], [1.0, 0.5], 0.5)
    """
    everything = list(cases)
    confidence, is_lesion = flat_candidates(everything)
    order = np.argsort(-confidence, kind="stable")
    confidence, hits = confidence[order], np.cumsum(is_lesion[order], dtype=np.int64)
    # The last of equal confidences holds the counts of all of them.
    last = np.flatnonzero(np.diff(confidence, append=-1.0) < 0)
    last = last[confidence[last] > 0]
    return LesionCurve(
        cut_offs=confidence[last],
        tp_reference=hits[last],
        tp_prediction=hits[last],
        fp=last + 1 - hits[last],
        n_reference_lesions=sum(case.n_reference_lesions for case in everything),
        n_cases=len(everything),
    )


def flat_candidates(cases: Sequence[ScoredCase]) -> tuple[Float, NDArray[np.bool_]]:
    """Return the confidence of every candidate and whether it is a lesion, case after case.

    Raises
    ------
    InvalidImage
        If a confidence is negative or not finite, or a case lists more lesions than it has.
    """
    for case in cases:
        if sum(c.is_lesion for c in case.candidates) > case.n_reference_lesions:
            raise InvalidImage(f"Case '{case.case}' lists more lesions than its reference has.")
    confidence = np.array([c.confidence for case in cases for c in case.candidates], dtype=np.float64)
    if not (np.isfinite(confidence).all() and (confidence >= 0).all()):
        raise InvalidImage("A confidence is negative or not a number.")
    return confidence, np.array([c.is_lesion for case in cases for c in case.candidates], dtype=bool)


def pooled(curves: Iterable[LesionCurve]) -> LesionCurve:
    """Add up the curves of several cases, cut-off by cut-off.

    Raises
    ------
    InvalidSetting
        If there is no curve, or they were not taken at the same cut-offs.
    """
    parts = list(curves)
    if not parts:
        raise InvalidSetting("There is no curve to add up.")
    if any(not np.array_equal(part.cut_offs, parts[0].cut_offs) for part in parts):
        raise InvalidSetting(
            "Curves can only be added up at the same cut-offs.",
            cure="Sweep every case at the same list of cut-offs.",
        )
    return LesionCurve(
        cut_offs=parts[0].cut_offs,
        tp_reference=_total(part.tp_reference for part in parts),
        tp_prediction=_total(part.tp_prediction for part in parts),
        fp=_total(part.fp for part in parts),
        n_reference_lesions=sum(part.n_reference_lesions for part in parts),
        n_cases=sum(part.n_cases for part in parts),
        recall_may_fall=any(part.recall_may_fall for part in parts),
    )


def _total(counts: Iterable[Count]) -> Count:
    total: Count = np.sum(list(counts), axis=0, dtype=np.int64)
    return total


def _share(part: Count, whole: Count) -> Float:
    share: Float = np.divide(part, whole, out=np.full(part.shape, nan), where=whole > 0)
    return share
