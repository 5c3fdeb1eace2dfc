"""The trachea and the large bronchi on CT."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Float32 = NDArray[np.float32]
Triple = tuple[float, float, float]

_AREA_MM2 = (60.0, 700.0)  # of a trachea in an axial slice
_OFF_MIDDLE_MM = 45.0
_LEAST_LENGTH_MM = 25.0
_ROUND = 0.55  # share of its bounding box that a slice of the trachea fills, at least
_LEVELS_HU = (-960.0, -940.0, -920.0, -900.0, -880.0, -860.0)
_MOST_ML = 120.0
_LEAK = 1.6  # growth from one level to the next that is a leak into the lung


def airways_of(hu: Float32, air: Mask, spacing_zyx_mm: Triple) -> Mask:
    """Return the airways that hang together with a trachea; none if no trachea is seen.

    Parameters
    ----------
    hu
        CT numbers (z, y, x), z toward superior.
    air
        Air within the body.
    spacing_zyx_mm
        Voxel distances.
    """
    trachea = _trachea(hu, air, spacing_zyx_mm)
    if not trachea.any():
        return trachea
    voxel_ml = float(np.prod(spacing_zyx_mm)) / 1000
    found, size = trachea, np.count_nonzero(trachea)
    for level in _LEVELS_HU:
        # Bronchi are bounded by walls; where they blur into lung the next level would take all of it.
        allowed = air & ((hu < level) | trachea)
        grown = ndimage.binary_propagation(trachea, mask=allowed)
        new_size = np.count_nonzero(grown)
        if new_size * voxel_ml > _MOST_ML or (
            new_size > _LEAK * size and (new_size - size) * voxel_ml > 15.0
        ):
            break
        found, size = grown, new_size
    whole: Mask = ndimage.binary_closing(found, iterations=1) | found
    return whole & (air | found)


def _trachea(hu: Float32, air: Mask, spacing_zyx_mm: Triple) -> Mask:
    """Return a column of round pieces of air near the middle, one above the other."""
    dz, dy, dx = spacing_zyx_mm
    dark = air & (hu < -800)
    middle = (hu.shape[2] - 1) / 2
    best = np.zeros(hu.shape, dtype=bool)
    column, last = np.zeros(hu.shape, dtype=bool), None
    best_length = length = 0
    for z in range(hu.shape[0] - 1, -1, -1):
        piece = _round_piece(dark[z], middle, (dy, dx), last)
        if piece is None:
            if length > best_length:
                best, best_length = column, length
            column, last, length = np.zeros(hu.shape, dtype=bool), None, 0
            continue
        column[z], last, length = piece, piece, length + 1
    if length > best_length:
        best, best_length = column, length
    return best if best_length * dz >= _LEAST_LENGTH_MM else np.zeros(hu.shape, dtype=bool)


def _round_piece(
    dark: Mask, middle: float, spacing_yx_mm: tuple[float, float], above: Mask | None
) -> Mask | None:
    """Return the piece of a slice that may be trachea: it lies under the one above, if there is one."""
    parts, _ = ndimage.label(dark)
    dy, dx = spacing_yx_mm
    best, best_off = None, np.inf
    for number, box in enumerate(ndimage.find_objects(parts), 1):
        piece = parts[box] == number
        area = np.count_nonzero(piece) * dy * dx
        if not _AREA_MM2[0] <= area <= _AREA_MM2[1] or piece.mean() < _ROUND:
            continue
        height, width = piece.shape[0] * dy, piece.shape[1] * dx
        if not 0.4 < height / width < 2.5:
            continue
        centre = (box[1].start + box[1].stop - 1) / 2
        off = abs(centre - middle) * dx
        whole = parts == number
        if off > _OFF_MIDDLE_MM or (above is not None and not (whole & above).any()):
            continue
        if off < best_off:
            best, best_off = whole, off
    return best
