"""Volume similarity."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family, VoxelMetric


def volume_similarity(pair: MaskPair) -> float:
    """Return 1 for equal volumes, wherever they lie, and 0 if one is empty; NaN if both are."""
    total = pair.n_reference + pair.n_prediction
    return 1 - abs(pair.n_prediction - pair.n_reference) / total if total else nan


METRIC = VoxelMetric(
    name="volume_similarity",
    title="Volume similarity",
    definition="1 - ||P| - |R|| / (|P| + |R|)",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    family=Family.OVERLAP,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    default=False,
    citation="Taha A. A., Hanbury A., BMC Medical Imaging 15:29, 2015",
    compute=volume_similarity,
)
