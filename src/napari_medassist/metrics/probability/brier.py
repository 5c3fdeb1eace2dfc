"""Brier score of voxels."""

from __future__ import annotations

from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, ProbabilityMetric


def brier(pair: ProbabilityPair) -> float:
    """Return the mean squared difference between probability and truth, over all voxels.

    Background that is called with certainty counts, so a larger field of view gives a smaller value.
    """
    wrong = ((1 - pair.of_foreground) ** 2).sum() + (pair.of_background**2).sum()
    return float(wrong / pair.n_voxels)


METRIC = ProbabilityMetric(
    name="brier",
    title="Brier score",
    definition="mean (p - r)²",
    range=(0.0, 1.0),
    better=Better.LOWER,
    empty=EmptyPolicy(),
    default=False,
    citation="Brier G. W., Monthly Weather Review 78(1):1-3, 1950",
    compute=brier,
)
