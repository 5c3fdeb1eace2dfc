"""Each label by itself equals the comparison of this label alone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.app.cohort.plain import to_plain
from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.labels import LabelScheme
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import preset
from napari_medassist.evaluation.parts.by_label import evaluate_labels, unlisted_values

SPACING = (3.0, 0.7, 0.7)
SCHEME = LabelScheme.from_names({5: "e", 1: "a", 2: "b", 9: "in neither map"})


def random_map(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.zeros((6, 24, 24), dtype=np.uint8)
    for label in (1, 2, 5, 7):
        for _ in range(3):
            z, y, x = rng.integers(0, (4, 18, 18))
            values[z : z + 2, y : y + 5, x : x + 5] = label
    return values


@pytest.mark.parametrize("name", ["medassist", "brats2023_met", "metrics_reloaded", "panoptica"])
def test_every_number_is_that_of_the_label_alone(name: str) -> None:
    convention, metrics = preset(name), ("dice", "hd95_mm", "voxel_specificity", "pq", "lesion_hd95_mm")
    for seed in range(5):
        reference, prediction = random_map(seed), random_map(seed + 100)
        parts = evaluate_labels(
            reference, prediction, SPACING, SCHEME, convention=convention, metrics=metrics
        )
        assert [(part.value, part.name) for part in parts] == [
            (1, "a"),
            (2, "b"),
            (5, "e"),
            (9, "in neither map"),
        ]
        for part in parts:
            alone = evaluate(
                reference,
                prediction,
                SPACING,
                label=part.value,
                convention=convention,
                metrics=metrics,
            )
            assert part.counts == alone.counts
            assert repr(to_plain(part.scores)) == repr(to_plain(alone.scores))


def test_values_of_any_size_and_maps_of_one_label() -> None:
    small, other = random_map(1), random_map(2)
    large = LabelScheme.from_names({v * 1_000_000: str(v) for v in (1, 2, 5, 9)})
    expected = evaluate_labels(small, other, SPACING, SCHEME)
    found = evaluate_labels(
        small.astype(np.uint32) * 1_000_000, other.astype(np.uint32) * 1_000_000, SPACING, large
    )
    assert [p.value for p in found] == [p.value * 1_000_000 for p in expected]
    assert repr([p.scores for p in found]) == repr([p.scores for p in expected])
    (only,) = evaluate_labels(small == 1, other == 1, SPACING, LabelScheme.from_names({1: "a"}))
    assert repr(only.scores) == repr(expected[0].scores)


def test_values_that_the_scheme_does_not_list() -> None:
    assert unlisted_values(random_map(3), SCHEME) == (7,)
    assert unlisted_values(random_map(3).astype(np.int64), LabelScheme.from_names({7: "x"})) == (
        1,
        2,
        5,
    )
    assert unlisted_values(random_map(3) > 0, SCHEME) == ()


def test_maps_of_different_shapes() -> None:
    with pytest.raises(GeometryMismatch):
        evaluate_labels(random_map(1), random_map(2)[1:], SPACING, SCHEME)
