from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.surface import border, surface_distances
from napari_medassist.metrics.voxel.assd_mm import assd_mm
from napari_medassist.metrics.voxel.hd95_mm import hd95_mm
from napari_medassist.metrics.voxel.hd_mm import hd_mm

SHAPES = st.tuples(*[st.integers(1, 8)] * 3)
SPACINGS = st.tuples(*[st.floats(0.2, 9)] * 3)


@st.composite
def two_masks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(SHAPES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    masks = [rng.random(shape) < draw(st.sampled_from((0.03, 0.3, 0.9))) for _ in range(2)]
    for mask in masks:
        mask[tuple(rng.integers(0, shape))] = True
    return masks[0], masks[1]


def slow_border(mask: np.ndarray) -> np.ndarray:
    """Voxel by voxel, as the definition reads."""
    found = np.zeros_like(mask)
    steps = [s for s in product((-1, 0, 1), repeat=3) if sum(map(abs, s)) == 1]
    for voxel in np.argwhere(mask):
        for step in steps:
            beside = voxel + step
            outside = (beside < 0).any() or (beside >= mask.shape).any()
            if outside or not mask[tuple(beside)]:
                found[tuple(voxel)] = True
    return found


def slow_distances(
    first: np.ndarray, second: np.ndarray, spacing: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray]:
    one, two = (np.argwhere(slow_border(m)) * np.array(spacing) for m in (first, second))
    table = cdist(one, two)
    return table.min(axis=1), table.min(axis=0)


def slow_percentile(values: np.ndarray, percentile: float) -> float:
    """Linear interpolation between the two nearest ranks."""
    ranked = sorted(values)
    rank = (len(ranked) - 1) * percentile / 100
    low = int(rank)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (rank - low) * (ranked[high] - ranked[low])


@given(arrays(np.bool_, SHAPES))
def test_border_is_what_touches_background_through_a_face(mask: np.ndarray) -> None:
    assert (border(mask) == slow_border(mask)).all()


@settings(max_examples=150, deadline=None)
@given(two_masks(), SPACINGS)
def test_distances_equal_brute_force(
    masks: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float, float]
) -> None:
    found = surface_distances(*masks, spacing_zyx_mm=spacing)
    from_reference, from_prediction = slow_distances(*masks, spacing)
    np.testing.assert_allclose(found.from_reference_mm, from_reference, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.from_prediction_mm, from_prediction, rtol=1e-12, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(two_masks(), SPACINGS)
def test_metrics_equal_brute_force(
    masks: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float, float]
) -> None:
    pair = MaskPair.of(*masks, spacing)
    directed = slow_distances(*masks, spacing)
    assert hd_mm(pair) == pytest.approx(max(d.max() for d in directed))
    assert hd95_mm(pair) == pytest.approx(max(slow_percentile(d, 95) for d in directed))
    assert assd_mm(pair) == pytest.approx(np.concatenate(directed).mean())


def test_partners_beyond_the_near_search_are_exact() -> None:
    first, second = np.zeros((2, 6, 30, 40), dtype=bool)
    first[1:3, 2:6, 2:6] = True
    second[4, 20:28, 30:39] = True
    second[2, 3, 9] = True
    spacing = (3.0, 0.5, 0.7)
    found = surface_distances(first, second, spacing_zyx_mm=spacing)
    np.testing.assert_allclose(found.from_reference_mm, slow_distances(first, second, spacing)[0])
    np.testing.assert_allclose(found.from_prediction_mm, slow_distances(first, second, spacing)[1])


def test_hd95_takes_the_larger_direction_and_does_not_pool() -> None:
    reference, prediction = np.zeros((2, 1, 1, 200), dtype=bool)
    reference[..., :100] = True
    prediction[..., 0:1] = True
    pair = MaskPair.of(reference, prediction, (1, 1, 1))
    assert hd95_mm(pair) == pytest.approx(slow_percentile(np.arange(100.0), 95))
    pooled = slow_percentile(np.append(np.arange(100.0), 0.0), 95)
    assert hd95_mm(pair) != pytest.approx(pooled)
