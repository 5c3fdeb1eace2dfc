"""Jaccard index."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family, VoxelMetric


def jaccard(pair: MaskPair) -> float:
    """Return the shared voxels over those that either mask has; NaN if both are empty."""
    union = pair.n_reference + pair.n_prediction - pair.n_overlap
    return pair.n_overlap / union if union else nan


METRIC = VoxelMetric(
    name="jaccard",
    title="Jaccard index (IoU)",
    definition="|R ∩ P| / (|R| + |P| - |R ∩ P|)",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    family=Family.OVERLAP,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    default=False,
    citation="Jaccard P., New Phytologist 11(2):37-50, 1912",
    compute=jaccard,
)
