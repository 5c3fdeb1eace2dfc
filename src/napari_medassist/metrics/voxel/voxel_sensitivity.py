"""Voxel sensitivity (recall)."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def voxel_sensitivity(pair: MaskPair) -> float:
    """Return the share of the reference that is covered; NaN if the reference is empty."""
    return pair.n_overlap / pair.n_reference if pair.n_reference else nan


METRIC = VoxelMetric(
    name="voxel_sensitivity",
    title="Voxel sensitivity",
    definition="|R ∩ P| / |R|",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=nan, prediction_only=0.0),
    default=False,
    citation="Taha A. A., Hanbury A., BMC Medical Imaging 15:29, 2015",
    compute=voxel_sensitivity,
)
