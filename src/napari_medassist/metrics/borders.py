"""The border voxels of a mask: those that touch the background through a face."""

from __future__ import annotations

import numpy as np

from napari_medassist.metrics.grid import NOWHERE, Indices, Mask, PaddedGrid, Sides, planes_a_slab


def border(mask: Mask, goes_on: Sides = NOWHERE) -> Mask:
    """Return the voxels of a mask that touch the background through a face.

    That is what a 6-neighbour erosion removes.

    Parameters
    ----------
    mask
        (z, y, x) bool.
    goes_on
        Sides where the mask goes on beyond the array; elsewhere the outside counts as background.

    Returns
    -------
    numpy.ndarray
        bool, same shape.
    """
    return _border_of_planes(mask, 0, mask.shape[0], goes_on)


def border_places(mask: Mask, grid: PaddedGrid, goes_on: Sides = NOWHERE) -> Indices:
    """Return where the border voxels of a mask lie on a grid, rising.

    The mask is gone through in slabs of a few planes, so that little memory is needed beside it.

    Parameters
    ----------
    mask
        (z, y, x) bool.
    grid
        The mask's grid with room around it.
    goes_on
        Sides where the mask goes on beyond the array, so that it has no border there.
    """
    depth = mask.shape[0]
    step = min(planes_a_slab(mask.shape), depth)
    slab, window = grid.slab(step)
    found = []
    for start in range(0, depth, step):
        n = min(step, depth - start)
        window[:n] = _border_of_planes(mask, start, start + n, goes_on)
        found.append(grid.places_in(slab[:n], start))
    return np.concatenate(found)


def _border_of_planes(mask: Mask, start: int, stop: int, goes_on: Sides) -> Mask:
    """Return the border voxels in some of the z planes of a mask."""
    planes = np.ascontiguousarray(mask[start:stop])
    inner = planes.copy()
    _keep_along_z(inner, mask, start, stop, goes_on[0])
    _keep_along_y(inner, planes, goes_on[1])
    _keep_along_x(inner, planes, goes_on[2])
    inner ^= planes
    return inner


def _keep_along_z(inner: Mask, mask: Mask, start: int, stop: int, goes_on: tuple[bool, bool]) -> None:
    inner[1:] &= mask[start : stop - 1]
    inner[:-1] &= mask[start + 1 : stop]
    if start > 0:
        inner[0] &= mask[start - 1]
    elif not goes_on[0]:
        inner[0] = False
    if stop < mask.shape[0]:
        inner[-1] &= mask[stop]
    elif not goes_on[1]:
        inner[-1] = False


def _keep_along_y(inner: Mask, planes: Mask, goes_on: tuple[bool, bool]) -> None:
    inner[:, 1:] &= planes[:, :-1]
    inner[:, :-1] &= planes[:, 1:]
    for edge, open_end in zip((0, -1), goes_on, strict=True):
        if not open_end:
            inner[:, edge] = False


def _keep_along_x(inner: Mask, planes: Mask, goes_on: tuple[bool, bool]) -> None:
    """Compare whole planes with themselves moved by one voxel, which is faster than row by row.

    The end of a row then meets the beginning of the next one, so both ends are set afterwards.
    """
    if planes.shape[2] == 1:
        inner &= all(goes_on)
        return
    first, last = inner[..., 0] & planes[..., 1], inner[..., -1] & planes[..., -2]
    row, rows = inner.reshape(-1), planes.reshape(-1)
    row[1:] &= rows[:-1]
    row[:-1] &= rows[1:]
    inner[..., 0] = first if goes_on[0] else False
    inner[..., -1] = last if goes_on[1] else False
