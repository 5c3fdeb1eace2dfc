"""Images and label maps carried to another grid through a map, interpolated once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import CompositeTransform, DisplacementField, Transform
from napari_medassist.core.volume import Volume

#: Voxels whose places are held at once.
_PORTION = 400_000


def warped(
    moving: Volume,
    transform: Transform,
    onto: Geometry,
    *,
    outside: float | None = None,
    progress: Progress = silent,
) -> Volume:
    """Return a moving image on the fixed image's grid.

    Parameters
    ----------
    moving
        The image; of a time series, every time point.
    transform
        From the fixed image's space to the moving image's, LPS mm.
    onto
        The grid that is wanted.
    outside
        What stands where the moving image shows nothing; its smallest value by default.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Returns
    -------
    Volume
        Of the image's own type; interpolated linearly.

    Raises
    ------
    InvalidImage
        If the image holds values that are not finite: they would spread.
    """
    values = np.asarray(moving.array)
    times = values if values.ndim == 4 else values[None]
    if not np.isfinite(times).all():
        raise InvalidImage(
            f"'{moving.name}' holds values that are not finite.",
            cure="Replace them on purpose, e.g. by 0, and open the image again.",
        )
    beyond = float(times.min()) if outside is None else outside
    made = np.empty((len(times), *onto.shape_zyx), dtype=np.float32)
    times = times.astype(np.float32, copy=False)
    for slab, index in _moving_indices(transform, onto, moving.geometry, progress):
        for k, one in enumerate(times):
            made[k, slab] = ndimage.map_coordinates(one, index, order=1, mode="constant", cval=beyond)
    if np.issubdtype(values.dtype, np.integer):
        limits = np.iinfo(values.dtype)
        made = np.clip(np.rint(made), limits.min, limits.max)
    array = made.astype(values.dtype)
    return Volume(
        array if values.ndim == 4 else array[0],
        onto,
        name=moving.name,
        provenance=moving.provenance,
        role=moving.role,
        acquisition=moving.acquisition,
    )


def warped_labels(
    labels: LabelMap, transform: Transform, onto: Geometry, *, progress: Progress = silent
) -> LabelMap:
    """Return a label map on the fixed image's grid.

    Each voxel gets the label whose share of it is largest, as interpolated linearly; one of which less
    than half is labelled is background. Surfaces stay smooth where nearest neighbours would make steps.

    Parameters
    ----------
    labels, transform, onto, progress
        As for :func:`warped`.
    """
    array = np.asarray(labels.array)
    values = [int(v) for v in np.unique(array) if v]
    made = np.zeros(onto.shape_zyx, dtype=array.dtype)
    masks = {value: (array == value).astype(np.float32) for value in values}
    for slab, index in _moving_indices(transform, onto, labels.geometry, progress):
        best = np.zeros(index.shape[1:], dtype=np.float32)
        total, found = np.zeros_like(best), np.zeros(best.shape, dtype=array.dtype)
        for value, mask in masks.items():
            share = ndimage.map_coordinates(mask, index, order=1, mode="constant", cval=0.0)
            found[share > best] = value
            np.maximum(best, share, out=best)
            total += share
        made[slab] = np.where(total >= 0.5, found, 0)
    return LabelMap(made, onto, name=labels.name, provenance=labels.provenance, scheme=labels.scheme)


def warped_numbers(
    numbers: NDArray[np.integer], moving: Geometry, transform: Transform, onto: Geometry
) -> NDArray[np.integer]:
    """Return whole numbers on the fixed image's grid, each from the nearest moving voxel; 0 beyond.

    For counting, where many numbers would take too long: their surfaces have steps.

    Parameters
    ----------
    numbers, moving
        (z, y, x) and their grid.
    transform, onto
        As for :func:`warped`.
    """
    made = np.zeros(onto.shape_zyx, dtype=numbers.dtype)
    last = np.asarray(moving.shape_zyx).reshape(3, 1, 1, 1) - 1
    for slab, index in _moving_indices(transform, onto, moving, silent):
        near = np.rint(np.nan_to_num(index, nan=-1.0)).astype(np.intp)
        is_there = ((near >= 0) & (near <= last)).all(axis=0)
        z, y, x = np.clip(near, 0, last)
        made[slab] = np.where(is_there, numbers[z, y, x], 0)
    return made


def _moving_indices(
    transform: Transform, onto: Geometry, moving: Geometry, progress: Progress
) -> Iterator[tuple[slice, Float]]:
    """Go through slabs of the fixed grid with the moving index (3, z, y, x) of each of their voxels."""
    n_slices, n_rows, n_columns = onto.shape_zyx
    step = max(1, _PORTION // max(1, n_rows * n_columns))
    for start in range(0, n_slices, step):
        progress(start, n_slices, "the image is carried over")
        slab = slice(start, min(start + step, n_slices))
        places = _places(transform, onto, slab)
        index = moving.lps_to_index(places)
        yield slab, np.stack([index[..., axis] for axis in range(3)])
    progress(n_slices, n_slices, "the image is carried over")


def _places(transform: Transform, onto: Geometry, slab: slice) -> Float:
    """Return where the voxels of a slab come to lie; a field on the very grid is not interpolated."""
    corner = onto.index_to_lps((float(slab.start), 0.0, 0.0))
    part = Geometry(
        (slab.stop - slab.start, *onto.shape_zyx[1:]),
        onto.spacing_zyx_mm,
        tuple(corner.tolist()),
        onto.direction_lps,
    )
    places = part.voxel_places_lps_mm()
    parts = transform.parts if isinstance(transform, CompositeTransform) else (transform,)
    first, *others = parts or (None,)
    if isinstance(first, DisplacementField) and first.geometry.is_same_grid(onto, tolerance_mm=1e-6):
        places = places + first.vectors_lps_mm[slab]
    elif first is not None:
        places = first.transform_points(places)
    for other in others:
        places = other.transform_points(places)
    return np.asarray(places, dtype=np.float64)
