"""Expected calibration error of voxels."""

from __future__ import annotations

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, ProbabilityMetric

#: Number of bins of equal width.
N_BINS = 15


def ece(pair: ProbabilityPair) -> float:
    """Return how far, on average, the called probability is from the share that is foreground.

    Voxels are put into 15 bins of equal width by their probability, 1 belonging to the last one.
    """
    positive = _binned(pair.of_foreground)
    negative = _binned(pair.of_background)
    n_of_zero = pair.n_background - pair.of_background.size
    counts = positive[0] + negative[0]
    counts[0] += n_of_zero
    called = positive[1] + negative[1]
    return float(np.abs(called - positive[0]).sum() / counts.sum())


def _binned(probabilities: Float) -> tuple[Float, Float]:
    """Return how many probabilities lie in each bin, and their sums."""
    bins = np.minimum((probabilities * N_BINS).astype(np.intp), N_BINS - 1)
    numbers = np.bincount(bins, minlength=N_BINS).astype(np.float64)
    return numbers, np.bincount(bins, weights=probabilities, minlength=N_BINS).astype(np.float64)


METRIC = ProbabilityMetric(
    name="ece",
    title="Expected calibration error",
    definition="Σ_bins n_b / n · |mean p in b - share of foreground in b|",
    range=(0.0, 1.0),
    better=Better.LOWER,
    empty=EmptyPolicy(),
    default=False,
    citation="Naeini M. P. et al., AAAI 2015, pp. 2901-2907; 15 bins as Guo C. et al., ICML 2017",
    compute=ece,
)
