"""How metrics must change, or not, when the masks are moved, turned, scaled or swapped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import METRICS, voxel_scores
from napari_medassist.metrics.rules import SurfaceRule
from napari_medassist.metrics.spec import VoxelMetric
from tests.unit.metrics.test_surface import two_masks

ALL = [spec.name for spec in METRICS if isinstance(spec, VoxelMetric)]
RULES = st.builds(
    SurfaceRule,
    border=st.sampled_from(("erosion_6", "surface_elements")),
    aggregation=st.sampled_from(("max_directed", "pooled")),
    percentile=st.sampled_from((50.0, 95.0)),
    in_voxels=st.booleans(),
)
SPACINGS = st.tuples(*[st.sampled_from((0.5, 0.75, 1.0, 3.0))] * 3)
MASKS = two_masks()
#: Swapping the two sides swaps these.
SWAPPED = {
    "voxel_sensitivity": "voxel_precision",
    "voxel_precision": "voxel_sensitivity",
    "volume_reference_ml": "volume_prediction_ml",
    "volume_prediction_ml": "volume_reference_ml",
}
#: These change otherwise.
ONE_SIDED = {"voxel_specificity", "balanced_accuracy", "relative_volume_difference"}

metamorphic = settings(max_examples=40, deadline=None)


def scores(masks: list[np.ndarray], spacing: tuple[float, ...], rule: SurfaceRule) -> dict[str, float]:
    return voxel_scores(MaskPair.of(*masks, spacing, rule=rule), ALL)


def same(expected: dict[str, float]) -> object:
    return pytest.approx(expected, nan_ok=True, abs=1e-12)


@metamorphic
@given(MASKS, SPACINGS, RULES, st.tuples(*[st.integers(0, 5)] * 3))
def test_the_place_in_the_image_does_not_matter(
    masks: tuple[np.ndarray, np.ndarray],
    spacing: tuple[float, float, float],
    rule: SurfaceRule,
    shift: tuple[int, int, int],
) -> None:
    here = [np.pad(mask, [(0, 5)] * 3) for mask in masks]
    there = [np.roll(mask, shift, axis=(0, 1, 2)) for mask in here]
    assert scores(there, spacing, rule) == same(scores(here, spacing, rule))


@metamorphic
@given(MASKS, SPACINGS, RULES, st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_flips_and_axis_orders_do_not_matter(
    masks: tuple[np.ndarray, np.ndarray],
    spacing: tuple[float, float, float],
    rule: SurfaceRule,
    order: list[int],
    flips: tuple[bool, bool, bool],
) -> None:
    steps = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    turned = [mask[steps].transpose(order) for mask in masks]
    turned_spacing = tuple(spacing[axis] for axis in order)
    assert scores(turned, turned_spacing, rule) == same(scores(list(masks), spacing, rule))


@metamorphic
@given(MASKS, SPACINGS, RULES, st.sampled_from((0.25, 2.0, 8.0)))
def test_distances_and_volumes_scale_with_the_spacing(
    masks: tuple[np.ndarray, np.ndarray],
    spacing: tuple[float, float, float],
    rule: SurfaceRule,
    factor: float,
) -> None:
    length = 1.0 if rule.in_voxels else factor
    larger = SurfaceRule(
        border=rule.border,
        aggregation=rule.aggregation,
        percentile=rule.percentile,
        in_voxels=rule.in_voxels,
        tolerance_mm=rule.tolerance_mm * length,
        boundary_width_mm=rule.boundary_width_mm * length,
    )
    expected = scores(list(masks), spacing, rule)
    for name, value in expected.items():
        unit = METRICS.get(name).unit
        expected[name] = value * {"mm": length, "ml": factor**3, "": 1.0}[unit]
    scaled = tuple(factor * s for s in spacing)
    assert scores(list(masks), scaled, larger) == same(expected)


@metamorphic
@given(MASKS, SPACINGS, RULES)
def test_swapping_reference_and_prediction(
    masks: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float, float], rule: SurfaceRule
) -> None:
    one, other = (scores(list(pair), spacing, rule) for pair in (masks, masks[::-1]))
    for name in set(ALL) - ONE_SIDED:
        assert other[SWAPPED.get(name, name)] == pytest.approx(one[name], nan_ok=True)


@metamorphic
@given(MASKS, SPACINGS, RULES)
def test_percentiles_and_means_are_in_order(
    masks: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float, float], rule: SurfaceRule
) -> None:
    found = scores(list(masks), spacing, rule)
    assert found["assd_mm"] <= found["hd_mm"] * (1 + 1e-12)
    assert found["masd_mm"] <= found["hd_mm"] * (1 + 1e-12)
    assert found["hd_percentile_mm"] <= found["hd95_mm"] <= found["hd_mm"]
    assert found["jaccard"] == pytest.approx(found["dice"] / (2 - found["dice"]))
    assert not any(math.isnan(value) for name, value in found.items() if name.startswith("hd"))
