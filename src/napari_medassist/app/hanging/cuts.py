"""The slice of a grid that a view shows, and where its pixels lie in the view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_medassist.app.hanging.planes import ViewPlane
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.orientation import Plane

#: Array axis (z, y, x = 0, 1, 2) across a plane's slices.
_ACROSS: dict[Plane, int] = {"axial": 0, "coronal": 1, "sagittal": 2}


@dataclass(frozen=True, eq=False)
class Cut:
    """One slice as a picture: rows and columns of voxels, placed in a view.

    Parameters
    ----------
    values
        (row, column); a view on the array of the image where the grid allows.
    first_mm
        (right, down) of the centre of pixel (0, 0) in the view, mm.
    step_mm
        (right, down) from one column, and one row, to the next, mm; negative where they run against it.
    depth_mm
        Where the slice lies along the view's normal, mm.
    number
        Index of the slice in its grid, from 0; None between the slices.
    """

    values: NDArray[Any]
    first_mm: tuple[float, float]
    step_mm: tuple[float, float]
    depth_mm: float
    number: int | None = None

    def pixel_at(self, right_mm: float, down_mm: float) -> tuple[float, float]:
        """Return the (fractional) row and column at a place of the view."""
        return (
            (down_mm - self.first_mm[1]) / self.step_mm[1],
            (right_mm - self.first_mm[0]) / self.step_mm[0],
        )


def number_of_slice(geometry: Geometry, plane: Plane, point_lps_mm: ArrayLike) -> int | None:
    """Return the index of the slice that holds a patient point; None if none does."""
    axis = _ACROSS[plane]
    number = int(np.rint(geometry.lps_to_index(point_lps_mm)[axis]))
    return number if 0 <= number < geometry.shape_zyx[axis] else None


def cut_grid(array: Any, geometry: Geometry, view: ViewPlane, point_lps_mm: ArrayLike) -> Cut | None:
    """Cut a grid whose axes are those of the view; nothing is interpolated.

    Parameters
    ----------
    array
        (z, y, x) on ``geometry``.
    geometry
        A grid parallel to the view.
    view
        The plane of the view.
    point_lps_mm
        The patient point whose slice is wanted.

    Returns
    -------
    Cut or None
        None if the point lies before or behind all slices.
    """
    number = number_of_slice(geometry, view.plane, point_lps_mm)
    if number is None:
        return None
    axis = _ACROSS[view.plane]
    index: list[Any] = [slice(None)] * 3
    index[axis] = number
    corner = np.zeros(3)
    corner[axis] = number
    row_axis, column_axis = (a for a in range(3) if a != axis)
    start = view.from_lps(geometry.index_to_lps(corner))
    row, column = corner.copy(), corner.copy()
    row[row_axis] += 1
    column[column_axis] += 1
    down = view.from_lps(geometry.index_to_lps(row)) - start
    right = view.from_lps(geometry.index_to_lps(column)) - start
    return Cut(
        np.asarray(array[tuple(index)]),
        (float(start[0]), float(start[1])),
        (float(right[0]), float(down[1])),
        float(start[2]),
        number,
    )


def sample_on(cut: Cut, view: ViewPlane, array: Any, geometry: Geometry) -> Cut:
    """Return the nearest voxels of another grid, however it lies, at the pixels of a slice.

    This is how a label map is shown on a series that is oblique to it: for display only, zero where the
    map does not reach.
    """
    rows, columns = cut.values.shape
    right = cut.first_mm[0] + cut.step_mm[0] * np.arange(columns)
    down = cut.first_mm[1] + cut.step_mm[1] * np.arange(rows)
    places = np.empty((rows, columns, 3))
    places[..., 0], places[..., 1], places[..., 2] = right, down[:, None], cut.depth_mm
    index = np.rint(geometry.lps_to_index(view.to_lps(places))).astype(np.intp)
    inside = np.all((index >= 0) & (index < np.asarray(geometry.shape_zyx)), axis=-1)
    values = np.zeros((rows, columns), dtype=array.dtype)
    values[inside] = array[tuple(index[inside].T)]
    return Cut(values, cut.first_mm, cut.step_mm, cut.depth_mm)


def disc_voxels(
    geometry: Geometry, view: ViewPlane, centre_lps_mm: ArrayLike, radius_mm: float
) -> tuple[NDArray[np.intp], ...]:
    """Return the voxels of a grid that a round brush paints in the plane of a view.

    Those that the plane passes through and whose centre lies within the radius of the voxel under the
    mouse, looked at along the normal: on a plane of the grid, the voxels that napari's brush takes.

    Parameters
    ----------
    geometry
        The grid that is painted on, however it lies to the view.
    view
        The plane that the brush lies in.
    centre_lps_mm
        Its centre, LPS mm.
    radius_mm
        Its radius; the voxel under the centre is always painted.

    Returns
    -------
    tuple of arrays
        Indices along z, y, x of each voxel, once.
    """
    centre = np.rint(geometry.lps_to_index(centre_lps_mm)).astype(np.intp)
    start = view.from_lps(geometry.index_to_lps(centre))
    start[2] = view.from_lps(centre_lps_mm)[2]
    fine = min(geometry.spacing_zyx_mm) / 2
    reach = int(np.ceil(radius_mm / fine)) + 1
    steps = np.arange(-reach, reach + 1) * fine
    right, down = np.meshgrid(steps, steps)
    offsets = np.stack([right.ravel(), down.ravel(), np.zeros(right.size)], axis=-1)
    near = np.rint(geometry.lps_to_index(view.to_lps(start + offsets))).astype(np.intp)
    index = np.unique(np.vstack([near, centre]), axis=0)
    away: Float = view.from_lps(geometry.index_to_lps(index)) - start
    is_met = np.hypot(away[:, 0], away[:, 1]) <= radius_mm + 1e-9
    is_met |= (index == centre).all(axis=1)
    is_met &= np.all((index >= 0) & (index < np.asarray(geometry.shape_zyx)), axis=1)
    z, y, x = index[is_met].T
    return z, y, x


def outlined_voxels(
    geometry: Geometry, view: ViewPlane, corners_lps_mm: ArrayLike
) -> tuple[NDArray[np.intp], ...]:
    """Return the voxels of a grid that an outline encloses, drawn in the plane of a view.

    Those that the plane passes through and whose centre, looked at along the normal, lies inside.

    Parameters
    ----------
    geometry
        The grid, however it lies to the view.
    view
        The plane that the outline lies in.
    corners_lps_mm
        (n, 3) corners, LPS mm; the last one is joined to the first.

    Returns
    -------
    tuple of arrays
        Indices along z, y, x of each voxel, once.
    """
    from skimage.measure import points_in_poly

    corners = view.from_lps(corners_lps_mm)
    depth = float(corners[:, 2].mean())
    fine = min(geometry.spacing_zyx_mm) / 2
    low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
    right, down = np.meshgrid(*(np.arange(a, b + fine, fine) for a, b in zip(low, high, strict=True)))
    plane = np.stack([right.ravel(), down.ravel(), np.full(right.size, depth)], axis=-1)
    index = np.unique(np.rint(geometry.lps_to_index(view.to_lps(plane))).astype(np.intp), axis=0)
    index = index[np.all((index >= 0) & (index < np.asarray(geometry.shape_zyx)), axis=1)]
    inside = points_in_poly(view.from_lps(geometry.index_to_lps(index))[:, :2], corners[:, :2])
    z, y, x = index[inside].T
    return z, y, x
