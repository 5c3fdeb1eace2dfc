"""Balanced accuracy of voxels."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric
from napari_medassist.metrics.voxel.voxel_sensitivity import voxel_sensitivity
from napari_medassist.metrics.voxel.voxel_specificity import voxel_specificity


def balanced_accuracy(pair: MaskPair) -> float:
    """Return the mean of sensitivity and specificity; NaN where one of them is undefined."""
    return (voxel_sensitivity(pair) + voxel_specificity(pair)) / 2


METRIC = VoxelMetric(
    name="balanced_accuracy",
    title="Balanced accuracy",
    definition="(sensitivity + specificity) / 2, of voxels",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=nan, prediction_only=0.5),
    default=False,
    citation="Brodersen K. H. et al., ICPR 2010, pp. 3121-3124",
    compute=balanced_accuracy,
)
