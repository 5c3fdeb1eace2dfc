"""Pictures of a map: arrows, a grid that it bends, and where it makes the anatomy grow or shrink."""

from __future__ import annotations

import numpy as np

from napari_medassist.app.registering.aligning import Alignment
from napari_medassist.core.geometry import Float
from napari_medassist.core.volume import Volume
from napari_medassist.registration.quality import body, jacobian_determinant
from napari_medassist.registration.resample import warped

_ARROW_STEP_MM = 8.0
_LINE_EVERY_MM = 8.0


def arrows_lps_mm(alignment: Alignment, step_mm: float = _ARROW_STEP_MM) -> tuple[Float, Float]:
    """Return where places of the fixed image's body lie, and where they lie in the moving one.

    Parameters
    ----------
    alignment
        Gives the map.
    step_mm
        About how far arrows are apart; slices that are farther apart have their own each.

    Returns
    -------
    tuple of ndarray
        (n, 3) each, LPS mm.
    """
    grid = alignment.fixed.geometry
    z, y, x = (max(1, round(step_mm / mm)) for mm in grid.spacing_zyx_mm)
    picked = np.zeros(grid.shape_zyx, dtype=bool)
    picked[z // 2 :: z, y // 2 :: y, x // 2 :: x] = True
    index = np.argwhere(picked & body(alignment.fixed))
    places = grid.index_to_lps(index.astype(np.float64))
    return places, alignment.transform.transform_points(places)


def bent_grid(alignment: Alignment, every_mm: float = _LINE_EVERY_MM) -> Volume:
    """Return straight lines of the moving image's space as the map bends them, on the fixed grid.

    Parameters
    ----------
    alignment
        Gives the map.
    every_mm
        Distance of the lines in the moving image's slices.

    Returns
    -------
    Volume
        float32, 0 to 1.
    """
    grid = alignment.moving.geometry
    lines = np.zeros(grid.shape_zyx, dtype=np.float32)
    y, x = (max(2, round(every_mm / mm)) for mm in grid.spacing_zyx_mm[1:])
    lines[:, ::y] = 1.0
    lines[:, :, ::x] = 1.0
    straight = Volume(lines, grid, name=f"grid of {alignment.moving.name}")
    return warped(straight, alignment.transform, alignment.fixed.geometry, outside=0.0)


def growth(alignment: Alignment) -> Volume:
    """Return how small volumes grow from fixed to moving: 1 as they are, 0 and less folded."""
    determinant = jacobian_determinant(alignment.transform, alignment.fixed.geometry)
    return Volume(
        determinant.astype(np.float32),
        alignment.fixed.geometry,
        alignment.fixed.source,
        name=f"growth, {alignment.moving.name}",
    )
