"""A prostate of known shape: ellipsoids in its own axes, on any grid."""

from __future__ import annotations

import numpy as np

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, LabelScheme

CENTRE_LPS_MM = np.array([14.0, -22.0, 35.0])  # not in the middle of the scanner
NAMES = {1: "peripheral zone", 2: "transition zone", 3: "central zone", 4: "anterior stroma"}
#: Left, back, head in mm from the centre -> the sector, read off the shapes below by hand.
PLACES = {
    (18.0, 6.0, 0.0): "left-mid-PZpl",
    (-4.0, 13.0, 0.0): "right-mid-PZpm",
    (-20.0, -4.0, 0.0): "right-mid-PZa",
    (6.0, -6.0, 0.0): "left-mid-TZa",
    (-6.0, 4.0, 0.0): "right-mid-TZp",
    (4.0, -14.0, 0.0): "left-mid-AS",
    (12.0, 8.0, 12.0): "left-base-PZpl",
    (-3.0, 10.0, -12.0): "right-apex-PZpm",
    (3.5, 8.0, 14.0): "left-base-CZ",
    (-5.0, -5.0, -10.5): "right-apex-TZa",
}


def grid(direction: np.ndarray) -> Geometry:
    """Return a stored grid about the prostate, with axes in any order."""
    shape, spacing = (24, 40, 38), (3.0, 1.6, 1.7)
    middle = (np.array(shape) - 1) / 2 * np.array(spacing)
    origin = CENTRE_LPS_MM - direction @ middle[::-1]
    return Geometry(shape, spacing, tuple(origin), direction)


def own_mm(points_lps_mm: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return left, back, head of the prostate, whose axes are the columns of ``turn``."""
    return (points_lps_mm - CENTRE_LPS_MM) @ turn


def zones(direction: np.ndarray, turn: np.ndarray, names: dict[int, str] | None = None) -> LabelMap:
    """Return the map of zones."""
    stored = grid(direction)
    index = np.moveaxis(np.indices(stored.shape_zyx), 0, -1)
    u, v, w = np.moveaxis(own_mm(stored.index_to_lps(index), turn), -1, 0)
    gland = (u / 25) ** 2 + (v / 16) ** 2 + (w / 21) ** 2 <= 1
    core = (u / 15) ** 2 + ((v + 2) / 10) ** 2 + (w / 17) ** 2 <= 1
    array = np.where(gland, 1, 0)
    array[gland & ~core & (v < -8) & (abs(u) < 10)] = 4
    array[gland & ~core & (v > 2) & (abs(u) < 10) & (w > 9)] = 3
    array[gland & core] = 2
    scheme = LabelScheme.from_names(NAMES if names is None else names)
    return LabelMap.from_stored(array.astype(np.uint8), stored, name="zones", scheme=scheme)


def lesion_points(place: tuple[float, float, float], turn: np.ndarray) -> np.ndarray:
    """Return voxel centres of a ball of 2.5 mm about a place in the prostate's own axes, LPS mm."""
    steps = np.arange(-2.5, 2.6, 1.25)
    ball = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    ball = ball[(ball**2).sum(axis=1) <= 2.5**2]
    return (np.asarray(place) + ball) @ turn.T + CENTRE_LPS_MM
