"""Voxel precision (positive predictive value)."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def voxel_precision(pair: MaskPair) -> float:
    """Return the share of the prediction that is right; NaN if the prediction is empty."""
    return pair.n_overlap / pair.n_prediction if pair.n_prediction else nan


METRIC = VoxelMetric(
    name="voxel_precision",
    title="Voxel precision",
    definition="|R ∩ P| / |P|",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=nan),
    default=False,
    citation="Taha A. A., Hanbury A., BMC Medical Imaging 15:29, 2015",
    compute=voxel_precision,
)
