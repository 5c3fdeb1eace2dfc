"""Relative volume difference."""

from __future__ import annotations

from math import inf, nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def relative_volume_difference(pair: MaskPair) -> float:
    """Return how much too large the prediction is, in parts of the reference; NaN if there is none."""
    if not pair.n_reference:
        return nan
    return (pair.n_prediction - pair.n_reference) / pair.n_reference


METRIC = VoxelMetric(
    name="relative_volume_difference",
    title="Relative volume difference",
    definition="(|P| - |R|) / |R|",
    range=(-1.0, inf),
    better=Better.NEITHER,
    empty=EmptyPolicy(both=nan, reference_only=nan, prediction_only=-1.0),
    default=False,
    citation="Heimann T. et al., IEEE TMI 28(8):1251-1265, 2009",
    compute=relative_volume_difference,
)
