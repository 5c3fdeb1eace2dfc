from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.orientation import SourceGrid, lps_from_ras, ras_from_lps
from tests.strategies import ORIENTATIONS, geometries, oblique


def _labelled(shape: tuple[int, int, int]) -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape)


@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("direction", ORIENTATIONS)
def test_undo_is_exact_for_all_48_orders(direction: np.ndarray, lead: tuple[int, ...]) -> None:
    turned = oblique(direction, (12, -8, 5))
    stored = Geometry((3, 4, 5), (3.0, 0.5, 0.7), (1.5, -20.0, 33.0), turned)
    array = np.arange(np.prod((*lead, 3, 4, 5))).reshape(*lead, 3, 4, 5)
    source = SourceGrid.of(stored)
    np.testing.assert_array_equal(source.to_stored(source.to_canonical(array)), array)


@given(geometries())
def test_every_voxel_keeps_its_place_in_the_patient(stored: Geometry) -> None:
    source = SourceGrid.of(stored)
    canonical = source.canonical_geometry
    array = _labelled(stored.shape_zyx)
    moved = source.to_canonical(array)
    stored_index = np.argwhere(array >= 0)
    where = {int(moved[tuple(i)]): i for i in np.argwhere(moved >= 0)}
    canonical_index = np.array([where[int(array[tuple(i)])] for i in stored_index])
    np.testing.assert_allclose(
        canonical.index_to_lps(canonical_index), stored.index_to_lps(stored_index), atol=1e-9
    )


@given(geometries())
def test_canonical_axes_point_to_superior_posterior_left(stored: Geometry) -> None:
    canonical = SourceGrid.of(stored).canonical_geometry
    assert (np.diag(canonical.direction) > 0).all()
    assert np.linalg.det(canonical.direction) > 0


@pytest.mark.parametrize("direction", ORIENTATIONS)
def test_a_canonical_grid_is_left_alone(direction: np.ndarray) -> None:
    stored = Geometry((3, 4, 5), (1.0, 1.0, 1.0), (0, 0, 0), oblique(direction, (9, 4, -7)))
    canonical = SourceGrid.of(stored).canonical_geometry
    assert SourceGrid.of(canonical).order == SourceGrid(canonical).order


def test_plane_is_that_of_the_stored_slices() -> None:
    sagittal = [[0, 0, 1], [1, 0, 0], [0, -1, 0]]  # x index: posterior, y: inferior, slices: left
    assert SourceGrid.of(Geometry((3, 4, 5), (3.0, 0.5, 0.5), (0, 0, 0), sagittal)).plane == "sagittal"
    assert SourceGrid.of(Geometry((3, 4, 5), (3.0, 0.5, 0.5))).plane == "axial"


def test_ras_and_lps_differ_by_the_first_two_rows() -> None:
    ras = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 10, 12, 12], [0, 0, 0, 1]])
    lps = lps_from_ras(ras)
    assert lps[0].tolist() == [-1, -2, -3, -4]
    assert lps[2].tolist() == ras[2].tolist()
    np.testing.assert_array_equal(ras_from_lps(lps), ras)
