"""Opacities whose truth is known, in lungs that are breathed in more or less; vessels are none."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.core.errors import Cancelled
from napari_medassist.core.geometry import Geometry
from napari_medassist.models.classical.opacities import (
    CONSOLIDATION,
    GROUND_GLASS,
    opacities_within,
    segment_opacities,
)

SPACING = (3.0, 2.0, 2.0)
SHAPE = (12, 60, 60)


def lung(aerated_hu: float = -850.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return CT numbers, where the lung is, and the truth: a patch of each kind, and vessels."""
    rng = np.random.default_rng(5)
    hu = np.full(SHAPE, aerated_hu, dtype=np.float32)
    truth = np.zeros(SHAPE, np.uint8)
    truth[2:9, 5:20, 5:20] = GROUND_GLASS
    truth[3:8, 30:50, 30:50] = CONSOLIDATION
    hu[truth == GROUND_GLASS] += 0.4 * (50 - aerated_hu)
    hu[truth == CONSOLIDATION] = 20.0
    hu[:, 24:26, :] = 40.0  # a vessel that lies in the slice
    hu[:, 40, 20] = 40.0  # one that goes through it
    return hu + rng.normal(0, 15, SHAPE).astype(np.float32), np.ones(SHAPE, bool), truth


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    return 2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth))


@pytest.mark.parametrize("aerated_hu", [-900.0, -850.0, -760.0])
def test_both_kinds_are_found_whatever_the_breath(aerated_hu: float) -> None:
    hu, lungs, truth = lung(aerated_hu)
    found = opacities_within(hu, lungs, SPACING)
    assert dice(found == GROUND_GLASS, truth == GROUND_GLASS) > 0.9
    assert dice(found == CONSOLIDATION, truth == CONSOLIDATION) > 0.9


def test_vessels_are_no_opacity() -> None:
    hu, lungs, truth = lung()
    found = opacities_within(hu, lungs, SPACING)
    assert not found[:, 23:27].any()
    assert not found[:, 40, 19:22].any()
    assert np.count_nonzero((found > 0) & (truth == 0)) < 0.05 * np.count_nonzero(truth)


def test_nothing_is_marked_outside_the_lungs() -> None:
    hu, lungs, _ = lung()
    lungs[:, :, :25] = False
    found = opacities_within(hu, lungs, SPACING)
    assert found.any()
    assert not found[~lungs].any()


def test_an_image_without_lungs_has_none() -> None:
    hu = np.full((8, 20, 20), 40.0, np.float32)
    assert not segment_opacities(hu, Geometry((8, 20, 20), SPACING)).any()


def test_lungs_are_found_in_a_chest() -> None:
    """A whole chest with a patch of ground glass, on voxels finer than the method works on."""
    grid = Geometry((24, 160, 200), (5.0, 1.6, 1.6))
    z, y, x = np.meshgrid(*(np.arange(n) for n in grid.shape_zyx), indexing="ij")
    zz, yy, xx = (z - 11.5) * 5.0, (y - 79.5) * 1.6, (x - 99.5) * 1.6
    hu = np.where((yy / 110) ** 2 + (xx / 150) ** 2 < 1, 30.0, -1000.0)
    for side in (-1, 1):
        hu[((xx - side * 68) / 50) ** 2 + (yy / 75) ** 2 + (zz / 100) ** 2 < 1] = -840.0
    patch = ((xx - 68) ** 2 + yy**2 < 18**2) & (np.abs(zz) < 20)
    hu[patch] = -540.0
    hu += np.random.default_rng(1).normal(0, 20, hu.shape)
    told: list[str] = []
    found = segment_opacities(hu, grid, lambda _done, _of, what: told.append(what))
    assert dice(found == GROUND_GLASS, patch) > 0.9
    assert not (found == CONSOLIDATION).any()
    assert told


def test_it_can_be_cancelled() -> None:
    def stop(*_: object) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        segment_opacities(np.zeros((4, 8, 8)), Geometry((4, 8, 8), SPACING), stop)
