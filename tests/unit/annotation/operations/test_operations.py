"""Operations against SimpleITK, scipy on whole arrays, and values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_medassist.annotation.operations import brush, filling, growing, parts, shaping
from napari_medassist.annotation.operations.change import Change, Protection
from napari_medassist.annotation.operations.interpolation import interpolate
from napari_medassist.annotation.operations.sampling import IntensityRange, SeenImage
from napari_medassist.annotation.operations.smart_edge import SmartEdge, edge_cost
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Geometry
from tests.strategies import oblique

SPACING = (3.0, 0.5, 0.5)
SHAPE = (9, 40, 40)


def empty() -> np.ndarray:
    return np.zeros(SHAPE, np.uint8)


def after(voxels: np.ndarray, change: Change) -> np.ndarray:
    result = voxels.copy()
    change.apply_to(result)
    return result


def seen(array: np.ndarray, spacing=SPACING) -> SeenImage:
    grid = Geometry(array.shape, spacing)
    return SeenImage(array, grid, grid)


def distance_mm(point: tuple[float, ...], shape=SHAPE, spacing=SPACING) -> np.ndarray:
    z, y, x = np.indices(shape)
    offsets = [(a - p) * s for a, p, s in zip((z, y, x), point, spacing, strict=True)]
    return np.sqrt(sum(o**2 for o in offsets))


# ---------------------------------------------------------------- brush


def test_a_ball_of_the_brush_is_round_in_mm():
    voxels = empty()
    point = (4.0, 20.0, 19.0)
    result = after(voxels, brush.stroke(voxels, point, point, SPACING, 6.0, 1))
    np.testing.assert_array_equal(result == 1, distance_mm(point) <= 6.0)
    extent = np.ptp(np.argwhere(result), axis=0) * SPACING
    np.testing.assert_allclose(extent, 12.0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_drag_leaves_no_gap_and_stays_in_its_plane(axis):
    voxels = empty()
    start, end = np.array([1.0, 5.0, 5.0]), np.array([7.0, 35.0, 30.0])
    end[axis] = start[axis]
    result = after(voxels, brush.stroke(voxels, start, end, SPACING, 2.0, 3, axis=axis))
    wanted = np.zeros(SHAPE, bool)
    for share in np.linspace(0, 1, 2001):
        wanted |= distance_mm(tuple(start + share * (end - start))) <= 2.0 + 1e-9
    keep = np.indices(SHAPE)[axis] == round(start[axis])
    assert np.count_nonzero((result == 3) ^ (wanted & keep)) <= 2
    assert not result[~keep].any()


def test_a_brush_smaller_than_a_voxel_draws_its_voxel():
    voxels = empty()
    change = brush.stroke(voxels, (2.4, 7.4, 7.4), (2.4, 7.4, 7.4), SPACING, 0.1, 1)
    np.testing.assert_array_equal(np.argwhere(after(voxels, change)), [[2, 7, 7]])


def test_a_brush_outside_changes_nothing():
    voxels = empty()
    assert brush.stroke(voxels, (-30, 5, 5), (-30, 9, 9), SPACING, 2.0, 1).n_voxels == 0


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.uint8, (4, 8, 9), elements=st.integers(0, 3)),
    st.sets(st.integers(0, 3)),
    st.tuples(*(st.floats(-2, n + 1) for n in (4, 8, 9))),
    st.sampled_from([0, 1, 2, None]),
)
def test_the_brush_never_touches_protected_labels_or_other_slices(voxels, protected, point, axis):
    change = brush.stroke(
        voxels,
        point,
        (1, 3, 4),
        (2, 1, 1),
        2.5,
        2,
        axis=axis,
        protection=Protection(frozenset(protected)),
    )
    result = after(voxels, change)
    kept = np.isin(voxels, list(protected))
    np.testing.assert_array_equal(result[kept], voxels[kept])
    if axis is not None:
        elsewhere = np.indices(voxels.shape)[axis] != np.rint(point[axis])
        np.testing.assert_array_equal(result[elsewhere], voxels[elsewhere])
    undone = result.copy()
    undone[change.indices()] = voxels[change.indices()]
    np.testing.assert_array_equal(undone, voxels)


def test_the_threshold_brush_sees_the_image_on_its_own_grid_as_simpleitk_does():
    """Nearest voxels of an oblique image, against SimpleITK's nearest-neighbour resampling."""
    rng = np.random.default_rng(1)
    array = rng.integers(0, 2000, (6, 12, 14)).astype(np.int16)
    own = Geometry(array.shape, (3.5, 1.7, 1.6), (1.3, -2.1, 0.4), oblique(np.eye(3), (12, -8, 5)))
    grid = Geometry((7, 24, 26), (3.1, 0.73, 0.81), (0.2, -1.0, 1.1))
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(own.spacing_zyx_mm[::-1])
    image.SetOrigin(own.origin_lps_mm)
    image.SetDirection(own.direction.ravel())
    like = sitk.Image(*grid.shape_zyx[::-1], sitk.sitkInt16)
    like.SetSpacing(grid.spacing_zyx_mm[::-1])
    like.SetOrigin(grid.origin_lps_mm)
    theirs = sitk.GetArrayFromImage(
        sitk.Resample(image, like, sitk.Transform(), sitk.sitkNearestNeighbor, -1)
    )
    box = (slice(0, 7), slice(0, 24), slice(0, 26))
    values, inside = SeenImage(array, own, grid).values(box)
    ours = np.where(inside, values, -1)
    assert (inside & (theirs >= 0)).sum() > 500
    # ITK counts the outer half voxel as inside, as we do; ties of rounding may differ.
    assert np.mean(ours != theirs) < 0.002


