"""What a metric says of itself, so that a panel, a table or a report needs no further knowledge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isnan, nan

from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.probability_pair import ProbabilityPair


class Level(StrEnum):
    """What a metric counts: voxels or lesions."""

    VOXEL = "voxel"
    LESION = "lesion"


class Better(StrEnum):
    """Which direction is the better one; neither for a size."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Family(StrEnum):
    """Which rule for empty masks a convention applies to a metric.

    ``OVERLAP`` and ``DISTANCE`` have a rule each; all ``OTHER`` metrics keep their own policy in every
    convention: a rate without anything to count is undefined, a size is a size.
    """

    OVERLAP = "overlap"
    DISTANCE = "distance"
    OTHER = "other"


@dataclass(frozen=True)
class EmptyPolicy:
    """The value of a metric when masks are empty; None where it is computed as ever.

    Parameters
    ----------
    both
        Neither mask has a voxel.
    reference_only
        The reference is empty, something was predicted.
    prediction_only
        There is a reference, nothing was predicted.
    """

    both: float | None = None
    reference_only: float | None = None
    prediction_only: float | None = None

    def describe(self) -> str:
        """Return the policy in words."""
        parts = {
            "both empty": self.both,
            "only the reference empty": self.reference_only,
            "only the prediction empty": self.prediction_only,
        }
        return "; ".join(f"{name}: {_in_words(value)}" for name, value in parts.items())


#: Undefined unless both masks have voxels: the policy of all distances.
UNDEFINED_WHEN_EMPTY = EmptyPolicy(both=nan, reference_only=nan, prediction_only=nan)


@dataclass(frozen=True, kw_only=True)
class MetricSpec(ABC):
    """A metric: its name, what it means, and where it comes from.

    Use :class:`VoxelMetric` or :class:`LesionMetric`, which add the function.

    Parameters
    ----------
    name
        Name of the column and of the attribute; ends in the unit where there is one.
    title
        What a user calls it.
    definition
        The formula, in one line.
    better
        Which direction is the better one.
    empty
        What it is when masks are empty.
    citation
        Where it was defined.
    unit
        ``"mm"``, ``"ml"`` or ``""``.
    range
        Smallest and largest possible value.
    family
        Which rule for empty masks a convention applies to it.
    default
        Whether it is computed without being asked for by name.
    """

    name: str
    title: str
    definition: str
    better: Better
    empty: EmptyPolicy
    citation: str
    unit: str = ""
    range: tuple[float, float] = (0.0, inf)
    family: Family = Family.OTHER
    default: bool = True

    @property
    def best(self) -> float | None:
        """The best possible value; None for a size, which has none."""
        low, high = self.range
        return {Better.HIGHER: high, Better.LOWER: low, Better.NEITHER: None}[self.better]

    @property
    def worst(self) -> float | None:
        """The worst possible value; None for a size, infinite for a distance."""
        low, high = self.range
        return {Better.HIGHER: low, Better.LOWER: high, Better.NEITHER: None}[self.better]

    @property
    @abstractmethod
    def level(self) -> Level:
        """Whether it counts voxels or lesions."""


@dataclass(frozen=True, kw_only=True)
class VoxelMetric(MetricSpec):
    """A metric of two masks.

    Parameters
    ----------
    compute
        Returns the value of a pair of masks; NaN where it is undefined.

    See :class:`MetricSpec` for the others.
    """

    compute: Callable[[MaskPair], float]

    @property
    def level(self) -> Level:
        """Voxels."""
        return Level.VOXEL


@dataclass(frozen=True, kw_only=True)
class ProbabilityMetric(MetricSpec):
    """A metric of a reference mask and a map of probabilities.

    Parameters
    ----------
    compute
        Returns the value of the pair; NaN where it is undefined.

    See :class:`MetricSpec` for the others.
    """

    compute: Callable[[ProbabilityPair], float]

    @property
    def level(self) -> Level:
        """Voxels."""
        return Level.VOXEL


@dataclass(frozen=True, kw_only=True)
class LesionMetric(MetricSpec):
    """A metric of lesion counts.

    Parameters
    ----------
    compute
        Returns the value of the counts; NaN where it is undefined.

    See :class:`MetricSpec` for the others.
    """

    compute: Callable[[LesionCounts], float]

    @property
    def level(self) -> Level:
        """Lesions."""
        return Level.LESION


def _in_words(value: float | None) -> str:
    if value is None:
        return "computed as ever"
    return "undefined" if isnan(value) else f"{value:g}"
