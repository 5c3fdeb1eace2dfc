"""Verdicts as label maps: what was found, missed and false, in colours on the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.labels import Label, LabelScheme
from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.core.results import JudgedLesion
from napari_medassist.evaluation.case import Comparison

#: Values of the verdict maps; ``TRUE_POSITIVE`` is a found reference lesion or a true prediction.
TRUE_POSITIVE, MISSED, FALSE_POSITIVE = 1, 2, 3

#: Names and colours of the values. The colours stay apart with red-, green- and blue-blindness, and
#: on grey images.
VERDICT_SCHEME = LabelScheme(
    (
        Label(TRUE_POSITIVE, "true positive", (0, 158, 115)),
        Label(MISSED, "missed (false negative)", (213, 94, 0)),
        Label(FALSE_POSITIVE, "false positive", (240, 228, 66)),
    )
)


@dataclass(frozen=True, eq=False)
class VerdictMaps:
    """Label maps of the full grid, (z, y, x) uint8, 0 outside of lesions.

    Parameters
    ----------
    reference
        1 in found reference lesions, 2 in missed ones.
    prediction
        1 in true predictions, 3 in false ones.
    combined
        Both in one. Where lesions of both sides overlap, missed stands over false over true: what
        matters most stays visible.
    """

    reference: NDArray[np.uint8]
    prediction: NDArray[np.uint8]
    combined: NDArray[np.uint8]


def verdict_maps(comparison: Comparison) -> VerdictMaps:
    """Return the verdicts of a comparison as label maps of its full grid."""
    evaluation = comparison.evaluation
    reference = _painted(comparison.reference, evaluation.lesions_of(Side.REFERENCE), MISSED)
    prediction = _painted(comparison.prediction, evaluation.lesions_of(Side.PREDICTION), FALSE_POSITIVE)
    combined = np.maximum(reference, prediction)
    combined[reference == MISSED] = MISSED
    return VerdictMaps(reference, prediction, combined)


def _painted(lesions: LesionSet, judged: tuple[JudgedLesion, ...], error: int) -> NDArray[np.uint8]:
    values = [error if lesion.verdict.is_error else TRUE_POSITIVE for lesion in judged]
    return lesions.painted(np.array(values, dtype=np.uint8))
