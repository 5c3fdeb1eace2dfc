"""Lesion-wise Dice."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family


def lesion_dice(matched: MatchedLesions) -> float:
    """Return the mean Dice over lesions; NaN if there is neither a lesion to find nor a false one.

    Each reference lesion is compared with the union of the predictions that belong to it; a missed one
    and a false one count as 0.
    """
    rows = matched.counted_rows
    n_lesions = rows.size + int(matched.false.sum())
    if not n_lesions:
        return nan
    own = matched.links & matched.found[:, None]
    shared = (matched.shared * own).sum(axis=1)
    sizes = matched.reference.sizes() + own @ matched.prediction.sizes()
    return float((2 * shared[rows] / sizes[rows]).sum() / n_lesions)


METRIC = MatchingMetric(
    name="lesion_dice",
    title="Lesion-wise Dice",
    definition="sum of Dice(lesion, union of its predictions) / (lesions + false lesions); missed and "
    "false lesions count 0",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    family=Family.OVERLAP,
    citation="Saluja R. et al., BraTS 2023 performance metrics",
    compute=lesion_dice,
    needs_voxels=False,
)
