"""What counts as a hit between a reference lesion and a predicted one, a function a criterion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.evaluation.matching.graph import Flags, MatchGraph
from napari_medassist.evaluation.rules import Criterion, MatchingRule


@dataclass(frozen=True, eq=False)
class Hits:
    """Which pairs are hits, and how good each pair is.

    Parameters
    ----------
    pairs
        (reference lesions, predicted lesions) bool.
    scores
        Same shape, 0..1: the larger, the better the pair.
    """

    pairs: Flags
    scores: Float


def hits(graph: MatchGraph, rule: MatchingRule) -> Hits:
    """Find the hits among all pairs of a graph, by the criterion of a rule."""
    return _CRITERIA[rule.criterion](graph, rule)


def reaches(values: Float, threshold: float, rule: MatchingRule) -> Flags:
    """Compare values with a threshold; whether equality suffices is the rule's."""
    return values >= threshold if rule.inclusive else values > threshold


def _overlap(graph: MatchGraph, rule: MatchingRule) -> Hits:
    rows, columns = graph.sizes
    enough = reaches(graph.shared / rows, rule.threshold_reference, rule)
    enough &= reaches(graph.shared / columns, rule.threshold_prediction, rule)
    return Hits(enough, graph.iou)


def _any_overlap(graph: MatchGraph, rule: MatchingRule) -> Hits:  # noqa: ARG001  one signature for all
    return Hits(graph.touching, graph.iou)


def _iou(graph: MatchGraph, rule: MatchingRule) -> Hits:
    iou = graph.iou
    return Hits(reaches(iou, rule.threshold_reference, rule), iou)


def _dice(graph: MatchGraph, rule: MatchingRule) -> Hits:
    dice = graph.dice
    return Hits(reaches(dice, rule.threshold_reference, rule), dice)


def _centroid_in_mask(graph: MatchGraph, rule: MatchingRule) -> Hits:  # noqa: ARG001  as above
    """Ask whose voxel holds the predicted centroid; halves round up."""
    reference = graph.reference
    nearest = np.floor(graph.prediction.centroids() + 0.5).astype(int) - reference.offset_zyx
    at_centroid = reference.labels[tuple(nearest.T)]
    pairs = at_centroid == np.arange(1, len(reference) + 1)[:, None]
    return Hits(pairs, graph.iou)


def _centre_distance(graph: MatchGraph, rule: MatchingRule) -> Hits:
    spacing = np.asarray(graph.spacing_zyx_mm)
    rows, columns = (side.centroids() * spacing for side in (graph.reference, graph.prediction))
    distances_mm = np.sqrt(((rows[:, None] - columns[None, :]) ** 2).sum(axis=-1))
    volumes_mm3 = graph.reference.sizes() * spacing.prod()
    radii_mm = np.cbrt(3 * volumes_mm3 / (4 * np.pi))[:, None]
    closeness: Float = 1 - np.minimum(distances_mm / radii_mm, 1)
    within = distances_mm <= radii_mm if rule.inclusive else distances_mm < radii_mm
    return Hits(within, closeness)


_CRITERIA: Mapping[Criterion, Callable[[MatchGraph, MatchingRule], Hits]] = {
    "overlap": _overlap,
    "any_overlap": _any_overlap,
    "iou": _iou,
    "dice": _dice,
    "centroid_in_mask": _centroid_in_mask,
    "centre_distance": _centre_distance,
}
