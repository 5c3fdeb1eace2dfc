"""The grid a network works on: images brought to it, labels brought back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Geometry

Float32 = NDArray[np.float32]
Triple = tuple[float, float, float]
Shape = tuple[int, int, int]

_SAME_SPACING = 0.02  # a difference of voxel distances that shifts by less than a third in 16 voxels
_SLACK = 2  # voxels beside labels that are not cut off: they must not touch the next grid either
_TIE = 1e-4  # of a voxel; rounding in a file's geometry must not decide between two slices


def centred_grid(
    geometry: Geometry,
    spacing_zyx_mm: Triple,
    shape_zyx: Shape,
    centre_lps_mm: NDArray[np.float64] | None = None,
) -> Geometry:
    """Return a grid along the axes of another one, about its centre or a point.

    Parameters
    ----------
    geometry
        The grid of an image.
    spacing_zyx_mm, shape_zyx
        Voxel distances and numbers of voxels of the new one.
    centre_lps_mm
        LPS position (x, y, z) of its middle; that of the image by default. Along an axis whose voxel
        distance is kept the grid moves by at most half a voxel, so that nothing is interpolated.
    """
    middle = centre_lps_mm
    if middle is None:
        middle = geometry.index_to_lps((np.asarray(geometry.shape_zyx) - 1) / 2)
    half = (np.asarray(shape_zyx)[::-1] - 1) / 2 * np.asarray(spacing_zyx_mm)[::-1]
    first = geometry.lps_to_index(middle - geometry.direction @ half)
    origin = geometry.index_to_lps(_on_slices(first, geometry, spacing_zyx_mm))
    return Geometry(shape_zyx, spacing_zyx_mm, tuple(origin.tolist()), geometry.direction_lps)


def _on_slices(
    first_zyx: NDArray[np.float64], geometry: Geometry, spacing_zyx_mm: Triple
) -> NDArray[np.float64]:
    """Move an index to the nearest whole one along axes whose voxel distances the new grid keeps.

    A grid of 20 slices about the middle of 19 of the same thickness would lie between all of them, and
    each of its slices would be the mean of two. Halfway between two the one toward the patient's left,
    back or head is taken, so that an image stored the other way round is seen the same.
    """
    spacing = np.asarray(geometry.spacing_zyx_mm)
    is_kept = np.abs(np.asarray(spacing_zyx_mm) / spacing - 1) < _SAME_SPACING
    columns = geometry.direction[:, ::-1]  # of z, y, x
    toward = np.array([np.sign(c[np.abs(c).argmax()]) for c in columns.T])
    nearest = toward * np.floor(first_zyx * toward + 0.5 + _TIE)
    return np.where(is_kept, nearest, first_zyx)


def touches_inner_face(labels: NDArray[np.uint8], grid: Geometry, image: Geometry) -> bool:
    """Tell whether labels lie on a face of their grid beyond which the image goes on.

    Parameters
    ----------
    labels, grid
        Label map (z, y, x) and its grid, along the axes of the image.
    image
        Grid of the image.
    """
    return bool(_touched_faces(labels, grid, image).any())


def _touched_faces(labels: NDArray[np.uint8], grid: Geometry, image: Geometry) -> NDArray[np.bool_]:
    """Tell of the first and last face of each axis, (3, 2), whether labels are cut off there."""
    first = image.lps_to_index(grid.index_to_lps(np.zeros(3)))
    last = image.lps_to_index(grid.index_to_lps(np.asarray(grid.shape_zyx) - 1.0))
    goes_on = np.stack([first > 0.5, last < np.asarray(image.shape_zyx) - 1.5], axis=1)
    there = [[labels.take(at, axis=axis).any() for at in (0, -1)] for axis in range(3)]
    return np.asarray(goes_on & np.array(there))


def around_labels(
    labels: NDArray[np.uint8], grid: Geometry, image: Geometry, margin_zyx: Shape
) -> Geometry:
    """Return the part of a grid around labels, and beyond it where they are cut off by its faces.

    Parameters
    ----------
    labels, grid
        Label map (z, y, x), not empty, and its grid, along the axes of the image.
    image
        Grid of the image.
    margin_zyx
        By how many voxels it is longer at each face that cuts labels off.
    """
    index = np.argwhere(labels)
    low, high = index.min(axis=0), index.max(axis=0)
    is_cut = _touched_faces(labels, grid, image)
    beyond = np.where(is_cut, np.asarray(margin_zyx)[:, None], _SLACK)
    low, high = low - beyond[:, 0], high + beyond[:, 1]
    corner = grid.index_to_lps(low.astype(np.float64))
    z, y, x = (int(n) for n in high - low + 1)
    return Geometry((z, y, x), grid.spacing_zyx_mm, tuple(corner.tolist()), grid.direction_lps)


def centre_of(labels: NDArray[np.uint8], grid: Geometry) -> NDArray[np.float64]:
    """Return the LPS position of the middle of the box around all labels."""
    index = np.argwhere(labels)
    return grid.index_to_lps((index.min(axis=0) + index.max(axis=0)) / 2)


def covering_shape(geometry: Geometry, spacing_zyx_mm: Triple, least_zyx: Shape) -> Shape:
    """Return how many voxels of another size cover a grid, at least as many as given."""
    extent = np.asarray(geometry.shape_zyx) * np.asarray(geometry.spacing_zyx_mm)
    wanted = np.ceil(extent / np.asarray(spacing_zyx_mm) - 1e-6).astype(int)
    z, y, x = (int(n) for n in np.maximum(wanted, least_zyx))
    return z, y, x


def covering_grid(
    image: Geometry, part: Geometry, spacing_zyx_mm: Triple, least_zyx: Shape
) -> Geometry:
    """Return a grid of other voxels that covers a part of an image.

    Where its voxels lie follows from the middle of the image alone: another part, or other pixels of
    the same image, only take in more or fewer of them.

    Parameters
    ----------
    image
        Grid of the image.
    part
        The part, along the same axes.
    spacing_zyx_mm
        Voxel distances of the new grid.
    least_zyx
        How many voxels it has at least.
    """
    one = centred_grid(image, spacing_zyx_mm, (1, 1, 1))
    ends = one.lps_to_index(part.corners_lps_mm())
    # A hair beyond a voxel is on it: rounding must not take in another one.
    low, high = np.floor(ends.min(axis=0) + _TIE), np.ceil(ends.max(axis=0) - _TIE)
    found = (high - low + 1).astype(int)
    shape = np.maximum(found, least_zyx)
    low = low - (shape - found) // 2
    z, y, x = (int(n) for n in shape)
    corner = one.index_to_lps(low)
    return Geometry((z, y, x), spacing_zyx_mm, tuple(corner.tolist()), image.direction_lps)


def on_grid(array: NDArray[Any], geometry: Geometry, grid: Geometry, *, edge: str) -> Float32:
    """Interpolate an image linearly on another grid.

    Parameters
    ----------
    array, geometry
        Values (z, y, x) and their grid.
    grid
        Where they are wanted, however it lies.
    edge
        ``nearest`` repeats the values at the edge beyond it, ``constant`` puts 0 there.

    Returns
    -------
    ndarray
        float32 (z, y, x).
    """
    matrix, offset = grid.index_map_to(geometry)
    off_diagonal = np.abs(matrix - np.diag(np.diag(matrix))).max()
    # Along the same axes (the usual case) the three axes are interpolated one after another.
    steps = np.diag(matrix) if off_diagonal < 1e-9 else matrix
    values = np.asarray(array, dtype=np.float32)
    found: Float32 = ndimage.affine_transform(
        values, steps, offset, grid.shape_zyx, order=1, mode=edge, cval=0.0
    )
    return found


def labels_on_grid(
    labels: NDArray[np.uint8], grid: Geometry, wanted: Geometry, shares: Float32 | None = None
) -> NDArray[np.uint8]:
    """Bring labels to another grid: each voxel gets the label whose share of it is largest.

    Shares are interpolated linearly, which keeps surfaces smooth where nearest neighbours would make
    steps. Only around labels is anything computed.

    Parameters
    ----------
    labels, grid
        Label map (z, y, x) and its grid.
    wanted
        The other grid, however it lies.
    shares
        Probability of the labels 1, 2, ..., (n, z, y, x); what is left is that of the background. The
        likeliest wins, and borders lie between voxels. By default each voxel belongs wholly to its
        label, and one of which less than half is labelled stays background.

    Returns
    -------
    ndarray
        uint8 (z, y, x) on ``wanted``.
    """
    result = np.zeros(wanted.shape_zyx, dtype=np.uint8)
    index = np.argwhere(labels)
    if not index.size:
        return result
    low, high = index.min(axis=0) - 1, index.max(axis=0) + 1
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
    there = wanted.lps_to_index(grid.index_to_lps(corners))
    start = np.maximum(np.floor(there.min(axis=0)).astype(int), 0)
    stop = np.minimum(np.ceil(there.max(axis=0)).astype(int) + 1, wanted.shape_zyx)
    if np.any(stop <= start):
        return result
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    matrix, offset = wanted.index_map_to(grid)
    shape, offset = tuple(stop - start), offset + matrix @ start
    best, total = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    label = np.zeros(shape, dtype=np.uint8)
    values = np.unique(labels[labels > 0]) if shares is None else range(1, len(shares) + 1)
    for value in values:
        of_value = labels == value if shares is None else shares[value - 1]
        share = _resampled(of_value, matrix, offset, shape)
        label[share > best] = value
        np.maximum(best, share, out=best)
        total += share
    # Between two labels neither may be the half; likeliest classes compete with the background alone.
    is_labelled = total >= 0.5 if shares is None else best > 1 - total
    result[box] = np.where(is_labelled, label, 0)
    return result


def _resampled(
    share: NDArray[Any], matrix: NDArray[np.float64], offset: NDArray[np.float64], shape: Any
) -> Float32:
    off_diagonal = np.abs(matrix - np.diag(np.diag(matrix))).max()
    steps = np.diag(matrix) if off_diagonal < 1e-9 else matrix
    # Beyond its edge a gland that is cut off goes on: a constant 0 would take away half a slice.
    found: Float32 = ndimage.affine_transform(
        share.astype(np.float32), steps, offset, shape, order=1, mode="nearest"
    )
    return found
