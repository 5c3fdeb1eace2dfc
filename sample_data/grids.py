"""Voxel grids of the simulated scanners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Grid:
    """A grid of slices, tilted about the patient's left-right axis.

    Parameters
    ----------
    shape_zyx
        Slices, rows, columns.
    spacing_zyx_mm
        Distance of their centres.
    origin_lps_mm
        Centre of the first voxel, (x, y, z).
    tilt_degrees
        0 = axial; positive: the rows go down as they go back.
    """

    shape_zyx: tuple[int, int, int]
    spacing_zyx_mm: Triple
    origin_lps_mm: Triple
    tilt_degrees: float

    @classmethod
    def around(
        cls,
        shape_zyx: tuple[int, int, int],
        spacing_zyx_mm: Triple,
        middle_lps_mm: Triple,
        tilt_degrees: float,
    ) -> Self:
        """Make a grid whose middle lies at a point of the patient, the origin rounded to 1 µm."""
        grid = cls(shape_zyx, spacing_zyx_mm, (0.0, 0.0, 0.0), tilt_degrees)
        half = [(n - 1) / 2 * d for n, d in zip(shape_zyx, spacing_zyx_mm, strict=True)]
        steps = np.stack([grid.normal_lps, grid.column_lps, grid.row_lps])
        origin = np.round(np.subtract(middle_lps_mm, half @ steps), 3)
        return cls(shape_zyx, spacing_zyx_mm, tuple(float(c) for c in origin), tilt_degrees)

    @property
    def row_lps(self) -> NDArray[np.float64]:
        """Direction along a row (growing column number)."""
        return np.array([1.0, 0.0, 0.0])

    @property
    def column_lps(self) -> NDArray[np.float64]:
        """Direction along a column (growing row number)."""
        tilt = np.deg2rad(self.tilt_degrees)
        return np.array([0.0, np.cos(tilt), -np.sin(tilt)])

    @property
    def normal_lps(self) -> NDArray[np.float64]:
        """Direction of growing slice number."""
        return np.cross(self.row_lps, self.column_lps)

    def slice_origin_lps_mm(self, number: int) -> NDArray[np.float64]:
        """Return the centre of a slice's first voxel."""
        return np.asarray(self.origin_lps_mm) + number * self.spacing_zyx_mm[0] * self.normal_lps

    def points_lps_mm(self, depth: float, *, relative_to_lps_mm: Triple) -> tuple[Image, Image, Image]:
        """Return x, y and z of every voxel, each (z, y, x).

        Parameters
        ----------
        depth
            Place within the slice, -0.5 .. 0.5 of the slice distance.
        relative_to_lps_mm
            The point that the coordinates are counted from.
        """
        k, j, i = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in self.shape_zyx), indexing="ij")
        dz, dy, dx = self.spacing_zyx_mm
        steps = [(k + depth) * dz, j * dy, i * dx]
        directions = [self.normal_lps, self.column_lps, self.row_lps]
        start = np.subtract(self.origin_lps_mm, relative_to_lps_mm)
        x, y, z = (
            (start[axis] + sum(s * d[axis] for s, d in zip(steps, directions, strict=True))).astype(
                np.float32
            )
            for axis in range(3)
        )
        return x, y, z
