"""Connected-component Dice as CC-Metrics computes it, in voxels."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.lesion.regions import mean_dice_of_regions, nearest_lesion_in_voxels
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family


def cc_dice_voxels(matched: MatchedLesions) -> float:
    """Return CC-Dice with regions that ignore the spacing, as the upstream package forms them."""
    return mean_dice_of_regions(matched, nearest_lesion_in_voxels)


METRIC = MatchingMetric(
    name="cc_dice_voxels",
    title="CC-Dice, regions in voxels",
    definition="mean over reference lesions of Dice within the region nearest to the lesion, in voxels;"
    " 0 where they share no voxel",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    family=Family.OVERLAP,
    default=False,
    citation="Jaus A. et al., arXiv:2410.18684 (CC-Metrics)",
    compute=cc_dice_voxels,
)
