"""Which lesions were found and which predictions are true, under a matching rule.

The rule of the default convention is after Yan et al. (arXiv:2203.16415), reconstructed: with G the
whole reference and P the whole prediction, a reference lesion G_i is found if ``|G_i ∩ P| / |G_i|``
reaches a threshold, a predicted lesion P_j is true if ``|P_j ∩ G| / |P_j|`` reaches one. Nothing is
assigned one to one: a prediction may find two lesions, two predictions may both be right about one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.lesion import LesionSet
from napari_medassist.evaluation.matching import assignment
from napari_medassist.evaluation.matching.criteria import Hits, hits, reaches
from napari_medassist.evaluation.matching.graph import Flags, MatchGraph
from napari_medassist.evaluation.rules import MatchingRule
from napari_medassist.metrics.lesion.matched import MatchedLesions

#: What counts as lying in a lesion, for splits and merges, where the rule names no share of its own.
LIES_IN = 0.1
#: Volumes are products of decimal numbers: equal ones may differ by this much, relatively.
_ROUNDING = 1e-9


def match(
    reference: LesionSet, prediction: LesionSet, rule: MatchingRule, *, spacing_zyx_mm: Triple
) -> MatchedLesions:
    """Judge the lesions of two masks by a matching rule.

    Parameters
    ----------
    reference, prediction
        Lesions of the two masks, on one crop of one grid.
    rule
        What counts as a hit and how lesions are assigned to each other.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.

    Raises
    ------
    GeometryMismatch
        If the two sets do not lie on the same crop.
    """
    return matched_on(MatchGraph.of(reference, prediction, spacing_zyx_mm), prediction, rule)


def matched_on(graph: MatchGraph, prediction: LesionSet, rule: MatchingRule) -> MatchedLesions:
    """Judge the lesions of a match graph that is known already.

    Parameters
    ----------
    graph
        What the lesions share. No voxel is looked at, unless the rule asks what lies at a centroid.
    prediction
        The graph's predicted lesions.
    rule
        What counts as a hit and how lesions are assigned to each other.
    """
    verdicts = judged(graph, rule)
    split, merged = split_and_merged(graph, rule)
    return MatchedLesions(
        reference=graph.reference,
        prediction=prediction,
        spacing_zyx_mm=graph.spacing_zyx_mm,
        shared=graph.shared,
        links=verdicts.links,
        scores=verdicts.scores,
        found=verdicts.found,
        true=verdicts.true,
        ignored_reference=verdicts.ignored_reference,
        ignored_prediction=verdicts.ignored_prediction,
        one_to_one=rule.is_one_to_one,
        n_splits=int(split.sum()),
        n_merges=int(merged.sum()),
    )


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What a matching rule decided; rows are reference lesions, columns are predicted ones.

    Parameters
    ----------
    links, scores, found, true, ignored_reference, ignored_prediction
        As in :class:`~napari_medassist.metrics.lesion.matched.MatchedLesions`.
    """

    links: Flags
    scores: Float
    found: Flags
    true: Flags
    ignored_reference: Flags
    ignored_prediction: Flags


def judged(graph: MatchGraph, rule: MatchingRule) -> Verdicts:
    """Judge the lesions of a match graph by a matching rule.

    Parameters
    ----------
    graph
        The lesions of both sides and what they share.
    rule
        What counts as a hit and how lesions are assigned to each other.
    """
    pairs = hits(graph, rule)
    links, found, true = _verdicts(graph, pairs, rule)
    left_out = too_small(graph.reference.sizes() * np.prod(graph.spacing_zyx_mm), rule)
    only_left_out = true & links.any(axis=0) & ~links[~left_out].any(axis=0)
    touching = ~true & pairs.pairs.any(axis=0) & rule.touching_is_not_false
    return Verdicts(
        links=links,
        scores=pairs.scores,
        found=found & ~left_out,
        true=true & ~only_left_out,
        ignored_reference=left_out,
        ignored_prediction=only_left_out | touching,
    )


