"""The prostate's own axes: left-right, front-back and base-apex of a gland mask, in patient mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float, Triple

#: A gland is never turned farther than this from the patient's axes; beyond it the fit is not believed.
LARGEST_TILT_DEG = 35.0
#: Two extents count as different, so that a turn between them means something, from this ratio of their
#: variances on (a tenth in length).
LEAST_RATIO = 1.2
_ROUNDS = 12


@dataclass(frozen=True, eq=False)
class GlandFrame:
    """Where a gland lies and how it is turned.

    Parameters
    ----------
    centre_lps_mm
        Middle of the gland.
    axes
        3x3, rows: toward the patient's left, back and head, along the gland's own axes (LPS).
    low_mm, high_mm
        Extent of the gland along the three axes, from the centre.
    tilt_deg
        Largest angle between an axis and the patient's.
    is_sure
        False if they would be turned too far: the patient's axes are then used.
    """

    centre_lps_mm: Triple
    axes: Float
    low_mm: Float
    high_mm: Float
    tilt_deg: float
    is_sure: bool

    def to_own(self, points_lps_mm: Float) -> Float:
        """Map patient points (n, 3) to left, back, head of the gland, in mm from its centre."""
        own: Float = (points_lps_mm - np.asarray(self.centre_lps_mm)) @ self.axes.T
        return own


def frame_of(points_lps_mm: Float) -> GlandFrame:
    """Return the axes of a gland: the principal axes of its voxels that are nearest to the patient's.

    Beginning with the patient's axes, each pair is turned until the voxels no longer lean from one to
    the other (Jacobi's method), by up to 45 degrees a time. A pair along which the gland is about as
    long is not turned: a round gland has no axes of its own. Where the two halves mirror each other,
    the mirror plane is found, since nothing leans across it.

    Parameters
    ----------
    points_lps_mm
        (n, 3): the centres of its voxels, LPS mm.

    Raises
    ------
    InvalidImage
        If there is no voxel.
    """
    if not len(points_lps_mm):
        raise InvalidImage("The map of zones holds no prostate.")
    centre = points_lps_mm.mean(axis=0)
    offsets = points_lps_mm - centre
    spread = offsets.T @ offsets / len(offsets)
    axes: Float = np.eye(3)
    for _ in range(_ROUNDS):
        for first, second in ((0, 1), (0, 2), (1, 2)):
            axes = _turned(axes, spread, first, second)
    tilt = float(np.degrees(np.arccos(np.clip(np.diag(axes), -1, 1)).max()))
    is_sure = tilt <= LARGEST_TILT_DEG
    axes = axes if is_sure else np.eye(3)
    own = offsets @ axes.T
    x, y, z = (float(v) for v in centre)
    return GlandFrame((x, y, z), axes, own.min(axis=0), own.max(axis=0), tilt, is_sure)


def _turned(axes: Float, spread: Float, first: int, second: int) -> Float:
    """Return axes of which two are turned in their plane until the voxels no longer lean in it."""
    own = axes @ spread @ axes.T
    lean, apart = 2 * own[first, second], own[first, first] - own[second, second]
    middle, half = (own[first, first] + own[second, second]) / 2, np.hypot(lean, apart) / 2
    if middle + half < LEAST_RATIO * (middle - half):
        return axes
    angle = np.arctan2(lean, apart) / 2  # turns the first axis onto the longer direction
    if abs(angle) > np.pi / 4:  # the second one is the longer: turn that one onto it
        angle -= np.copysign(np.pi / 2, angle)
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = np.cos(angle)
    turn[first, second], turn[second, first] = np.sin(angle), -np.sin(angle)
    turned: Float = turn @ axes
    return turned