def test_the_threshold_brush_paints_only_in_the_range():
    array = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE) % 100
    voxels = empty()
    change = brush.stroke(
        voxels, (4, 20, 20), (4, 20, 20), SPACING, 5, 1, within=IntensityRange(seen(array), 30, 60)
    )
    result = after(voxels, change) == 1
    near = distance_mm((4, 20, 20)) <= 5
    np.testing.assert_array_equal(result, near & (array >= 30) & (array <= 60))


def test_an_empty_range_is_refused():
    with pytest.raises(InvalidSetting, match="holds no value"):
        IntensityRange(seen(np.zeros(SHAPE)), 5, 4)


# ---------------------------------------------------------------- fill


def ring() -> np.ndarray:
    voxels = empty()
    d = np.hypot(*(np.indices((40, 40)) - 20))
    voxels[3, (d >= 6) & (d <= 8)] = 2
    voxels[3, 20, 20] = 5
    return voxels


def test_flood_in_the_plane_and_in_3d():
    voxels = ring()
    flat = after(voxels, filling.flood(voxels, (3, 18, 20), 7, axis=0))
    d = np.hypot(*(np.indices((40, 40)) - 20))
    np.testing.assert_array_equal(flat[3] == 7, (d < 6) & (voxels[3] == 0))
    assert not (flat[[0, 1, 2, 4]] == 7).any()
    everywhere = after(voxels, filling.flood(voxels, (3, 18, 20), 7))
    np.testing.assert_array_equal(everywhere == 7, voxels == 0)


def test_holes_are_filled_but_for_other_labels():
    voxels = ring()
    result = after(voxels, filling.fill_holes(voxels, 2, axis=0))
    d = np.hypot(*(np.indices((40, 40)) - 20))
    assert result[3, 20, 20] == 5
    np.testing.assert_array_equal(result[3] == 2, (d <= 8) & (voxels[3] != 5))
    assert filling.fill_holes(voxels, 2).n_voxels == 0  # open above and below


def test_a_polygon_holds_the_voxels_inside():
    voxels = empty()
    corners = [(2, 4.5, 5.5), (2, 4.5, 15.5), (2, 9.5, 15.5), (2, 9.5, 5.5)]
    result = after(voxels, filling.polygon(voxels, corners, 1, axis=0))
    wanted = empty()
    wanted[2, 5:10, 6:16] = 1
    np.testing.assert_array_equal(result, wanted)
    with pytest.raises(InvalidSetting, match="three points"):
        filling.polygon(voxels, corners[:2], 1, axis=0)


# ---------------------------------------------------------------- grow


def test_a_region_grows_as_simpleitk_connected_threshold():
    rng = np.random.default_rng(3)
    array = rng.normal(100, 10, SHAPE).astype(np.float32)
    voxels = empty()
    array[4, 20, 20] = 100
    change = growing.grow(
        voxels, (4, 20, 20), IntensityRange(seen(array), 92, 108), SPACING, 1, radius_mm=500
    )
    theirs = sitk.GetArrayFromImage(
        sitk.ConnectedThreshold(sitk.GetImageFromArray(array), [(20, 20, 4)], 92, 108, 1)
    )
    np.testing.assert_array_equal(after(voxels, change), theirs)


