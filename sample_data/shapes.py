"""Signed distances (mm, negative inside) to the simple solids that the anatomy is built from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Triple = tuple[float, float, float]


class Points(NamedTuple):
    """Coordinates of every voxel of a grid, in mm: x toward left, y posterior, z superior."""

    x: Image
    y: Image
    z: Image

    def mirrored(self) -> Points:
        """Return the points with the right half folded onto the left, for paired structures."""
        return Points(np.abs(self.x), self.y, self.z)


def ellipsoid(p: Points, centre: Triple, radii: Triple) -> Image:
    """Return the (first-order) distance to an ellipsoid's surface."""
    scaled = [(a - np.float32(c)) / np.float32(r) for a, c, r in zip(p, centre, radii, strict=True)]
    length = np.sqrt(sum(np.square(s) for s in scaled))
    slope = np.sqrt(sum(np.square(s / np.float32(r)) for s, r in zip(scaled, radii, strict=True)))
    return (length * (length - 1) / np.maximum(slope, np.float32(1e-4))).astype(np.float32)


def rod(p: Points, start: Triple, end: Triple, radius: float) -> Image:
    """Return the distance to a rod with round ends."""
    axis = np.subtract(end, start)
    offsets = [a - np.float32(s) for a, s in zip(p, start, strict=True)]
    along = sum(o * np.float32(d) for o, d in zip(offsets, axis, strict=True)) / np.float32(axis @ axis)
    along = np.clip(along, 0, 1)
    gaps = [o - along * np.float32(d) for o, d in zip(offsets, axis, strict=True)]
    return (np.sqrt(sum(np.square(g) for g in gaps)) - np.float32(radius)).astype(np.float32)


def slab(coordinate: Image, low: float, high: float) -> Image:
    """Return the distance to the layer between two values of a coordinate."""
    middle, half = (low + high) / 2, (high - low) / 2
    return (np.abs(coordinate - np.float32(middle)) - np.float32(half)).astype(np.float32)


def union(*solids: Image) -> Image:
    """Return the distance to the nearest of several solids."""
    return np.minimum.reduce(solids)


def common(*solids: Image) -> Image:
    """Return the distance to what several solids share."""
    return np.maximum.reduce(solids)


def blend(a: Image, b: Image, radius: float) -> Image:
    """Return the union of two solids with the crease between them filled."""
    h = np.clip(radius - np.abs(a - b), 0, None) / np.float32(radius)
    return (np.minimum(a, b) - h * h * np.float32(radius / 4)).astype(np.float32)
