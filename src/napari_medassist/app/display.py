"""How a case is drawn: one frame for all its images, parallel to its reference image.

napari draws axis-aligned voxel grids only. So a case is drawn in a frame whose axes are those of its
reference image (the T2w): LPS turned about its origin, in mm, written zyx. An image parallel to the
frame is placed by scale and translate alone; any other is resampled *for display* onto a grid of the
frame that covers it whole. Nothing of a display grid is ever written to a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import affine_transform

from napari_medassist.core.case import Case
from napari_medassist.core.geometry import IDENTITY, SAME_GRID_TOLERANCE_MM, Float, Geometry, Triple
from napari_medassist.core.volume import Array
from napari_medassist.io.lazy import made_when_seen


@dataclass(frozen=True)
class DisplayFrame:
    """A right-handed frame in which a case is drawn; its coordinates are napari's world (z, y, x) mm.

    Parameters
    ----------
    direction_lps
        3x3 rotation: column 0, 1, 2 is the frame's x, y, z axis in LPS. The identity draws a case in
        patient coordinates themselves.
    """

    direction_lps: tuple[Triple, Triple, Triple] = IDENTITY

    @classmethod
    def of_case(cls, case: Case) -> Self:
        """Return the frame of a case: the axes of its reference image, or of its first label map.

        The axes of a sheared grid are no rotation; such a case is drawn in patient coordinates.
        """
        reference = case.reference_grid()
        if reference is None or reference.geometry.is_sheared:
            return cls()
        return cls(_nearest_rotation(reference.geometry.direction))

    @cached_property
    def _rotation(self) -> Float:
        return np.asarray(self.direction_lps, dtype=np.float64)

    def lps_to_world(self, points_lps_mm: ArrayLike) -> Float:
        """Map patient points (..., 3), LPS (x, y, z) mm, to world points (z, y, x) mm."""
        turned: Float = np.asarray(points_lps_mm, dtype=np.float64) @ self._rotation
        return turned[..., ::-1]

    def world_to_lps(self, points_zyx_mm: ArrayLike) -> Float:
        """Map world points (..., 3), (z, y, x) mm, to patient points, LPS (x, y, z) mm."""
        xyz = np.asarray(points_zyx_mm, dtype=np.float64)[..., ::-1]
        mapped: Float = xyz @ self._rotation.T
        return mapped

    def places(self, geometry: Geometry) -> bool:
        """Tell whether scale and translate alone put a grid where it belongs."""
        return geometry.is_parallel_to(self.direction_lps)

    def places_labels(self, geometry: Geometry) -> bool:
        """Tell whether scale and translate alone are good enough for a label map on a grid.

        Its voxels must stay voxels, to be painted on; so header rounding is overlooked, as it is where
        two grids are asked to be the same.
        """
        return geometry.is_parallel_to(self.direction_lps, tolerance_mm=SAME_GRID_TOLERANCE_MM)

    def translate_zyx_mm(self, geometry: Geometry) -> Triple:
        """Return napari's ``translate`` of a parallel grid: the world point of voxel (0, 0, 0).

        The middle voxel is put exactly in its place, so that what little the axes differ is spread
        evenly over the grid.
        """
        middle = (np.asarray(geometry.shape_zyx) - 1) / 2
        world = self.lps_to_world(geometry.index_to_lps(middle))
        z, y, x = (float(v) for v in world - middle * np.asarray(geometry.spacing_zyx_mm))
        return z, y, x

    def geometry_of(
        self, shape_zyx: tuple[int, ...], scale_zyx_mm: ArrayLike, translate_zyx_mm: ArrayLike
    ) -> Geometry:
        """Return the grid, in the patient, of a layer that is drawn with scale and translate."""
        spacing = tuple(float(v) for v in np.asarray(scale_zyx_mm))
        origin = tuple(float(v) for v in self.world_to_lps(translate_zyx_mm))
        return Geometry(shape_zyx, spacing, origin, self.direction_lps)  # type: ignore[arg-type]

    def covering_grid(self, geometry: Geometry) -> Geometry:
        """Return a grid of this frame that covers another grid whole, sampled as finely as it is.

        The spacing along each axis of the frame is the distance over which one passes a whole voxel of
        the given grid.
        """
        corners = self.lps_to_world(geometry.corners_lps_mm())
        low, high = corners.min(axis=0), corners.max(axis=0)
        steps = np.linalg.inv(geometry.affine_lps[:3, :3]) @ self._rotation
        spacing = 1 / np.linalg.norm(steps, axis=0)[::-1]
        shape = np.ceil((high - low) / spacing - 1e-6).astype(int) + 1
        return self.geometry_of(tuple(int(n) for n in shape), spacing, low)


def resample(array: Array, geometry: Geometry, grid: Geometry, *, nearest: bool, outside: float) -> Any:
    """Resample an image onto another grid, for display.

    Parameters
    ----------
    array
        (z, y, x), or (t, z, y, x), which is resampled lazily, one time point at a time.
    geometry, grid
        The grid of the array, and the wanted one.
    nearest
        True keeps values (label maps); False interpolates linearly.
    outside
        Value where the image does not reach.

    Returns
    -------
    numpy.ndarray or dask.array.Array
        (z, y, x) or (t, z, y, x) on ``grid``; same dtype for ``nearest``, else float32.
    """
    matrix, offset = grid.index_map_to(geometry)

    def one(volume: NDArray[Any]) -> NDArray[Any]:
        values = np.asarray(volume)
        result: NDArray[Any] = affine_transform(
            values if nearest else values.astype(np.float32, copy=False),
            matrix,
            offset,
            output_shape=grid.shape_zyx,
            order=0 if nearest else 1,
            cval=outside,
        )
        return result

    if array.ndim == 3:
        return one(np.asarray(array))
    return made_when_seen(
        lambda time: one(array[time]),
        (array.shape[0], *grid.shape_zyx),
        array.dtype if nearest else np.float32,
    )


def _nearest_rotation(direction: Float) -> tuple[Triple, Triple, Triple]:
    """Return the rotation nearest to direction cosines, which headers round to a few digits."""
    left, _, right = np.linalg.svd(direction)
    rotation = left @ right
    rows = [tuple(float(v) + 0.0 for v in row) for row in rotation]
    return rows[0], rows[1], rows[2]  # type: ignore[return-value]
