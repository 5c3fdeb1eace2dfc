"""The window that samples are made in, and what is sampled into it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

Array = NDArray[np.float32]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Frame:
    """A window of voxels around the origin.

    Parameters
    ----------
    shape_zyx
        Voxels along z (to the head), y (to the back) and x (to the left).
    spacing_zyx_mm
        Their distances.
    """

    shape_zyx: tuple[int, int, int] = (20, 112, 112)
    spacing_zyx_mm: Triple = (3.0, 1.0, 1.0)

    @cached_property
    def places_mm(self) -> Array:
        """Offsets of all voxels from the centre, shape (3, z, y, x), in mm along z, y, x."""
        axes = [
            (np.arange(n) - (n - 1) / 2) * step
            for n, step in zip(self.shape_zyx, self.spacing_zyx_mm, strict=True)
        ]
        return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)

    def around(self, centre_mm: NDArray[np.floating]) -> Array:
        """Return offsets from another point, shape (3, z, y, x), in mm."""
        return column(-np.asarray(centre_mm)) + self.places_mm


def column(values: NDArray[np.floating]) -> Array:
    """Shape three values so that they go along with offsets (3, z, y, x)."""
    return np.asarray(values, dtype=np.float32)[:, None, None, None]


def sample(channels: Array, at_index_zyx: Array, *, nearest: bool = False, edge: bool = True) -> Array:
    """Read volumes at fractional indices.

    Parameters
    ----------
    channels
        (c, z, y, x).
    at_index_zyx
        (3, z', y', x') indices along z, y, x.
    nearest
        Take the nearest voxel, else interpolate linearly.
    edge
        Outside, repeat the edge; else read 0.

    Returns
    -------
    ndarray
        (c, z', y', x').
    """
    sizes = channels.shape[1:]
    unit = [2 * at_index_zyx[k] / (sizes[k] - 1) - 1 for k in (2, 1, 0)]
    grid = torch.from_numpy(np.stack(unit, axis=-1).astype(np.float32))[None]
    read = F.grid_sample(
        torch.from_numpy(channels)[None],
        grid,
        mode="nearest" if nearest else "bilinear",
        padding_mode="border" if edge else "zeros",
        align_corners=True,
    )
    return read[0].numpy()


def rotation(about_z: float, about_x: float, about_y: float) -> NDArray[np.float64]:
    """Return the matrix that turns (z, y, x) by three angles in degrees."""
    z, x, y = np.deg2rad([about_z, about_x, about_y])
    in_plane = np.array([[1, 0, 0], [0, np.cos(z), -np.sin(z)], [0, np.sin(z), np.cos(z)]])
    tilt = np.array([[np.cos(x), -np.sin(x), 0], [np.sin(x), np.cos(x), 0], [0, 0, 1]])
    lean = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    return np.asarray(in_plane @ tilt @ lean)
