"""Hausdorff distance at the percentile of the surface rule."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import UNDEFINED_WHEN_EMPTY, Better, Family, VoxelMetric


def hd_percentile_mm(pair: MaskPair) -> float:
    """Return the percentile of the distances that the rule names, in mm; NaN if there is no surface."""
    if pair.distances is None:
        return nan
    return pair.distances.percentile_mm(pair.rule.percentile, pair.rule.aggregation)


METRIC = VoxelMetric(
    name="hd_percentile_mm",
    title="Hausdorff distance at a percentile",
    definition="as HD95, at the percentile of the surface rule",
    unit="mm",
    better=Better.LOWER,
    family=Family.DISTANCE,
    empty=UNDEFINED_WHEN_EMPTY,
    default=False,
    citation="Maier-Hein L. et al., Nature Methods 21:195-212, 2024",
    compute=hd_percentile_mm,
)
