"""Pictures of a map, and starts by hand: where they say a place lies, it lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_medassist.app.registering.by_hand import Nudge, preview
from napari_medassist.app.registering.pictures import arrows_lps_mm, bent_grid, growth
from napari_medassist.core.transform import AffineTransform, CompositeTransform, DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.registration.quality import (
    jacobian_determinant,
    map_quality,
    normalised_mutual_information,
    way_back_mm,
)
from napari_medassist.registration.resample import warped, warped_numbers
from tests.unit.app.registering.test_aligning import aligned
from tests.unit.registration.test_instance import smooth_field
from tests.unit.registration.test_linear import GRID, IDENTITY, TURN, blobs


def test_arrows_end_where_the_map_leads() -> None:
    made = aligned()
    starts, ends = arrows_lps_mm(made, 10.0)
    assert len(starts) > 50
    np.testing.assert_allclose(ends, made.transform.transform_points(starts))
    index = GRID.lps_to_index(starts)
    np.testing.assert_allclose(index, np.rint(index), atol=1e-9)


def test_a_grid_is_straight_without_a_map_and_turned_by_one() -> None:
    made = aligned()
    still = replace(made, registered=replace(made.registered, transform=IDENTITY))
    straight, bent = (np.asarray(bent_grid(a).array) for a in (still, made))
    np.testing.assert_allclose(straight, np.rint(straight), atol=1e-6)
    assert 0.1 < straight.mean() < 0.4
    assert np.abs(straight - bent).max() > 0.5


def test_growth_is_that_of_the_map() -> None:
    made = aligned()
    np.testing.assert_allclose(np.asarray(growth(made).array), 1.0, atol=1e-6)
    stretched = AffineTransform.from_matrix(np.diag([1.2, 1.0, 1.0, 1.0]))
    wide = replace(made, registered=replace(made.registered, transform=stretched))
    np.testing.assert_allclose(np.asarray(growth(wide).array), 1.2, atol=1e-6)


def test_determinants_of_composites_are_those_of_the_whole_map() -> None:
    field = smooth_field(2.0)
    stretched = AffineTransform.from_matrix(np.diag([1.1, 0.95, 1.0, 1.0]))
    grid = field.geometry
    inner = (slice(2, -2), slice(3, -3), slice(3, -3))
    for whole in (CompositeTransform((field, stretched)), CompositeTransform((stretched, field))):
        sampled = DisplacementField.of(whole, grid).jacobian_determinant()
        np.testing.assert_allclose(jacobian_determinant(whole, grid)[inner], sampled[inner], rtol=0.02)


def test_folds_are_counted_where_they_are() -> None:
    field = smooth_field(2.0)
    vectors = np.array(field.vectors_lps_mm)
    image = Volume(blobs(field.geometry).array, field.geometry)
    assert map_quality(DisplacementField(vectors, field.geometry), image).folded_share == 0
    vectors[5:8, 20:30, 20:24, 0] += 9.0  # a step that one voxel further falls back
    quality = map_quality(DisplacementField(vectors, field.geometry), image)
    assert 0 < quality.folded_share < 0.05
    assert quality.log_jacobian_sd > 0.05


def test_there_and_back_is_nothing_for_an_inverse() -> None:
    image = blobs()
    np.testing.assert_allclose(way_back_mm(TURN, TURN.inverse(), image), 0, atol=1e-9)
    assert np.median(way_back_mm(TURN, TURN, image)) > 5


def test_information_is_2_for_the_same_and_1_for_noise() -> None:
    image = blobs()
    everywhere = np.ones(GRID.shape_zyx, dtype=bool)
    same = normalised_mutual_information(image, np.asarray(image.array), everywhere)
    inverted = normalised_mutual_information(image, -np.asarray(image.array), everywhere)
    noise = np.random.default_rng(0).normal(size=GRID.shape_zyx)
    assert same == pytest.approx(2.0, abs=1e-9)
    assert inverted == pytest.approx(2.0, abs=0.01)
    assert 1.0 < normalised_mutual_information(image, noise, everywhere) < 1.02
    few = np.zeros_like(everywhere)
    few[0, 0, :20] = True
    assert np.isnan(normalised_mutual_information(image, noise, few))


def test_numbers_come_from_the_nearest_voxel() -> None:
    numbers = np.arange(np.prod(GRID.shape_zyx), dtype=np.int32).reshape(GRID.shape_zyx)
    np.testing.assert_array_equal(warped_numbers(numbers, GRID, IDENTITY, GRID), numbers)
    step = GRID.spacing_zyx_mm[2] * GRID.direction[:, 0]
    matrix = np.eye(4)
    matrix[:3, 3] = 2 * step
    shifted = warped_numbers(numbers, GRID, AffineTransform.from_matrix(matrix), GRID)
    np.testing.assert_array_equal(shifted[:, :, :-2], numbers[:, :, 2:])
    assert not shifted[:, :, -2:].any()


def test_a_nudge_moves_the_image_to_where_it_says() -> None:
    """An image pushed 9 mm to the left shows at x what lay 9 mm to the right of it."""
    fixed = moving = blobs()
    nudge = Nudge((9.0, 0.0, 0.0))
    point = GRID.index_to_lps((7.0, 45.0, 42.0))
    np.testing.assert_allclose(nudge.map_for(GRID).transform_points(point), point - (9.0, 0.0, 0.0))
    turn = Nudge(turn_deg=(0.0, 0.0, 90.0)).map_for(GRID)
    middle = GRID.index_to_lps((np.array(GRID.shape_zyx) - 1) / 2)
    # Turned about the axis toward superior by 90 degrees, left goes to posterior.
    np.testing.assert_allclose(
        turn.transform_points(middle + np.array([0.0, 10.0, 0.0])) - middle, (10.0, 0, 0), atol=1e-9
    )
    seen = preview(fixed, moving, nudge)
    whole = warped(moving, nudge.map_for(GRID), seen.geometry)
    np.testing.assert_array_equal(np.asarray(seen.array), np.asarray(whole.array))
    assert seen.geometry.shape_zyx[0] == GRID.shape_zyx[0]
