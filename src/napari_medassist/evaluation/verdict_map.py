"""Verdicts as label maps: what was found, missed and false, in colours on the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.labels import Label, LabelScheme
from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.core.results import JudgedLesion, LesionVerdict
from napari_medassist.evaluation.case import Comparison

#: Values of the verdict maps; ``TRUE_POSITIVE`` is a found reference lesion or a true prediction.
TRUE_POSITIVE, MISSED, FALSE_POSITIVE, IGNORED = 1, 2, 3, 4

#: Names and colours of the values. The colours stay apart with red-, green- and blue-blindness, and
#: on grey images.
VERDICT_SCHEME = LabelScheme(
    (
        Label(TRUE_POSITIVE, "true positive", (0, 158, 115)),
        Label(MISSED, "missed (false negative)", (213, 94, 0)),
        Label(FALSE_POSITIVE, "false positive", (240, 228, 66)),
        Label(IGNORED, "ignored", (120, 94, 240)),
    )
)
#: The value of each verdict.
VALUE_OF: Mapping[LesionVerdict, int] = {
    LesionVerdict.FOUND: TRUE_POSITIVE,
    LesionVerdict.TRUE: TRUE_POSITIVE,
    LesionVerdict.MISSED: MISSED,
    LesionVerdict.FALSE: FALSE_POSITIVE,
    LesionVerdict.IGNORED: IGNORED,
}
#: What covers what where lesions of both sides overlap, the rear one first.
_REAR_TO_FRONT = (IGNORED, TRUE_POSITIVE, FALSE_POSITIVE, MISSED)


@dataclass(frozen=True, eq=False)
class VerdictMaps:
    """Label maps of the full grid, (z, y, x) uint8, 0 outside of lesions.

    Parameters
    ----------
    reference
        1 in found reference lesions, 2 in missed ones, 4 in ignored ones.
    prediction
        1 in true predictions, 3 in false ones, 4 in ignored ones.
    combined
        Both in one. Where lesions of both sides overlap, missed stands over false over true over
        ignored: what matters most stays visible.
    """

    reference: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    combined: NDArray[np.uint8]


def verdict_maps(comparison: Comparison) -> VerdictMaps:
    """Return the verdicts of a comparison as label maps of its full grid."""
    evaluation = comparison.evaluation
    reference = _painted(comparison.reference, evaluation.lesions_of(Side.REFERENCE))
    prediction = _painted(comparison.prediction, evaluation.lesions_of(Side.PREDICTION))
    rank = np.zeros(max(_REAR_TO_FRONT) + 1, dtype=np.uint8)
    rank[list(_REAR_TO_FRONT)] = range(1, len(_REAR_TO_FRONT) + 1)
    in_front = rank[reference] > rank[prediction]
    return VerdictMaps(reference, prediction, np.where(in_front, reference, prediction))


def _painted(lesions: LesionSet, judged: tuple[JudgedLesion, ...]) -> NDArray[np.uint8]:
    values = [VALUE_OF[lesion.verdict] for lesion in judged]
    return lesions.painted(np.array(values, dtype=np.uint8))
