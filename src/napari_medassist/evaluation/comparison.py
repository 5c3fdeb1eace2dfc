"""From matched lesions to what is reported of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import isnan
from typing import Any

import numpy as np

from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Lesion, LesionSet, Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionVerdict, Settings
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.rules import EmptyRule
from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.policy import value_when_empty
from napari_medassist.metrics.registry import METRICS, chosen, lesion_scores
from napari_medassist.metrics.spec import Family


@dataclass(frozen=True, eq=False)
class Comparison:
    """An evaluation together with the lesions' voxels, for showing it on the image.

    Parameters
    ----------
    evaluation
        The result.
    reference, prediction
        The lesions with their voxels.
    """

    evaluation: CaseEvaluation
    reference: LesionSet
    prediction: LesionSet


def case_evaluation(
    matched: MatchedLesions,
    scores: Mapping[str, float],
    settings: Settings,
    *,
    case: str = "",
    spacing_zyx_mm: Triple | None = None,
) -> CaseEvaluation:
    """Return the result of a case.

    Parameters
    ----------
    matched
        Its lesions and their verdicts.
    scores
        Its metrics; those of lesion counts are added.
    settings
        Of the convention that they were computed with.
    case, spacing_zyx_mm
        As in the result.
    """
    return CaseEvaluation(
        case=case,
        scores={**scores, **lesion_scores(matched.counts)},
        counts=matched.counts,
        further_counts=matched.further_counts,
        lesions=(*_judged(Side.REFERENCE, matched), *_judged(Side.PREDICTION, matched)),
        matches=matched.edges,
        convention=settings,
        spacing_zyx_mm=spacing_zyx_mm,
    )


def with_distances(
    matched: MatchedLesions, convention: Convention, diagonal_mm: float
) -> MatchedLesions:
    """Return matched lesions that know how far a missed one counts under a convention."""
    worst = convention.empty_distance.worst_distance_mm
    return replace(
        matched, surface=convention.surface, miss_distance_mm=diagonal_mm if worst is None else worst
    )


def matching_scores(matched: MatchedLesions, names: Sequence[str]) -> dict[str, float]:
    """Return the named metrics that are metrics of matched lesions; NaN where there is no lesion."""
    return {spec.name: spec.compute(matched) for spec in chosen(MatchingMetric, names)}


def with_rules_for_no_lesions(
    values: Mapping[str, float], convention: Convention, worst_distance_mm: float
) -> dict[str, float]:
    """Return values of matching metrics in which the lack of any lesion means what a convention says.

    Parameters
    ----------
    values
        By name of the metric; NaN where there is no lesion on either side.
    convention
        Its rules for empty masks count.
    worst_distance_mm
        The worst value of a distance: what a missed lesion counts.
    """
    rules: dict[Family, EmptyRule] = {
        Family.OVERLAP: convention.empty_overlap,
        Family.DISTANCE: convention.empty_distance,
    }
    changed = dict(values)
    for name, value in values.items():
        spec = METRICS.get(name)
        if isnan(value) and spec.family in rules:
            outcome = rules[spec.family].both
            changed[name] = value_when_empty(spec, outcome, "both", worst_distance=worst_distance_mm)
    return changed


def _judged(side: Side, matched: MatchedLesions) -> tuple[JudgedLesion, ...]:
    if side is Side.REFERENCE:
        lesions, links = matched.reference, matched.links
        fractions, ignored = matched.reference_fractions, matched.ignored_reference
        positive = matched.found
    else:
        lesions, links = matched.prediction, matched.links.T
        fractions, ignored = matched.prediction_fractions, matched.ignored_prediction
        positive = matched.true
    return tuple(
        JudgedLesion(
            **_measurements(lesion),
            overlap_fraction=float(fractions[i]),
            verdict=_verdict(side, positive=bool(positive[i]), ignored=bool(ignored[i])),
            matched_ids=tuple((np.flatnonzero(links[i]) + 1).tolist()) if positive[i] else (),
        )
        for i, lesion in enumerate(lesions)
    )


def _verdict(side: Side, *, positive: bool, ignored: bool) -> LesionVerdict:
    return LesionVerdict.IGNORED if ignored else LesionVerdict.of(side, positive=positive)


def _measurements(lesion: Lesion) -> dict[str, Any]:
    return {part.name: getattr(lesion, part.name) for part in fields(Lesion)}
