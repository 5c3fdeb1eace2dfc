"""Where an alignment begins: as the scanner placed the images, or by what they show."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Mask, Pair


class Start(StrEnum):
    """How the first guess is made."""

    SCANNER = "scanner"
    CENTRES = "centres"
    MASSES = "masses"
    MASKS = "masks"


def start_of(pair: Pair, how: Start) -> AffineTransform:
    """Return the first guess: a shift, fixed to moving, LPS mm.

    Parameters
    ----------
    pair
        The images.
    how
        ``scanner``: nothing is moved; right within one study. ``centres``: the middles of the two grids
        meet. ``masses``: the centres of brightness meet. ``masks``: the centres of the masks meet.

    Raises
    ------
    InvalidSetting
        If masks are asked for and one is missing.
    """
    if how is Start.SCANNER:
        return AffineTransform.identity()
    if how is Start.MASKS:
        if pair.fixed_mask is None or pair.moving_mask is None:
            raise InvalidSetting(
                "To begin at the masks, both images need one.", cure="Give both, or begin otherwise."
            )
        ends = (
            _centre(pair.fixed_mask, pair.fixed.geometry),
            _centre(pair.moving_mask, pair.moving.geometry),
        )
    elif how is Start.MASSES:
        ends = (
            _centre(_mass(pair.fixed.array, pair.fixed_mask), pair.fixed.geometry),
            _centre(_mass(pair.moving.array, pair.moving_mask), pair.moving.geometry),
        )
    else:
        ends = (_middle(pair.fixed.geometry), _middle(pair.moving.geometry))
    matrix = np.eye(4)
    matrix[:3, 3] = ends[1] - ends[0]
    return AffineTransform.from_matrix(matrix)


def from_landmarks(fixed_lps_mm: Float, moving_lps_mm: Float) -> AffineTransform:
    """Return the rigid map that brings landmarks nearest to their partners (Kabsch 1976).

    Parameters
    ----------
    fixed_lps_mm, moving_lps_mm
        (n, 3), n at least 3, the pairs in the same order.

    Raises
    ------
    InvalidSetting
        If there are fewer than three pairs, or they lie on a line.
    """
    fixed, moving = (np.asarray(p, dtype=np.float64) for p in (fixed_lps_mm, moving_lps_mm))
    if fixed.shape != moving.shape or fixed.ndim != 2 or len(fixed) < 3:
        raise InvalidSetting("A rigid map needs at least three pairs of landmarks.")
    middles = fixed.mean(axis=0), moving.mean(axis=0)
    left, spread, right = np.linalg.svd((fixed - middles[0]).T @ (moving - middles[1]))
    if spread[1] <= 1e-9 * max(spread[0], 1e-300):
        raise InvalidSetting("The landmarks lie on a line: a rotation about it stays open.")
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(right.T @ left.T))])
    rotation = right.T @ flip @ left.T
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, middles[1] - rotation @ middles[0]
    return AffineTransform.from_matrix(matrix)


def _mass(array: object, mask: Mask | None) -> NDArray[np.float64]:
    values = np.asarray(array, dtype=np.float64)
    low, high = np.percentile(values, [1, 99])
    weight = np.clip(values - low, 0, high - low)
    return np.asarray(weight if mask is None else weight * mask)


def _centre(weight: NDArray[np.generic], geometry: Geometry) -> Float:
    values = np.asarray(weight, dtype=np.float64)
    total = values.sum()
    index = [
        (values.sum(axis=tuple(k for k in range(3) if k != axis)) * np.arange(n)).sum() / total
        for axis, n in enumerate(values.shape)
    ]
    return geometry.index_to_lps(index)


def _middle(geometry: Geometry) -> Float:
    return geometry.index_to_lps((np.asarray(geometry.shape_zyx) - 1) / 2)
