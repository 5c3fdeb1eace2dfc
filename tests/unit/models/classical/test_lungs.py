"""Lungs of a chest whose truth is known, however it is stored; and what must not become lung."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from napari_medassist.core.errors import Cancelled
from napari_medassist.core.geometry import Geometry
from napari_medassist.models.classical.coarse import coarse_image
from napari_medassist.models.classical.lungs import AIRWAYS, LEFT, RIGHT, segment_lungs

GRID = Geometry((60, 80, 100), (5.0, 3.5, 3.5))


@cache
def chest(*, touching: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return CT numbers and labels: two lungs, a trachea, vessels, gas in the stomach."""
    rng = np.random.default_rng(3)
    z, y, x = np.meshgrid(*(np.arange(n) for n in GRID.shape_zyx), indexing="ij")
    zz, yy, xx = (z - 28) * 5.0, (y - 40) * 3.5, (x - 49.5) * 3.5
    hu = np.where((yy / 125) ** 2 + (xx / 160) ** 2 < 1, 30.0, -1000.0)
    truth = np.zeros(hu.shape, np.uint8)
    reach = 62.0 if touching else 50.0
    for side, label in ((1, LEFT), (-1, RIGHT)):
        lung = ((xx - side * 68) / reach) ** 2 + (yy / 80) ** 2 + (zz / 105) ** 2 < 1
        hu[lung], truth[lung] = -820.0, label
    if touching:
        bridge = (np.abs(xx) < 12) & (np.abs(yy + 40) < 6) & (np.abs(zz) < 30)
        hu[bridge & (truth == 0)] = -780.0
    vessels = (truth > 0) & (rng.random(hu.shape) < 0.02)
    hu[vessels] = 40.0
    trachea = (xx**2 + (yy - 20) ** 2 < 9.0**2) & (zz > 20)
    hu[trachea & (truth == 0)] = -1000.0
    truth[trachea & (truth == 0)] = AIRWAYS
    stomach = ((xx - 70) / 35) ** 2 + ((yy + 30) / 30) ** 2 + ((zz + 135) / 20) ** 2 < 1
    hu[stomach & (truth == 0)] = -1000.0
    return hu + rng.normal(0, 15, hu.shape), truth


def dice(found: np.ndarray, truth: np.ndarray, label: int) -> float:
    first, second = found == label, truth == label
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


def test_lungs_sides_and_trachea_are_found_and_gas_is_not() -> None:
    hu, truth = chest()
    found = segment_lungs(hu, GRID)
    assert dice(found, truth, LEFT) > 0.97
    assert dice(found, truth, RIGHT) > 0.97
    assert dice(found, truth, AIRWAYS) > 0.8
    assert not found[:3].any()  # the stomach's gas


def test_lungs_that_touch_are_told_apart() -> None:
    hu, truth = chest(touching=True)
    found = segment_lungs(hu, GRID)
    assert dice(found, truth, LEFT) > 0.95
    assert dice(found, truth, RIGHT) > 0.95
    assert np.count_nonzero((found == LEFT) & (truth == RIGHT)) < 0.01 * np.count_nonzero(found)


def test_the_dome_of_the_diaphragm_is_no_lung_and_a_mass_within_it_is() -> None:
    hu, truth = (array.copy() for array in chest())
    z, y, x = np.meshgrid(*(np.arange(n) for n in GRID.shape_zyx), indexing="ij")
    zz, yy, xx = (z - 28) * 5.0, (y - 40) * 3.5, (x - 49.5) * 3.5
    dome = ((xx + 68) / 30) ** 2 + (yy / 35) ** 2 + ((zz + 100) / 60) ** 2 < 1
    mass = (xx - 68) ** 2 + yy**2 + (zz - 20) ** 2 < 18.0**2
    hu[dome | mass] = 40.0
    truth[dome] = 0
    found = segment_lungs(hu, GRID)
    island = dome & (zz > -80)  # in these slices lung surrounds it
    assert np.count_nonzero(island) > 500
    assert np.count_nonzero(found[island]) < 0.1 * np.count_nonzero(island)
    assert np.count_nonzero(found[mass] == LEFT) > 0.98 * np.count_nonzero(mass)
    assert dice(found, truth, RIGHT) > 0.96


def test_fine_slices_are_worked_on_coarsely_and_come_back() -> None:
    hu, truth = chest()
    fine = np.repeat(np.repeat(hu, 2, axis=1), 2, axis=2)
    grid = Geometry((60, 160, 200), (5.0, 1.0, 1.0))
    found = segment_lungs(fine, grid)
    whole = np.repeat(np.repeat(truth, 2, axis=1), 2, axis=2)
    assert found.shape == whole.shape
    assert dice(found, whole, LEFT) > 0.95


def test_a_cut_through_the_lungs_has_lungs_to_its_ends_and_no_airways() -> None:
    hu, truth = chest()
    found = segment_lungs(hu[15:30], Geometry((15, 80, 100), (5.0, 3.5, 3.5)))
    assert dice(found, truth[15:30], LEFT) > 0.96
    assert not (found == AIRWAYS).any()


def test_no_lungs_are_no_lungs() -> None:
    body = np.full((12, 40, 40), -1000.0)
    body[:, 8:32, 8:32] = 40.0
    assert not segment_lungs(body, Geometry((12, 40, 40), (5.0, 5.0, 5.0))).any()
    assert not segment_lungs(np.full((12, 40, 40), -1000.0), Geometry((12, 40, 40), (5, 5, 5))).any()


def test_it_can_be_stopped() -> None:
    def stop(_done: int, _total: int, _message: str) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        segment_lungs(chest()[0], GRID, stop)


def test_blocks_are_means_and_lie_where_they_were() -> None:
    values = np.random.default_rng(0).normal(size=(5, 9, 8))
    grid = Geometry((5, 9, 8), (3.0, 0.7, 1.0), (10.0, 20.0, 30.0))
    coarse, where = coarse_image(values, grid, 2.1)
    assert coarse.shape == (5, 3, 4)
    np.testing.assert_allclose(coarse[1, 2, 3], values[1, 6:9, 6:8].mean(), rtol=1e-5)
    np.testing.assert_allclose(where.index_to_lps((1, 2, 3)), grid.index_to_lps((1, 7, 6.5)))
    same, unchanged = coarse_image(values, grid, 0.5)
    assert unchanged is grid
    assert same.shape == values.shape
