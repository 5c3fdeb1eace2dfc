"""A start by hand: shifts and turns add up as a hand makes them."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from napari_medassist.app.registering.by_hand import Nudge
from tests.unit.registration.test_linear import GRID

MIDDLE = GRID.index_to_lps((np.asarray(GRID.shape_zyx) - 1) / 2)


def moves(nudge: Nudge, points: np.ndarray) -> np.ndarray:
    """Return where points of the moving image come to lie."""
    return nudge.map_for(GRID).inverse().transform_points(points)


def test_a_further_shift_and_turn_are_done_after_those_before() -> None:
    points = MIDDLE + np.random.default_rng(0).normal(0, 30, (20, 3))
    begun = Nudge((3.0, -4.0, 5.0), (10.0, -20.0, 35.0))
    there = moves(begun, points)
    by = np.array([1.0, 2.0, -3.0])
    np.testing.assert_allclose(moves(begun.shifted(by), points), there + by, atol=1e-9)
    axis = np.array([1.0, 2.0, -0.5])
    turn = Rotation.from_rotvec(axis / np.linalg.norm(axis) * 25.0, degrees=True)
    expected = MIDDLE + turn.apply(there - MIDDLE)
    np.testing.assert_allclose(moves(begun.turned(axis, 25.0), points), expected, atol=1e-9)
    back = begun.turned(axis, 25.0).turned(axis, -25.0)
    np.testing.assert_allclose(back.turn_deg, begun.turn_deg, atol=1e-9)
    np.testing.assert_allclose(back.shift_lps_mm, begun.shift_lps_mm, atol=1e-9)
