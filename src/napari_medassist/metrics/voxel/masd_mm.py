"""Mean average surface distance."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import UNDEFINED_WHEN_EMPTY, Better, Family, VoxelMetric


def masd_mm(pair: MaskPair) -> float:
    """Return the mean of the two directed mean distances, in mm; NaN if there is no surface.

    Unlike ASSD it lets both directions weigh alike, however many border voxels each has.
    """
    return nan if pair.distances is None else pair.distances.mean_of_means_mm()


METRIC = VoxelMetric(
    name="masd_mm",
    title="MASD",
    definition="(mean d(∂R → ∂P) + mean d(∂P → ∂R)) / 2",
    unit="mm",
    better=Better.LOWER,
    family=Family.DISTANCE,
    empty=UNDEFINED_WHEN_EMPTY,
    default=False,
    citation="Maier-Hein L. et al., Nature Methods 21:195-212, 2024",
    compute=masd_mm,
)
