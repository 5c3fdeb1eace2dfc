"""Volume of the prediction."""

from __future__ import annotations

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def volume_prediction_ml(pair: MaskPair) -> float:
    """Return the number of voxels times the volume of one, in ml; 0 for an empty mask."""
    return pair.n_prediction * pair.voxel_volume_ml


METRIC = VoxelMetric(
    name="volume_prediction_ml",
    title="Volume of the prediction",
    definition="|P| x voxel volume",
    unit="ml",
    better=Better.NEITHER,
    empty=EmptyPolicy(),
    citation="by definition",
    compute=volume_prediction_ml,
)
