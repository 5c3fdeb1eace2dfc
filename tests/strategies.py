"""Hypothesis strategies for grids: every axis order, oblique, left-handed."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from napari_medassist.core.geometry import Geometry

#: All 48 signed permutations: 24 right-handed, 24 left-handed.
ORIENTATIONS = [
    np.eye(3)[:, list(order)] * np.array(signs)
    for order in permutations(range(3))
    for signs in product((1.0, -1.0), repeat=3)
]


def oblique(direction: np.ndarray, angles_deg: tuple[float, float, float]) -> np.ndarray:
    """Turn direction cosines by small angles about x, y, z."""
    return Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix() @ direction


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    """Draw a grid of any axis order and handedness, turned by up to 180 degrees."""
    angle = st.floats(-180, 180)
    spacing = st.floats(0.1, 10)
    origin = st.floats(-500, 500)
    return Geometry(
        draw(st.tuples(*[st.integers(1, 9)] * 3)),
        draw(st.tuples(spacing, spacing, spacing)),
        draw(st.tuples(origin, origin, origin)),
        oblique(draw(st.sampled_from(ORIENTATIONS)), draw(st.tuples(angle, angle, angle))),
    )
