from __future__ import annotations

import numpy as np

from napari_medassist.models.normalise import normalise_mr, position_channels


def test_scale_and_offset_of_the_scanner_do_not_matter() -> None:
    window = np.random.default_rng(0).random((4, 10, 12))
    np.testing.assert_allclose(normalise_mr(window), normalise_mr(window * 700 + 40), atol=1e-4)


def test_one_very_bright_voxel_hardly_matters() -> None:
    window = np.random.default_rng(0).random((6, 40, 40))
    bright = window.copy()
    bright[1, 2, 2] = 1e5
    assert np.median(np.abs(normalise_mr(window) - normalise_mr(bright))) < 0.01


def test_a_constant_window_becomes_zero() -> None:
    assert not normalise_mr(np.full((2, 4, 4), 7)).any()


def test_positions_count_from_the_centre() -> None:
    z, y, x = position_channels((3, 5, 4), (3.0, 1.0, 2.0))
    assert z[0, 0, 0] == np.float32(-3 / 50)
    assert not y[:, 2].any()
    np.testing.assert_allclose(x[0, 0], np.array([-3, -1, 1, 3]) / 50, rtol=1e-6)
