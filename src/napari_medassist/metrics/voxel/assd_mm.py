"""Average symmetric surface distance."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import UNDEFINED_WHEN_EMPTY, Better, Family, VoxelMetric


def assd_mm(pair: MaskPair) -> float:
    """Return the mean distance over the border voxels of both masks, in mm; NaN if there is none."""
    return nan if pair.distances is None else pair.distances.pooled_mean_mm()


METRIC = VoxelMetric(
    name="assd_mm",
    title="ASSD",
    definition="(Σ d(∂R → ∂P) + Σ d(∂P → ∂R)) / (|∂R| + |∂P|)",
    unit="mm",
    better=Better.LOWER,
    family=Family.DISTANCE,
    empty=UNDEFINED_WHEN_EMPTY,
    citation="Heimann T. et al., IEEE TMI 28(8):1251-1265, 2009",
    compute=assd_mm,
)
