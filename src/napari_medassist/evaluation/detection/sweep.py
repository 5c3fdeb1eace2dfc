"""All lesion-level numbers for all cut-offs of a probability map in about one pass.

At every cut-off t the prediction is ``P(t) = {probability >= t}``. Nothing is labelled again per
cut-off: the components of all cut-offs form one tree, in which a component counts at all cut-offs at
which it stays as it is. Where each lesion is judged by its own overlap alone, counting nodes is
enough; every other rule is asked at each cut-off, with the match graph that the tree gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.labels import LabelMap, ProbabilityMap
from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.core.results import LesionCounts
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.detection.component_tree import ComponentTree, component_tree
from napari_medassist.evaluation.detection.curves import Count, LesionCurve
from napari_medassist.evaluation.detection.level_graphs import LevelComponents, LevelGraphs
from napari_medassist.evaluation.extraction.components import reaches_volume
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.inputs.masks import LabelChoice, Labelled
from napari_medassist.evaluation.matching.graph import MatchGraph
from napari_medassist.evaluation.matching.match import judged
from napari_medassist.evaluation.rules import ExtractionRule, MatchingRule
from napari_medassist.evaluation.staged import StagedCase

_DROP_FEW_VOXELS = ("static", "dynamic", "dynamic_fast")
_MOST_CUT_OFFS = np.iinfo(np.uint16).max


def sweep(
    reference: Labelled,
    probability: ProbabilityMap | NDArray[np.floating[Any]],
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    cut_offs: Sequence[float] | Float | None = None,
    lowest: float = 0.01,
    max_cut_offs: int = 100,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    anew: bool = False,
) -> LesionCurve:
    """Count right and wrong lesions at every cut-off of a probability map.

    Parameters
    ----------
    reference
        Label map, or array (z, y, x) of whole numbers.
    probability
        Probabilities 0..1 on the same grid (z, y, x), floating point.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm. Needed for arrays; maps
        know their own.
    cut_offs
        Where to count, 0 < t <= 1, in any order; the result is exact at each. Give all cases the same
        ones to add up their curves. By default, see ``max_cut_offs``.
    lowest
        No default cut-off lies below; much lower ones count noise, and cost time.
    max_cut_offs
        By default every probability from ``lowest`` on that occurs is a cut-off; if there are more than
        this many, that many of them, evenly spread over the sorted ones, first and last included.
    label
        The value, or values, of the reference that count as foreground; every non-zero one by default.
    convention
        How lesions are told apart, matched and counted. What it says of cutting probability maps is
        replaced: see :func:`at_cut_off`.
    anew
        Extract and match at each cut-off from the start. The counts are the same, and it takes as long
        as evaluating once a cut-off: a check, nothing else.

    Returns
    -------
    LesionCurve
        One entry a cut-off, falling. Under the asymmetric rule and where any overlap is a hit, recall
        never falls along it; under others it may (``recall_may_fall``). Precision may go both ways.

    Raises
    ------
    GeometryMismatch, InvalidGeometry
        If the two do not share one grid, or the spacing is missing or impossible.
    InvalidImage
        If the reference holds no labels, or the probabilities lie outside of 0..1 or are no floating
        point numbers.
    InvalidSetting
        If a cut-off lies outside of its range.

    Examples
    --------
    >>> reference = np.zeros((3, 9, 9), dtype=np.uint8)
    >>> reference[1, 1:4, 1:4] = reference[1, 6:8, 6:8] = 1
    >>> probability = np.zeros(reference.shape)
    >>> probability[1, 1:4, 1:4], probability[1, 6:8, 6:8], probability[1, 7, 1] = 0.9, 0.4, 0.6
    >>> curve = sweep(reference, probability, spacing_zyx_mm=(3, 0.5, 0.5))
    >>> curve.cut_offs.tolist(), curve.recall.tolist(), curve.fp.tolist()
    ([0.9, 0.6, 0.4], [0.5, 0.5, 1.0], [0, 1, 1])
    """
    values = _checked_probabilities(probability)
    chosen = _rising_cut_offs(values, cut_offs, lowest, max_cut_offs)
    # As single precision holds it, 0.7 lies below 0.7: both are compared as the map holds them.
    steps = chosen.astype(values.dtype)
    at_all = values >= (steps[0] if steps.size else np.inf)
    on_grid = LabelMap.on(probability, at_all) if isinstance(probability, ProbabilityMap) else at_all
    pair = StagedCase(reference, on_grid, spacing_zyx_mm, label=label).masks(convention)
    lesions = find_lesions(pair, Side.REFERENCE, rule=convention.extraction)
    if anew:
        at_each = [at_cut_off(convention, float(cut_off)) for cut_off in chosen]
        counts = [
            _counted_anew(reference, probability, spacing_zyx_mm, label, fixed) for fixed in at_each
        ]
        return _curve(chosen, counts, lesions, pair.spacing_zyx_mm, convention.matching)
    inside = values[lesions.box]
    levels = np.searchsorted(steps, inside, side="right").astype(np.uint16)
    tree = component_tree(levels, lesions.labels > 0, connectivity=convention.extraction.connectivity)
    kept = _large_enough(tree, convention.extraction, pair.voxel_volume_ml * 1000)
    if not is_asymmetric(convention.matching):
        graphs = LevelGraphs(tree, inside, lesions, kept, pair.spacing_zyx_mm)
        counts = _counted_at_each(graphs, chosen.size, convention.matching)
        return _curve(chosen, counts, lesions, pair.spacing_zyx_mm, convention.matching)
    tp_prediction, fp = _judged_predictions(tree, kept, chosen.size, convention)
    found = _found_lesions(tree, kept, lesions.labels, lesions.sizes(), chosen.size, convention)
    return LesionCurve(
        cut_offs=chosen[::-1],
        tp_reference=found[::-1],
        tp_prediction=tp_prediction[::-1],
        fp=fp[::-1],
        n_reference_lesions=len(lesions),
    )


def at_cut_off(convention: Convention, cut_off: float) -> Convention:
    """Return a convention that cuts probability maps at one fixed value.

    Where it drops candidates of few voxels (``static``, ``dynamic``, ``dynamic_fast``), it still does.
    """
    drops_few = convention.extraction.from_probability in _DROP_FEW_VOXELS
    method = "static" if drops_few else "threshold"
    return convention.with_changes(extraction={"from_probability": method, "threshold": cut_off})


def is_asymmetric(rule: MatchingRule) -> bool:
    """Tell whether each lesion is judged by its own overlap alone, on either side."""
    by_itself = rule.criterion == "overlap" and rule.assignment == "many_to_many"
    return by_itself and not rule.ignored_up_to_mm3 and not rule.touching_is_not_false


def recall_may_fall(rule: MatchingRule) -> bool:
    """Tell whether a lesion that is found may be lost when the predictions grow."""
    nested = rule.assignment in ("many_to_many", "many_to_one", "surest_of_each")
    return not (is_asymmetric(rule) or (rule.criterion == "any_overlap" and nested))


def _counted_anew(
    reference: Labelled,
    probability: ProbabilityMap | NDArray[np.floating[Any]],
    spacing_zyx_mm: Sequence[float] | None,
    label: LabelChoice,
    fixed: Convention,
) -> LesionCounts:
    case = StagedCase(reference, probability, spacing_zyx_mm, label=label, kind="probability")
    return case.matched(fixed).counts


def _counted_at_each(graphs: LevelGraphs, n_levels: int, rule: MatchingRule) -> list[LesionCounts]:
    """Return the counts of each level from 1 on."""
    # Only a centre can hit what its lesion does not touch.
    only_touching = rule.criterion not in ("centroid_in_mask", "centre_distance")
    counts = []
    for level in range(n_levels, 0, -1):
        graph, n_elsewhere = graphs.at(level, only_touching=only_touching)
        verdicts = judged(graph, rule)
        missed = ~(verdicts.found | verdicts.ignored_reference)
        false = ~(verdicts.true | verdicts.ignored_prediction)
        counts.append(
            LesionCounts(
                tp_reference=int(verdicts.found.sum()),
                fn=int(missed.sum()),
                tp_prediction=int(verdicts.true.sum()),
                fp=int(false.sum()) + n_elsewhere,
            )
        )
    return counts[::-1]


def _curve(
    rising: Float,
    counts: Sequence[LesionCounts],
    lesions: LesionSet,
    spacing_zyx_mm: Triple,
    rule: MatchingRule,
) -> LesionCurve:
    """Return the curve of counts at rising cut-offs."""
    falling = np.array(
        [(c.tp_reference, c.tp_prediction, c.fp) for c in reversed(counts)], dtype=np.int64
    ).reshape(-1, 3)
    return LesionCurve(
        cut_offs=rising[::-1],
        tp_reference=falling[:, 0],
        tp_prediction=falling[:, 1],
        fp=falling[:, 2],
        n_reference_lesions=_n_counted(lesions, spacing_zyx_mm, rule),
        recall_may_fall=recall_may_fall(rule),
    )


def _n_counted(lesions: LesionSet, spacing_zyx_mm: Triple, rule: MatchingRule) -> int:
    """Return the number of reference lesions that a rule counts: asked with nothing predicted."""
    nothing = LevelComponents(np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 3)))
    shared = np.zeros((len(lesions), 0), dtype=np.int64)
    verdicts = judged(MatchGraph(lesions, nothing, spacing_zyx_mm, shared, shared > 0), rule)
    return int((~verdicts.ignored_reference).sum())


def _checked_probabilities(
    probability: ProbabilityMap | NDArray[np.floating[Any]],
) -> NDArray[np.floating[Any]]:
    if isinstance(probability, ProbabilityMap):
        return _sortable(np.asarray(probability.array))
    values = np.asarray(probability)
    if values.dtype.kind != "f" or values.ndim != 3 or values.size == 0:
        raise InvalidImage(
            "Probabilities are floating point numbers on three axes (z, y, x); got "
            f"{values.dtype} of shape {values.shape}."
        )
    # Not a number compares as false, so that it does not pass either.
    if not (values.min() >= 0 and values.max() <= 1):
        raise InvalidImage(
            f"Probabilities run from 0 to 1, these from {values.min():g} to {values.max():g}."
        )
    return _sortable(values)


def _sortable(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return values.astype(np.float32) if values.dtype == np.float16 else values


def _rising_cut_offs(
    values: NDArray[np.floating[Any]],
    cut_offs: Sequence[float] | Float | None,
    lowest: float,
    max_cut_offs: int,
) -> Float:
    if cut_offs is not None:
        given = np.unique(np.asarray(cut_offs, dtype=np.float64))
        if not given.size or not (given[0] > 0 and given[-1] <= 1) or given.size > _MOST_CUT_OFFS:
            raise InvalidSetting("Cut-offs lie above 0 and up to 1, and there is at least one.")
        return given
    if not 0 < lowest <= 1:
        raise InvalidSetting(f"The lowest cut-off lies above 0 and up to 1, not at {lowest}.")
    if not 2 <= max_cut_offs <= _MOST_CUT_OFFS:
        raise InvalidSetting(f"max_cut_offs is a number from 2 on, not {max_cut_offs}.")
    occurring = np.unique(values[values >= lowest]).astype(np.float64)
    if occurring.size <= max_cut_offs:
        return occurring
    spread = np.linspace(0, occurring.size - 1, max_cut_offs).round().astype(np.int64)
    return occurring[spread]


def _large_enough(
    tree: ComponentTree, rule: ExtractionRule, voxel_volume_mm3: float
) -> NDArray[np.bool_]:
    least = rule.min_candidate_voxels if rule.from_probability in _DROP_FEW_VOXELS else 0
    return reaches_volume(tree.n_voxels, voxel_volume_mm3, rule.min_volume_mm3) & (
        tree.n_voxels >= least
    )


def _judged_predictions(
    tree: ComponentTree, kept: NDArray[np.bool_], n_levels: int, convention: Convention
) -> tuple[Count, Count]:
    """Count true and false components of each level, from 1 on."""
    rule = convention.matching
    share = tree.n_marked / tree.n_voxels
    is_true = _reaches(share, rule.threshold_prediction, inclusive=rule.inclusive)
    return (
        _alive(tree, kept & is_true, n_levels),
        _alive(tree, kept & ~is_true, n_levels),
    )


def _alive(tree: ComponentTree, chosen: NDArray[np.bool_], n_levels: int) -> Count:
    """Count the chosen nodes at each level from 1 on: each from its own down to above its parent's."""
    born = np.bincount(tree.level[chosen], minlength=n_levels + 1)
    gone = np.bincount(tree.parent_level[chosen], minlength=n_levels + 1)
    at_or_above = np.cumsum((born - gone)[::-1])[::-1]
    return at_or_above[1:].astype(np.int64)


def _found_lesions(
    tree: ComponentTree,
    kept: NDArray[np.bool_],
    labels: NDArray[np.integer[Any]],
    sizes: Count,
    n_levels: int,
    convention: Convention,
) -> Count:
    """Count the reference lesions of which enough is covered, at each level from 1 on."""
    inside = np.flatnonzero(labels)
    lesion = labels.ravel()[inside].astype(np.int64) - 1
    node = tree.node_of_voxel[inside]
    level = np.zeros(inside.size, dtype=np.int64)
    level[node >= 0] = tree.highest_level_within(kept)[node[node >= 0]]
    cells = np.bincount(lesion * (n_levels + 1) + level, minlength=sizes.size * (n_levels + 1))
    covered = np.cumsum(cells.reshape(sizes.size, n_levels + 1)[:, ::-1], axis=1)[:, ::-1][:, 1:]
    rule = convention.matching
    shares = covered / sizes[:, None]
    found: Count = _reaches(shares, rule.threshold_reference, inclusive=rule.inclusive).sum(
        axis=0, dtype=np.int64
    )
    return found


def _reaches(shares: Float, threshold: float, *, inclusive: bool) -> NDArray[np.bool_]:
    return shares >= threshold if inclusive else shares > threshold
