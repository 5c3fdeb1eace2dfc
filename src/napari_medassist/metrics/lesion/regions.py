"""Which reference lesion a voxel belongs to: the nearest one."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_medassist.core.lesion import LesionSet
from napari_medassist.metrics.borders import border
from napari_medassist.metrics.lesion.matched import MatchedLesions

Indices = NDArray[np.intp]
#: Returns the id of the reference lesion to which each of the given voxels (n, 3) belongs.
Assign = Callable[[MatchedLesions, Indices], Indices]

#: Distances that differ by less, relatively, are a tie.
_TIE = 1e-9


def mean_dice_of_regions(matched: MatchedLesions, assign: Assign) -> float:
    """Return the mean over the reference lesions of the Dice within the region of each.

    Parameters
    ----------
    matched
        The lesions; how they are matched does not matter here.
    assign
        Says to which region predicted voxels outside of the reference belong.

    Returns
    -------
    float
        NaN without a lesion on either side, 0 if only the reference has none.
    """
    n_lesions = len(matched.reference)
    if not n_lesions:
        return 0.0 if len(matched.prediction) else nan
    true = matched.shared.sum(axis=1)
    outside = np.argwhere((matched.prediction.labels != 0) & (matched.reference.labels == 0))
    regions = assign(matched, outside) if n_lesions > 1 else np.ones(len(outside), dtype=np.intp)
    false = np.bincount(regions, minlength=n_lesions + 1)[1:]
    return float((2 * true / (matched.reference.sizes() + true + false)).mean())


def nearest_lesion(matched: MatchedLesions, voxels: Indices) -> Indices:
    """Return the id of the lesion nearest to each voxel, in mm; of equally near ones the lower id.

    Parameters
    ----------
    matched
        Its reference lesions are asked.
    voxels
        (n, 3) indices in the lesions' crop.
    """
    spacing = np.asarray(matched.spacing_zyx_mm)
    places = _border_places(matched.reference)
    ids = matched.reference.labels[tuple(places.T)]
    tree = cKDTree(places * spacing)
    nearest = np.zeros(len(voxels), dtype=np.intp)
    pending, n_neighbours = np.arange(len(voxels)), 8
    while pending.size:
        n_neighbours = min(n_neighbours, len(places))
        distances, found = tree.query(voxels[pending] * spacing, k=np.arange(1, n_neighbours + 1))
        tied = distances <= distances[:, :1] * (1 + _TIE)
        nearest[pending] = np.where(tied, ids[found], ids.max()).min(axis=1)
        more = tied[:, -1] & (n_neighbours < len(places))
        pending, n_neighbours = pending[more], 8 * n_neighbours
    return nearest


def nearest_lesion_in_voxels(matched: MatchedLesions, voxels: Indices) -> Indices:
    """Return the id of the lesion nearest to each voxel, counted in voxels.

    Equally near ones are settled by the feature transform of ``scipy.ndimage``, as in CC-Metrics 0.0.3.
    """
    labels = matched.reference.labels
    nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    ids: Indices = labels[tuple(nearest)][tuple(voxels.T)].astype(np.intp)
    return ids


def _border_places(lesions: LesionSet) -> Indices:
    """Return the indices (n, 3) of the voxels on the lesions' borders; no other one is ever nearest."""
    places: Indices = np.argwhere(border(lesions.labels != 0))
    return places
