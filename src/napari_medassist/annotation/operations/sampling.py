"""An image seen from the voxels of an annotation: the nearest voxel of its own grid, by millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.operations.change import Box, Mask
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.volume import Array

_PARALLEL = 1e-6


class Sampled(Protocol):
    """An image that tells its values at the voxels of an annotation."""

    def values(self, box: Box) -> tuple[NDArray[Any], Mask]:
        """Return the values in a box of the annotation, and where the image has any, (z, y, x)."""


@dataclass(frozen=True, eq=False)
class SeenImage:
    """An image on its own grid, asked for at voxels of another one.

    A voxel of the annotation sees the voxel of the image whose centre is nearest to its own along the
    image's axes. Nothing is interpolated, so that a value that is shown is a value of the image.

    Parameters
    ----------
    array
        The image (z, y, x).
    geometry
        Its grid.
    grid
        The grid of the annotation.
    """

    array: Array
    geometry: Geometry
    grid: Geometry

    @cached_property
    def _map(self) -> tuple[Float, Float]:
        """Matrix and offset that take an index (z, y, x) of the annotation to one of the image."""
        offset = self.geometry.lps_to_index(self.grid.index_to_lps((0.0, 0.0, 0.0)))
        steps = self.geometry.lps_to_index(self.grid.index_to_lps(np.eye(3))) - offset
        # Row i of steps is what one step along axis i of the annotation does.
        return steps, offset

    def values(self, box: Box) -> tuple[NDArray[Any], Mask]:
        """Return the image's values in a box of the annotation grid, and where it has any.

        Returns
        -------
        values, inside
            (z, y, x) of the box; values outside of the image are those at its edge.
        """
        steps, offset = self._map
        shape = self.geometry.shape_zyx
        if np.abs(steps - np.diag(np.diag(steps))).max() < _PARALLEL:
            return self._along_axes(box, np.diag(steps), offset)
        ranges = np.meshgrid(*(np.arange(p.start, p.stop) for p in box), indexing="ij", sparse=True)
        index = [
            np.rint(offset[a] + sum(ranges[i] * steps[i, a] for i in range(3))).astype(np.intp)
            for a in range(3)
        ]
        inside = np.ones(index[0].shape, dtype=bool)
        for part, n in zip(index, shape, strict=True):
            inside &= (part >= 0) & (part < n)
        near = tuple(np.clip(part, 0, n - 1) for part, n in zip(index, shape, strict=True))
        return np.asarray(self.array)[near], inside

    def _along_axes(self, box: Box, steps: Float, offset: Float) -> tuple[NDArray[Any], Mask]:
        near, within = [], []
        for part, step, start, n in zip(box, steps, offset, self.geometry.shape_zyx, strict=True):
            index = np.rint(start + step * np.arange(part.start, part.stop)).astype(np.intp)
            within.append((index >= 0) & (index < n))
            near.append(np.clip(index, 0, n - 1))
        inside = within[0][:, None, None] & within[1][None, :, None] & within[2][None, None, :]
        return np.asarray(self.array)[np.ix_(*near)], inside


@dataclass(frozen=True, eq=False)
class IntensityRange:
    """Voxels of an image between two values, both included.

    Parameters
    ----------
    image
        The image, seen from the annotation.
    low, high
        The values, in the unit of the image.

    Raises
    ------
    InvalidSetting
        If ``low`` lies above ``high``.
    """

    image: Sampled
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise InvalidSetting(f"The range {self.low:g} to {self.high:g} holds no value.")

    def mask(self, box: Box) -> Mask:
        """Return where the image lies in the range, (z, y, x) of a box; False where it has no voxel."""
        values, inside = self.image.values(box)
        found: Mask = inside & (values >= self.low) & (values <= self.high)
        return found
