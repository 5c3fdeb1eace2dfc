"""Compare a reference with a prediction: both levels from one pair of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from napari_medassist.core.lesion import Lesion, LesionSet, Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionVerdict
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.lesions import find_lesions
from napari_medassist.evaluation.masks import LabelChoice, Labelled, prepare
from napari_medassist.evaluation.matching import Matching, match_asymmetric
from napari_medassist.metrics.registry import lesion_scores, voxel_scores


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
    prediction: Labelled,
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    case: str = "",
) -> CaseEvaluation:
    """Compare a prediction with a reference, voxel by voxel and lesion by lesion.

    Parameters
    ----------
    reference, prediction
        Label maps on one grid, or arrays (z, y, x) of whole numbers. An array beside a label map is
        taken to lie on the label map's grid.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm. Needed for arrays; label
        maps know their own.
    label
        The value, or values, that count as foreground; every non-zero one by default.
    convention
        How lesions are told apart, matched and judged.
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
        If the values are fractional, negative, or not on three axes.

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
        reference, prediction, spacing_zyx_mm, label=label, convention=convention, case=case
    ).evaluation


def compare(
    reference: Labelled,
    prediction: Labelled,
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    case: str = "",
) -> Comparison:
    """Do as :func:`evaluate` does, and keep the lesions' voxels for showing them."""
    prepared = prepare(
        reference,
        prediction,
        spacing_zyx_mm,
        label=label,
        grid_tolerance_mm=convention.grid_tolerance_mm,
    )
    sets = {
        side: find_lesions(
            prepared.pair,
            side,
            connectivity=convention.extraction.connectivity,
            geometry=prepared.geometry,
        )
        for side in Side
    }
    matching = match_asymmetric(
        sets[Side.REFERENCE],
        sets[Side.PREDICTION],
        overlap_reference=convention.matching.threshold_reference,
        overlap_prediction=convention.matching.threshold_prediction,
    )
    evaluation = CaseEvaluation(
        case=case,
        scores={**voxel_scores(prepared.pair), **lesion_scores(matching.counts)},
        counts=matching.counts,
        lesions=(
            *_judged(sets[Side.REFERENCE], matching),
            *_judged(sets[Side.PREDICTION], matching),
        ),
        matches=matching.edges,
        convention=convention.settings(),
    )
    return Comparison(evaluation, sets[Side.REFERENCE], sets[Side.PREDICTION])


def _judged(lesions: LesionSet, matching: Matching) -> tuple[JudgedLesion, ...]:
    of_reference = lesions.side is Side.REFERENCE
    fractions = matching.reference_fractions if of_reference else matching.prediction_fractions
    positive = matching.found if of_reference else matching.true
    partners: dict[int, list[int]] = {lesion.id: [] for lesion in lesions}
    for edge in matching.edges:
        own, other = edge.reference_id, edge.prediction_id
        if not of_reference:
            own, other = other, own
        partners[own].append(other)
    return tuple(
        JudgedLesion(
            **_measurements(lesion),
            overlap_fraction=float(fraction),
            verdict=LesionVerdict.of(lesions.side, positive=bool(is_positive)),
            matched_ids=tuple(sorted(partners[lesion.id])) if is_positive else (),
        )
        for lesion, fraction, is_positive in zip(lesions, fractions, positive, strict=True)
    )


def _measurements(lesion: Lesion) -> dict[str, Any]:
    return {part.name: getattr(lesion, part.name) for part in fields(Lesion)}
