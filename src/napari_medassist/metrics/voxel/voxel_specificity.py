"""Voxel specificity."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def voxel_specificity(pair: MaskPair) -> float:
    """Return the share of the background that is left alone; NaN if the reference fills the image.

    All voxels of the image count, so a larger field of view gives a larger value.
    """
    background = pair.n_voxels - pair.n_reference
    wrong = pair.n_prediction - pair.n_overlap
    return (background - wrong) / background if background else nan


METRIC = VoxelMetric(
    name="voxel_specificity",
    title="Voxel specificity",
    definition="|¬R ∩ ¬P| / |¬R|",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=1.0, reference_only=None, prediction_only=1.0),
    default=False,
    citation="Taha A. A., Hanbury A., BMC Medical Imaging 15:29, 2015",
    compute=voxel_specificity,
)
