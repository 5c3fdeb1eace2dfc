"""Boundary intersection over union."""

from __future__ import annotations

from math import nan

import numpy as np
from scipy import ndimage

from napari_medassist.metrics.borders import border
from napari_medassist.metrics.grid import Mask
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family, VoxelMetric
from napari_medassist.metrics.surface import ROUNDING


def boundary_iou(pair: MaskPair) -> float:
    """Return the IoU of the two masks' rims; NaN if both masks are empty, or without a border.

    The rim of a mask are its voxels within ``rule.boundary_width_mm`` of a border voxel, the border
    voxels themselves included. MetricsReloaded measures the width in voxels and not in mm, so that
    its rim is of uneven depth on an anisotropic grid; with ``rule.in_voxels`` ours does so too.
    """
    if pair.empty_side:
        return nan if pair.empty_side == "both" else 0.0
    one, other = (_rim(mask, pair) for mask in (pair.reference, pair.prediction))
    either = np.count_nonzero(one | other)
    return float(np.count_nonzero(one & other) / either) if either else nan


def _rim(mask: Mask, pair: MaskPair) -> Mask:
    edge = border(mask, pair.goes_on)
    if not edge.any():
        return edge
    depth = ndimage.distance_transform_edt(~edge, sampling=pair.unit_zyx)
    rim: Mask = mask & (depth <= pair.rule.boundary_width_mm * (1 + ROUNDING))
    return rim


METRIC = VoxelMetric(
    name="boundary_iou",
    title="Boundary IoU",
    definition="IoU of R_d and P_d, X_d = voxels of X not farther than d from its border",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    family=Family.OVERLAP,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    default=False,
    citation="Cheng B. et al., CVPR 2021, pp. 15334-15342",
    compute=boundary_iou,
)
