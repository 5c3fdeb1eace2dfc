"""From masks to lesions: components under an extraction rule, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float, Geometry, Triple
from napari_medassist.core.lesion import Index, Labels, Lesion, LesionSet, Side
from napari_medassist.evaluation.extraction.candidates import Candidates
from napari_medassist.evaluation.extraction.components import Components, large_enough, merged
from napari_medassist.evaluation.extraction.runs import Indices
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.pair import MaskPair


def find_lesions(
    pair: MaskPair,
    side: Side,
    *,
    rule: ExtractionRule,
    geometry: Geometry | None = None,
    confidence: Candidates | NDArray[np.floating[Any]] | None = None,
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
        The candidates of a predicted map, on the crop of the pair, or a (z, y, x) map of the full grid:
        the highest value within a lesion is its confidence. None for a mask.

    Returns
    -------
    LesionSet
        Ids follow the order of the first voxels along z, y, x.
    """
    if confidence is not None and not isinstance(confidence, Candidates):
        confidence = Candidates(confidence[pair.box])
    components = None if confidence is None else confidence.components
    if components is None:
        components = _components(pair, side, rule)
    components = large_enough(components, rule, pair.voxel_volume_ml * 1000)
    depth, height, width = pair.reference.shape
    labels = components.labels((depth, height, width))
    values = None if confidence is None else confidence.values
    return LesionSet(
        side=side,
        lesions=_measured(components, labels, pair, side, geometry, values),
        labels=labels,
        offset_zyx=pair.offset_zyx,
        shape_zyx=pair.shape_zyx,
        connectivity=rule.connectivity,
        n_dropped=components.n_dropped,
        reach=components.reach,
    )


def _components(pair: MaskPair, side: Side, rule: ExtractionRule) -> Components:
    if side is Side.PREDICTION:
        return Components.of(pair.prediction, rule.connectivity, pair.prediction_rows)
    if not rule.merge_steps:
        return Components.of(pair.reference, rule.connectivity, pair.reference_rows)
    return merged(
        pair.reference,
        rule,
        offset_zyx=pair.offset_zyx,
        shape_zyx=pair.shape_zyx,
        rows=pair.reference_rows,
    )


def _measured(
    components: Components,
    labels: Labels,
    pair: MaskPair,
    side: Side,
    geometry: Geometry | None,
    values: NDArray[np.floating[Any]] | None,
) -> tuple[Lesion, ...]:
    measures = _measures(components)
    offset, voxel_ml = np.asarray(pair.offset_zyx), pair.voxel_volume_ml
    lesions = []
    for number, n_voxels in enumerate(measures.n_voxels.tolist(), start=1):
        centroid = measures.centroids[number - 1] + offset
        start, stop = (corners[number - 1] for corners in (measures.starts, measures.stops))
        highest = None
        if values is not None:
            box = _box(start, stop)
            highest = float(values[box][labels[box] == number].max())
        lesions.append(
            Lesion(
                id=number,
                side=side,
                n_voxels=n_voxels,
                volume_ml=n_voxels * voxel_ml,
                centroid_index_zyx=_triple(centroid),
                start_zyx=_index(start + offset),
                stop_zyx=_index(stop + offset),
                centroid_lps_mm=_in_patient(centroid, geometry),
                confidence=highest,
            )
        )
    return tuple(lesions)


@dataclass(frozen=True, eq=False)
class _Measures:
    """Sizes, centroids and boxes of all components, one row each."""

    n_voxels: Indices
    centroids: Float
    starts: Indices
    stops: Indices


def _measures(components: Components) -> _Measures:
    """Measure components by their runs; a run never holds voxels of two, since these would touch."""
    if not components.count:
        nothing = np.zeros((0, 3), dtype=np.int64)
        return _Measures(nothing[:, 0], nothing.astype(float), nothing, nothing)
    order = np.argsort(components.numbers, kind="stable")
    groups = np.searchsorted(components.numbers[order], np.arange(1, components.count + 1))
    first, lengths = components.runs.first_voxels, components.runs.lengths
    last = first + (lengths - 1)[:, None] * np.array([0, 0, 1])
    n_voxels = np.add.reduceat(lengths[order], groups)
    twice_sums = np.add.reduceat(((first + last) * lengths[:, None])[order], groups, axis=0)
    return _Measures(
        n_voxels=n_voxels,
        centroids=twice_sums / (2 * n_voxels[:, None]),
        starts=np.minimum.reduceat(first[order], groups, axis=0),
        stops=np.maximum.reduceat(last[order], groups, axis=0) + 1,
    )


def _box(start: Indices, stop: Indices) -> tuple[slice, ...]:
    return tuple(slice(a, b) for a, b in zip(start.tolist(), stop.tolist(), strict=True))


def _in_patient(index_zyx: NDArray[Any], geometry: Geometry | None) -> Triple | None:
    return None if geometry is None else _triple(geometry.index_to_lps(index_zyx))


def _triple(values: NDArray[Any]) -> Triple:
    first, second, third = (float(v) for v in values)
    return first, second, third


def _index(values: Indices) -> Index:
    z, y, x = values.tolist()
    return z, y, x
