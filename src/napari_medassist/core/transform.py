"""Maps from patient space to patient space."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_medassist.core.errors import InvalidGeometry
from napari_medassist.core.geometry import Float, Geometry

#: A matrix is rigid if its axes are orthonormal to within this.
_RIGID_TOLERANCE = 1e-6
_INVERSE_ITERATIONS = 60
_JACOBIAN_VOXELS = 2_000_000


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

    @property
    def is_rigid(self) -> bool:
        """True if it only turns and shifts: distances stay, and left stays left."""
        axes = np.asarray(self.matrix_lps)[:3, :3]
        off = np.abs(axes.T @ axes - np.eye(3)).max()
        return bool(off < _RIGID_TOLERANCE and np.linalg.det(axes) > 0)

    @property
    def rotation_deg(self) -> float:
        """By how much it turns, in degrees; of an affine map, its nearest rotation."""
        left, _, right = np.linalg.svd(np.asarray(self.matrix_lps)[:3, :3])
        cosine = (np.trace(left @ right) - 1) / 2
        return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


@dataclass(frozen=True, eq=False)
class DisplacementField:
    """A map that moves each point by a vector of its own (a DDF).

    Between the voxels vectors are interpolated linearly. Beyond the outermost voxel centres nothing is
    moved, as in ITK.

    Parameters
    ----------
    vectors_lps_mm
        float32 or float64 (z, y, x, 3): displacement of each voxel, LPS (x, y, z) in mm.
    geometry
        The grid of the vectors, in the fixed image's space.

    Raises
    ------
    InvalidGeometry
        If the shape does not fit the grid, or a number is not finite.
    """

    vectors_lps_mm: NDArray[np.floating]
    geometry: Geometry

    def __post_init__(self) -> None:
        vectors = np.asarray(self.vectors_lps_mm)
        if vectors.shape != (*self.geometry.shape_zyx, 3):
            raise InvalidGeometry(
                f"A displacement field on a grid of {self.geometry.shape_zyx} voxels has the shape "
                f"{(*self.geometry.shape_zyx, 3)}, not {vectors.shape}."
            )
        if not np.isfinite(vectors).all():
            raise InvalidGeometry("A displacement field holds numbers that are not finite.")
        if vectors.dtype not in (np.float32, np.float64):
            vectors = vectors.astype(np.float32)
        vectors = vectors.view()
        vectors.setflags(write=False)
        object.__setattr__(self, "vectors_lps_mm", vectors)

    @classmethod
    def of(cls, transform: Transform, geometry: Geometry) -> Self:
        """Sample a map on a grid; what lies between its voxels is interpolated from then on."""
        places = geometry.voxel_places_lps_mm()
        moved = transform.transform_points(places) - places
        return cls(moved.astype(np.float32), geometry)

    def displacements(self, points_lps_mm: ArrayLike) -> Float:
        """Return by how much points (..., 3) are moved, LPS (x, y, z) in mm."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        index = self.geometry.lps_to_index(points.reshape(-1, 3))
        shape = np.asarray(self.geometry.shape_zyx)
        near = 1e-6  # a voxel's own centre is not outside for a rounding of its place
        inside = np.all((index >= -near) & (index <= shape - 1 + near), axis=1)
        index = np.clip(index[inside], 0, shape - 1)
        low = np.minimum(np.floor(index).astype(np.intp), np.maximum(shape - 2, 0))
        share = index - low
        found = np.zeros((len(index), 3))
        for corner in product((0, 1), repeat=3):
            at = np.minimum(low + corner, shape - 1)
            weight = np.where(corner, share, 1 - share).prod(axis=1)
            found += weight[:, None] * self.vectors_lps_mm[at[:, 0], at[:, 1], at[:, 2]]
        moved = np.zeros((len(inside), 3))
        moved[inside] = found
        return moved.reshape(points.shape)

    def transform_points(self, points_lps_mm: ArrayLike) -> Float:
        """Map points (..., 3), LPS (x, y, z) in mm."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        return np.asarray(points + self.displacements(points), dtype=np.float64)

    def inverse(self) -> InverseTransform:
        """Return the map back; see :class:`InverseTransform`."""
        return InverseTransform(self)

    def jacobian_determinant(self) -> Float:
        """Return how a small volume grows at each voxel, (z, y, x); 0 or less where space is folded.

        Central differences, one-sided at the border; along an axis of one voxel nothing changes.
        """
        n_slices, n_rows, n_columns = self.geometry.shape_zyx
        found = np.empty(self.geometry.shape_zyx, dtype=np.float64)
        # In slabs: nine derivatives of each voxel of a large image are more than its memory.
        n_at_once = max(1, _JACOBIAN_VOXELS // (n_rows * n_columns))
        for first in range(0, n_slices, n_at_once):
            last = min(first + n_at_once, n_slices)
            begin, end = max(first - 1, 0), min(last + 1, n_slices)
            part = self._determinant_of(self.vectors_lps_mm[begin:end])
            found[first:last] = part[first - begin : last - begin]
        return found

    def _determinant_of(self, slab: NDArray[np.floating]) -> Float:
        vectors = np.asarray(slab, dtype=np.float64)
        steps = np.stack(
            [
                np.gradient(vectors, axis=axis) if vectors.shape[axis] > 1 else np.zeros_like(vectors)
                for axis in range(3)
            ],
            axis=-1,
        )  # (z, y, x, component, index axis)
        # From steps of the index (z, y, x) to mm along LPS.
        per_index = self.geometry.affine_lps[:3, :3][:, ::-1]
        gradient = steps @ np.linalg.inv(per_index)
        return np.asarray(np.linalg.det(np.eye(3) + gradient), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class InverseTransform:
    """The map back of one that is near the identity, found point by point.

    A point's origin is searched by fixed-point iteration, which ends where the map does not fold and
    neighbours are not torn apart. Where it does not end, the result is NaN.

    Parameters
    ----------
    forward
        The map.
    tolerance_mm
        How exactly the found origin must be mapped onto the point.
    """

    forward: Transform
    tolerance_mm: float = 1e-3

    def transform_points(self, points_lps_mm: ArrayLike) -> Float:
        """Map points (..., 3), LPS (x, y, z) in mm, back; NaN where no origin was found."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        target = points.reshape(-1, 3)
        origin = target.copy()
        off = self.forward.transform_points(origin) - target
        for _ in range(_INVERSE_ITERATIONS):
            far = np.linalg.norm(off, axis=1) > self.tolerance_mm / 10
            if not far.any():
                break
            origin[far] -= off[far]
            off[far] = self.forward.transform_points(origin[far]) - target[far]
        lost = ~(np.linalg.norm(off, axis=1) <= self.tolerance_mm)
        origin[lost] = np.nan
        return origin.reshape(points.shape)

    def inverse(self) -> Transform:
        """Return the map itself."""
        return self.forward


@dataclass(frozen=True, eq=False)
class CompositeTransform:
    """Maps one after another, as one: an image is interpolated once, whatever was composed.

    Parameters
    ----------
    parts
        The first one is applied first, to points of the fixed image.
    """

    parts: tuple[Transform, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(_flattened(self.parts)))

    def transform_points(self, points_lps_mm: ArrayLike) -> Float:
        """Map points (..., 3), LPS (x, y, z) in mm."""
        points: Float = np.asarray(points_lps_mm, dtype=np.float64)
        for part in self.parts:
            points = part.transform_points(points)
        return points

    def inverse(self) -> CompositeTransform:
        """Return the map back: the parts' inverses, the last one first."""
        return CompositeTransform(tuple(inverse_of(part) for part in reversed(self.parts)))


def inverse_of(transform: Transform) -> Transform:
    """Return the map back of any map: in closed form where there is one, else point by point."""
    if isinstance(
        transform, AffineTransform | DisplacementField | InverseTransform | CompositeTransform
    ):
        return transform.inverse()
    return InverseTransform(transform)


def _flattened(parts: Iterable[Transform]) -> Iterable[Transform]:
    for part in parts:
        if isinstance(part, CompositeTransform):
            yield from part.parts
        else:
            yield part
