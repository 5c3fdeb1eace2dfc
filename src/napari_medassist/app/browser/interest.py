"""Where in a case to look first: where its maps show something."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import GridImage

#: From here on a confidence is worth being in view.
_SURE = 0.1
_KNOWN: WeakKeyDictionary[GridImage, NDArray[np.float64] | None] = WeakKeyDictionary()


def corners_lps_mm(maps: Sequence[GridImage]) -> NDArray[np.float64] | None:
    """Return the corners of the boxes that hold what is on some maps.

    Takes a look at every voxel of a map that is new: not for the window's thread.

    Returns
    -------
    numpy.ndarray or None
        (n, 3) patient points, LPS (x, y, z) mm; None if there is nothing on any map.
    """
    for image in maps:
        if image not in _KNOWN:
            _KNOWN[image] = _corners(image)
    corners = [found for image in maps if (found := _KNOWN[image]) is not None]
    return np.concatenate(corners) if corners else None


def _corners(image: GridImage) -> NDArray[np.float64] | None:
    array = np.asarray(image.array)
    there = array != 0 if isinstance(image, LabelMap) else array >= _SURE
    slices = np.any(there, axis=(1, 2))
    if not slices.any():
        return None
    flat = np.any(there[slices], axis=0)
    lines = (slices, np.any(flat, axis=1), np.any(flat, axis=0))
    bounds = [np.flatnonzero(line)[[0, -1]] for line in lines]
    index = np.asarray(list(product(*bounds)), dtype=np.float64)
    corners: NDArray[np.float64] = image.geometry.index_to_lps(index)
    return corners
