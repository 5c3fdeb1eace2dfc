"""Windows slide over the body and not over the air around it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Acquisition, Modality, Volume
from napari_medassist.models.body import body_grid
from tests.strategies import oblique

TILTED = oblique(np.eye(3), (14.0, -9.0, 6.0))
GRID = Geometry((40, 120, 130), (5.0, 2.0, 2.0), (-12.0, 30.0, 5.0), TILTED)


def image(modality: Modality, *, whole: bool = False) -> tuple[Volume, np.ndarray]:
    numbers = np.random.default_rng(0)
    body = np.zeros(GRID.shape_zyx, dtype=bool)
    body[8:30, 40:90, 30:100] = True
    if whole:
        body[:] = True
    air, tissue, noise = (-1000.0, 40.0, 30.0) if modality is Modality.CT else (10.0, 400.0, 8.0)
    values = np.where(body, tissue, air) + noise * numbers.standard_normal(GRID.shape_zyx)
    values[2, 5, 5] = tissue  # a speck is no body
    acquisition = Acquisition(modality=modality)
    return Volume.from_stored(values.astype(np.float32), GRID, name="i", acquisition=acquisition), body


@pytest.mark.parametrize("modality", [Modality.CT, Modality.MR, Modality.OTHER])
def test_the_box_holds_the_body_and_little_else(modality: Modality) -> None:
    volume, body = image(modality)
    box = body_grid(volume)
    corners = np.array([[8, 40, 30], [29, 89, 99]], dtype=float)
    places = box.lps_to_index(GRID.index_to_lps(corners))
    assert (places >= 0).all()
    assert (places <= np.asarray(box.shape_zyx) - 1).all()
    assert np.prod(box.shape_zyx) < 4 * np.count_nonzero(body)
    np.testing.assert_allclose(box.direction, volume.geometry.direction)
    first = volume.geometry.lps_to_index(box.index_to_lps(np.zeros(3)))
    np.testing.assert_allclose(first, np.round(first), atol=1e-6)


def test_an_image_full_of_body_stays_whole() -> None:
    volume, _ = image(Modality.MR, whole=True)
    assert body_grid(volume) == volume.geometry
    ct, _ = image(Modality.CT, whole=True)
    assert body_grid(ct) == ct.geometry
