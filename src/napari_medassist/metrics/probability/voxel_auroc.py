"""Area under the ROC curve of voxels."""

from __future__ import annotations

from math import nan

import numpy as np

from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, ProbabilityMetric


def voxel_auroc(pair: ProbabilityPair) -> float:
    """Return how probably a voxel of the reference is called higher than one outside, ties being half.

    NaN if there is no foreground, or no background.
    """
    n_positive, n_negative = pair.n_reference, pair.n_background
    if not (n_positive and n_negative):
        return nan
    negative = np.sort(pair.of_background)
    n_of_zero = n_negative - negative.size
    positive = pair.of_foreground
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    pairs_won = (below + not_above) / 2 + np.where(positive > 0, n_of_zero, n_of_zero / 2)
    return float(pairs_won.sum() / (n_positive * n_negative))


METRIC = ProbabilityMetric(
    name="voxel_auroc",
    title="Voxel AUROC",
    definition="P(p(foreground) > p(background)) + P(equal) / 2",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=nan, prediction_only=0.5),
    default=False,
    citation="Hanley J. A., McNeil B. J., Radiology 143(1):29-36, 1982",
    compute=voxel_auroc,
)
