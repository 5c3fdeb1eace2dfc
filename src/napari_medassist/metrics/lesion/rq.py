"""Recognition quality."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.lesion.panoptic import recognition_quality
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family


def rq(matched: MatchedLesions) -> float:
    """Return how well lesions are recognised, 0..1; NaN if there is no lesion on either side."""
    return recognition_quality(matched)


METRIC = MatchingMetric(
    name="rq",
    title="Recognition quality",
    definition="TP / (TP + FP / 2 + FN / 2) of one-to-one pairs, else of pairs with IoU > 0.5",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    family=Family.OVERLAP,
    citation="Kirillov A. et al., CVPR 2019; Kofler F. et al., arXiv:2312.02608 (panoptica)",
    compute=rq,
    needs_voxels=False,
)
