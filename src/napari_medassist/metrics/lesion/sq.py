"""Segmentation quality."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.lesion.panoptic import segmentation_quality
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family


def sq(matched: MatchedLesions) -> float:
    """Return how well recognised lesions are segmented, 0..1; NaN without a lesion on either side."""
    return segmentation_quality(matched)


METRIC = MatchingMetric(
    name="sq",
    title="Segmentation quality",
    definition="mean IoU of the true positive pairs; 0, also in means, where lesions are and none is "
    "paired (as panoptica)",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    family=Family.OVERLAP,
    citation="Kirillov A. et al., CVPR 2019; Kofler F. et al., arXiv:2312.02608 (panoptica)",
    compute=sq,
    needs_voxels=False,
)
