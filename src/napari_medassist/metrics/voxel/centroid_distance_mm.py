"""Distance of the centroids."""

from __future__ import annotations

from math import nan

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.metrics.grid import Mask
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import UNDEFINED_WHEN_EMPTY, Better, Family, VoxelMetric


def centroid_distance_mm(pair: MaskPair) -> float:
    """Return the distance between the centres of mass of the two masks, in mm; NaN if one is empty."""
    if pair.empty_side:
        return nan
    apart = _centroid(pair.reference) - _centroid(pair.prediction)
    return float(np.linalg.norm(apart * pair.unit_zyx))


def _centroid(mask: Mask) -> Float:
    """Return the mean index of a mask's voxels; sums along axes are far faster than lists."""
    columns = np.count_nonzero(mask, axis=0)
    along_zyx = (np.count_nonzero(mask, axis=(1, 2)), columns.sum(axis=1), columns.sum(axis=0))
    centroid: Float = np.array([n @ np.arange(n.size) for n in along_zyx]) / columns.sum()
    return centroid


METRIC = VoxelMetric(
    name="centroid_distance_mm",
    title="Distance of the centroids",
    definition="|centroid(R) - centroid(P)|",
    unit="mm",
    better=Better.LOWER,
    family=Family.DISTANCE,
    empty=UNDEFINED_WHEN_EMPTY,
    default=False,
    citation="Maier-Hein L. et al., Nature Methods 21:195-212, 2024",
    compute=centroid_distance_mm,
)
