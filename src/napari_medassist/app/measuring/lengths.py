"""Distances and angles between points of the patient."""

from __future__ import annotations

from math import degrees

import numpy as np
from numpy.typing import ArrayLike

from napari_medassist.core.errors import InvalidSetting


def distance_mm(first_mm: ArrayLike, second_mm: ArrayLike) -> float:
    """Return the distance between two points (3,), both in one frame, in mm."""
    return float(np.linalg.norm(np.asarray(first_mm, dtype=float) - np.asarray(second_mm, dtype=float)))


def angle_deg(first_mm: ArrayLike, corner_mm: ArrayLike, second_mm: ArrayLike) -> float:
    """Return the angle at a corner between two points, 0..180 degrees; all (3,) mm in one frame.

    Raises
    ------
    InvalidSetting
        If a point is the corner itself.
    """
    corner = np.asarray(corner_mm, dtype=float)
    legs = np.asarray(first_mm, dtype=float) - corner, np.asarray(second_mm, dtype=float) - corner
    if not all(leg.any() for leg in legs):
        raise InvalidSetting("An angle needs three different points.")
    # The tangent is exact for small angles too, where the cosine is not.
    across = float(np.linalg.norm(np.cross(*legs)))
    return degrees(np.arctan2(across, float(legs[0] @ legs[1])))
