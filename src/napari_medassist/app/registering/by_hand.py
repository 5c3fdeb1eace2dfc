"""A start set by hand: the moving image is shifted and turned until it lies about right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
from napari_medassist.registration.resample import warped

_PREVIEW_MM = 1.25


@dataclass(frozen=True)
class Nudge:
    """How the moving image is moved, from where the scanner placed it.

    Attributes
    ----------
    shift_lps_mm
        Toward left, posterior, superior.
    turn_deg
        About these axes through the middle of the fixed image, in this order.
    """

    shift_lps_mm: Triple = (0.0, 0.0, 0.0)
    turn_deg: Triple = (0.0, 0.0, 0.0)

    def shifted(self, by_lps_mm: ArrayLike) -> Nudge:
        """Return the nudge with a further shift."""
        x, y, z = (float(v) for v in np.asarray(self.shift_lps_mm) + np.asarray(by_lps_mm))
        return replace(self, shift_lps_mm=(x, y, z))

    def turned(self, axis_lps: ArrayLike, by_deg: float) -> Nudge:
        """Return the nudge with a further turn about an axis through the middle of the fixed image."""
        axis = np.asarray(axis_lps, dtype=np.float64)
        further = Rotation.from_rotvec(axis / np.linalg.norm(axis) * by_deg, degrees=True)
        turn = further * Rotation.from_euler("xyz", self.turn_deg, degrees=True)
        a, b, c = (float(v) for v in turn.as_euler("xyz", degrees=True))
        x, y, z = (float(v) for v in further.apply(self.shift_lps_mm))
        return Nudge((x, y, z), (a, b, c))

    def map_for(self, fixed: Geometry) -> AffineTransform:
        """Return the map from the fixed to the moving image that this stands for."""
        middle = fixed.index_to_lps((np.asarray(fixed.shape_zyx) - 1) / 2)
        turn = Rotation.from_euler("xyz", self.turn_deg, degrees=True).as_matrix()
        moved = np.eye(4)
        moved[:3, :3] = turn
        moved[:3, 3] = middle - turn @ middle + np.asarray(self.shift_lps_mm)
        # The image goes where its points are moved to; the map looks the other way.
        return AffineTransform.from_matrix(moved).inverse()


def preview(fixed: Volume, moving: Volume, nudge: Nudge) -> Volume:
    """Return the moving image as it lies over the fixed one, in pixels of 1.25 mm at least.

    Coarse enough to follow a hand; nothing else is made of it.
    """
    return warped(moving, nudge.map_for(fixed.geometry), _coarse(fixed.geometry))


def _coarse(grid: Geometry) -> Geometry:
    steps = [1, *(max(1, round(_PREVIEW_MM / mm)) for mm in grid.spacing_zyx_mm[1:])]
    z, y, x = (max(1, n // step) for n, step in zip(grid.shape_zyx, steps, strict=True))
    dz, dy, dx = (mm * step for mm, step in zip(grid.spacing_zyx_mm, steps, strict=True))
    corner = grid.index_to_lps((np.array(steps) - 1) / 2)
    return replace(
        grid,
        shape_zyx=(z, y, x),
        spacing_zyx_mm=(dz, dy, dx),
        origin_lps_mm=tuple(corner.tolist()),
    )
