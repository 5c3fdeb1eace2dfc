"""Maps from patient space to patient space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from napari_medassist.core.errors import InvalidGeometry
from napari_medassist.core.geometry import Float


@runtime_checkable
class Transform(Protocol):
    """A map of points of the fixed image's patient space into the moving image's.

    This is the direction that resampling needs, and ITK's convention.
    """

    def transform_points(self, points_lps_mm: ArrayLike) -> Float:
        """Map points (..., 3), LPS (x, y, z) in mm, fixed to moving."""
        ...


@dataclass(frozen=True)
class AffineTransform:
    """An affine (or rigid) map in LPS mm.

    Parameters
    ----------
    matrix_lps
        4x4 matrix, row-major, that maps (x, y, z, 1) in mm to the same in the moving image's space.
    """

    matrix_lps: tuple[tuple[float, float, float, float], ...]

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix_lps, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise InvalidGeometry("An affine transform needs a 4x4 matrix of finite numbers.")
        if (matrix[3] != (0, 0, 0, 1)).any() or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
            raise InvalidGeometry("The matrix of an affine transform must be invertible.")
        rows = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in matrix)
        object.__setattr__(self, "matrix_lps", rows)

    @classmethod
    def from_matrix(cls, matrix_lps: ArrayLike) -> Self:
        """Make one from anything that numpy reads as a 4x4 matrix."""
        return cls(tuple(tuple(row) for row in np.asarray(matrix_lps, dtype=np.float64)))

    @classmethod
    def identity(cls) -> Self:
        """Return the map that leaves every point where it is."""
        return cls.from_matrix(np.eye(4))

    def transform_points(self, points_lps_mm: ArrayLike) -> Float:
        """Map points (..., 3), LPS (x, y, z) in mm."""
        matrix = np.asarray(self.matrix_lps)
        points = np.asarray(points_lps_mm, dtype=np.float64)
        mapped: Float = points @ matrix[:3, :3].T + matrix[:3, 3]
        return mapped

    def inverse(self) -> Self:
        """Return the map back."""
        return self.from_matrix(np.linalg.inv(np.asarray(self.matrix_lps)))
