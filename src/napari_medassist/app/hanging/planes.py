"""The plane of a view in the patient: what lies right and below, and the letters of the edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from napari_medassist.app.display import DisplayFrame
from napari_medassist.core.geometry import Float, Geometry, Triple
from napari_medassist.core.orientation import Plane

#: Columns of a frame (x, y, z) that point right, down and through a view, and the sign of down.
#: Superior is up, and in a sagittal view anterior is left, as radiologists are used to.
_ORDER: dict[Plane, tuple[int, int, int, float]] = {
    "axial": (0, 1, 2, 1.0),
    "coronal": (0, 2, 1, -1.0),
    "sagittal": (1, 2, 0, -1.0),
}
_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))
#: A second letter is told from 15 degrees on.
_SECOND_LETTER = float(np.sin(np.deg2rad(15)))


@dataclass(frozen=True)
class ViewPlane:
    """Directions of a view in the patient, unit vectors in LPS.

    Parameters
    ----------
    plane
        What a radiologist calls it.
    right_lps, down_lps
        Where the right and the lower edge of the view lie.
    normal_lps
        Where the next slice lies: superior, posterior or left, as nearly as the frame allows.
    """

    plane: Plane
    right_lps: Triple
    down_lps: Triple
    normal_lps: Triple

    @classmethod
    def of_frame(cls, frame: DisplayFrame, plane: Plane) -> Self:
        """Return an axial, coronal or sagittal plane of the frame that a case is drawn in."""
        axes = np.asarray(frame.direction_lps, dtype=np.float64)
        right, down, through, sign = _ORDER[plane]
        return cls(
            plane, _triple(axes[:, right]), _triple(sign * axes[:, down]), _triple(axes[:, through])
        )

    @classmethod
    def of_grid(cls, geometry: Geometry, plane: Plane) -> Self:
        """Return the plane of a grid's own slices, however oblique; of a sheared grid the nearest."""
        return cls.of_frame(_frame_of(geometry), plane)

    @property
    def _rows(self) -> Float:
        return np.asarray([self.right_lps, self.down_lps, self.normal_lps], dtype=np.float64)

    def from_lps(self, points_lps_mm: ArrayLike) -> Float:
        """Map patient points (..., 3), LPS mm, to (right, down, depth) mm of this view."""
        mapped: Float = np.asarray(points_lps_mm, dtype=np.float64) @ self._rows.T
        return mapped

    def to_lps(self, points_mm: ArrayLike) -> Float:
        """Map points (..., 3) of this view, (right, down, depth) mm, to LPS mm."""
        mapped: Float = np.asarray(points_mm, dtype=np.float64) @ self._rows
        return mapped

    def edge_letters(self) -> tuple[str, str, str, str]:
        """Return the letters of the left, right, upper and lower edge.

        The first letter tells the nearest patient direction. A second one, small, follows where the
        view is turned toward another by 15 degrees and more: "Pi" is posterior and somewhat inferior.
        """
        right, down = np.asarray(self.right_lps), np.asarray(self.down_lps)
        return letters(-right), letters(right), letters(-down), letters(down)


def letters(direction_lps: ArrayLike) -> str:
    """Return a direction in letters, the strongest first: "L", "Pi".

    Examples
    --------
    >>> letters((1, 0, 0)), letters((0, 0.95, -0.31))
    ('L', 'Pi')
    """
    direction = np.asarray(direction_lps, dtype=np.float64)
    told = ""
    for axis in sorted(range(3), key=lambda a: -abs(direction[a])):
        if not told or abs(direction[axis]) >= _SECOND_LETTER:
            letter = _LETTERS[axis][0 if direction[axis] >= 0 else 1]
            told += letter.lower() if told else letter
    return told


def _frame_of(geometry: Geometry) -> DisplayFrame:
    left, _, right = np.linalg.svd(geometry.direction)
    rows = [_triple(row) for row in left @ right]
    return DisplayFrame((rows[0], rows[1], rows[2]))


def _triple(values: Float) -> Triple:
    x, y, z = (float(v) + 0.0 for v in values)
    return x, y, z
