"""Opacities of the lungs on CT: what holds more tissue than the aerated lung of the patient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.models.classical.coarse import coarse_image
from napari_medassist.models.classical.lungs import LEFT, RIGHT, segment_lungs
from napari_medassist.models.grids import covering_grid, labels_on_grid, on_grid

Mask = NDArray[np.bool_]
Float32 = NDArray[np.float32]
Labels = NDArray[np.uint8]

GROUND_GLASS, CONSOLIDATION = 1, 2
#: Share of tissue that a voxel gained over aerated lung: from where on it is opaque, and consolidated.
OPAQUE_SHARE, DENSE_SHARE = 0.18, 0.6

_TISSUE_HU = 50.0
_WORKS_ON_MM = 2.0
#: The best aerated quarter of a lung is aerated lung; beyond this range it is emphysema, or no lung.
_AERATED_QUANTILE, _AERATED_HU = 0.25, (-950.0, -700.0)
_RIM_MM = 4.0  # what the wall's partial volume reaches takes no part in that quarter
_VESSEL_MM = 3.0  # radius: thinner than this in the axial plane is a vessel, a fissure or the rim


def segment_opacities(
    values_hu: NDArray[Any], geometry: Geometry, progress: Progress = silent
) -> Labels:
    """Label ground glass and consolidation within the lungs.

    A voxel of lung is taken for a mixture of the patient's aerated lung (lower quartile of the lungs'
    CT numbers, away from their rim) and soft tissue (50 HU). Where tissue gained 18 % of the voxel it
    is ground glass, from 60 % on consolidation, unless it is as thin as a vessel in the axial plane.

    Parameters
    ----------
    values_hu
        CT numbers (z, y, x), canonical order.
    geometry
        Their grid.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Returns
    -------
    ndarray
        uint8 (z, y, x): 0 none, 1 ground glass, 2 consolidation. None outside the lungs that
        :func:`~napari_medassist.models.classical.lungs.segment_lungs` finds.
    """
    progress(0, 3, "the image is brought to pixels of 2 mm")
    hu, grid = _on_pixels(values_hu, geometry)
    progress(1, 3, "lungs")
    lungs = np.isin(segment_lungs(hu, grid), (LEFT, RIGHT))
    progress(2, 3, "opacities")
    labels = opacities_within(hu, lungs, grid.spacing_zyx_mm)
    return labels_on_grid(labels, grid, geometry)


def _on_pixels(values_hu: NDArray[Any], geometry: Geometry) -> tuple[Float32, Geometry]:
    """Return an image on pixels of one size: what is as thin as a vessel is the same on all images."""
    coarse, between = coarse_image(values_hu, geometry, _WORKS_ON_MM)
    spacing = (between.spacing_zyx_mm[0], _WORKS_ON_MM, _WORKS_ON_MM)
    grid = covering_grid(geometry, geometry, spacing, (1, 1, 1))
    return on_grid(coarse, between, grid, edge="nearest"), grid


def opacities_within(hu: Float32, lungs: Mask, spacing_zyx_mm: tuple[float, float, float]) -> Labels:
    """Label opacities within given lungs.

    Parameters
    ----------
    hu
        CT numbers (z, y, x), of voxels of 1 to 4 mm in the axial plane.
    lungs
        Where to look.
    spacing_zyx_mm
        Size of a voxel.

    Returns
    -------
    ndarray
        uint8 (z, y, x): 0 none, 1 ground glass, 2 consolidation.
    """
    labels = np.zeros(hu.shape, dtype=np.uint8)
    if not lungs.any():
        return labels
    smooth = ndimage.median_filter(hu, (1, 3, 3))
    aerated = _aerated_hu(smooth, lungs, spacing_zyx_mm)
    share = (smooth - aerated) / (_TISSUE_HU - aerated)
    in_plane = spacing_zyx_mm[1:]
    labels[_opened((share >= OPAQUE_SHARE) & lungs, in_plane, _VESSEL_MM)] = GROUND_GLASS
    labels[_opened((share >= DENSE_SHARE) & (labels > 0), in_plane, _VESSEL_MM)] = CONSOLIDATION
    return labels


def _aerated_hu(hu: Float32, lungs: Mask, spacing_zyx_mm: tuple[float, float, float]) -> float:
    """Return the CT number of the best aerated quarter of the lungs."""
    # Where the image ends the lungs go on: that is no rim.
    padded = np.pad(lungs, 1, mode="edge")
    depth = ndimage.distance_transform_edt(padded, sampling=spacing_zyx_mm)[1:-1, 1:-1, 1:-1]
    inner = hu[depth > _RIM_MM]
    values = inner if inner.size else hu[lungs]
    return float(np.clip(np.quantile(values, _AERATED_QUANTILE), *_AERATED_HU))


def _opened(mask: Mask, spacing_yx_mm: tuple[float, ...], radius_mm: float) -> Mask:
    """Take away what a disk does not fit into, in each axial slice."""
    opened = np.zeros_like(mask)
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        plane = np.pad(mask[k], 1, mode="edge")
        kept = ndimage.distance_transform_edt(plane, sampling=spacing_yx_mm) > radius_mm
        if kept.any():
            near = ndimage.distance_transform_edt(~kept, sampling=spacing_yx_mm) <= radius_mm
            opened[k] = (near & plane)[1:-1, 1:-1]
    return opened
