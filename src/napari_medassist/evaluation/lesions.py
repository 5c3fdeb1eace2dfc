"""From masks to lesions: components under an extraction rule, measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Float, Geometry, Triple
from napari_medassist.core.lesion import Index, Labels, Lesion, LesionSet, Side
from napari_medassist.evaluation.components import Components, connected, large_enough, merged
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.pair import MaskPair


def find_lesions(
    pair: MaskPair,
    side: Side,
    *,
    rule: ExtractionRule,
    geometry: Geometry | None = None,
    confidence: NDArray[np.floating[Any]] | None = None,
) -> LesionSet:
    """Return the lesions of one mask of a pair.

    Parameters
    ----------
    pair
        The two masks; their common crop becomes the crop of the lesion set.
    side
        Which mask. Only lesions of the reference are merged, where the rule merges.
    rule
        What a lesion is.
    geometry
        The grid of the full image, for positions in the patient; None if it is not known.
    confidence
        (z, y, x) map of the full grid whose highest value within a lesion is its confidence; None
        for a mask.

    Returns
    -------
    LesionSet
        Ids follow the order of the first voxels along z, y, x.
    """
    mask = pair.reference if side is Side.REFERENCE else pair.prediction
    if rule.merge_steps and side is Side.REFERENCE:
        components = merged(mask, rule, offset_zyx=pair.offset_zyx, shape_zyx=pair.shape_zyx)
    else:
        components = Components(connected(mask, rule.connectivity)[0])
    components = large_enough(components, rule, pair.voxel_volume_ml * 1000)
    lesions = _measured(components.labels, pair, side, geometry, confidence)
    return LesionSet(
        side=side,
        lesions=lesions,
        labels=components.labels,
        offset_zyx=pair.offset_zyx,
        shape_zyx=pair.shape_zyx,
        connectivity=rule.connectivity,
        n_dropped=components.n_dropped,
        reach=components.reach,
    )


def _measured(
    labels: Labels,
    pair: MaskPair,
    side: Side,
    geometry: Geometry | None,
    confidence: NDArray[np.floating[Any]] | None,
) -> tuple[Lesion, ...]:
    lesions = []
    for lesion_id, box in enumerate(ndimage.find_objects(labels), start=1):
        start, stop = _corners(box, pair.offset_zyx)
        mask = labels[box] == lesion_id
        n_voxels, centroid_in_box = _size_and_centroid(mask)
        centroid = centroid_in_box + np.array(start)
        in_image = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        lesions.append(
            Lesion(
                id=lesion_id,
                side=side,
                n_voxels=n_voxels,
                volume_ml=n_voxels * pair.voxel_volume_ml,
                centroid_index_zyx=_triple(centroid),
                start_zyx=start,
                stop_zyx=stop,
                centroid_lps_mm=_in_patient(centroid, geometry),
                confidence=None if confidence is None else float(confidence[in_image][mask].max()),
            )
        )
    return tuple(lesions)


def _size_and_centroid(mask: NDArray[np.bool_]) -> tuple[int, Float]:
    """Return the number of voxels and their mean index; sums along axes are far faster than lists."""
    columns = np.count_nonzero(mask, axis=0)
    along_zyx = (np.count_nonzero(mask, axis=(1, 2)), columns.sum(axis=1), columns.sum(axis=0))
    n_voxels = int(columns.sum())
    return n_voxels, np.array([n @ np.arange(n.size) for n in along_zyx]) / n_voxels


def _in_patient(index_zyx: NDArray[Any], geometry: Geometry | None) -> Triple | None:
    return None if geometry is None else _triple(geometry.index_to_lps(index_zyx))


def _triple(values: NDArray[Any]) -> Triple:
    first, second, third = (float(v) for v in values)
    return first, second, third


def _corners(box: tuple[slice, ...], offset_zyx: Index) -> tuple[Index, Index]:
    starts = (int(side.start) + o for side, o in zip(box, offset_zyx, strict=True))
    stops = (int(side.stop) + o for side, o in zip(box, offset_zyx, strict=True))
    return _index(starts), _index(stops)


def _index(values: Iterable[int]) -> Index:
    z, y, x = values
    return z, y, x
