"""Hausdorff distance."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import UNDEFINED_WHEN_EMPTY, Better, Family, VoxelMetric


def hd_mm(pair: MaskPair) -> float:
    """Return the largest distance from a border voxel to the other border, in mm; NaN if none."""
    if pair.distances is None:
        return nan
    return pair.distances.percentile_mm(100)


METRIC = VoxelMetric(
    name="hd_mm",
    title="Hausdorff distance",
    definition="max(max d(∂R → ∂P), max d(∂P → ∂R)), borders by 6-neighbour erosion",
    unit="mm",
    better=Better.LOWER,
    family=Family.DISTANCE,
    empty=UNDEFINED_WHEN_EMPTY,
    citation="Huttenlocher D. P. et al., IEEE TPAMI 15(9):850-863, 1993",
    compute=hd_mm,
)
