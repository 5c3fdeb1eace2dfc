from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.core.errors import GeometryMismatch, InvalidGeometry, InvalidImage
from napari_medassist.metrics.multi_label import multi_label_scores
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import METRICS, voxel_scores
from napari_medassist.metrics.rules import SurfaceRule
from napari_medassist.metrics.spec import VoxelMetric

SPACING = (3.0, 0.5, 0.7)
ALL = [spec.name for spec in METRICS if isinstance(spec, VoxelMetric)]


def label_maps(seed: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 9, 3)
    first, second = (rng.integers(0, n_classes + 1, shape).astype(np.uint16) for _ in range(2))
    return first, np.where(rng.random(shape) < 0.6, first, second)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.booleans())
def test_each_class_is_as_if_compared_by_itself(seed: int, n_classes: int, edge: bool) -> None:
    reference, prediction = label_maps(seed, n_classes)
    rule = SurfaceRule(array_edge_is_background=edge)
    found = multi_label_scores(
        reference, prediction, SPACING, labels=range(1, n_classes + 2), names=ALL, rule=rule
    )
    for label, scores in found.items():
        pair = MaskPair.of(reference == label, prediction == label, SPACING, rule=rule)
        assert scores == pytest.approx(voxel_scores(pair, ALL), nan_ok=True)


def test_the_classes_are_those_that_occur_on_either_side() -> None:
    reference, prediction = np.zeros((2, 4, 5, 6), dtype=np.int32)
    reference[1, 1, 1], prediction[2, 2, 2], prediction[0, 0, 0] = 7, 3, 300
    found = multi_label_scores(reference, prediction, SPACING)
    assert list(found) == [3, 7, 300]
    assert found[7]["dice"] == 0.0
    assert found[7]["volume_prediction_ml"] == 0.0


def test_what_is_no_label_map_is_refused() -> None:
    labels = np.zeros((3, 4, 5), dtype=np.int16)
    with pytest.raises(InvalidImage, match="float64"):
        multi_label_scores(labels, labels.astype(float), SPACING)
    with pytest.raises(InvalidImage, match="negative"):
        multi_label_scores(labels, labels - 1, SPACING)
    with pytest.raises(InvalidImage, match="three axes"):
        multi_label_scores(labels[0], labels[0], SPACING)
    with pytest.raises(GeometryMismatch):
        multi_label_scores(labels, labels[1:], SPACING)
    with pytest.raises(InvalidGeometry):
        multi_label_scores(labels, labels, (1, 1))