def test_a_confidence_range_is_that_of_simpleitk():
    rng = np.random.default_rng(4)
    array = rng.normal(100, 5, SHAPE).astype(np.float32)
    array[distance_mm((4, 20, 20)) > 7] += 200
    voxels = empty()
    found = growing.confidence_range(
        seen(array), voxels, (4, 20, 20), SPACING, radius_mm=500, width_sd=2.5, iterations=4
    )
    change = growing.grow(voxels, (4, 20, 20), found, SPACING, 1, radius_mm=500)
    theirs = sitk.GetArrayFromImage(
        sitk.ConfidenceConnected(sitk.GetImageFromArray(array), [(20, 20, 4)], 4, 2.5, 2, 1)
    )
    np.testing.assert_array_equal(after(voxels, change), theirs)


def test_growing_ends_at_other_labels_and_tells_of_a_leak():
    array = np.full(SHAPE, 50.0, np.float32)
    voxels = empty()
    voxels[:, :, 25] = 3
    grow_range = IntensityRange(seen(array), 40, 60)
    change = growing.grow(voxels, (4, 20, 20), grow_range, SPACING, 1, radius_mm=6)
    result = after(voxels, change)
    assert (result[:, :, 25] == 3).all()
    assert not (result[:, :, 26:] == 1).any()
    assert "cut off at 6 mm" in change.note
    with pytest.raises(InvalidSetting, match="it leaks"):
        growing.grow(voxels, (4, 20, 20), grow_range, SPACING, 1, radius_mm=50, largest_ml=0.5)
    with pytest.raises(InvalidSetting, match="outside"):
        growing.grow(voxels, (40, 20, 20), grow_range, SPACING, 1, radius_mm=6)
    with pytest.raises(InvalidSetting, match="does not lie in the range"):
        growing.grow(voxels, (4, 20, 20), IntensityRange(seen(array), 0, 9), SPACING, 1, radius_mm=6)


# ---------------------------------------------------------------- interpolation


def disc(voxels: np.ndarray, z: int, centre: tuple[float, float], radius_vox: float, value=1) -> None:
    y, x = np.indices(voxels.shape[1:])
    voxels[z][np.hypot(y - centre[0], x - centre[1]) <= radius_vox] = value


def test_between_two_discs_lies_a_cone():
    voxels = np.zeros((9, 80, 80), np.uint8)
    disc(voxels, 0, (40, 40), 30)
    disc(voxels, 8, (40, 40), 10)
    result = after(voxels, interpolate(voxels, 1, SPACING))
    areas = result.reshape(9, -1).sum(axis=1)
    radii = np.sqrt(areas / np.pi)
    np.testing.assert_allclose(radii, np.linspace(30, 10, 9), atol=0.5)


def test_a_slanted_lesion_is_followed_although_its_outlines_do_not_overlap():
    voxels = np.zeros((7, 60, 60), np.uint8)
    disc(voxels, 1, (20, 20), 6)
    disc(voxels, 5, (20, 31), 6)
    result = after(voxels, interpolate(voxels, 1, SPACING))
    for z, x in zip((2, 3, 4), (22.75, 25.5, 28.25), strict=True):
        centre = np.argwhere(result[z]).mean(axis=0)
        np.testing.assert_allclose(centre, (20, x), atol=0.5)
        assert result[z].sum() == voxels[1].sum()


def test_centred_outlines_give_what_simpleitk_distances_give():
    voxels = np.zeros((5, 50, 50), np.uint8)
    voxels[0, 15:36, 10:41] = 1
    voxels[4, 10:41, 20:31] = 1
    result = after(voxels, interpolate(voxels, 1, (3.0, 1.0, 1.0)))
    maps = []
    for z in (0, 4):
        image = sitk.GetImageFromArray(voxels[z])
        outside = sitk.GetArrayFromImage(
            sitk.SignedMaurerDistanceMap(image, False, False, True)
        ).astype(float)
        inside = sitk.GetArrayFromImage(
            sitk.SignedMaurerDistanceMap(sitk.Not(image), False, False, True)
        ).astype(float)
        maps.append(np.where(voxels[z] > 0, 0.5 - inside, outside - 0.5))
    for z in (1, 2, 3):
        wanted = (1 - z / 4) * maps[0] + z / 4 * maps[1] < 0
        assert np.count_nonzero(wanted ^ (result[z] > 0)) <= 4


