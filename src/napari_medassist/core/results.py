"""What an evaluation returns: values without images, small enough to keep for a whole cohort."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from napari_medassist.core.lesion import Side
from napari_medassist.core.lesion_results import (
    Candidate,
    FurtherCounts,
    JudgedLesion,
    LesionCounts,
    LesionMatch,
    LesionVerdict,
    ScoredCase,
)
from napari_medassist.core.part_results import Mean, PartEvaluation, PartSummary, ZoneStatus

__all__ = [
    "Candidate",
    "CaseEvaluation",
    "CohortEvaluation",
    "FurtherCounts",
    "HiddenErrors",
    "JudgedLesion",
    "LesionCounts",
    "LesionMatch",
    "LesionVerdict",
    "Mean",
    "PartEvaluation",
    "PartSummary",
    "ScoredCase",
    "Scores",
    "Settings",
    "Status",
    "ZoneStatus",
]

#: Metric name -> value; NaN where the metric is undefined.
Scores = Mapping[str, float]
#: The settings that a result was computed with, by name, as they are written beside it.
Settings = Mapping[str, Any]


class Status(StrEnum):
    """How the comparison of a case ended."""

    OK = "ok"
    GRID_MISMATCH = "grid_mismatch"
    ERROR = "error"


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
        How the comparison ended; the message tells why it is not ``ok``, or what was wrong with the
        zone map.
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
    regions
        The same by zone of the organ, rising, what lies outside at the end; empty without a zone map.
    labels
        The same by label, rising; empty unless it was asked for.
    zone_status
        What became of the zone map; None if nobody asked for zones. If it is not ``ok``, the message
        tells why.
    unlisted_labels
        Values that occur in the label maps and stand in no scheme, rising; empty without a scheme.
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
    regions: tuple[PartEvaluation, ...] = ()
    labels: tuple[PartEvaluation, ...] = ()
    zone_status: ZoneStatus | None = None
    unlisted_labels: tuple[int, ...] = ()

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
    regions, labels
        The same by zone, and by label, rising; empty where nothing was asked for.
    """

    cases: Sequence[CaseEvaluation]
    means: Mapping[str, Mean]
    dice_with_lesion: Mean
    totals: LesionCounts
    micro_recall: float
    micro_precision: float
    hidden_errors: HiddenErrors
    convention: Settings
    regions: tuple[PartSummary, ...] = ()
    labels: tuple[PartSummary, ...] = ()

    @property
    def n_by_status(self) -> Mapping[Status, int]:
        """Number of cases with each status, zeros included."""
        found = [case.status for case in self.cases]
        return {status: found.count(status) for status in Status}

    @property
    def compared(self) -> tuple[CaseEvaluation, ...]:
        """The cases with the status ``ok``."""
        return tuple(case for case in self.cases if case.status is Status.OK)
