"""What each choice of a surface rule changes, against slow definitions written down again."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.spatial.distance import cdist

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.metrics import nearest
from napari_medassist.metrics.grid import planes_a_slab
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import voxel_scores
from napari_medassist.metrics.rules import SurfaceRule
from napari_medassist.metrics.surface import surface_distances
from napari_medassist.metrics.surface_elements import element_areas_mm2
from tests.unit.metrics.test_surface import slow_percentile, two_masks

SPACING = (3.0, 0.5, 0.7)
ELEMENTS = SurfaceRule(border="surface_elements")
CUBE = list(product((0, 1), repeat=3))


def code(*corners: tuple[int, int, int]) -> int:
    return sum(1 << CUBE.index(corner) for corner in corners)


def slow_elements(mask: np.ndarray, spacing: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return positions in mm and areas, cube by cube."""
    padded = np.pad(mask, 1)
    areas = element_areas_mm2(spacing)
    found = []
    for corner in np.ndindex(*(n + 1 for n in mask.shape)):
        inside = [c for c in CUBE if padded[tuple(np.add(corner, c))]]
        if 0 < len(inside) < 8:
            found.append((*np.multiply(corner, spacing), areas[code(*inside)]))
    table = np.array(found)
    return table[:, :3], table[:, 3]


def test_areas_of_flat_and_slanting_cuts() -> None:
    z, y, x = SPACING
    areas = element_areas_mm2(SPACING)
    face = [c for c in CUBE if c[0] == 0]
    assert areas[code(*face)] == pytest.approx(y * x)
    triangle = np.array([[z, 0, 0], [0, y, 0], [0, 0, x]]) / 2
    cut = np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0])
    assert areas[code((0, 0, 0))] == pytest.approx(np.linalg.norm(cut) / 2)
    assert areas[code((0, 0, 0), (0, 0, 1))] == pytest.approx(x * np.hypot(z, y) / 2)
    assert areas[0] == areas[255] == 0


def test_inside_and_outside_have_the_same_surface() -> None:
    areas = element_areas_mm2(SPACING)
    np.testing.assert_allclose(areas, areas[::-1])


def test_corners_without_a_common_edge_are_cut_off_one_by_one() -> None:
    areas = element_areas_mm2(SPACING)
    assert areas[code((0, 0, 0), (1, 1, 1))] == pytest.approx(2 * areas[code((0, 0, 0))])
    assert areas[code((0, 0, 0), (0, 1, 1))] == pytest.approx(2 * areas[code((0, 0, 0))])


def test_areas_of_a_large_box_add_up_to_its_surface() -> None:
    mask = np.zeros((12, 60, 50), dtype=bool)
    mask[1:11, 1:59, 1:49] = True
    pair = MaskPair.of(mask, mask, SPACING, rule=ELEMENTS)
    z, y, x = np.multiply((10, 58, 48), SPACING)
    assert pair.distances is not None
    got = pair.distances.from_reference.weight
    assert got == pytest.approx(2 * (z * y + z * x + y * x), rel=0.02)
    assert got < 2 * (z * y + z * x + y * x)  # edges and corners are cut off


@settings(max_examples=50, deadline=None)
@given(two_masks())
def test_elements_equal_brute_force(masks: tuple[np.ndarray, np.ndarray]) -> None:
    (one, one_areas), (two, two_areas) = (slow_elements(m, SPACING) for m in masks)
    table = cdist(one, two)
    found = surface_distances(*masks, spacing_zyx_mm=SPACING, rule=ELEMENTS)
    assert found is not None
    near, far = table.min(axis=1), table.min(axis=0)
    assert found.from_reference.weight == pytest.approx(one_areas.sum())
    assert found.from_reference.weighted_sum == pytest.approx(near @ one_areas, abs=1e-9)
    assert found.from_prediction.weighted_sum == pytest.approx(far @ two_areas, abs=1e-9)
    total = near @ one_areas + far @ two_areas
    assert found.pooled_mean_mm() == pytest.approx(
        total / (one_areas.sum() + two_areas.sum()), abs=1e-9
    )


def slow_border_inside_array(mask: np.ndarray) -> np.ndarray:
    found = np.zeros_like(mask)
    for voxel in np.argwhere(mask):
        for axis, step in product(range(3), (-1, 1)):
            beside = voxel.copy()
            beside[axis] += step
            if 0 <= beside[axis] < mask.shape[axis] and not mask[tuple(beside)]:
                found[tuple(voxel)] = True
    return found


@settings(max_examples=60, deadline=None)
@given(two_masks())
def test_the_edge_of_the_image_is_no_border_if_the_rule_says_so(
    masks: tuple[np.ndarray, np.ndarray],
) -> None:
    pair = MaskPair.of(*masks, SPACING, rule=SurfaceRule(array_edge_is_background=False))
    points = [np.argwhere(slow_border_inside_array(m)) * SPACING for m in masks]
    if not all(len(p) for p in points):
        assert pair.distances is None
        return
    table = cdist(*points)
    assert pair.distances is not None
    np.testing.assert_allclose(pair.distances.from_reference_mm, table.min(axis=1))
    np.testing.assert_allclose(pair.distances.from_prediction_mm, table.min(axis=0))


