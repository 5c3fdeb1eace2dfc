"""Normalised surface Dice."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family, VoxelMetric


def nsd(pair: MaskPair) -> float:
    """Return the share of both surfaces within the tolerance of the other one; NaN if there is none.

    The tolerance is that of the surface rule. If only one mask has a surface, nothing of it is near.
    """
    if pair.empty_side:
        return nan if pair.empty_side == "both" else 0.0
    return nan if pair.distances is None else pair.distances.share_within(pair.rule.tolerance_mm)


METRIC = VoxelMetric(
    name="nsd",
    title="Normalised surface Dice",
    definition="share of ∂R and ∂P together with a distance to the other one of at most τ",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    family=Family.OVERLAP,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    default=False,
    citation="Nikolov S. et al., J Med Internet Res 23(7):e26151, 2021",
    compute=nsd,
)
