"""Smooth a label, in millimetres: by majority, by opening and closing, or by a Gaussian."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage
from scipy.signal import fftconvolve

from napari_medassist.annotation.operations.change import (
    Change,
    Mask,
    Protection,
    Voxels,
    box_of_label,
    joined,
    set_where,
    widened,
)
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float, Triple

Method = Literal["median", "opening", "gaussian"]
METHODS: tuple[Method, ...] = ("median", "opening", "gaussian")
_NEVER = frozenset[int]()


def smooth(
    voxels: Voxels,
    value: int,
    spacing_zyx_mm: Triple,
    radius_mm: float,
    *,
    method: Method = "median",
    protected: frozenset[int] = _NEVER,
) -> Change:
    """Return what smoothing changes: the label grows onto background only, never onto other labels.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    value
        The label.
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    radius_mm
        How rough is rough: radius of the ball, or SD of the Gaussian.
    method
        ``median``: a voxel becomes what most of the ball around it is. ``opening``: bumps and then
        clefts into which the ball does not fit go (opening, then closing). ``gaussian``: the mask is
        blurred and cut at one half.
    protected
        Values that stay as they are; the label itself may be among them, then it only grows.

    Raises
    ------
    InvalidSetting
        If the radius is not positive, no voxel has the value, or nothing would be left of it.
    """
    if not radius_mm > 0:
        raise InvalidSetting(f"Smoothing needs a radius above 0 mm, got {radius_mm:g}.")
    spacing = np.asarray(spacing_zyx_mm)
    reach = tuple(int(v) for v in np.ceil(4 * radius_mm / spacing) + 1)
    box = widened(box_of_label(voxels, value), reach, voxels.shape)
    before = voxels[box] == value
    # Beyond the edge of the image the label is taken to go on as it is at the edge.
    edges = [(r, r) for r in reach]
    padded = np.pad(before, edges, mode="edge")
    inner = tuple(slice(r, r + n) for r, n in zip(reach, before.shape, strict=True))
    after = _SMOOTHED[method](padded, spacing, radius_mm)[inner]
    if not after.any():
        raise InvalidSetting(f"Nothing of label {value} would be left.", cure="Take a smaller radius.")
    grows = set_where(voxels, box, after, value, Protection(protected, only=frozenset({0})))
    shrinks = set_where(voxels, box, before & ~after, 0, Protection(protected))
    change = joined(voxels, [grows, shrinks])
    return Change(change.box, change.mask, change.values, _told(before, grows, shrinks, spacing))


def _told(before: Mask, grows: Change, shrinks: Change, spacing: Float) -> str:
    ml = float(np.prod(spacing)) / 1000
    n = int(before.sum())
    after = n + grows.n_voxels - shrinks.n_voxels
    return f"Volume {n * ml:.2f} -> {after * ml:.2f} ml ({100 * (after - n) / n:+.1f} %)."


def _median(mask: Mask, spacing: Float, radius_mm: float) -> Mask:
    reach = [int(radius_mm / s) for s in spacing]
    axes = np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij", sparse=True)
    ball = sum((a * s) ** 2 for a, s in zip(axes, spacing, strict=True)) <= radius_mm**2 + 1e-9
    count = fftconvolve(mask.astype(np.float64), np.asarray(ball, dtype=np.float64), mode="same")
    # The number of voxels of a ball is odd: half of it is never a count.
    most: Mask = count > np.asarray(ball).sum() / 2
    return most


def _opening(mask: Mask, spacing: Float, radius_mm: float) -> Mask:
    opened = _dilated(_eroded(mask, spacing, radius_mm), spacing, radius_mm)
    return _eroded(_dilated(opened, spacing, radius_mm), spacing, radius_mm)


def _eroded(mask: Mask, spacing: Float, radius_mm: float) -> Mask:
    if mask.all():
        return mask
    inside: Mask = ndimage.distance_transform_edt(mask, sampling=spacing) > radius_mm
    return inside


def _dilated(mask: Mask, spacing: Float, radius_mm: float) -> Mask:
    if not mask.any():
        return mask
    near: Mask = ndimage.distance_transform_edt(~mask, sampling=spacing) <= radius_mm
    return near


def _gaussian(mask: Mask, spacing: Float, radius_mm: float) -> Mask:
    blurred = ndimage.gaussian_filter(mask.astype(np.float32), radius_mm / spacing)
    inside: Mask = blurred > 0.5
    return inside


_SMOOTHED = {"median": _median, "opening": _opening, "gaussian": _gaussian}