def test_surface_elements_stop_at_the_edge_of_the_image() -> None:
    mask = np.zeros((6, 7, 8), dtype=bool)
    mask[:, :, :3] = True
    rule = SurfaceRule(border="surface_elements", array_edge_is_background=False)
    pair = MaskPair.of(mask, np.roll(mask, 2, axis=2) | mask, (1, 1, 1), rule=rule)
    assert pair.distances is not None
    assert pair.distances.from_reference.weight == 5 * 6  # one plane between the voxel centres
    assert set(pair.distances.from_reference_mm) == {2.0}


def test_a_mask_without_any_border_has_no_distances() -> None:
    everything = np.ones((3, 4, 5), dtype=bool)
    for border in ("erosion_6", "surface_elements"):
        rule = SurfaceRule(border=border, array_edge_is_background=False)  # type: ignore[arg-type]
        pair = MaskPair.of(everything, everything, SPACING, rule=rule)
        assert pair.distances is None
        scores = voxel_scores(pair, ["hd_mm", "nsd", "masd_mm", "boundary_iou", "hd_percentile_mm"])
        assert np.isnan(list(scores.values())).all()


def test_pooling_takes_both_directions_before_the_percentile() -> None:
    reference, prediction = np.zeros((2, 1, 1, 200), dtype=bool)
    reference[..., :100] = True
    prediction[..., 0:1] = True
    pair = MaskPair.of(reference, prediction, (1, 1, 1), rule=SurfaceRule(aggregation="pooled"))
    pooled = slow_percentile(np.append(np.arange(100.0), 0.0), 95)
    assert voxel_scores(pair, ["hd95_mm", "hd_mm"]) == pytest.approx({"hd95_mm": pooled, "hd_mm": 99})


def test_percentile_tolerance_and_voxels() -> None:
    reference, prediction = np.zeros((2, 1, 1, 50), dtype=bool)
    reference[..., :11] = True
    prediction[..., 0:1] = True
    rule = SurfaceRule(percentile=50, tolerance_mm=2.0)
    names = ["hd_percentile_mm", "hd95_mm", "nsd", "hd_mm"]
    found = voxel_scores(MaskPair.of(reference, prediction, (1, 1, 0.5), rule=rule), names)
    assert found["hd_percentile_mm"] == 2.5
    assert found["hd95_mm"] == pytest.approx(4.75)
    assert found["nsd"] == pytest.approx((5 + 1) / 12)  # inclusive: 2.0 mm is near
    rule = SurfaceRule(in_voxels=True, tolerance_mm=2.0)
    found = voxel_scores(MaskPair.of(reference, prediction, (1, 1, 0.5), rule=rule), names)
    assert (found["hd_mm"], found["nsd"]) == (10, pytest.approx((3 + 1) / 12))


def test_rounded_spacing_does_not_push_a_border_out_of_the_tolerance() -> None:
    reference = np.zeros((1, 20, 20), dtype=bool)
    reference[:, 5:15, 5:12] = True
    prediction = np.roll(reference, 2, axis=1)
    exact, rounded = (
        voxel_scores(MaskPair.of(reference, prediction, (3, s, s)), ["nsd", "boundary_iou"])
        for s in (0.5, 0.5000000055)
    )
    assert rounded == exact


@pytest.mark.parametrize("border", ["erosion_6", "surface_elements"])
def test_masks_of_many_slabs_are_as_those_of_one(border: str) -> None:
    rng = np.random.default_rng(5)
    shape = (9, 260, 290)
    assert planes_a_slab(shape) < 4
    masks = [np.zeros(shape, dtype=bool) for _ in range(2)]
    for mask in masks:
        mask[:, 100:140, 200:230] = rng.random((9, 40, 30)) < 0.7
        mask[4, 0, 0] = mask[4, -1, -1] = True
    rule = SurfaceRule(border=border)  # type: ignore[arg-type]
    tall = surface_distances(*masks, spacing_zyx_mm=SPACING, rule=rule)
    flat = surface_distances(
        *(m.transpose(1, 2, 0) for m in masks), spacing_zyx_mm=(0.5, 0.7, 3.0), rule=rule
    )
    assert tall is not None
    assert flat is not None
    np.testing.assert_allclose(np.sort(tall.from_reference_mm), np.sort(flat.from_reference_mm))
    assert tall.from_reference.weight == pytest.approx(flat.from_reference.weight)


def test_many_points_go_through_two_threads_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    masks = rng.random((2, 56, 56, 56)) < 0.5
    masks[1, :, :, :40] = False
    in_threads = surface_distances(*masks, spacing_zyx_mm=SPACING)
    monkeypatch.setattr(nearest, "_WORTH_THREADS", 10**9)
    one_by_one = surface_distances(*masks, spacing_zyx_mm=SPACING)
    assert in_threads is not None
    assert one_by_one is not None
    assert in_threads.from_reference_mm.size + in_threads.from_prediction_mm.size > 100_000
    assert (in_threads.from_reference_mm == one_by_one.from_reference_mm).all()
    assert (in_threads.from_prediction_mm == one_by_one.from_prediction_mm).all()


def test_a_rule_refuses_impossible_settings() -> None:
    for wrong in ({"percentile": 101}, {"tolerance_mm": -1.0}, {"boundary_width_mm": float("nan")}):
        with pytest.raises(InvalidSetting):
            SurfaceRule(**wrong)
    with pytest.raises(InvalidSetting, match="'rim'"):
        SurfaceRule(border="rim")  # type: ignore[arg-type]
