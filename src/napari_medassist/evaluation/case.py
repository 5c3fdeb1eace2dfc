"""Compare a reference with a prediction: both levels from one pair of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import isnan
from typing import Any

import numpy as np

from napari_medassist.core.lesion import Lesion, LesionSet, Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionVerdict
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.lesions import find_lesions
from napari_medassist.evaluation.masks import Kind, LabelChoice, Labelled, Predicted, Prepared, prepare
from napari_medassist.evaluation.matching.match import match
from napari_medassist.evaluation.rules import EmptyRule
from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.policy import value_when_empty, with_empty_rules
from napari_medassist.metrics.registry import (
    METRICS,
    default_names,
    lesion_scores,
    probability_scores,
    voxel_scores,
)
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


def evaluate(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
    convention: Convention = MEDASSIST,
    metrics: Sequence[str] | None = None,
    case: str = "",
) -> CaseEvaluation:
    """Compare a prediction with a reference, voxel by voxel and lesion by lesion.

    Parameters
    ----------
    reference
        Label map, or array (z, y, x) of whole numbers. An array beside an image that knows its grid is
        taken to lie on that grid.
    prediction
        The same, or a probability map or detection map: then its lesion candidates, extracted as the
        convention says, are the predicted lesions, and all of them together the mask.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm. Needed for arrays; label
        maps know their own.
    label
        The value, or values, that count as foreground; every non-zero one by default.
    kind
        What a predicted array or image holds: ``"labels"`` (the default), ``"probability"`` or
        ``"detection"``.
    convention
        How lesions are told apart, matched and judged, how surfaces are measured, and what empty masks
        mean.
    metrics
        Names of the metrics to compute; by default those that are computed without being asked for.
        Those that follow from the counts of lesions alone are always computed.
    case
        Name of the case in the result.

    Returns
    -------
    CaseEvaluation
        Undefined metrics are NaN.

    Raises
    ------
    GeometryMismatch
        If the two do not share one voxel grid.
    InvalidGeometry
        If the spacing is missing, impossible, or contradicts the grid, or the grid is sheared.
    InvalidImage
        If the values are fractional, negative, or not on three axes; or no probabilities where a map is
        given; or a component of a detection map has several confidences.
    InvalidSetting
        If the label or the kind cannot be.
    UnknownItem
        If there is no metric of a name.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.zeros((8, 20, 20), dtype=np.uint8)
    >>> reference[2:6, 2:8, 2:8] = 1
    >>> reference[3:5, 14:16, 14:16] = 1
    >>> prediction = np.zeros_like(reference)
    >>> prediction[2:6, 2:8, 2:8] = 1
    >>> result = evaluate(reference, prediction, spacing_zyx_mm=(3, 0.5, 0.5))
    >>> round(result.dice, 3), result.tp_reference, result.fn
    (0.973, 1, 1)
    """
    return compare(
        reference,
        prediction,
        spacing_zyx_mm,
        label=label,
        kind=kind,
        convention=convention,
        metrics=metrics,
        case=case,
    ).evaluation


def compare(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
    convention: Convention = MEDASSIST,
    metrics: Sequence[str] | None = None,
    case: str = "",
) -> Comparison:
    """Do as :func:`evaluate` does, and keep the lesions' voxels for showing them."""
    prepared = prepare(
        reference, prediction, spacing_zyx_mm, label=label, kind=kind, convention=convention
    )
    matched = matched_lesions(prepared, convention)
    evaluation = evaluation_of(prepared, matched, convention, metrics=metrics, case=case)
    return Comparison(evaluation, matched.reference, matched.prediction)


def evaluation_of(
    prepared: Prepared,
    matched: MatchedLesions,
    convention: Convention,
    *,
    metrics: Sequence[str] | None = None,
    case: str = "",
) -> CaseEvaluation:
    """Return the evaluation of two masks whose lesions are matched already, by :func:`matched_lesions`.

    Parameters are those of :func:`evaluate`.
    """
    return CaseEvaluation(
        case=case,
        scores=_scores(prepared, matched, convention, metrics),
        counts=matched.counts,
        further_counts=matched.further_counts,
        lesions=(*_judged(Side.REFERENCE, matched), *_judged(Side.PREDICTION, matched)),
        matches=matched.edges,
        convention=convention.settings(),
    )


def matched_lesions(prepared: Prepared, convention: Convention) -> MatchedLesions:
    """Find the lesions of both masks and match them, as a convention says."""
    rule = convention.extraction
    reference = find_lesions(prepared.pair, Side.REFERENCE, rule=rule, geometry=prepared.geometry)
    prediction = find_lesions(
        prepared.pair,
        Side.PREDICTION,
        rule=rule,
        geometry=prepared.geometry,
        confidence=prepared.confidence,
    )
    matched = match(
        reference,
        prediction,
        convention.matching,
        spacing_zyx_mm=prepared.pair.spacing_zyx_mm,
    )
    worst = convention.empty_distance.worst_distance_mm
    return replace(
        matched,
        surface=convention.surface,
        miss_distance_mm=prepared.pair.diagonal_mm if worst is None else worst,
    )


def _scores(
    prepared: Prepared, matched: MatchedLesions, convention: Convention, names: Sequence[str] | None
) -> dict[str, float]:
    """Return the metrics of every kind that the input allows, by name."""
    rules: dict[str, EmptyRule] = {
        "overlap": convention.empty_overlap,
        "distance": convention.empty_distance,
    }
    pair = prepared.pair
    scores = with_empty_rules(voxel_scores(pair, names), pair, **rules)
    if prepared.probabilities is not None:
        scores |= probability_scores(prepared.probabilities, names)
    for spec in _matching_metrics(names):
        value = spec.compute(matched)
        if isnan(value) and spec.family in _RULE_OF:
            outcome = rules[_RULE_OF[spec.family]].both
            worst = matched.miss_distance_mm
            value = value_when_empty(spec, outcome, "both", worst_distance=worst)
        scores[spec.name] = value
    return scores | lesion_scores(matched.counts)


#: The rule for empty masks of a metric's family.
_RULE_OF = {Family.OVERLAP: "overlap", Family.DISTANCE: "distance"}


def _matching_metrics(names: Sequence[str] | None) -> list[MatchingMetric]:
    specs = [METRICS.get(name) for name in (default_names() if names is None else names)]
    return [spec for spec in specs if isinstance(spec, MatchingMetric)]


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
