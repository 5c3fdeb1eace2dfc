"""Points on outlines whose surface is known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.registration.surfaces import is_sparse, surface_points
from tests.unit.registration.test_linear import TILT

GRID = Geometry((20, 60, 60), (3.0, 1.0, 1.0), (5.0, -40.0, 12.0), TILT)
MIDDLE = GRID.index_to_lps((9.5, 29.5, 29.5))


def ball(radius_mm: float = 20.0) -> np.ndarray:
    return np.linalg.norm(GRID.voxel_places_lps_mm() - MIDDLE, axis=-1) < radius_mm


def test_points_lie_on_a_ball_evenly() -> None:
    points = surface_points(ball(), GRID, 3000)
    away = points - MIDDLE
    radii = np.linalg.norm(away, axis=1)
    assert abs(np.median(radii) - 20) < 0.5
    assert np.percentile(radii, [1, 99]) == pytest.approx([20, 20], abs=1.8)
    np.testing.assert_allclose(away.mean(axis=0), 0, atol=0.8)
    np.testing.assert_allclose((away**2).mean(axis=0), 400 / 3, rtol=0.1)  # a sphere, evenly by area
    np.testing.assert_array_equal(points, surface_points(ball(), GRID, 3000))


def test_a_ball_cut_off_by_the_image_closes_there() -> None:
    cut = ball()
    cut[:10] = False
    points = surface_points(cut, GRID, 500)
    index = GRID.lps_to_index(points)
    assert index[:, 0].min() > 8.5


def test_slices_with_gaps_between_them_give_their_outlines() -> None:
    mask = ball()
    mask[np.arange(20) % 4 != 1] = False
    assert is_sparse(mask)
    assert not is_sparse(ball())
    points = surface_points(mask, GRID, 400)
    index = GRID.lps_to_index(points)
    assert set(np.round(index[:, 0]).astype(int)) <= {1, 5, 9, 13, 17}
    assert np.abs(np.linalg.norm(points - MIDDLE, axis=1) - 20).max() < 2.5


def test_hardly_an_outline_is_refused() -> None:
    mask = np.zeros(GRID.shape_zyx, bool)
    mask[4, 10:16, 10:16] = True
    with pytest.raises(InvalidImage, match="36 voxels"):
        surface_points(mask, GRID, 100)
