"""Absolute volume difference."""

from __future__ import annotations

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def absolute_volume_difference_ml(pair: MaskPair) -> float:
    """Return by how much the two volumes differ, in ml."""
    return abs(pair.n_prediction - pair.n_reference) * pair.voxel_volume_ml


METRIC = VoxelMetric(
    name="absolute_volume_difference_ml",
    title="Absolute volume difference",
    definition="||P| - |R|| x voxel volume",
    unit="ml",
    better=Better.LOWER,
    empty=EmptyPolicy(both=0.0),
    default=False,
    citation="Taha A. A., Hanbury A., BMC Medical Imaging 15:29, 2015",
    compute=absolute_volume_difference_ml,
)
