from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medassist.core.errors import GeometryMismatch, InvalidGeometry
from napari_medassist.core.geometry import Geometry
from tests.strategies import geometries


def test_origin_is_centre_of_first_voxel_and_x_index_moves_along_first_column() -> None:
    grid = Geometry((4, 5, 6), (3.0, 2.0, 1.0), (10.0, 20.0, 30.0))
    assert grid.index_to_lps((0, 0, 0)).tolist() == [10, 20, 30]
    assert grid.index_to_lps((1, 2, 3)).tolist() == [10 + 3, 20 + 4, 30 + 3]


@given(geometries(), st.integers(0, 2**32 - 1))
def test_lps_to_index_inverts_index_to_lps(grid: Geometry, seed: int) -> None:
    index = np.random.default_rng(seed).uniform(-5, 50, size=(7, 3))
    np.testing.assert_allclose(grid.lps_to_index(grid.index_to_lps(index)), index, atol=1e-8)


@given(geometries())
def test_affine_round_trip_is_the_same_grid(grid: Geometry) -> None:
    again = Geometry.from_affine_lps(grid.affine_lps, grid.shape_zyx)
    assert again.corner_distance_mm(grid) < 1e-9


def test_same_grid_tolerates_rounded_headers_but_not_a_millimetre() -> None:
    grid = Geometry((20, 30, 40), (3.0, 0.5, 0.5), (1.0, 2.0, 3.0))
    rounded = Geometry((20, 30, 40), (3.0, 0.5, 0.5), (1.1, 2.1, 3.1))
    shifted = Geometry((20, 30, 40), (3.0, 0.5, 0.5), (2.0, 2.0, 3.0))
    assert grid.is_same_grid(rounded)
    assert not grid.is_same_grid(shifted)
    assert grid.is_same_grid(shifted, tolerance_mm=1.0)


def test_mismatch_names_both_grids() -> None:
    first = Geometry((2, 2, 2), (1.0, 1.0, 1.0))
    second = Geometry((2, 2, 3), (1.0, 1.0, 1.0))
    with pytest.raises(GeometryMismatch, match=r"reference \[zyx 2x2x2.*prediction \[zyx 2x2x3"):
        first.require_same_grid(second, names=("reference", "prediction"))


@pytest.mark.parametrize(
    ("shape", "spacing", "direction"),
    [
        ((0, 2, 2), (1, 1, 1), np.eye(3)),
        ((2, 2, 2), (1, float("nan"), 1), np.eye(3)),
        ((2, 2, 2), (1, -1, 1), np.eye(3)),
        ((2, 2, 2), (1, 1, 1), np.eye(3) * 2),
        ((2, 2, 2), (1, 1, 1), [[1, 1, 0], [0, 0, 0], [0, 0, 1]]),
        ((2, 2), (1, 1, 1), np.eye(3)),
    ],
)
def test_impossible_grids_are_refused(shape, spacing, direction) -> None:
    with pytest.raises(InvalidGeometry):
        Geometry(shape, spacing, (0, 0, 0), direction)


def test_sheared_grid_has_true_volume() -> None:
    tilt = np.deg2rad(20)
    direction = np.array([[1, 0, 0], [0, 1, np.sin(tilt)], [0, 0, np.cos(tilt)]])
    grid = Geometry((3, 3, 3), (5.0, 1.0, 1.0), (0, 0, 0), direction)
    assert grid.is_sheared
    assert grid.voxel_volume_mm3 == pytest.approx(5 * np.cos(tilt))


def test_parallel_means_no_corner_is_drawn_off() -> None:
    angle = np.deg2rad(0.05)
    c, s = np.cos(angle), np.sin(angle)
    turned = [[c, -s, 0], [s, c, 0], [0, 0, 1]]
    small = Geometry((2, 2, 2), (1.0, 1.0, 1.0), (0, 0, 0), turned)
    large = Geometry((2, 400, 400), (1.0, 1.0, 1.0), (0, 0, 0), turned)
    assert small.is_parallel_to(np.eye(3))
    assert not large.is_parallel_to(np.eye(3))
