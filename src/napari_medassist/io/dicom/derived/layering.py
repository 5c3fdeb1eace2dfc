"""Masks that may overlap, laid into as few label maps as they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.io.dicom.pixels import require_memory

#: The slices of one structure: index along z, and its mask (row, column).
SliceMasks = Sequence[tuple[int, NDArray[np.bool_]]]


def empty_voxels(path: Path, shape_zyx: tuple[int, int, int], dtype: Any) -> NDArray[Any]:
    """Return zeros, if they fit into memory.

    Raises
    ------
    TooLarge
        If they do not.
    """
    require_memory(int(np.prod(shape_zyx)) * np.dtype(dtype).itemsize, path)
    return np.zeros(shape_zyx, dtype)


def lay(
    path: Path, shape_zyx: tuple[int, int, int], structures: Iterable[tuple[int, SliceMasks]]
) -> list[NDArray[Any]]:
    """Put each structure into the first label map in which it overlaps no other.

    Parameters
    ----------
    path
        The file that they come from; for messages.
    shape_zyx
        Shape of the stored grid.
    structures
        Label value and masks of each structure, in their order.

    Returns
    -------
    list of numpy.ndarray
        Label values, (slice, row, column); one array if nothing overlaps.
    """
    layers: list[NDArray[Any]] = []
    for value, masks in structures:
        free = (a for a in layers if not any((a[z][mask] != 0).any() for z, mask in masks))
        layer = next(free, None)
        if layer is None:
            layer = empty_voxels(path, shape_zyx, np.uint16)
            layers.append(layer)
        for z, mask in masks:
            layer[z][mask] = value
    return layers
