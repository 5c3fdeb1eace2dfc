"""Grids of networks: where they lie, and that labels come back to the voxel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.orientation import AxisOrder
from napari_medassist.models.grids import (
    centre_of,
    centred_grid,
    covering_grid,
    covering_shape,
    labels_on_grid,
    on_grid,
    touches_inner_face,
)
from tests.strategies import oblique

TILTED = oblique(np.eye(3), (14.0, -9.0, 6.0))
IMAGE = Geometry((10, 60, 50), (3.5, 0.6, 0.7), (-12.0, 30.0, 5.0), TILTED)


def ball(geometry: Geometry, centre_lps: np.ndarray, radius_mm: float) -> np.ndarray:
    return (distances(geometry, centre_lps) < radius_mm).astype(np.uint8)


def places_of(geometry: Geometry) -> np.ndarray:
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape_zyx), indexing="ij"), axis=-1)
    return geometry.index_to_lps(index.reshape(-1, 3)).reshape(*geometry.shape_zyx, 3)


def distances(geometry: Geometry, centre_lps: np.ndarray) -> np.ndarray:
    return np.linalg.norm(places_of(geometry) - centre_lps, axis=-1)


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


def middle(geometry: Geometry) -> np.ndarray:
    return geometry.index_to_lps((np.asarray(geometry.shape_zyx) - 1) / 2)


def test_a_grid_is_centred_on_the_image_along_its_axes() -> None:
    grid = centred_grid(IMAGE, (3.0, 1.0, 1.0), (8, 20, 30))
    np.testing.assert_allclose(middle(grid), middle(IMAGE), atol=1e-9)
    np.testing.assert_allclose(grid.direction, IMAGE.direction)
    point = IMAGE.index_to_lps((1.0, 5.0, 7.0))
    np.testing.assert_allclose(
        middle(centred_grid(IMAGE, (3.0, 1.0, 1.0), (8, 20, 30), point)), point, atol=1e-9
    )


@pytest.mark.parametrize("shape", [20, 21, 6, 7])
def test_slices_of_the_same_thickness_are_kept_however_they_are_counted(shape: int) -> None:
    image = Geometry((19, 60, 50), (3.0, 0.6, 0.7), (-12.0, 30.0, 5.0), TILTED)
    grid = centred_grid(image, (3.0, 1.0, 1.0), (shape, 20, 30))
    first = image.lps_to_index(grid.index_to_lps(np.zeros(3)))
    assert abs(first[0] - round(first[0])) < 1e-9
    assert np.abs(image.lps_to_index(middle(grid)) - 9.0)[0] <= 0.5 + 1e-9
    flip = AxisOrder((0, 1, 2), (True, True, False))
    other = centred_grid(flip.apply_geometry(image), (3.0, 1.0, 1.0), (shape, 20, 30))
    np.testing.assert_allclose(middle(other), middle(grid), atol=1e-9)


def test_a_covering_grid_reaches_all_corners() -> None:
    shape = covering_shape(IMAGE, (3.0, 1.0, 1.0), (4, 4, 40))
    assert shape == (12, 36, 40)


@pytest.mark.parametrize("spacing", [(3.0, 1.0, 1.0), (3.5, 1.3, 1.1)])
def test_where_voxels_lie_does_not_depend_on_the_part_or_the_pixels(
    spacing: tuple[float, float, float],
) -> None:
    part = Geometry((5, 20, 24), IMAGE.spacing_zyx_mm, tuple(IMAGE.index_to_lps((2, 9, 7))), TILTED)
    finer = Geometry((10, 119, 99), (3.5, 0.3, 0.35), IMAGE.origin_lps_mm, TILTED)
    whole = covering_grid(IMAGE, IMAGE, spacing, (1, 1, 1))
    for image, shown in ((IMAGE, part), (finer, finer), (finer, part)):
        grid = covering_grid(image, shown, spacing, (1, 1, 1))
        offset = whole.lps_to_index(grid.index_to_lps(np.zeros(3)))
        np.testing.assert_allclose(offset, np.round(offset), atol=1e-6)
        ends = grid.lps_to_index(shown.corners_lps_mm())
        assert ends.min() > -1e-3, "all of the part is covered"
        assert (ends.max(axis=0) < np.asarray(grid.shape_zyx) - 1 + 1e-3).all()
        assert (np.asarray(grid.shape_zyx) - 1 - np.ptp(ends, axis=0) < 2).all(), "and little more"
    large = covering_grid(IMAGE, part, spacing, (20, 64, 65))
    assert large.shape_zyx == (20, 64, 65)
    off = large.lps_to_index(middle(part)) - (np.asarray(large.shape_zyx) - 1) / 2
    assert np.abs(off).max() <= 1.0, "what is added lies on both sides"


def test_what_is_linear_in_the_patient_is_interpolated_exactly() -> None:
    index = np.stack(np.meshgrid(*map(np.arange, IMAGE.shape_zyx), indexing="ij"), axis=-1)
    lps = IMAGE.index_to_lps(index.reshape(-1, 3)).reshape(*IMAGE.shape_zyx, 3)
    values = lps @ (1.0, -2.0, 0.5)
    for grid in (
        centred_grid(IMAGE, (3.0, 1.0, 1.0), (6, 20, 20)),
        Geometry((5, 6, 7), (1.0, 1.0, 1.0), tuple(middle(IMAGE) - 3.0), oblique(np.eye(3), (3, 4, 5))),
    ):
        found = on_grid(values, IMAGE, grid, edge="nearest")
        places = np.stack(np.meshgrid(*map(np.arange, grid.shape_zyx), indexing="ij"), axis=-1)
        there = grid.index_to_lps(places.reshape(-1, 3)).reshape(*grid.shape_zyx, 3)
        np.testing.assert_allclose(found, there @ (1.0, -2.0, 0.5), atol=1e-3)


@pytest.mark.parametrize("spacing", [(3.0, 1.0, 1.0), (2.0, 0.9, 0.8)])
def test_labels_come_back_where_they_were(spacing: tuple[float, float, float]) -> None:
    grid = centred_grid(IMAGE, spacing, (12, 30, 30))
    on_model, on_image = (ball(g, middle(IMAGE), 9.0) for g in (grid, IMAGE))
    assert dice(labels_on_grid(on_model, grid, IMAGE) > 0, on_image > 0) > 0.9
    soft = np.clip(0.5 + (9.0 - distances(grid, middle(IMAGE))) / 6, 0, 1)[None].astype(np.float32)
    assert dice(labels_on_grid(on_model, grid, IMAGE, soft) > 0, on_image > 0) > 0.97


def test_two_labels_keep_their_border_and_their_values() -> None:
    grid = centred_grid(IMAGE, (3.0, 1.0, 1.0), (12, 40, 40))
    labels = ball(grid, middle(IMAGE), 9.0)
    labels[:, :, 20:] *= 5
    back = labels_on_grid(labels, grid, IMAGE)
    assert set(np.unique(back)) == {0, 1, 5}
    inside = ball(IMAGE, middle(IMAGE), 7.5) > 0
    assert (back[inside] > 0).all()  # nothing of the gland is lost between two labels
    assert back[:, :, :24][inside[:, :, :24]].max() == 1
    assert back[:, :, 26:][inside[:, :, 26:]].min() == 5


def test_of_probabilities_the_likeliest_wins_the_background_too() -> None:
    grid = centred_grid(IMAGE, (3.0, 1.0, 1.0), (12, 30, 30))
    labels = np.ones(grid.shape_zyx, np.uint8)
    labels[0] = 0
    shares = np.full((2, *grid.shape_zyx), 0.3, np.float32)  # and 0.4 for the background
    shares[0, :, :, 15:] = 0.45
    back = labels_on_grid(labels, grid, IMAGE, shares)
    here = grid.lps_to_index(places_of(IMAGE).reshape(-1, 3)).reshape(*IMAGE.shape_zyx, 3)
    inside = ((here > 1) & (here < np.array(grid.shape_zyx) - 2)).all(axis=-1)
    assert not back[inside & (here[..., 2] < 14)].any()
    assert (back[inside & (here[..., 2] > 16)] == 1).all()


def test_no_labels_are_no_labels_and_labels_elsewhere_stay_there() -> None:
    grid = centred_grid(IMAGE, (3.0, 1.0, 1.0), (4, 4, 4))
    assert not labels_on_grid(np.zeros((4, 4, 4), np.uint8), grid, IMAGE).any()
    far = Geometry((4, 4, 4), (1.0, 1.0, 1.0), (900.0, 900.0, 900.0))
    assert not labels_on_grid(np.ones((4, 4, 4), np.uint8), far, IMAGE).any()


def test_a_face_counts_only_where_the_image_goes_on() -> None:
    small = centred_grid(IMAGE, (3.0, 1.0, 1.0), (20, 12, 12))  # longer than the image along z only
    labels = np.zeros(small.shape_zyx, np.uint8)
    labels[0], labels[-1] = 1, 1
    labels[:, :, 0] = labels[:, :, -1] = labels[:, 0] = labels[:, -1] = 0
    assert not touches_inner_face(labels, small, IMAGE)
    labels[10, 0, 6] = 1
    assert touches_inner_face(labels, small, IMAGE)


def test_the_middle_of_labels() -> None:
    labels = ball(IMAGE, IMAGE.index_to_lps((4.0, 30.0, 20.0)), 4.0)
    np.testing.assert_allclose(
        IMAGE.lps_to_index(centre_of(labels, IMAGE)), (4.0, 30.0, 20.0), atol=0.51
    )


@pytest.mark.parametrize("letters", ["SPL", "RAS", "LPS", "AIR"])
def test_axes_are_turned_and_turned_back(letters: str) -> None:
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    order = AxisOrder.toward(letters)
    np.testing.assert_array_equal(order.undo(order.apply(array)), array)


def test_ras_counts_from_the_left_back_and_bottom() -> None:
    array = np.zeros((3, 4, 5))
    array[2, 0, 0] = 1  # superior, anterior, right
    assert AxisOrder.toward("RAS").apply(array)[-1, -1, -1] == 1
    with pytest.raises(ValueError, match="three axes"):
        AxisOrder.toward("RLS")