def test_two_lesions_of_one_label_are_told_apart():
    voxels = np.zeros((9, 60, 60), np.uint8)
    disc(voxels, 0, (15, 15), 6)
    disc(voxels, 4, (15, 15), 6)
    disc(voxels, 4, (45, 45), 6)
    disc(voxels, 8, (45, 45), 6)
    result = after(voxels, interpolate(voxels, 1, SPACING))
    for z in (1, 2, 3):
        assert result[z, 15, 15]
        assert not result[z, 30:, 30:].any()
    for z in (5, 6, 7):
        assert result[z, 45, 45]
        assert not result[z, :30, :30].any()


@pytest.mark.parametrize("axis", [1, 2])
def test_other_axes_give_the_same(axis):
    voxels = np.zeros((7, 30, 30), np.uint8)
    disc(voxels, 1, (14, 13), 8)
    disc(voxels, 5, (15, 16), 4)
    wanted = after(voxels, interpolate(voxels, 1, (1, 1, 1)))
    turned = np.ascontiguousarray(np.moveaxis(voxels, 0, axis))
    result = after(turned, interpolate(turned, 1, (1, 1, 1), axis=axis))
    np.testing.assert_array_equal(np.moveaxis(result, axis, 0), wanted)


def test_one_slice_or_none_is_told():
    voxels = empty()
    with pytest.raises(InvalidSetting, match="no voxels"):
        interpolate(voxels, 1, SPACING)
    disc(voxels, 2, (20, 20), 5)
    with pytest.raises(InvalidSetting, match="one slice only"):
        interpolate(voxels, 1, SPACING)


@settings(deadline=None, max_examples=60)
@given(arrays(np.uint8, (6, 9, 10), elements=st.sampled_from([0, 0, 0, 1, 1, 2, 3])), st.data())
def test_interpolation_never_changes_other_labels_nor_drawn_slices(voxels, data):
    axis = data.draw(st.sampled_from([0, 1, 2]))
    emptied = data.draw(st.sets(st.integers(0, voxels.shape[axis] - 1)))
    for index in emptied:
        plane = tuple(index if a == axis else slice(None) for a in range(3))
        voxels[plane][voxels[plane] == 1] = 0
    try:
        change = interpolate(voxels, 1, (3, 1, 1), axis=axis)
    except InvalidSetting:
        return
    result = after(voxels, change)
    np.testing.assert_array_equal(result[voxels != 0], voxels[voxels != 0])
    for index in range(voxels.shape[axis]):
        plane = tuple(index if a == axis else slice(None) for a in range(3))
        if (voxels[plane] == 1).any():
            np.testing.assert_array_equal(result[plane], voxels[plane])


# ---------------------------------------------------------------- shaping and parts


@pytest.mark.parametrize("method", shaping.METHODS)
def test_smoothing_takes_a_bump_and_leaves_neighbours(method):
    voxels = np.zeros((21, 60, 60), np.uint8)
    ball = distance_mm((10, 30, 30), voxels.shape, (1, 0.5, 0.5)) <= 8
    voxels[ball] = 1
    voxels[10, 30, 46:52] = 1  # a spike
    voxels[ball & (np.indices(voxels.shape)[2] > 40)] = 4
    result = after(voxels, shaping.smooth(voxels, 1, (1, 0.5, 0.5), 1.5, method=method))
    assert not (result[10, 30, 48:] == 1).any()
    np.testing.assert_array_equal(result == 4, voxels == 4)
    assert 0.85 < (result == 1).sum() / (voxels == 1).sum() < 1.1


def test_the_majority_is_that_of_the_definition():
    rng = np.random.default_rng(5)
    voxels = (rng.random((7, 12, 12)) > 0.5).astype(np.uint8)
    result = after(voxels, shaping.smooth(voxels, 1, (2, 1, 1), 2.0, method="median"))
    padded = np.pad(voxels, 2, mode="edge")
    for z, y, x in np.ndindex(voxels.shape):
        inside = [
            padded[z + 2 + a, y + 2 + b, x + 2 + c]
            for a in range(-1, 2)
            for b in range(-2, 3)
            for c in range(-2, 3)
            if (2 * a) ** 2 + b**2 + c**2 <= 4
        ]
        assert result[z, y, x] == (sum(inside) > len(inside) / 2)


