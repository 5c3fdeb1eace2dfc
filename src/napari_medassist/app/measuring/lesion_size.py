"""How large a lesion is: volume and longest diameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Geometry
from napari_medassist.metrics.diameters import longest_3d_mm, longest_axial_mm


@dataclass(frozen=True)
class LesionSize:
    """Size of a lesion: volume (ml), longest diameter in one axial slice and in space (mm)."""

    volume_ml: float
    axial_mm: float
    diameter_3d_mm: float

    def in_words(self) -> str:
        """Return it in one line."""
        return f"{self.volume_ml:.2f} ml, axial {self.axial_mm:.1f} mm, 3D {self.diameter_3d_mm:.1f} mm"


def lesion_size(mask: NDArray[np.bool_], grid: Geometry) -> LesionSize:
    """Return the size of a lesion.

    Parameters
    ----------
    mask
        (z, y, x) bool, on the grid or a crop of it.
    grid
        The grid, for spacing and volume of a voxel.
    """
    return LesionSize(
        volume_ml=float(mask.sum()) * grid.voxel_volume_mm3 / 1000,
        axial_mm=longest_axial_mm(mask, grid.spacing_zyx_mm),
        diameter_3d_mm=longest_3d_mm(mask, grid.spacing_zyx_mm),
    )
