"""Lungs and large airways on CT by their density: no network is needed for what is full of air."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.models.classical.airways import airways_of
from napari_medassist.models.classical.coarse import coarse_image
from napari_medassist.models.grids import labels_on_grid

Mask = NDArray[np.bool_]
Float32 = NDArray[np.float32]
Labels = NDArray[np.uint8]

LEFT, RIGHT, AIRWAYS = 1, 2, 3

_AIR_HU = -450.0  # half way between lung and soft tissue, about
_GAS_HU = -965.0  # gas in bowel and outside has no tissue in it; lungs have, even emphysematous ones
_WORKS_ON_MM = 2.0
_LEAST_ML = 8.0
_CORE_MM = 5.0  # deeper than partial volume reaches
_VESSEL_MM2 = 250.0  # an artery of 18 mm, cut across
_CLOSING_MM = 6.0  # vessels and small nodules at the pleura belong to the lung
_LEAST_SHARE = 0.15  # of all lung: less is no lung of its own when two are told apart


def segment_lungs(values_hu: NDArray[Any], geometry: Geometry, progress: Progress = silent) -> Labels:
    """Label the lungs and the airways.

    Air within the body whose inside is denser than gas is lung. Airways grow from the trachea, where
    the image shows it, and are taken out. What then still holds together is cut where it is thinnest.

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
        uint8 (z, y, x): 0 background, 1 left lung, 2 right lung, 3 airways.
    """
    progress(0, 5, "the image is made coarser")
    hu, grid = coarse_image(values_hu, geometry, _WORKS_ON_MM)
    spacing = grid.spacing_zyx_mm
    progress(1, 5, "air in the body")
    air = air_within(hu)
    progress(2, 5, "airways")
    airways = airways_of(hu, air, spacing)
    progress(3, 5, "lungs")
    lungs = _lungs(hu, air & ~_grown(airways, 1), grid)
    left, right = _sides(lungs, hu, spacing)
    progress(4, 5, "borders")
    left, right = (_closed(side, spacing) for side in (left, right))
    labels = np.where(left, LEFT, np.where(right, RIGHT, 0)).astype(np.uint8)
    both = left & right
    labels[both] = np.where(lungs[both], labels[both], 0)
    labels[airways] = AIRWAYS
    return labels if grid is geometry else labels_on_grid(labels, grid, geometry)


def air_within(hu: Float32) -> Mask:
    """Return air that is not around the body: no part of it reaches the sides of the image."""
    air = hu < _AIR_HU
    parts, _ = ndimage.label(air)
    sides = (parts[:, 0], parts[:, -1], parts[:, :, 0], parts[:, :, -1])
    around = np.unique(np.concatenate([side.ravel() for side in sides]))
    inside: Mask = air & ~np.isin(parts, around)
    return inside


def _lungs(hu: Float32, air: Mask, grid: Geometry) -> Mask:
    """Keep the parts of the air that are large enough and denser inside than gas."""
    parts, n = ndimage.label(air)
    if not n:
        return np.zeros(hu.shape, dtype=bool)
    least = _LEAST_ML * 1000 / grid.voxel_volume_mm3
    sizes = np.bincount(parts.ravel())
    lungs = np.zeros(hu.shape, dtype=bool)
    for number, box in enumerate(ndimage.find_objects(parts), 1):
        if sizes[number] < least:
            continue
        part = parts[box] == number
        # Where the image ends, the part goes on: its end is no border of it.
        padded = np.pad(part, 1, mode="edge")
        depth = ndimage.distance_transform_edt(padded, sampling=grid.spacing_zyx_mm)[1:-1, 1:-1, 1:-1]
        core = hu[box][depth > _CORE_MM]
        if core.size and np.median(core) > _GAS_HU:
            lungs[box] |= part
    return lungs


def _sides(lungs: Mask, hu: Float32, spacing_zyx_mm: tuple[float, float, float]) -> tuple[Mask, Mask]:
    """Tell the left lung (larger x) from the right one."""
    parts, n = ndimage.label(lungs)
    if not n:
        return lungs, lungs.copy()
    body = np.nonzero((hu > _AIR_HU).any(axis=(0, 1)))[0]
    middle = (body.min() + body.max()) / 2 if body.size else (hu.shape[2] - 1) / 2
    left = np.zeros(lungs.shape, dtype=bool)
    for number, box in enumerate(ndimage.find_objects(parts), 1):
        part = parts[box] == number
        x = np.nonzero(part)[2] + box[2].start
        on_left = float((x > middle).mean())
        if min(on_left, 1 - on_left) > _LEAST_SHARE:
            left[box] |= part & _left_of_two(part, spacing_zyx_mm)
        elif on_left > 0.5:
            left[box] |= part
    return left, lungs & ~left


def _left_of_two(part: Mask, spacing_zyx_mm: tuple[float, float, float]) -> Mask:
    """Cut lungs that hold together where they are thinnest; return the one with the larger x."""
    from skimage.segmentation import watershed

    depth = ndimage.distance_transform_edt(np.pad(part, 1), sampling=spacing_zyx_mm)[1:-1, 1:-1, 1:-1]
    whole = np.count_nonzero(part)
    for level in np.arange(1.0, float(depth.max()), max(1.0, min(spacing_zyx_mm) / 2)):
        seeds, _ = ndimage.label(depth > level)
        sizes = np.bincount(seeds.ravel())
        sizes[0] = 0
        two = np.argsort(sizes)[::-1][:2]
        if len(two) == 2 and sizes[two[1]] > _LEAST_SHARE * whole * 0.5:
            # Other seeds would become lungs of their own.
            seeds = np.where(np.isin(seeds, two), seeds, 0)
            regions = watershed(-depth, seeds, mask=part)
            middles = [np.nonzero(regions == number)[2].mean() for number in two]
            found: Mask = regions == two[int(np.argmax(middles))]
            return found
    x = np.arange(part.shape[2])
    halves: Mask = np.broadcast_to(x > np.nonzero(part)[2].mean(), part.shape)
    return halves


def _closed(mask: Mask, spacing_zyx_mm: tuple[float, float, float]) -> Mask:
    """Close gaps up to some millimetres, and fill the holes of each axial slice."""
    if not mask.any():
        return mask
    margin = [int(np.ceil(_CLOSING_MM / step)) + 1 for step in spacing_zyx_mm]
    padded = np.pad(mask, [(n, n) for n in margin], mode="edge")
    near = ndimage.distance_transform_edt(~padded, sampling=spacing_zyx_mm) <= _CLOSING_MM
    kept = ndimage.distance_transform_edt(near, sampling=spacing_zyx_mm) > _CLOSING_MM
    inner = tuple(slice(n, -n) for n in margin)
    return _filled(kept[inner] | mask, spacing_zyx_mm)


def _filled(mask: Mask, spacing_zyx_mm: tuple[float, float, float]) -> Mask:
    """Fill what lung surrounds on all sides, and the small holes of each axial slice: vessels.

    In an axial slice lung surrounds the dome of the diaphragm too: a large hole is lung only if it is
    closed above and below.
    """
    filled = ndimage.binary_fill_holes(mask)
    most = _VESSEL_MM2 / (spacing_zyx_mm[1] * spacing_zyx_mm[2])
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        holes, n = ndimage.label(ndimage.binary_fill_holes(filled[k]) & ~filled[k])
        if n:
            small = np.flatnonzero(np.bincount(holes.ravel()) <= most)
            filled[k] |= np.isin(holes, small[small > 0])
    return np.asarray(filled)


def _grown(mask: Mask, n_voxels: int) -> Mask:
    grown: Mask = ndimage.binary_dilation(mask, iterations=n_voxels) if mask.any() else mask
    return grown
