"""From a reference and a map of candidates to what detection curves need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.core.results import Candidate, ScoredCase
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.inputs.masks import Kind, LabelChoice, Labelled, Predicted
from napari_medassist.evaluation.rules import CaseConfidence
from napari_medassist.evaluation.staged import StagedCase
from napari_medassist.metrics.lesion.matched import MatchedLesions


def score_case(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
    convention: Convention = MEDASSIST,
    case: str = "",
) -> ScoredCase:
    """Turn a prediction into hits, false alarms and misses, each with its confidence.

    Every reference lesion that counts is one candidate: found, with the confidence of the surest
    prediction that belongs to it, or missed, with 0. Every false prediction is one more.

    Parameters
    ----------
    reference
        Label map, or array (z, y, x) of whole numbers.
    prediction
        Probability map, detection map, or array of either kind. The lesions of a mask count as certain.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm; needed for arrays.
    label
        Which values of label maps are foreground; every non-zero one by default.
    kind
        What a predicted array or image holds: ``"labels"`` (the default), ``"probability"`` or
        ``"detection"``.
    convention
        How candidates are extracted and matched.
    case
        Name of the case in the result.

    Returns
    -------
    ScoredCase
        The confidence of the case is 0 where there is no candidate.

    Raises
    ------
    MedAssistError
        As :func:`~napari_medassist.evaluation.case.evaluate` does.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.zeros((4, 12, 12), dtype=np.uint8)
    >>> reference[1:3, 2:6, 2:6] = 1
    >>> detections = np.zeros(reference.shape)
    >>> detections[1:3, 2:6, 3:6] = 0.9
    >>> detections[1:3, 9:11, 9:11] = 0.4
    >>> scored = score_case(reference, detections, (3, 0.5, 0.5), kind="detection")
    >>> [(c.is_lesion, c.confidence, c.overlap) for c in scored.candidates]
    [(True, 0.9, 0.75), (False, 0.4, 0.0)]
    """
    staged = StagedCase(reference, prediction, spacing_zyx_mm, label=label, kind=kind)
    return scored(
        staged.matched(convention),
        case_confidence=convention.extraction.case_confidence,
        case=case,
    )


def scored(
    matched: MatchedLesions, *, case_confidence: CaseConfidence = "max", case: str = ""
) -> ScoredCase:
    """Turn matched lesions into what detection curves need of a case.

    Parameters
    ----------
    matched
        The lesions, their verdicts and which belong together.
    case_confidence
        How the confidence of the case follows from those of all its candidates.
    case
        Name of the case in the result.
    """
    confidences = matched.prediction.confidences()
    lesions = [_of_lesion(matched, int(row), confidences) for row in matched.counted_rows]
    alarms = [Candidate(is_lesion=False, confidence=float(c)) for c in confidences[matched.false]]
    return ScoredCase(
        case=case,
        candidates=(*lesions, *alarms),
        case_confidence=_of_case(confidences, case_confidence),
        has_lesion=bool(lesions),
        n_reference_lesions=len(lesions),
    )


def _of_lesion(matched: MatchedLesions, row: int, confidences: Float) -> Candidate:
    columns = np.flatnonzero(matched.links[row])
    if not (matched.found[row] and columns.size):
        return Candidate(is_lesion=True, confidence=0.0)
    overlaps = matched.scores[row, columns]
    best = np.lexsort((columns, -overlaps, -confidences[columns]))[0]
    return Candidate(
        is_lesion=True,
        confidence=float(confidences[columns[best]]),
        overlap=float(overlaps[best]),
    )


def _of_case(confidences: Iterable[float], rule: CaseConfidence) -> float:
    values = np.fromiter(confidences, dtype=float)
    if rule == "any_of_all":
        return float(1 - np.prod(1 - values))
    return float(values.max(initial=0.0))
