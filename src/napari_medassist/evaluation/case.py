"""Compare a reference with a prediction: both levels from one pair of masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.comparison import (
    Comparison,
    case_evaluation,
    matching_scores,
    with_distances,
    with_rules_for_no_lesions,
)
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.lesions import find_lesions
from napari_medassist.evaluation.masks import Kind, LabelChoice, Labelled, Predicted, Prepared
from napari_medassist.evaluation.matching.match import match
from napari_medassist.evaluation.regions import ZoneMap, evaluate_regions
from napari_medassist.evaluation.staged import StagedCase
from napari_medassist.metrics.lesion.matched import MatchedLesions
from napari_medassist.metrics.policy import with_empty_rules
from napari_medassist.metrics.registry import default_names, probability_scores, voxel_scores

__all__ = ["Comparison", "compare", "evaluate", "evaluation_of", "matched_lesions"]


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
    zones: LabelMap | NDArray[Any] | None = None,
    zone_scheme: LabelScheme | None = None,
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
    zones
        Zones of the organ on the same grid, to judge each by itself too; see
        :mod:`~napari_medassist.evaluation.regions`.
    zone_scheme
        What the zones are called; by default what the zone map says itself.

    Returns
    -------
    CaseEvaluation
        Undefined metrics are NaN.

    Raises
    ------
    GeometryMismatch
        If the two, or the zones, do not share one voxel grid.
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
    staged = StagedCase(reference, prediction, spacing_zyx_mm, label=label, kind=kind, case=case)
    found = staged.under(convention, metrics=metrics)
    if zones is None:
        return found.evaluation
    pair = staged.masks(convention)
    zone_map = ZoneMap.of(
        zones,
        pair.shape_zyx,
        staged.geometry,
        scheme=zone_scheme,
        tolerance_mm=convention.grid_tolerance_mm,
    )
    return evaluate_regions(found, pair, zone_map, convention=convention, metrics=metrics)


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
    staged = StagedCase(reference, prediction, spacing_zyx_mm, label=label, kind=kind, case=case)
    return staged.under(convention, metrics=metrics)


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
    pair, probabilities = prepared.pair, prepared.probabilities
    scores = with_empty_rules(
        voxel_scores(pair, metrics),
        pair,
        overlap=convention.empty_overlap,
        distance=convention.empty_distance,
    )
    if probabilities is not None:
        scores |= probability_scores(probabilities, metrics)
    names = default_names() if metrics is None else metrics
    of_lesions = with_rules_for_no_lesions(
        matching_scores(matched, names), convention, matched.miss_distance_mm
    )
    return case_evaluation(
        matched,
        scores | of_lesions,
        convention.settings(),
        case=case,
        spacing_zyx_mm=pair.spacing_zyx_mm,
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
        reference, prediction, convention.matching, spacing_zyx_mm=prepared.pair.spacing_zyx_mm
    )
    return with_distances(matched, convention, prepared.pair.diagonal_mm)
