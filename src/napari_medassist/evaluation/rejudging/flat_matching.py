"""Matching rules on all edges of a cohort at once.

The same rules as ``matching.match``, which judges one case: everything but the choice between
competing pairs is arithmetic on sizes and overlaps, and so needs no loop over the cases. Cases in which
pairs do compete are named, and judged one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float
from napari_medassist.evaluation.matching.criteria import reaches
from napari_medassist.evaluation.matching.graph import Flags
from napari_medassist.evaluation.matching.match import LIES_IN, found_by_union, too_small
from napari_medassist.evaluation.rules import MatchingRule

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FlatEdges:
    """The match graphs of many cases as one: every pair of lesions that shares voxels is an edge.

    Parameters
    ----------
    reference, prediction
        (n_edges,) places of the two lesions among all lesions of their side.
    shared
        (n_edges,) voxels that they share, above 0.
    reference_sizes, prediction_sizes
        Voxels of each lesion, (n_reference,) and (n_prediction,).
    reference_volumes_mm3
        (n_reference,) volumes.
    """

    reference: Numbers
    prediction: Numbers
    shared: Numbers
    reference_sizes: Numbers
    prediction_sizes: Numbers
    reference_volumes_mm3: Float

    def by_reference(self, values: NDArray[Any]) -> Float:
        """Return the sums of values of edges by reference lesion."""
        return _sums(self.reference, values, self.reference_sizes.size)

    def by_prediction(self, values: NDArray[Any]) -> Float:
        """Return the sums of values of edges by predicted lesion."""
        return _sums(self.prediction, values, self.prediction_sizes.size)

    @property
    def reference_shares(self) -> Float:
        """Share of each reference lesion that the whole prediction covers."""
        shares: Float = self.by_reference(self.shared) / self.reference_sizes
        return shares

    @property
    def prediction_shares(self) -> Float:
        """Share of each predicted lesion that the whole reference covers."""
        shares: Float = self.by_prediction(self.shared) / self.prediction_sizes
        return shares


@dataclass(frozen=True, eq=False)
class FlatVerdicts:
    """Flags of all lesions: as in ``matching.match.Verdicts``, with splits and merges."""

    found: Flags
    true: Flags
    ignored_reference: Flags
    ignored_prediction: Flags


def flat_verdicts(edges: FlatEdges, rule: MatchingRule) -> tuple[FlatVerdicts, Flags]:
    """Judge all lesions by a rule whose hits share voxels.

    Returns
    -------
    verdicts : FlatVerdicts
        Right for all lesions but those of competing edges.
    competing : numpy.ndarray
        (n_edges,) bool: hits of which a lesion has another one too, so that the rule has to choose.
    """
    hit = _hits(edges, rule)
    competing = np.zeros(hit.size, dtype=bool)
    if rule.assignment == "many_to_one":
        linked = _found_together(edges, rule)[edges.reference]
    elif rule.assignment == "many_to_many":
        linked = np.ones(hit.size, dtype=bool) if rule.criterion == "overlap" else hit
    else:
        linked = hit
        crowded = (edges.by_reference(hit) > 1)[edges.reference]
        competing = hit & (crowded | (edges.by_prediction(hit) > 1)[edges.prediction])
    found, true = edges.by_reference(linked) > 0, edges.by_prediction(linked) > 0
    if rule.assignment == "many_to_many" and rule.criterion == "overlap":
        found, true = _covered(edges, rule)
    left_out = too_small(edges.reference_volumes_mm3, rule)
    counted = edges.by_prediction(linked & ~left_out[edges.reference]) > 0
    only_left_out = true & (edges.by_prediction(linked) > 0) & ~counted
    touching = ~true & (edges.by_prediction(hit) > 0) & rule.touching_is_not_false
    verdicts = FlatVerdicts(
        found & ~left_out, true & ~only_left_out, left_out, only_left_out | touching
    )
    return verdicts, competing


def flat_splits_and_merges(edges: FlatEdges, rule: MatchingRule) -> tuple[Flags, Flags]:
    """Tell which reference lesions several predictions lie in, and the mirror image."""
    if rule.criterion == "overlap":
        covered, inside = _covered(edges, rule)
    else:
        covered, inside = edges.reference_shares >= LIES_IN, edges.prediction_shares >= LIES_IN
    split = edges.by_reference(inside[edges.prediction]) > 1
    merged = edges.by_prediction(covered[edges.reference]) > 1
    return split, merged


def _sums(places: Numbers, values: NDArray[Any], n: int) -> Float:
    return np.asarray(np.bincount(places, values, n), dtype=np.float64)


def _hits(edges: FlatEdges, rule: MatchingRule) -> Flags:
    rows, columns = edges.reference_sizes[edges.reference], edges.prediction_sizes[edges.prediction]
    match rule.criterion:
        case "overlap":
            enough = reaches(edges.shared / rows, rule.threshold_reference, rule)
            return enough & reaches(edges.shared / columns, rule.threshold_prediction, rule)
        case "iou":
            iou = edges.shared / (rows + columns - edges.shared)
            return reaches(iou, rule.threshold_reference, rule)
        case "dice":
            return reaches(2 * edges.shared / (rows + columns), rule.threshold_reference, rule)
        case _:  # any_overlap
            return np.ones(rows.size, dtype=bool)


def _covered(edges: FlatEdges, rule: MatchingRule) -> tuple[Flags, Flags]:
    return (
        reaches(edges.reference_shares, rule.threshold_reference, rule),
        reaches(edges.prediction_shares, rule.threshold_prediction, rule),
    )


def _found_together(edges: FlatEdges, rule: MatchingRule) -> Flags:
    """Judge each reference lesion by all predictions that touch it, taken as one."""
    together = edges.by_reference(edges.prediction_sizes[edges.prediction])
    return found_by_union(edges.reference_sizes, together, edges.by_reference(edges.shared), rule)
