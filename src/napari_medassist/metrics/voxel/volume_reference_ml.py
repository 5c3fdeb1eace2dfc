"""Volume of the reference."""

from __future__ import annotations

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, VoxelMetric


def volume_reference_ml(pair: MaskPair) -> float:
    """Return the number of voxels times the volume of one, in ml; 0 for an empty mask."""
    return pair.n_reference * pair.voxel_volume_ml


METRIC = VoxelMetric(
    name="volume_reference_ml",
    title="Volume of the reference",
    definition="|R| x voxel volume",
    unit="ml",
    better=Better.NEITHER,
    empty=EmptyPolicy(),
    citation="by definition",
    compute=volume_reference_ml,
)