def _verdicts(graph: MatchGraph, pairs: Hits, rule: MatchingRule) -> tuple[Flags, Flags, Flags]:
    """Return the links, the found reference lesions and the true predictions."""
    if rule.assignment == "many_to_many" and rule.criterion == "overlap":
        found, true = _covered(graph, rule)
        return graph.shared > 0, found, true
    if rule.assignment == "many_to_one":
        found = _found_together(graph, pairs, rule)
        links = (graph.touching if rule.criterion in _OF_UNIONS else pairs.pairs) & found[:, None]
    else:
        links = _links(graph, pairs, rule)
    return links, _some(links, axis=1), _some(links, axis=0)


def _links(graph: MatchGraph, pairs: Hits, rule: MatchingRule) -> Flags:
    confidences = graph.prediction.confidences()
    match rule.assignment:
        case "hungarian":
            return assignment.hungarian(pairs)
        case "hungarian_picai":
            return assignment.hungarian_picai(pairs, graph)
        case "greedy_by_overlap":
            return assignment.greedy_by_overlap(pairs)
        case "greedy_by_confidence":
            return assignment.greedy_by_confidence(pairs, confidences)
        case "surest_of_each":
            return assignment.surest_of_each(pairs, confidences)
        case _:
            return pairs.pairs


def _covered(graph: MatchGraph, rule: MatchingRule) -> tuple[Flags, Flags]:
    """Judge each lesion by the share of it that the whole other mask covers."""
    return (
        reaches(_row_shares(graph), rule.threshold_reference, rule),
        reaches(_column_shares(graph), rule.threshold_prediction, rule),
    )


#: Criteria that several predictions can fulfil together, as one.
_OF_UNIONS = ("overlap", "iou", "dice", "any_overlap")


def _found_together(graph: MatchGraph, pairs: Hits, rule: MatchingRule) -> Flags:
    """Judge each reference lesion by all predictions that touch it, taken as one."""
    if rule.criterion not in _OF_UNIONS:
        return _some(pairs.pairs, axis=1)
    together = (graph.touching * graph.prediction.sizes()).sum(axis=1)
    return found_by_union(graph.reference.sizes(), together, graph.shared.sum(axis=1), rule)


def found_by_union(
    lesions: Float | NDArray[np.int64], together: Float, shared: Float, rule: MatchingRule
) -> Flags:
    """Tell which reference lesions are found by the union of the predictions that touch them.

    Parameters
    ----------
    lesions, together, shared
        (n,) sizes, in voxels, of each reference lesion, of the predictions that touch it, and of what
        they share with it.
    rule
        Its criterion must be one of overlap.
    """
    match rule.criterion:
        case "iou":
            return reaches(shared / (lesions + together - shared), rule.threshold_reference, rule)
        case "dice":
            return reaches(2 * shared / (lesions + together), rule.threshold_reference, rule)
        case "overlap":
            enough = reaches(shared / lesions, rule.threshold_reference, rule)
            inside = shared / np.maximum(together, 1)
            return enough & reaches(inside, rule.threshold_prediction, rule)
        case _:  # any_overlap
            touched: Flags = together > 0
            return touched


def too_small(volumes_mm3: Float, rule: MatchingRule) -> Flags:
    """Tell which reference lesions, by their volumes, a rule leaves out."""
    small: Flags = volumes_mm3 <= rule.ignored_up_to_mm3 * (1 + _ROUNDING)
    return small


def split_and_merged(graph: MatchGraph, rule: MatchingRule) -> tuple[Flags, Flags]:
    """Tell which reference lesions several predictions lie in, and the mirror image."""
    if rule.criterion == "overlap":
        covered, inside = _covered(graph, rule)
    else:
        covered, inside = _row_shares(graph) >= LIES_IN, _column_shares(graph) >= LIES_IN
    overlapping = graph.shared > 0
    split: Flags = overlapping[:, inside].sum(axis=1) > 1
    merged: Flags = overlapping[covered].sum(axis=0) > 1
    return split, merged


def _row_shares(graph: MatchGraph) -> Float:
    shares: Float = graph.shared.sum(axis=1) / graph.reference.sizes()
    return shares


def _column_shares(graph: MatchGraph) -> Float:
    shares: Float = graph.shared.sum(axis=0) / graph.prediction.sizes()
    return shares


def _some(flags: Flags, axis: int) -> Flags:
    some: Flags = np.any(flags, axis=axis)
    return some
