"""What the panoptic metrics share: the pairs and the quality of them."""

from __future__ import annotations

from math import nan

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.metrics.lesion.matched import MatchedLesions

#: Above this the pairs are unique, so that no assignment is needed.
_UNIQUE = 0.5


def pair_overlaps(matched: MatchedLesions) -> Float:
    """Return the IoU of every true positive pair, in the order of the reference lesions.

    Where the rule pairs lesions one to one these are its pairs; where it does not, all pairs whose IoU
    is above 0.5, which is the definition of panoptic quality.
    """
    rows, columns = matched.reference.sizes()[:, None], matched.prediction.sizes()
    overlaps: Float = matched.shared / (rows + columns - matched.shared)
    pairs = matched.links if matched.one_to_one else overlaps > _UNIQUE
    counted = pairs & ~matched.ignored_reference[:, None] & ~matched.ignored_prediction
    return overlaps[counted]


def recognition_quality(matched: MatchedLesions) -> float:
    """Return TP / (TP + FP / 2 + FN / 2); NaN if there is no lesion on either side."""
    n_lesions = int((~matched.ignored_reference).sum() + (~matched.ignored_prediction).sum())
    return 2 * pair_overlaps(matched).size / n_lesions if n_lesions else nan


def segmentation_quality(matched: MatchedLesions) -> float:
    """Return the mean IoU of the pairs, 0 if there is none; NaN without a lesion on either side."""
    overlaps = pair_overlaps(matched)
    if overlaps.size:
        return float(np.mean(overlaps))
    return nan if np.isnan(recognition_quality(matched)) else 0.0
