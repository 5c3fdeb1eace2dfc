"""What holds for parts of a case, by zone of the organ or by label; and means, over cases or parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from napari_medassist.core.lesion_results import LesionCounts


class ZoneStatus(StrEnum):
    """What became of the zone map of a case that is judged by zone too."""

    OK = "ok"
    MISSING = "missing"
    GRID_MISMATCH = "grid_mismatch"
    ERROR = "error"


@dataclass(frozen=True)
class PartEvaluation:
    """What holds for one part of a case: a zone of the organ, or a label of the two maps.

    Parameters
    ----------
    value
        Value of the zone or label; 0 for what lies outside of all zones.
    name
        What it is called.
    scores
        Metrics by name; NaN where undefined.
    counts
        Lesion counts.
    n_voxels
        Number of voxels of the zone; None for a label.
    """

    value: int
    name: str
    scores: Mapping[str, float] = field(default_factory=dict)
    counts: LesionCounts = field(default_factory=LesionCounts)
    n_voxels: int | None = None

    def score(self, name: str) -> float:
        """Return the value of a metric; NaN if it is undefined or was not computed."""
        return self.scores.get(name, math.nan)


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
class PartSummary:
    """A zone or label over all compared cases.

    Parameters
    ----------
    value, name
        Which one.
    n_cases
        Number of cases that have it.
    means
        Metric name -> mean over these cases.
    totals
        Lesion counts added up over these cases.
    micro_recall, micro_precision
        From the totals; NaN if there is nothing to find, or nothing predicted.
    """

    value: int
    name: str
    n_cases: int
    means: Mapping[str, Mean]
    totals: LesionCounts
    micro_recall: float
    micro_precision: float
