"""Soft Dice."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, ProbabilityMetric


def soft_dice(pair: ProbabilityPair) -> float:
    """Return Dice with probabilities in the place of voxels; NaN if all of both is 0.

    The denominator has no squares, so that a map of zeros and ones has its Dice.
    """
    overlap = float(pair.of_foreground.sum())
    total = pair.n_reference + overlap + float(pair.of_background.sum())
    return 2 * overlap / total if total else nan


METRIC = ProbabilityMetric(
    name="soft_dice",
    title="Soft Dice",
    definition="2 Σ p r / (Σ p + Σ r)",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    default=False,
    citation="Sudre C. H. et al., DLMIA 2017, LNCS 10553:240-248",
    compute=soft_dice,
)
