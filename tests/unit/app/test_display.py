from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medassist.app.display import DisplayFrame, resample
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from tests.phantoms import bright_point, oblique_case, volume
from tests.strategies import ORIENTATIONS, geometries, oblique


@given(geometries(), st.integers(0, 2**32 - 1))
def test_world_and_patient_are_one_another_back(grid: Geometry, seed: int) -> None:
    frame = DisplayFrame.of_case(Case("c", (volume(direction=grid.direction),)))
    points = np.random.default_rng(seed).uniform(-300, 300, size=(5, 3))
    np.testing.assert_allclose(frame.world_to_lps(frame.lps_to_world(points)), points, atol=1e-9)


def test_unturned_case_is_drawn_in_patient_coordinates() -> None:
    frame = DisplayFrame.of_case(Case("c", (volume(),)))
    assert frame.lps_to_world((1, 2, 3)).tolist() == [3, 2, 1]


@pytest.mark.parametrize("direction", ORIENTATIONS[::3])
def test_parallel_images_lie_true_to_a_hundredth_of_a_micrometre(direction: np.ndarray) -> None:
    """napari puts voxel i at translate + scale * i: that must be its place in the frame."""
    turned = oblique(direction, (12, -8, 5))
    t2w = volume("t2w", direction=turned)
    adc = volume("adc", shape_zyx=(5, 9, 8), origin_lps_mm=(3, -4, 5), direction=turned)
    frame = DisplayFrame.of_case(Case("c", (t2w, adc)))
    for image in (t2w, adc):
        assert frame.places(image.geometry)
        index = np.array([[0, 0, 0], [1, 2, 3], [4, 7, 7]])
        drawn = np.array(frame.translate_zyx_mm(image.geometry)) + index * np.array(
            image.geometry.spacing_zyx_mm
        )
        true = frame.lps_to_world(image.geometry.index_to_lps(index))
        np.testing.assert_allclose(drawn, true, atol=1e-5)


def test_turned_image_is_resampled_where_it_belongs() -> None:
    case = oblique_case()
    frame = DisplayFrame.of_case(case)
    point = (-4.0, 21.0, -33.0)
    dce = volume("dce", shape_zyx=(6, 12, 12), spacing_zyx_mm=(3.0, 1.5, 1.5))
    assert not frame.places(dce.geometry)
    source = bright_point(dce, point)
    true = source.geometry.index_to_lps(np.argwhere(np.asarray(source.array) > 0)[0])
    grid = frame.covering_grid(source.geometry)
    shown = resample(source.array, source.geometry, grid, nearest=False, outside=0.0)
    centre = np.average(np.argwhere(shown > 0), axis=0, weights=shown[shown > 0])
    distance = np.linalg.norm(grid.index_to_lps(centre) - true)
    assert distance < 0.35 * min(grid.spacing_zyx_mm)


@given(geometries())
def test_covering_grid_covers_every_corner(grid: Geometry) -> None:
    frame = DisplayFrame()
    cover = frame.covering_grid(grid)
    index = cover.lps_to_index(grid.corners_lps_mm())
    assert (index > -1e-3).all()
    assert (index < np.array(cover.shape_zyx) - 1 + 1e-3).all()
    assert (np.array(cover.spacing_zyx_mm) <= max(grid.spacing_zyx_mm) + 1e-9).all()


def test_time_points_are_resampled_one_at_a_time_and_only_when_looked_at() -> None:
    calls = []

    class Counting:
        shape, dtype, ndim = (4, 6, 12, 12), np.dtype("f4"), 4

        def __getitem__(self, key: object) -> np.ndarray:
            calls.append(key)
            return np.ones(self.shape, "f4")[key]

    dce = volume("dce", shape_zyx=(6, 12, 12))
    frame = DisplayFrame.of_case(oblique_case())
    grid = frame.covering_grid(dce.geometry)
    lazy = resample(Counting(), dce.geometry, grid, nearest=False, outside=0.0)  # type: ignore[arg-type]
    assert lazy.shape == (4, *grid.shape_zyx)
    before = len(calls)
    np.asarray(lazy[2])
    assert len(calls) == before + 1


def test_nearest_keeps_label_values() -> None:
    grid = DisplayFrame.of_case(oblique_case()).covering_grid(volume().geometry)
    labels = np.random.default_rng(0).choice([0, 3, 7], size=(6, 20, 24)).astype(np.uint8)
    shown = resample(labels, volume().geometry, grid, nearest=True, outside=0)
    assert set(np.unique(shown)) <= {0, 3, 7}
    assert shown.dtype == np.uint8


def test_sheared_reference_is_drawn_in_patient_coordinates() -> None:
    tilt = np.deg2rad(15)
    direction = np.array([[1, 0, 0], [0, 1, np.sin(tilt)], [0, 0, np.cos(tilt)]])
    assert DisplayFrame.of_case(Case("c", (volume(direction=direction),))) == DisplayFrame()
