"""95th percentile Hausdorff distance."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import UNDEFINED_WHEN_EMPTY, Better, Family, VoxelMetric


def hd95_mm(pair: MaskPair) -> float:
    """Return the larger of the two directed 95th percentiles, in mm; NaN if there is no border.

    Tools differ here: some pool the distances of both directions before taking the percentile, which
    gives a smaller value when the two borders disagree.
    """
    if pair.distances is None:
        return nan
    return pair.distances.percentile_mm(95, pair.rule.aggregation)


METRIC = VoxelMetric(
    name="hd95_mm",
    title="HD95",
    definition="max(P95 d(∂R → ∂P), P95 d(∂P → ∂R)), linear interpolation",
    unit="mm",
    better=Better.LOWER,
    family=Family.DISTANCE,
    empty=UNDEFINED_WHEN_EMPTY,
    citation="Maier-Hein L. et al., Nature Methods 21:195-212, 2024",
    compute=hd95_mm,
)
