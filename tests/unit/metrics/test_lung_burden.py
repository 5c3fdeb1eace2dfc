from __future__ import annotations

import math

import numpy as np
import pytest

from napari_medassist.core.errors import GeometryMismatch, InvalidSetting
from napari_medassist.metrics.lung_burden import (
    HISTOGRAM_HU,
    burden,
    corona_score,
    density_histogram,
    lung_parts,
    relative_scores,
)

SHAPE = (12, 4, 10)
LEFT, RIGHT = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
LEFT[:, :, 6:] = True
RIGHT[3:9, :, :4] = True  # a smaller lung


def test_golden_values() -> None:
    hu = np.full(SHAPE, -800.0)
    opacity = np.zeros(SHAPE, bool)
    opacity[:3, :, 6:] = True  # a quarter of the left lung
    hu[opacity] = -300
    hu[:1, :, 6:] = -100  # a third of it is dense
    found = {part.name: part for part in burden(hu, lung_parts(LEFT, RIGHT), opacity, 500.0)}
    left = found["left lung"]
    assert left.lung_ml == pytest.approx(12 * 4 * 4 * 0.5)
    assert left.opacity_ml == pytest.approx(3 * 4 * 4 * 0.5)
    assert left.share_percent == pytest.approx(25)
    assert left.severity == 1
    assert left.dense_percent == pytest.approx(100 / 3)
    assert left.mean_hu == pytest.approx((-100 - 2 * 300 - 9 * 800) / 12)
    assert found["both lungs"].share_percent == pytest.approx(100 * 48 / (192 + 96))
    assert found["left lower zone"].share_percent == pytest.approx(75)
    assert found["left lower zone"].severity == 3
    assert found["left upper zone"].share_percent == 0
    assert found["left upper zone"].severity == 0
    assert math.isnan(found["right lung"].dense_percent)


def test_zones_are_thirds_of_each_lung_by_itself() -> None:
    parts = lung_parts(LEFT, RIGHT)
    assert [np.nonzero(parts[f"right {t} zone"].any(axis=(1, 2)))[0].tolist() for t in
            ("lower", "middle", "upper")] == [[3, 4], [5, 6], [7, 8]]  # fmt: skip
    both = sum(parts[name].astype(int) for name in parts if name.endswith("zone"))
    np.testing.assert_array_equal(both, (LEFT | RIGHT).astype(int))


@pytest.mark.parametrize(
    ("percent", "severity"), [(0, 0), (1, 1), (25, 1), (26, 2), (50, 2), (51, 3), (75, 3), (76, 4)]
)
def test_severity_counts_quarters(percent: int, severity: int) -> None:
    lung = np.ones((1, 10, 10), bool)
    opacity = np.zeros(100, bool)
    opacity[:percent] = True
    (part,) = burden(np.zeros((1, 10, 10)), {"a": lung}, opacity.reshape(1, 10, 10), 1.0)
    assert part.severity == severity


def test_without_lung_nothing_is_defined() -> None:
    (part,) = burden(np.zeros(SHAPE), {"a": np.zeros(SHAPE, bool)}, np.ones(SHAPE, bool), 1.0)
    assert part.severity is None
    assert math.isnan(part.share_percent)
    assert math.isnan(corona_score(np.ones(SHAPE), np.zeros(SHAPE, bool), 1.0))
    assert np.isnan(density_histogram(np.zeros(SHAPE), np.zeros(SHAPE, bool))).all()


def test_the_corona_score_of_a_mask_is_its_volume_and_weak_activations_do_not_count() -> None:
    mask = np.zeros(SHAPE)
    mask[0, 0, 6:] = 1
    mask[0, 0, 5] = 1  # not in the lung
    assert corona_score(mask, LEFT | RIGHT, 500.0) == pytest.approx(2.0)
    assert corona_score(0.4 * mask, LEFT | RIGHT, 500.0) == 0
    assert corona_score(0.4 * mask, LEFT | RIGHT, 500.0, threshold=0.3) == pytest.approx(0.8)
    with pytest.raises(InvalidSetting):
        corona_score(mask, LEFT, 1.0, threshold=2)


def test_scores_are_relative_to_the_first() -> None:
    assert relative_scores((20.0, 30.0, 5.0)) == (1.0, 1.5, 0.25)
    assert all(math.isnan(r) for r in relative_scores((0.0, 3.0)))
    assert relative_scores(()) == ()


def test_the_histogram_holds_all_voxels() -> None:
    hu = np.linspace(-3000, 3000, 480).reshape(SHAPE)
    found = density_histogram(hu, np.ones(SHAPE, bool))
    assert found.sum() == pytest.approx(1)
    assert len(found) == len(HISTOGRAM_HU) - 1


def test_other_shapes_are_refused() -> None:
    with pytest.raises(GeometryMismatch):
        burden(np.zeros((2, 2, 2)), {"a": LEFT}, LEFT, 1.0)
