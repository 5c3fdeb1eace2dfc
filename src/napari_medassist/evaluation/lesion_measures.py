"""What a reader measures on a lesion: its longest diameter, and how far it lies from the other side."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Lesion, LesionSet
from napari_medassist.core.progress import Progress, silent
from napari_medassist.metrics.borders import border
from napari_medassist.metrics.diameters import longest_axial_mm


def longest_axial_diameters_mm(
    lesions: LesionSet, spacing_zyx_mm: Triple, progress: Progress = silent
) -> tuple[float, ...]:
    """Return the longest diameter of each lesion within one axial slice, in mm.

    It is the largest distance between two corners of its voxels in one slice, over all slices: a lesion
    of one voxel is as long as the diagonal of the voxel.

    Parameters
    ----------
    lesions
        The lesions of one side.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    progress
        Told of each lesion; may raise ``Cancelled``.

    Returns
    -------
    tuple of float
        One value a lesion, in the order of the ids.
    """
    diameters = []
    for done, lesion in enumerate(lesions, start=1):
        progress(done, len(lesions), "Measuring lesions")
        diameters.append(longest_axial_mm(_voxels_of(lesions, lesion), spacing_zyx_mm))
    return tuple(diameters)


def distances_to_other_mm(
    lesions: LesionSet, other: LesionSet, spacing_zyx_mm: Triple
) -> tuple[float | None, ...]:
    """Return how far each lesion of one side lies from the nearest one of the other side, in mm.

    The smallest distance between a voxel centre of the lesion and one of any lesion of the other side;
    0 if they share voxels, None if the other side has no lesion.

    Parameters
    ----------
    lesions, other
        The lesions of the two sides, on one crop of one grid.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.

    Returns
    -------
    tuple of float or None
        One value a lesion, in the order of the ids.
    """
    if not len(other):
        return (None,) * len(lesions)
    nearest = np.full(len(lesions) + 1, inf)
    nearest[np.unique(lesions.labels[other.labels != 0])] = 0
    apart = nearest[lesions.labels] > 0
    apart &= lesions.labels != 0
    if apart.any():
        spacing = np.asarray(spacing_zyx_mm)
        tree = cKDTree(np.argwhere(border(other.labels != 0)) * spacing)
        places = np.argwhere(border(apart))
        found, _ = tree.query(places * spacing)
        np.minimum.at(nearest, lesions.labels[tuple(places.T)], found)
    return tuple(float(v) for v in nearest[1:])


def _voxels_of(lesions: LesionSet, lesion: Lesion) -> NDArray[np.bool_]:
    box = tuple(
        slice(start - offset, stop - offset)
        for start, stop, offset in zip(
            lesion.start_zyx, lesion.stop_zyx, lesions.offset_zyx, strict=True
        )
    )
    inside: NDArray[np.bool_] = lesions.labels[box] == lesion.id
    return inside
