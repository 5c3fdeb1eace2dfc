"""What became of lesions: verdicts, which belong together, how many are right, how sure they are."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import StrEnum

from napari_medassist.core.lesion import Lesion, Side


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
    zone
        Name of the zone that holds most of its voxels; None without a zone map.
    zone_fraction
        Share of its voxels that lie there, 0..1; below 1 it straddles zones.
    """

    overlap_fraction: float = 0.0
    verdict: LesionVerdict = LesionVerdict.MISSED
    matched_ids: tuple[int, ...] = ()
    zone: str | None = None
    zone_fraction: float | None = None


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
