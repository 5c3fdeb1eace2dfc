"""Panoptic quality."""

from __future__ import annotations

from math import nan

from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.lesion.panoptic import recognition_quality, segmentation_quality
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family


def pq(matched: MatchedLesions) -> float:
    """Return recognition times segmentation quality, 0..1; NaN if there is no lesion on either side."""
    return recognition_quality(matched) * segmentation_quality(matched)


METRIC = MatchingMetric(
    name="pq",
    title="Panoptic quality",
    definition="recognition quality x segmentation quality; 0 where lesions are and none is paired",
    range=(0.0, 1.0),
    better=Better.HIGHER,
    empty=EmptyPolicy(both=nan, reference_only=0.0, prediction_only=0.0),
    family=Family.OVERLAP,
    citation="Kirillov A. et al., CVPR 2019; Kofler F. et al., arXiv:2312.02608 (panoptica)",
    compute=pq,
    needs_voxels=False,
)
