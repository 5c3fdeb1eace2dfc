"""What an evaluation returns: values without images, small enough to keep for a whole cohort."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import Any

from napari_medassist.core.lesion import Lesion, Side

#: Metric name -> value; NaN where the metric is undefined.
Scores = Mapping[str, float]
#: The settings that a result was computed with, by name, as they are written beside it.
Settings = Mapping[str, Any]


class Status(StrEnum):
    """How the comparison of a case ended."""

    OK = "ok"
    GRID_MISMATCH = "grid_mismatch"
    ERROR = "error"


class LesionVerdict(StrEnum):
    """What became of a lesion: found or missed (reference), true or false (prediction).

    Ignored is what a convention leaves out on purpose, on either side: neither right nor wrong.
    """

    FOUND = "found"
    MISSED = "missed"
    TRUE = "true"
    FALSE = "false"
    IGNORED = "ignored"

    @classmethod
    def of(cls, side: Side, *, positive: bool) -> LesionVerdict:
        """Return the verdict of a side: found or missed for the reference, true or false else."""
        if side is Side.REFERENCE:
            return cls.FOUND if positive else cls.MISSED
        return cls.TRUE if positive else cls.FALSE

    @property
    def is_error(self) -> bool:
        """True for a missed and for a false lesion."""
        return self in (LesionVerdict.MISSED, LesionVerdict.FALSE)


@dataclass(frozen=True)
class JudgedLesion(Lesion):
    """A lesion with its verdict.

    Parameters
    ----------
    overlap_fraction
        Share of its own voxels that the whole other mask covers, 0..1.
    verdict
        What follows from that under the convention in use.
    matched_ids
        Lesions of the other side that share voxels with a found or true lesion, rising; empty for a
        missed or false one. All overlaps, however small, are in :attr:`CaseEvaluation.matches`.
    """

    overlap_fraction: float = 0.0
    verdict: LesionVerdict = LesionVerdict.MISSED
    matched_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class LesionMatch:
    """An edge of the match graph: a reference and a predicted lesion that have to do with each other.

    Parameters
    ----------
    reference_id, prediction_id
        The two lesions.
    n_voxels
        Number of voxels that they share; 0 where a rule pairs lesions by their centres.
    n_reference_voxels, n_prediction_voxels
        Number of voxels of each.
    is_match
        Whether the matching rule counts the pair as a hit.
    """

    reference_id: int
    prediction_id: int
    n_voxels: int
    n_reference_voxels: int
    n_prediction_voxels: int
    is_match: bool = False

    @property
    def iou(self) -> float:
        """Intersection over union of the pair, 0..1."""
        return self.n_voxels / (self.n_reference_voxels + self.n_prediction_voxels - self.n_voxels)

    @property
    def dice(self) -> float:
        """Dice similarity of the pair, 0..1."""
        return 2 * self.n_voxels / (self.n_reference_voxels + self.n_prediction_voxels)

    @property
    def reference_fraction(self) -> float:
        """Share of the reference lesion that this prediction covers, 0..1."""
        return self.n_voxels / self.n_reference_voxels

    @property
    def prediction_fraction(self) -> float:
        """Share of the prediction that lies in this reference lesion, 0..1."""
        return self.n_voxels / self.n_prediction_voxels


@dataclass(frozen=True)
class LesionCounts:
    """Right and wrong lesions, counted on each side by itself.

    The two counts of true positives differ where lesions merge or split: one prediction may find two
    lesions, two predictions may lie on one.

    Parameters
    ----------
    tp_reference, fn
        Reference lesions that were found, and missed.
    tp_prediction, fp
        Predicted lesions that are true, and false.
    ignored_reference, ignored_prediction
        Lesions that the convention leaves out on purpose: neither right nor wrong.
    """

    tp_reference: int = 0
    fn: int = 0
    tp_prediction: int = 0
    fp: int = 0
    ignored_reference: int = 0
    ignored_prediction: int = 0

    @property
    def n_reference_lesions(self) -> int:
        """Number of reference lesions, ignored ones included."""
        return self.tp_reference + self.fn + self.ignored_reference

    @property
    def n_predicted_lesions(self) -> int:
        """Number of predicted lesions, ignored ones included."""
        return self.tp_prediction + self.fp + self.ignored_prediction

    def __add__(self, other: LesionCounts) -> LesionCounts:
        return LesionCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class FurtherCounts:
    """What the counts of hits do not show.

    Parameters
    ----------
    n_splits
        Reference lesions that several true predictions lie in.
    n_merges
        Predictions that lie in several found reference lesions.
    n_dropped_reference, n_dropped_prediction
        Components too small to count as lesions under the convention.
    """

    n_splits: int = 0
    n_merges: int = 0
    n_dropped_reference: int = 0
    n_dropped_prediction: int = 0

    def __add__(self, other: FurtherCounts) -> FurtherCounts:
        return FurtherCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class CaseEvaluation:
    """A reference and a prediction compared, voxel by voxel and lesion by lesion.

    The columns of ``cases.csv`` are attributes of the same names. Where the case could not be
    compared, scores are NaN and counts None.

    Parameters
    ----------
    case
        Name of the case.
    status, message
        How the comparison ended; the message tells why it is not ``ok``.
    scores
        Every registered metric by name.
    counts
        Lesion counts; None where the case could not be compared.
    further_counts
        Splits, merges and dropped components; None where the case could not be compared.
    lesions
        Reference lesions, then predicted ones, each in the order of its id.
    matches
        The match graph: every pair of lesions that share voxels or are a hit.
    convention
        The settings in use.
    spacing_zyx_mm
        Voxel spacing of the reference along z, y, x in mm, where it was read from a file.
    group
        What the case is counted with (a centre, a scanner); empty if nothing was said.
    """

    case: str
    status: Status = Status.OK
    message: str = ""
    scores: Scores = field(default_factory=dict)
    counts: LesionCounts | None = None
    lesions: tuple[JudgedLesion, ...] = ()
    matches: tuple[LesionMatch, ...] = ()
    convention: Settings = field(default_factory=dict)
    further_counts: FurtherCounts | None = None
    spacing_zyx_mm: tuple[float, float, float] | None = None
    group: str = ""

    def score(self, name: str) -> float:
        """Return the value of a metric; NaN if it is undefined or was not computed."""
        return self.scores.get(name, math.nan)

    def lesions_of(self, side: Side) -> tuple[JudgedLesion, ...]:
        """Return the lesions of one side, in the order of their ids."""
        return tuple(lesion for lesion in self.lesions if lesion.side is side)

    @property
    def dice(self) -> float:
        """Dice similarity of the two masks, 0..1."""
        return self.score("dice")

    @property
    def hd_mm(self) -> float:
        """Hausdorff distance in mm."""
        return self.score("hd_mm")

    @property
    def hd95_mm(self) -> float:
        """95th percentile Hausdorff distance in mm (maximum of the two directed percentiles)."""
        return self.score("hd95_mm")

    @property
    def assd_mm(self) -> float:
        """Average symmetric surface distance in mm, pooled over both borders."""
        return self.score("assd_mm")

    @property
    def volume_reference_ml(self) -> float:
        """Volume of the reference in ml."""
        return self.score("volume_reference_ml")

    @property
    def volume_prediction_ml(self) -> float:
        """Volume of the prediction in ml."""
        return self.score("volume_prediction_ml")

    @property
    def n_reference_lesions(self) -> int | None:
        """Number of reference lesions."""
        return None if self.counts is None else self.counts.n_reference_lesions

    @property
    def n_predicted_lesions(self) -> int | None:
        """Number of predicted lesions."""
        return None if self.counts is None else self.counts.n_predicted_lesions

    @property
    def tp_reference(self) -> int | None:
        """Number of reference lesions that were found."""
        return None if self.counts is None else self.counts.tp_reference

    @property
    def fn(self) -> int | None:
        """Number of reference lesions that were missed."""
        return None if self.counts is None else self.counts.fn

    @property
    def tp_prediction(self) -> int | None:
        """Number of predicted lesions that are true."""
        return None if self.counts is None else self.counts.tp_prediction

    @property
    def fp(self) -> int | None:
        """Number of predicted lesions that are false."""
        return None if self.counts is None else self.counts.fp

    @property
    def n_splits(self) -> int | None:
        """Number of reference lesions that several true predictions lie in."""
        return None if self.further_counts is None else self.further_counts.n_splits

    @property
    def n_merges(self) -> int | None:
        """Number of predictions that lie in several found reference lesions."""
        return None if self.further_counts is None else self.further_counts.n_merges

    @property
    def n_ignored_reference(self) -> int | None:
        """Number of reference lesions that the convention leaves out."""
        return None if self.counts is None else self.counts.ignored_reference

    @property
    def n_ignored_prediction(self) -> int | None:
        """Number of predicted lesions that the convention leaves out."""
        return None if self.counts is None else self.counts.ignored_prediction

    @property
    def n_dropped_reference(self) -> int | None:
        """Number of components of the reference that are too small to count."""
        return None if self.further_counts is None else self.further_counts.n_dropped_reference

    @property
    def n_dropped_prediction(self) -> int | None:
        """Number of components of the prediction that are too small to count."""
        return None if self.further_counts is None else self.further_counts.n_dropped_prediction

    @property
    def lesion_recall(self) -> float:
        """Share of the reference lesions that were found."""
        return self.score("lesion_recall")

    @property
    def lesion_precision(self) -> float:
        """Share of the predicted lesions that are true."""
        return self.score("lesion_precision")


@dataclass(frozen=True)
class Candidate:
    """A lesion of a case as detection curves see it: predicted, or missed altogether.

    Parameters
    ----------
    is_lesion
        True for a hit and for a missed lesion, False for a false alarm.
    confidence
        How sure the prediction is, larger is surer; 0 for a missed lesion.
    overlap
        How well a hit agrees with its reference lesion, under the matching rule in use; 0 for a
        missed lesion and for a false alarm.
    """

    is_lesion: bool
    confidence: float
    overlap: float = 0.0


@dataclass(frozen=True)
class ScoredCase:
    """What detection curves need of a case.

    Parameters
    ----------
    case
        Name of the case.
    candidates
        Hits, false alarms, and missed lesions with a confidence of 0.
    case_confidence
        How sure the prediction is that the case holds a lesion.
    has_lesion
        Whether it does.
    n_reference_lesions
        Number of reference lesions; at least the hits and misses among the candidates.
    """

    case: str
    candidates: tuple[Candidate, ...]
    case_confidence: float
    has_lesion: bool
    n_reference_lesions: int


@dataclass(frozen=True)
class Mean:
    """A mean that says over how many cases it was taken.

    Parameters
    ----------
    value
        Mean over the cases where the metric is defined; NaN if there is none.
    n_defined, n_undefined
        Compared cases where the metric is defined, and where it is not.
    n_missed
        Those of the undefined ones whose reference has a lesion. What was missed there is not in the
        mean: a mean distance is better for it.
    """

    value: float
    n_defined: int
    n_undefined: int
    n_missed: int = 0


@dataclass(frozen=True)
class HiddenErrors:
    """Lesion errors behind a Dice that looks good.

    Parameters
    ----------
    good_dice
        From where on a Dice looks good.
    n_good_cases
        Number of cases with such a Dice.
    cases
        Those of them with at least one missed or false lesion.
    n_missed, n_false
        Lesions missed, and false, in these cases.
    """

    good_dice: float
    n_good_cases: int = 0
    cases: tuple[str, ...] = ()
    n_missed: int = 0
    n_false: int = 0


@dataclass(frozen=True)
class CohortEvaluation:
    """All cases of a cohort, and what they add up to.

    Parameters
    ----------
    cases
        One entry a case, also for those that could not be compared.
    means
        Metric name -> mean over the compared cases.
    dice_with_lesion
        Mean Dice over the compared cases that have a reference lesion.
    totals
        Lesion counts added up over the compared cases.
    micro_recall, micro_precision
        From the totals; NaN if there is nothing to find, or nothing predicted.
    hidden_errors
        Lesion errors in cases whose Dice looks good.
    convention
        The settings in use.
    """

    cases: Sequence[CaseEvaluation]
    means: Mapping[str, Mean]
    dice_with_lesion: Mean
    totals: LesionCounts
    micro_recall: float
    micro_precision: float
    hidden_errors: HiddenErrors
    convention: Settings

    @property
    def n_by_status(self) -> Mapping[Status, int]:
        """Number of cases with each status, zeros included."""
        found = [case.status for case in self.cases]
        return {status: found.count(status) for status in Status}

    @property
    def compared(self) -> tuple[CaseEvaluation, ...]:
        """The cases with the status ``ok``."""
        return tuple(case for case in self.cases if case.status is Status.OK)
