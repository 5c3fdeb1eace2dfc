"""Dice similarity coefficient."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family, VoxelMetric


def dice(pair: MaskPair) -> float:
    """Return twice the shared voxels over the sum of both sizes; NaN if both masks are empty."""
    total = pair.n_reference + pair.n_prediction
    return 2 * pair.n_overlap / total if total else nan


METRIC = VoxelMetric(
    name="dice",
    title="Dice",
    definition="2 |R ∩ P| / (|R| + |P|)",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    family=Family.OVERLAP,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    citation="Dice L. R., Ecology 26(3):297-302, 1945",
    compute=dice,
)
