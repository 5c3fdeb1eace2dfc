"""Each label of two label maps by itself: both levels, as if the others were not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import PartEvaluation
from napari_medassist.evaluation.comparison import (
    matching_scores,
    with_distances,
    with_rules_for_no_lesions,
)
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.inputs.label_values import count_values
from napari_medassist.evaluation.matching.match import match
from napari_medassist.metrics.lesion.matched import MatchedLesions
from napari_medassist.metrics.multi_label import class_pairs
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.policy import with_empty_rules
from napari_medassist.metrics.registry import default_names, lesion_scores, voxel_scores

#: Up to here the boxes of all values, occurring or not, make a short list.
_LARGEST_COUNTED = 1 << 16


def evaluate_labels(
    reference: NDArray[Any],
    prediction: NDArray[Any],
    spacing_zyx_mm: Sequence[float],
    scheme: LabelScheme,
    *,
    convention: Convention = MEDASSIST,
    metrics: Sequence[str] | None = None,
    geometry: Geometry | None = None,
) -> tuple[PartEvaluation, ...]:
    """Compare two label maps label by label, voxel by voxel and lesion by lesion.

    Every number is the one that :func:`~napari_medassist.evaluation.case.evaluate` returns for this
    label alone. The maps are gone through once; each label is compared within the box that holds it.

    Parameters
    ----------
    reference, prediction
        (z, y, x) whole numbers from 0 on, same shape.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    scheme
        Which labels, and what they are called. One that occurs in neither map is empty on both sides.
    convention, metrics
        As in ``evaluate``.
    geometry
        The grid in the patient; None if it is not known.

    Returns
    -------
    tuple of PartEvaluation
        One a label of the scheme, by rising value.

    Raises
    ------
    GeometryMismatch, InvalidImage, InvalidGeometry, UnknownItem
        As ``evaluate`` does.
    """
    values = sorted(label.value for label in scheme.labels)
    maps = [np.asarray(m) for m in (reference, prediction)]
    compact = max((int(m.max(initial=0)) for m in maps), default=0) > _LARGEST_COUNTED
    first, second = (_compacted(m, values) if compact else _as_numbers(m) for m in maps)
    labels = range(1, len(values) + 1) if compact else values
    pairs = class_pairs(first, second, spacing_zyx_mm, labels=labels, rule=convention.surface)
    parts = []
    for value, (_, pair) in zip(values, pairs, strict=True):
        matched = _matched(pair, convention, geometry)
        scores = _scores(pair, matched, convention, metrics)
        parts.append(PartEvaluation(value, scheme.get(value).name, scores, matched.counts))
    return tuple(parts)


def unlisted_values(values: NDArray[Any], scheme: LabelScheme) -> tuple[int, ...]:
    """Return the values that occur in a label map and stand in no entry of a scheme, rising.

    Parameters
    ----------
    values
        (z, y, x) whole numbers from 0 on; 0 needs no entry.
    scheme
        What is known.
    """
    listed = {0, *(label.value for label in scheme.labels)}
    return tuple(value for value in count_values(values) if value not in listed)


def _matched(pair: MaskPair, convention: Convention, geometry: Geometry | None) -> MatchedLesions:
    reference, prediction = (
        find_lesions(pair, side, rule=convention.extraction, geometry=geometry) for side in Side
    )
    matched = match(reference, prediction, convention.matching, spacing_zyx_mm=pair.spacing_zyx_mm)
    return with_distances(matched, convention, pair.diagonal_mm)


def _scores(
    pair: MaskPair, matched: MatchedLesions, convention: Convention, metrics: Sequence[str] | None
) -> dict[str, float]:
    names = default_names() if metrics is None else metrics
    rules = {"overlap": convention.empty_overlap, "distance": convention.empty_distance}
    of_voxels = with_empty_rules(voxel_scores(pair, names), pair, **rules)
    of_lesions = with_rules_for_no_lesions(
        matching_scores(matched, names), convention, matched.miss_distance_mm
    )
    return {**of_voxels, **of_lesions, **lesion_scores(matched.counts)}


def _as_numbers(values: NDArray[Any]) -> NDArray[Any]:
    return values.view(np.uint8) if values.dtype == np.bool_ else values


def _compacted(values: NDArray[Any], wanted: Sequence[int]) -> NDArray[np.int32]:
    """Return a map in which the wanted values are 1, 2, ... in their order, and the others 0."""
    order = np.asarray(wanted)
    places = np.minimum(np.searchsorted(order, values), len(order) - 1)
    return np.where(order[places] == values, places + 1, 0).astype(np.int32)
