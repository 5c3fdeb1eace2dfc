"""From masks to lesions: connected components, measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.lesion import Index, Labels, Lesion, LesionSet, Side
from napari_medassist.metrics.pair import MaskPair

#: scipy counts in squared steps: faces, edges, corners.
_SCIPY_CONNECTIVITY = {6: 1, 18: 2, 26: 3}


def find_lesions(
    pair: MaskPair, side: Side, *, connectivity: int, geometry: Geometry | None = None
) -> LesionSet:
    """Return the connected components of one mask of a pair.

    Parameters
    ----------
    pair
        The two masks; their common crop becomes the crop of the lesion set.
    side
        Which mask.
    connectivity
        6, 18 or 26.
    geometry
        The grid of the full image, for positions in the patient; None if it is not known.

    Returns
    -------
    LesionSet
        Ids follow the order of the first voxels along z, y, x.
    """
    mask = pair.reference if side is Side.REFERENCE else pair.prediction
    structure = ndimage.generate_binary_structure(3, _SCIPY_CONNECTIVITY[connectivity])
    labels: Labels
    labels, _ = ndimage.label(mask, structure, output=np.int32)
    return LesionSet(
        side=side,
        lesions=_measured(labels, pair, side, geometry),
        labels=labels,
        offset_zyx=pair.offset_zyx,
        shape_zyx=pair.shape_zyx,
        connectivity=connectivity,
    )


def _measured(
    labels: Labels, pair: MaskPair, side: Side, geometry: Geometry | None
) -> tuple[Lesion, ...]:
    places = np.nonzero(labels)
    ids = labels[places]
    sizes = np.bincount(ids)[1:]
    sums = np.array([np.bincount(ids, weights=axis)[1:] for axis in places])
    centroids = (sums / sizes).T + np.array(pair.offset_zyx)
    return tuple(
        Lesion(
            id=index + 1,
            side=side,
            n_voxels=int(sizes[index]),
            volume_ml=float(sizes[index] * pair.voxel_volume_ml),
            centroid_index_zyx=_triple(centroids[index]),
            start_zyx=_corner([part.start for part in box], pair.offset_zyx),
            stop_zyx=_corner([part.stop for part in box], pair.offset_zyx),
            centroid_lps_mm=_in_patient(centroids[index], geometry),
        )
        for index, box in enumerate(ndimage.find_objects(labels))
    )


def _in_patient(index_zyx: NDArray[Any], geometry: Geometry | None) -> Triple | None:
    return None if geometry is None else _triple(geometry.index_to_lps(index_zyx))


def _triple(values: NDArray[Any]) -> Triple:
    first, second, third = (float(v) for v in values)
    return first, second, third


def _corner(corner_zyx: list[int], offset_zyx: Index) -> Index:
    z, y, x = (int(c) + o for c, o in zip(corner_zyx, offset_zyx, strict=True))
    return z, y, x
