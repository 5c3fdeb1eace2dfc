"""Connected-component Dice, in millimetres."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.lesion.regions import mean_dice_of_regions, nearest_lesion
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family


def cc_dice(matched: MatchedLesions) -> float:
    """Return the mean Dice over the regions nearest to each reference lesion; NaN if nothing is there.

    Every voxel belongs to the nearest reference lesion, measured in mm; a tie goes to the lower id.
    """
    return mean_dice_of_regions(matched, nearest_lesion)


METRIC = MatchingMetric(
    name="cc_dice",
    title="CC-Dice",
    definition="mean over reference lesions of Dice within the region nearest to the lesion, in mm;"
    " 0 where they share no voxel",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    family=Family.OVERLAP,
    default=False,
    citation="Jaus A. et al., arXiv:2410.18684 (CC-Metrics)",
    compute=cc_dice,
)
