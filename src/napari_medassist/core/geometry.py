"""Voxel grids in the patient: index <-> LPS millimetres.

One frame for the whole project: LPS (+x = patient left, +y = posterior, +z = superior), millimetres.
One array order: zyx. The origin is the *centre* of voxel (0, 0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_medassist.core.errors import GeometryMismatch, InvalidGeometry

Float = NDArray[np.float64]
Triple = tuple[float, float, float]
IDENTITY: tuple[Triple, Triple, Triple] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

#: Headers are rounded: in real data the corners of one grid, written by two tools, lie up to 0.18 mm
#: apart, while grids that truly differ are off by 1 mm and more.
SAME_GRID_TOLERANCE_MM = 0.5
#: Below this, the axes of two grids count as parallel: no corner is drawn farther off than this.
PARALLEL_TOLERANCE_MM = 0.005


@dataclass(frozen=True)
class Geometry:
    """A regular voxel grid placed in the patient.

    Parameters
    ----------
    shape_zyx
        Number of voxels along the three index axes.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along each index axis, in mm, positive.
    origin_lps_mm
        LPS position (x, y, z) of the centre of voxel (0, 0, 0), in mm.
    direction_lps
        3x3 direction cosines as in ITK and DICOM: column 0, 1, 2 is the unit vector, in LPS, along
        which the x, y, z index grows. Columns need not be orthogonal (a tilted CT gantry) but must
        span space.

    Raises
    ------
    InvalidGeometry
        If a value is not finite, a spacing not positive, a column not of unit length, or the columns
        lie in one plane.
    """

    shape_zyx: tuple[int, int, int]
    spacing_zyx_mm: Triple
    origin_lps_mm: Triple = (0.0, 0.0, 0.0)
    direction_lps: tuple[Triple, Triple, Triple] = IDENTITY

    def __post_init__(self) -> None:
        shape = _as_shape(self.shape_zyx)
        spacing = _as_triple(self.spacing_zyx_mm, "spacing_zyx_mm")
        if min(spacing) <= 0:
            raise InvalidGeometry(f"Spacing must be positive, got {spacing} mm (z, y, x).")
        origin = _as_triple(self.origin_lps_mm, "origin_lps_mm")
        direction = np.asarray(self.direction_lps, dtype=np.float64)
        _check_direction(direction)
        object.__setattr__(self, "shape_zyx", shape)
        object.__setattr__(self, "spacing_zyx_mm", spacing)
        object.__setattr__(self, "origin_lps_mm", origin)
        object.__setattr__(self, "direction_lps", _as_rows(direction))

    @classmethod
    def from_affine_lps(cls, affine_lps: ArrayLike, shape_zyx: Sequence[int]) -> Self:
        """Make a grid from a 4x4 matrix that maps index (x, y, z, 1) to LPS mm.

        Parameters
        ----------
        affine_lps
            4x4; columns 0, 1, 2 are the steps along x, y, z in mm, column 3 the origin.
        shape_zyx
            Number of voxels along z, y, x.
        """
        affine = np.asarray(affine_lps, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise InvalidGeometry("The affine must be a 4x4 matrix of finite numbers.")
        spacing_xyz = np.linalg.norm(affine[:3, :3], axis=0)
        if (spacing_xyz <= 0).any():
            raise InvalidGeometry("The affine has an axis of zero length.")
        return cls(
            shape_zyx=_as_shape(shape_zyx),
            spacing_zyx_mm=_as_triple(spacing_xyz[::-1], "spacing"),
            origin_lps_mm=_as_triple(affine[:3, 3], "origin"),
            direction_lps=_as_rows(affine[:3, :3] / spacing_xyz),
        )

    @property
    def direction(self) -> Float:
        """Direction cosines as a 3x3 array; columns belong to the x, y, z index axes."""
        return np.asarray(self.direction_lps, dtype=np.float64)

    @cached_property
    def affine_lps(self) -> Float:
        """4x4 matrix that maps index (x, y, z, 1) to LPS mm."""
        affine = np.eye(4)
        affine[:3, :3] = self.direction * np.asarray(self.spacing_zyx_mm)[::-1]
        affine[:3, 3] = self.origin_lps_mm
        affine.setflags(write=False)
        return affine

    @cached_property
    def _index_from_lps(self) -> Float:
        inverse: Float = np.asarray(np.linalg.inv(self.affine_lps[:3, :3]), dtype=np.float64)
        return inverse

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm3 (right for sheared grids too)."""
        return float(abs(np.linalg.det(self.affine_lps[:3, :3])))

    @property
    def is_sheared(self) -> bool:
        """True if the index axes are not at right angles, as in a tilted-gantry CT."""
        gram = self.direction.T @ self.direction
        return bool(np.abs(gram - np.eye(3)).max() > 1e-3)

    @property
    def is_oblique(self) -> bool:
        """True if an index axis is not parallel to a patient axis (left-right and so on)."""
        return bool((np.abs(self.direction).max(axis=0) < 1 - 1e-6).any())

    def index_to_lps(self, index_zyx: ArrayLike) -> Float:
        """Map voxel indices to patient coordinates.

        Parameters
        ----------
        index_zyx
            Shape (3,) or (..., 3): index along z, y, x; may be fractional.

        Returns
        -------
        numpy.ndarray
            Same shape: LPS (x, y, z) in mm.
        """
        index_xyz = np.asarray(index_zyx, dtype=np.float64)[..., ::-1]
        mapped: Float = index_xyz @ self.affine_lps[:3, :3].T + self.affine_lps[:3, 3]
        return mapped

    def lps_to_index(self, points_lps_mm: ArrayLike) -> Float:
        """Map patient coordinates to (fractional) voxel indices.

        Parameters
        ----------
        points_lps_mm
            Shape (3,) or (..., 3): LPS (x, y, z) in mm.

        Returns
        -------
        numpy.ndarray
            Same shape: index along z, y, x.
        """
        offset = np.asarray(points_lps_mm, dtype=np.float64) - self.affine_lps[:3, 3]
        index_xyz: Float = offset @ self._index_from_lps.T
        return index_xyz[..., ::-1]

    def index_map_to(self, other: Geometry) -> tuple[Float, Float]:
        """Return 3x3 matrix and offset that take an index (z, y, x) of this grid to one of another."""
        offset = other.lps_to_index(self.index_to_lps(np.zeros(3)))
        columns = [other.lps_to_index(self.index_to_lps(step)) - offset for step in np.eye(3)]
        return np.stack(columns, axis=1), offset

    def voxel_places_lps_mm(self) -> Float:
        """Return the centres of all voxels, shape (z, y, x, 3), LPS (x, y, z) in mm."""
        affine = self.affine_lps
        z, y, x = (np.arange(n, dtype=np.float64) for n in self.shape_zyx)
        along = [n[:, None] * affine[:3, column] for n, column in ((z, 2), (y, 1), (x, 0))]
        places: Float = (
            affine[:3, 3] + along[0][:, None, None] + along[1][None, :, None] + along[2][None, None]
        )
        return places

    def corners_lps_mm(self) -> Float:
        """Return the centres of the 8 corner voxels, shape (8, 3), LPS (x, y, z) in mm."""
        last = np.asarray(self.shape_zyx) - 1
        steps = np.asarray([(z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1)])
        return self.index_to_lps(steps * last)

    def corner_distance_mm(self, other: Geometry) -> float:
        """Largest distance between a corner voxel of this grid and its twin in the other, in mm.

        Infinite if the shapes differ.
        """
        if self.shape_zyx != other.shape_zyx:
            return float("inf")
        offsets = self.corners_lps_mm() - other.corners_lps_mm()
        return float(np.linalg.norm(offsets, axis=1).max())

    def is_same_grid(self, other: Geometry, *, tolerance_mm: float = SAME_GRID_TOLERANCE_MM) -> bool:
        """Tell whether voxel i of one grid is voxel i of the other.

        Parameters
        ----------
        other
            The grid to compare with.
        tolerance_mm
            How far a corner voxel's centre may lie from its twin.
        """
        return self.corner_distance_mm(other) <= tolerance_mm

    def require_same_grid(
        self,
        other: Geometry,
        *,
        names: tuple[str, str] = ("first", "second"),
        tolerance_mm: float = SAME_GRID_TOLERANCE_MM,
    ) -> None:
        """Raise :class:`GeometryMismatch`, with both grids in the message, unless they agree."""
        distance = self.corner_distance_mm(other)
        if distance <= tolerance_mm:
            return
        apart = "shapes differ" if np.isinf(distance) else f"corners up to {distance:.2f} mm apart"
        raise GeometryMismatch(
            f"Different voxel grids ({apart}): {names[0]} {self.describe()}; "
            f"{names[1]} {other.describe()}.",
            cure="Resample one of them onto the other's grid on purpose, or export both anew.",
        )

    def is_parallel_to(
        self, direction: ArrayLike, *, tolerance_mm: float = PARALLEL_TOLERANCE_MM
    ) -> bool:
        """Tell whether the grid can be drawn with the given axes without moving any voxel.

        Parameters
        ----------
        direction
            3x3 direction cosines, columns x, y, z, in LPS.
        tolerance_mm
            How far the corner that lies worst may be drawn from its true place.
        """
        extent_mm = (np.asarray(self.shape_zyx) - 1) * np.asarray(self.spacing_zyx_mm)
        off = (self.direction - np.asarray(direction, dtype=np.float64)) * extent_mm[::-1]
        return bool(np.abs(off).sum(axis=1).max() <= tolerance_mm)

    def describe(self) -> str:
        """Return shape, spacing, origin and direction in one line, for messages."""
        shape = "x".join(str(n) for n in self.shape_zyx)
        spacing = "x".join(f"{s:.6g}" for s in self.spacing_zyx_mm)
        origin = ", ".join(f"{o:.2f}" for o in self.origin_lps_mm)
        rows = "; ".join(" ".join(f"{v:.4f}" for v in row) for row in self.direction_lps)
        return f"[zyx {shape} voxels of {spacing} mm, origin LPS ({origin}) mm, direction ({rows})]"


