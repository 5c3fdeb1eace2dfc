"""Judging a case again from its match graph, without its voxels.

A result keeps every lesion with its size, and every pair that shares voxels. That is enough for another
matching rule, and for a larger smallest volume: the verdicts, counts and scores that follow equal those
of a comparison of the images under the changed convention. :func:`can_rejudge` says what is not, and
why: another extraction, surface or empty rule; centres in masks and dilated lesions, for which voxels
are needed; and metrics that need them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.lesion import Lesion, LesionSet, Side
from napari_medassist.core.results import CaseEvaluation, FurtherCounts, LesionMatch, Settings, Status
from napari_medassist.evaluation.comparison import (
    case_evaluation,
    matching_scores,
    with_rules_for_no_lesions,
)
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.extraction.components import reaches_volume
from napari_medassist.evaluation.matching.graph import MatchGraph
from napari_medassist.evaluation.matching.match import matched_on
from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Family, MetricSpec

_CANNOT = "The case cannot be judged again."
#: Settings that judge and name, and do not touch what was counted.
_FREE = ("name", "description", "citation", "matching", "good_dice")
#: Settings of the extraction that only predicted maps are asked for.
_OF_MAPS = (
    "from_probability",
    "threshold",
    "min_candidate_voxels",
    "max_candidates",
    "dynamic_factor",
)


@dataclass(frozen=True)
class Rejudgeable:
    """Whether results can be judged again; true if so.

    Parameters
    ----------
    reason
        Why not, in words; empty if they can.
    """

    reason: str = ""

    def __bool__(self) -> bool:
        """Return whether there is no reason against it."""
        return not self.reason


def can_rejudge(
    old: Convention,
    new: Convention,
    *,
    metrics: Iterable[str] = (),
    of_maps: bool = True,
) -> Rejudgeable:
    """Tell whether results under one convention can be judged again under another one.

    Parameters
    ----------
    old, new
        The conventions.
    metrics
        The metrics that the results hold.
    of_maps
        Whether predictions are, or may be, maps of confidences: then their extraction counts too.
    """
    if new.matching.criterion == "centroid_in_mask":
        return Rejudgeable("Which lesion holds a centroid is only known from the voxels.")
    if new.extraction.merge_steps and (
        new.matching.criterion == "any_overlap" or new.matching.assignment == "many_to_one"
    ):
        return Rejudgeable("Which predictions touch a dilated lesion is only known from the voxels.")
    changed = _changed_settings(old, new, of_maps)
    if changed:
        return Rejudgeable(f"The images are needed: {', '.join(changed)} changed.")
    needing = [name for name in metrics if _needs_images(METRICS.get(name))]
    if needing:
        return Rejudgeable(f"The voxels are needed for {', '.join(needing)}.")
    return Rejudgeable()


def rejudged(case: CaseEvaluation, convention: Convention, *, of_maps: bool = True) -> CaseEvaluation:
    """Return a case judged again under another convention.

    Parameters
    ----------
    case
        A result with its lesions and matches, and the convention that it was computed with.
    convention
        Another one, which :func:`can_rejudge` agrees with.
    of_maps
        Whether the prediction is, or may be, a map of confidences.

    Returns
    -------
    CaseEvaluation
        What ``evaluate`` returns for the images under that convention.

    Raises
    ------
    InvalidSetting
        If it cannot be judged again; the message says why.
    """
    (again,) = rejudged_cases((case,), convention, of_maps=of_maps)
    return again


def rejudged_cases(
    cases: Iterable[CaseEvaluation], convention: Convention, *, of_maps: bool = True
) -> Iterator[CaseEvaluation]:
    """Yield cases judged again; parameters and errors are those of :func:`rejudged`.

    What the cases share is looked at once. For the numbers of a whole cohort
    :class:`~napari_medassist.evaluation.rejudging.cohort_graph.CohortGraph` is faster by far.
    """
    shared = convention.settings()
    before: CaseEvaluation | None = None
    for case in cases:
        if before is None or not _alike(before, case):
            _require_rejudgeable(case, convention, of_maps=of_maps)
        before = case
        if case.regions or case.labels:
            raise InvalidSetting(f"{_CANNOT} Zones and labels are judged from the voxels.")
        if case.status is Status.OK:
            yield with_verdicts(case, matched_again(case, convention), convention, shared)
        else:
            yield replace(case, convention=shared)


def _alike(one: CaseEvaluation, other: CaseEvaluation) -> bool:
    """Tell whether two cases were compared under the same settings, with the same metrics."""
    return one.convention == other.convention and one.scores.keys() == other.scores.keys()


def _require_rejudgeable(case: CaseEvaluation, convention: Convention, *, of_maps: bool) -> None:
    old = Convention.from_settings(case.convention)
    allowed = can_rejudge(old, convention, metrics=case.scores, of_maps=of_maps)
    if not allowed:
        raise InvalidSetting(f"{_CANNOT} {allowed.reason}")


def matched_again(case: CaseEvaluation, convention: Convention) -> MatchedLesions:
    """Return the lesions of a case, without voxels, and their verdicts under a convention.

    Nothing is checked; see :func:`can_rejudge`.
    """
    graph, prediction = _graph_of(case, convention.extraction.min_volume_mm3)
    return matched_on(graph, prediction, convention.matching)


def with_verdicts(
    case: CaseEvaluation,
    matched: MatchedLesions,
    convention: Convention,
    settings: Settings | None = None,
) -> CaseEvaluation:
    """Return a case with the verdicts of :func:`matched_again`, and the scores that follow.

    Parameters
    ----------
    case, matched
        The case, and its lesions judged again.
    convention
        Its rules for empty masks count.
    settings
        What the result says of the convention, where that is at hand; all of it by default.
    """
    names = [n for n in case.scores if isinstance(METRICS.get(n), MatchingMetric)]
    scores = with_rules_for_no_lesions(
        matching_scores(matched, names), convention, matched.miss_distance_mm
    )
    told = convention.settings() if settings is None else settings
    judged = case_evaluation(matched, {**case.scores, **scores}, told)
    return replace(
        case,
        scores=judged.scores,
        counts=judged.counts,
        further_counts=judged.further_counts,
        lesions=judged.lesions,
        matches=judged.matches,
        convention=judged.convention,
    )


def graph_of(case: CaseEvaluation) -> MatchGraph:
    """Return the match graph of a case; its lesions have no voxels.

    Raises
    ------
    InvalidSetting
        If the voxel spacing of the case is not known.
    """
    return _graph_of(case, 0.0)[0]


def _graph_of(case: CaseEvaluation, min_volume_mm3: float) -> tuple[MatchGraph, LesionSet]:
    spacing = case.spacing_zyx_mm
    if spacing is None:
        raise InvalidSetting(f"{_CANNOT} Its voxel spacing is not known.")
    before = case.further_counts or FurtherCounts()
    n_dropped = {
        Side.REFERENCE: before.n_dropped_reference,
        Side.PREDICTION: before.n_dropped_prediction,
    }
    (reference, rows), (prediction, columns) = (
        _large_enough(case, side, spacing, min_volume_mm3, n_dropped[side]) for side in Side
    )
    shared = _shared(case.matches, (rows.size, columns.size))[np.ix_(rows, columns)]
    return MatchGraph(reference, prediction, spacing, shared, shared > 0), prediction


def _large_enough(
    case: CaseEvaluation, side: Side, spacing: Triple, min_volume_mm3: float, n_dropped: int
) -> tuple[LesionSet, NDArray[np.bool_]]:
    """Return the lesions of a side that are large enough, numbered anew, and which ones these are."""
    lesions: tuple[Lesion, ...] = case.lesions_of(side)
    sizes = np.array([lesion.n_voxels for lesion in lesions], dtype=np.int64)
    kept = reaches_volume(sizes, voxel_volume_mm3(np.array([spacing])), min_volume_mm3)
    if not kept.all():
        large = (lesion for lesion, keep in zip(lesions, kept, strict=True) if keep)
        lesions = tuple(replace(lesion, id=n) for n, lesion in enumerate(large, start=1))
    return _without_voxels(side, lesions, n_dropped + int((~kept).sum())), kept


def voxel_volume_mm3(spacing_zyx_mm: Float) -> Float:
    """Return the volume of a voxel in mm3, by the very steps in which lesions are measured.

    Parameters
    ----------
    spacing_zyx_mm
        (n, 3) a row a case.
    """
    volumes: Float = np.prod(spacing_zyx_mm, axis=1) / 1000 * 1000
    return volumes


def _without_voxels(side: Side, lesions: tuple[Lesion, ...], n_dropped: int) -> LesionSet:
    nowhere = np.zeros((0, 0, 0), dtype=np.uint8)
    return LesionSet(side, lesions, nowhere, (0, 0, 0), (0, 0, 0), 26, n_dropped)


def _shared(matches: Iterable[LesionMatch], shape: tuple[int, int]) -> NDArray[np.int64]:
    shared = np.zeros(shape, dtype=np.int64)
    for match in matches:
        shared[match.reference_id - 1, match.prediction_id - 1] = match.n_voxels
    return shared


def _needs_images(metric: MetricSpec) -> bool:
    """Tell whether a metric follows from the verdicts and cannot be computed from the match graph."""
    if not isinstance(metric, MatchingMetric):
        return False
    return metric.needs_voxels or metric.family is Family.DISTANCE


def _changed_settings(old: Convention, new: Convention, of_maps: bool) -> list[str]:  # noqa: FBT001 - private
    """Return the settings that differ and cannot be followed from what is kept."""
    before, after = old.settings(), new.settings()
    extraction = dict(after["extraction"])
    if new.extraction.min_volume_mm3 > old.extraction.min_volume_mm3:
        extraction["min_volume_mm3"] = old.extraction.min_volume_mm3
    if not of_maps:
        extraction |= {name: before["extraction"][name] for name in _OF_MAPS}
    extraction["case_confidence"] = before["extraction"]["case_confidence"]
    wanted = {**after, "extraction": extraction}
    return [
        f"{group}.{name}" if isinstance(old_value, Mapping) else name
        for group, old_value in before.items()
        if group not in _FREE
        for name, old_part, new_part in _parts(group, old_value, wanted[group])
        if old_part != new_part
    ]


def _parts(name: str, old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """Return a setting's name, old and new value; of a rule those of each of its settings."""
    if isinstance(old, Mapping):
        return [(part, value, new[part]) for part, value in old.items()]
    return [(name, old, new)]
