"""A map known in a window: kept there, continued rigidly beyond, without a step between."""

from __future__ import annotations

import numpy as np

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import AffineTransform
from napari_medassist.models.grids import centred_grid
from napari_medassist.registration.local_field import continued
from tests.unit.registration.test_linear import TILT, TURN

FIXED = Geometry((20, 90, 80), (3.0, 1.5, 1.5), (-60.0, -50.0, -20.0), TILT)
WINDOW = centred_grid(FIXED, (3.0, 3.0, 3.0), (14, 24, 22))


def displacements(transform: AffineTransform) -> np.ndarray:
    places = WINDOW.voxel_places_lps_mm()
    return (transform.transform_points(places) - places).astype(np.float32)


def test_a_rigid_map_is_continued_exactly_over_the_whole_image() -> None:
    field = continued(displacements(TURN), WINDOW, FIXED)
    places = FIXED.voxel_places_lps_mm()
    np.testing.assert_allclose(field.transform_points(places), TURN.transform_points(places), atol=0.02)


def test_what_is_known_stays_in_the_middle_and_nothing_tears_at_the_faces() -> None:
    places = WINDOW.voxel_places_lps_mm()
    wave = 2.0 * np.sin((places - places.mean(axis=(0, 1, 2))) / 15.0)
    known = displacements(TURN) + wave.astype(np.float32)
    field = continued(known, WINDOW, FIXED, fades_mm=9.0)
    inner = places[5:-5, 5:-5, 5:-5]
    found = field.transform_points(inner) - inner
    np.testing.assert_allclose(found, known[5:-5, 5:-5, 5:-5], atol=0.1)
    for axis, mm in enumerate(FIXED.spacing_zyx_mm):
        steps = np.diff(field.vectors_lps_mm, axis=axis) / mm
        assert np.abs(steps).max() < 0.7  # a face without fading would be a step of 2 mm in 1.5 mm
    assert (field.jacobian_determinant() > 0).all()


def test_what_counts_decides_the_rigid_map_beyond() -> None:
    known = displacements(AffineTransform.identity())
    counts = np.zeros(WINDOW.shape_zyx)
    counts[:, :8] = 1
    known[:, :8] += np.float32(4.0)
    corner = FIXED.index_to_lps((0, 0, 0))
    moved = continued(known, WINDOW, FIXED, counts=counts).transform_points(corner)
    np.testing.assert_allclose(moved - corner, 4.0, atol=1e-3)
    stays = continued(known, WINDOW, FIXED, counts=1 - counts).transform_points(corner)
    np.testing.assert_allclose(stays, corner, atol=1e-3)