def _as_shape(shape_zyx: Sequence[int]) -> tuple[int, int, int]:
    if len(shape_zyx) != 3 or any(int(n) != n or n < 1 for n in shape_zyx):
        raise InvalidGeometry(f"A grid needs three positive whole sizes, got {tuple(shape_zyx)}.")
    z, y, x = (int(n) for n in shape_zyx)
    return z, y, x


def _as_triple(values: Sequence[float] | Float, name: str) -> Triple:
    if len(values) != 3 or not np.isfinite(np.asarray(values, dtype=np.float64)).all():
        raise InvalidGeometry(f"{name} needs three finite numbers, got {tuple(values)}.")
    first, second, third = (float(v) for v in values)
    return first, second, third


def _as_rows(direction: Float) -> tuple[Triple, Triple, Triple]:
    first, second, third = (_as_triple(row, "direction") for row in direction)
    return first, second, third


def _check_direction(direction: Float) -> None:
    if direction.shape != (3, 3) or not np.isfinite(direction).all():
        raise InvalidGeometry("The direction must be 3x3 finite numbers.")
    if np.abs(np.linalg.norm(direction, axis=0) - 1).max() > 1e-3:
        raise InvalidGeometry("Each column of the direction must have unit length.")
    if abs(np.linalg.det(direction)) < 1e-2:
        raise InvalidGeometry("The three axes of the direction lie in one plane.")