def two_balls() -> np.ndarray:
    voxels = np.zeros((21, 50, 50), np.uint8)
    for x, radius in ((16, 9), (33, 10)):
        voxels[distance_mm((10, 25, x), voxels.shape, (1, 1, 1)) <= radius] = 1
    return voxels


def test_two_balls_that_touch_are_split_at_the_waist():
    voxels = two_balls()
    result = after(voxels, parts.split_by_shape(voxels, 1, (1, 1, 1)))
    assert set(np.unique(result)) == {0, 1, 2}
    assert (result[10, 25, 33], result[10, 25, 16]) == (1, 2)
    np.testing.assert_array_equal(result > 0, voxels > 0)
    waist = np.argwhere(result == 2)[:, 2].max()
    assert 22 <= waist <= 25


def test_a_ball_is_not_split():
    voxels = np.zeros((21, 50, 50), np.uint8)
    voxels[distance_mm((10, 25, 25), voxels.shape, (1, 1, 1)) <= 9] = 1
    assert parts.split_by_shape(voxels, 1, (1, 1, 1)).n_voxels == 0


def test_a_line_splits_and_merging_takes_it_back():
    voxels = two_balls()
    change = parts.split_by_plane(voxels, 1, (10, 0, 24.5), (10, 49, 24.5), (1, 1, 1))
    result = after(voxels, change)
    x = np.indices(voxels.shape)[2]
    np.testing.assert_array_equal(result == 2, (voxels == 1) & (x < 24.5))
    np.testing.assert_array_equal(after(result, parts.merge(result, [2], 1)), voxels)


def test_small_parts_go_and_the_largest_stays():
    voxels = empty()
    voxels[2:4, 5:10, 5:10] = 1  # 50 voxels of 0.75 mm3
    voxels[6, 20:22, 20:22] = 1  # 4 voxels: 3 mm3
    large = voxels.copy()
    large[6] = 0
    np.testing.assert_array_equal(after(voxels, parts.remove_small(voxels, 1, SPACING, 3.1)), large)
    assert parts.remove_small(voxels, 1, SPACING, 3.0).n_voxels == 0
    np.testing.assert_array_equal(after(voxels, parts.keep_largest(voxels, 1)), large)
    apart = after(voxels, parts.components_apart(voxels, 1))
    np.testing.assert_array_equal(apart, large + 2 * (voxels - large))


def test_a_slice_is_copied_onto_background_only():
    voxels = empty()
    disc(voxels, 3, (20, 20), 5)
    voxels[4, 20, 20] = 9
    result = after(voxels, parts.copy_slice(voxels, 1, 3, 4))
    np.testing.assert_array_equal(result[4] == 1, (voxels[3] == 1) & (voxels[4] != 9))
    with pytest.raises(InvalidSetting, match="no further slice"):
        parts.copy_slice(voxels, 1, 8, 9)


@pytest.mark.parametrize(
    ("how", "n"), [("add", 150), ("subtract", 50), ("intersect", 50), ("only one", 100)]
)
def test_labels_of_two_maps_are_combined(how, n):
    voxels, other = empty(), empty()
    voxels[0, :10, :10] = 1
    other[0, :10, 5:15] = 2
    result = after(voxels, parts.combine(voxels, 1, 2, how, other))
    assert (result == 1).sum() == n


# ---------------------------------------------------------------- smart edge


def test_the_smart_edge_follows_a_circle():
    y, x = np.indices((90, 90))
    distance = np.hypot(y - 45, x - 45)
    rng = np.random.default_rng(2)
    image = np.where(distance < 25, 200.0, 100.0) + rng.normal(0, 8, (90, 90))
    edge = SmartEdge(edge_cost(image, (0.5, 0.5), 0.7), (0.5, 0.5))
    edge.start_at((20, 45))
    path = edge.path_to((45, 70))
    np.testing.assert_array_equal(path[[0, -1]], [(20, 45), (45, 70)])
    assert np.abs(distance[tuple(path.T)] - 25).max() < 2.0
    with pytest.raises(InvalidSetting, match="outside"):
        edge.start_at((-3, 4))
