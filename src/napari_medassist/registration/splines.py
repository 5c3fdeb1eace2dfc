"""Cubic B-splines over a grid in mm: from control points to displacements, and how much they bend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from napari_medassist.core.geometry import Float

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class ControlGrid:
    """Control points along the axes of an image, one beyond each end.

    Parameters
    ----------
    extent_zyx_mm
        From the first voxel centre to the last along z, y, x.
    n_cells
        Cells between control points along z, y, x; there are three more points than cells.
    """

    extent_zyx_mm: Triple
    n_cells: tuple[int, int, int]

    @classmethod
    def of(cls, extent_zyx_mm: Triple, spacing_mm: float) -> ControlGrid:
        """Return a grid whose points are at most about so far apart."""
        z, y, x = (max(1, round(extent / spacing_mm)) for extent in extent_zyx_mm)
        return cls(extent_zyx_mm, (z, y, x))

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many control points there are along z, y, x."""
        z, y, x = (n + 3 for n in self.n_cells)
        return z, y, x

    @property
    def spacing_mm(self) -> Triple:
        """Distances of control points; 1 along an axis without extent."""
        z, y, x = (
            extent / n if extent > 0 else 1.0
            for extent, n in zip(self.extent_zyx_mm, self.n_cells, strict=True)
        )
        return z, y, x

    def weights(self, axis: int, places_mm: Float) -> Float:
        """Return (places, control points): how much each point counts at places along an axis.

        Parameters
        ----------
        axis
            0, 1, 2 for z, y, x.
        places_mm
            Distances from the first voxel centre.
        """
        cell = np.asarray(places_mm, dtype=np.float64) / self.spacing_mm[axis]
        n = self.n_cells[axis]
        first = np.clip(np.floor(cell).astype(np.intp), 0, n - 1)
        t = cell - first
        basis = np.stack(
            [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=-1
        )
        found = np.zeros((len(cell), n + 3))
        rows = np.arange(len(cell))
        for k in range(4):
            found[rows, first + k] = basis[:, k] / 6
        return found


def evaluated(points: Tensor, weights: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Return displacements (3, z, y, x) of control points (3, cz, cy, cx), axis by axis."""
    import torch

    z, y, x = weights
    found = torch.einsum("czyx,wx->czyw", points, x)
    found = torch.einsum("czyw,vy->czvw", found, y)
    return torch.einsum("czvw,uz->cuvw", found, z)


def bending(points: Tensor, spacing_mm: Triple) -> Tensor:
    """Return the mean squared second derivative of control points (3, cz, cy, cx), in 1/mm.

    Mixed derivatives count twice, as in the energy of a thin plate of metal (Rueckert et al. 1999). An
    axis with too few points for a derivative adds nothing.
    """
    total = points.new_zeros(())
    for first in range(3):
        for second in range(first, 3):
            d = points
            for axis in (first, second):
                if d.shape[axis + 1] < 2:
                    d = d[:0]
                    break
                d = d.diff(dim=axis + 1) / spacing_mm[axis]
            if d.numel():
                total = total + (1 if first == second else 2) * (d**2).mean()
    return total
