"""Which voxel grid derived frames lie on: that of an image that is there, else their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.io.dicom.derived.source_series import SourceSeries

#: How far the corner of a frame may lie from a slice of the image before it is another grid.
ON_SLICE_MM = 0.05


def slice_indices(geometry: Geometry, corners_lps_mm: Float) -> list[int] | None:
    """Return which slice of a stored grid each frame is.

    Parameters
    ----------
    geometry
        The stored grid (z = slice, y = row, x = column), LPS mm.
    corners_lps_mm
        Shape (n, 4, 3): centres of the first pixel, the last of the first row, the first of the last
        row, and the last pixel of each frame.

    Returns
    -------
    list of int or None
        Index along z for each frame; None if any frame lies on no slice of the grid.
    """
    _, n_rows, n_columns = geometry.shape_zyx
    index = np.rint(geometry.lps_to_index(corners_lps_mm[:, 0])[:, 0]).astype(int)
    if index.min() < 0 or index.max() >= geometry.shape_zyx[0]:
        return None
    last = np.asarray([(0, 0), (0, n_columns - 1), (n_rows - 1, 0), (n_rows - 1, n_columns - 1)])
    places = np.stack([np.concatenate([np.full((4, 1), z), last], axis=1) for z in index])
    off_mm = np.linalg.norm(geometry.index_to_lps(places) - corners_lps_mm, axis=-1)
    return [int(z) for z in index] if off_mm.max() <= ON_SLICE_MM else None


def choose_source(
    sources: Sequence[SourceSeries],
    *,
    series_uids: Sequence[str],
    frame_of_reference_uid: str,
    shape_yx: tuple[int, int],
    corners_lps_mm: Float,
) -> SourceSeries | None:
    """Return the image on whose slices the frames lie; one that they refer to first.

    An image in another frame of reference is never taken.
    """
    in_frame = [s for s in sources if _frame(s) in ("", frame_of_reference_uid)]
    fitting = [
        s
        for s in in_frame
        if s.geometry.shape_zyx[1:] == shape_yx
        and slice_indices(s.geometry, corners_lps_mm) is not None
    ]
    return min(fitting, key=lambda s: s.series_uid not in series_uids, default=None)


def foreign_grid(name: str, sources: Sequence[SourceSeries], series_uids: Sequence[str]) -> str:
    """Return what to tell of labels that lie on none of the images' grids; they keep their own."""
    referred = [s for s in sources if s.series_uid in series_uids]
    if referred:
        return (
            f"{name}: it refers to '{referred[0].title}' and yet lies on another voxel grid. It keeps "
            "its own grid and is not resampled."
        )
    others = f" Of the {len(sources)} images here none is on its grid." if sources else ""
    return f"{name}: the images that it refers to are not here.{others} It is placed by its own header."


def own_grid(corners_lps_mm: Float, shape_yx: tuple[int, int], step_mm: float | None) -> Geometry:
    """Return the regular grid that frames span; slices without a frame are part of it.

    Parameters
    ----------
    corners_lps_mm
        As in :func:`slice_indices`.
    shape_yx
        Rows and columns.
    step_mm
        Distance between slices as stated; None if the frames have to tell it.

    Raises
    ------
    GeometryMismatch
        If the frames are not parallel, or lie on no regular steps.
    """
    first = corners_lps_mm[0]
    row, column = _unit(first[1] - first[0]), _unit(first[2] - first[0])
    normal = np.cross(row, column)
    depths = corners_lps_mm[:, 0] @ normal
    places = np.unique(np.round(depths, 3))
    step = _step(places, step_mm)
    start = corners_lps_mm[np.argmin(depths), 0]
    n_slices = round(float((places[-1] - places[0]) / step)) + 1
    spacing_yx = (
        np.linalg.norm(first[2] - first[0]) / max(1, shape_yx[0] - 1),
        np.linalg.norm(first[1] - first[0]) / max(1, shape_yx[1] - 1),
    )
    across = corners_lps_mm[np.argmax(depths), 0] - start
    along = across / (step * (n_slices - 1)) if n_slices > 1 else normal
    columns = np.stack([row, column, _unit(along)], axis=1)
    grid = Geometry(
        (n_slices, *shape_yx),
        (float(step * np.linalg.norm(along)), float(spacing_yx[0]), float(spacing_yx[1])),
        tuple(start),
        tuple(tuple(r) for r in columns),  # type: ignore[arg-type]
    )
    if slice_indices(grid, corners_lps_mm) is None:
        raise GeometryMismatch(
            "Its frames lie on no regular grid: they are not parallel or not equally spaced.",
            cure="Export it anew, each structure on the slices of one image series.",
        )
    return grid


def frame_corners(position: Float, row: Float, column: Float, shape_yx: tuple[int, int]) -> Float:
    """Return the four corner pixels' centres of a frame, shape (4, 3), LPS mm.

    ``row`` and ``column`` are the steps, in mm, from a pixel to its neighbour in the same row and in
    the same column.
    """
    rows, columns = shape_yx[0] - 1, shape_yx[1] - 1
    corners: Float = np.stack(
        [
            position,
            position + columns * row,
            position + rows * column,
            position + columns * row + rows * column,
        ]
    )
    return corners


def _frame(source: SourceSeries) -> str:
    return source.planes[0].header.frame_of_reference_uid


def _unit(vector: Float) -> Float:
    unit: Float = vector / np.linalg.norm(vector)
    return unit


def _step(places: Float, stated_mm: float | None) -> float:
    """Return the slice distance: as stated if the frames lie on such steps, else their smallest."""
    if len(places) == 1:
        return stated_mm or 1.0
    between = np.diff(places)
    if stated_mm:
        steps = between / stated_mm
        if np.abs(steps - np.rint(steps)).max() * stated_mm <= 2 * ON_SLICE_MM:
            return float((places[-1] - places[0]) / np.rint((places[-1] - places[0]) / stated_mm))
    smallest = between.min()
    return float((places[-1] - places[0]) / np.rint((places[-1] - places[0]) / smallest))
