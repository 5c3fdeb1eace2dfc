"""Verdicts as label maps: what was found, missed and false, in colours on the image.

:func:`verdict_maps` paints the full grid in four colours. :func:`verdict_crop` follows a slider: it
paints lesion by lesion into the box around all of them, and tells split and merged lesions too::

    crop = verdict_crop(staged.under(convention, metrics=QUICK_METRICS))
    layer_array[crop.box] = crop.values
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.labels import Label, LabelScheme
from napari_medassist.core.lesion import Index, Lesion, LesionSet, Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionVerdict
from napari_medassist.evaluation.comparison import Comparison
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.matching.match import split_and_merged
from napari_medassist.evaluation.rejudging.one_case import graph_of

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
#: Further classes: a found lesion with several predictions in it; a true prediction in several lesions.
SPLIT, MERGED = 5, 6
#: Names and colours of all classes, which stay apart as those of the verdicts do.
CLASS_SCHEME = LabelScheme(
    (
        *VERDICT_SCHEME.labels,
        Label(SPLIT, "split", (136, 255, 204)),
        Label(MERGED, "merged", (204, 119, 204)),
    )
)
#: What covers what where lesions of both sides overlap, the rear one first.
_REAR_TO_FRONT = (IGNORED, TRUE_POSITIVE, MERGED, SPLIT, FALSE_POSITIVE, MISSED)

#: Class -> place from the rear; 0 is background.
_RANK = np.argsort([0, *_REAR_TO_FRONT]).astype(np.uint8)


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
    in_front = _RANK[reference] > _RANK[prediction]
    return VerdictMaps(reference, prediction, np.where(in_front, reference, prediction))


@dataclass(frozen=True, eq=False)
class VerdictCrop:
    """The classes of lesions, in the box that holds all lesions of both sides.

    Parameters
    ----------
    values
        (z, y, x) uint8 crop of the grid: 0 background, else a value of :data:`CLASS_SCHEME`.
    offset_zyx
        Index of the crop's first voxel in the full grid.
    """

    values: NDArray[np.uint8]
    offset_zyx: Index

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Where the crop lies in the full grid."""
        z, y, x = (
            slice(start, start + size)
            for start, size in zip(self.offset_zyx, self.values.shape, strict=True)
        )
        return z, y, x


def verdict_crop(comparison: Comparison, side: Side | None = None) -> VerdictCrop:
    """Return the classes of a comparison's lesions as a crop of its grid.

    Parameters
    ----------
    comparison
        The lesions and their verdicts.
    side
        Whose lesions; both in one by default, stacked as in :class:`VerdictMaps`: split and merged
        ones stand over true and under false ones.
    """
    sets = {Side.REFERENCE: comparison.reference, Side.PREDICTION: comparison.prediction}
    shown = Side if side is None else (side,)
    classes = classes_of(comparison.evaluation)
    values = np.zeros(comparison.reference.labels.shape, dtype=np.uint8)
    for front in _REAR_TO_FRONT:
        for own in shown:
            for place in np.flatnonzero(classes[own] == front).tolist():
                _paint(values, sets[own], sets[own].lesions[place], front)
    return VerdictCrop(values, comparison.reference.offset_zyx)


def classes_of(evaluation: CaseEvaluation) -> dict[Side, NDArray[np.uint8]]:
    """Return the class of each lesion of each side, in the order of the ids.

    A found lesion is ``SPLIT`` and a true prediction ``MERGED`` where ``n_splits`` and ``n_merges``
    count it; else its class is that of its verdict.
    """
    rule = Convention.from_settings({"matching": evaluation.convention["matching"]}).matching
    split, merged = split_and_merged(graph_of(evaluation), rule)
    classes = {}
    for side, flags, special in (
        (Side.REFERENCE, split, SPLIT),
        (Side.PREDICTION, merged, MERGED),
    ):
        plain = np.array([VALUE_OF[n.verdict] for n in evaluation.lesions_of(side)], dtype=np.uint8)
        plain[flags & (plain == TRUE_POSITIVE)] = special
        classes[side] = plain
    return classes


def _paint(values: NDArray[np.uint8], lesions: LesionSet, lesion: Lesion, value: int) -> None:
    """Give a lesion's voxels a value, looking at its own box only: lesions are small in their crop."""
    corners = zip(lesion.start_zyx, lesion.stop_zyx, lesions.offset_zyx, strict=True)
    box = tuple(slice(start - first, stop - first) for start, stop, first in corners)
    values[box][lesions.labels[box] == lesion.id] = value


def _painted(lesions: LesionSet, judged: tuple[JudgedLesion, ...]) -> NDArray[np.uint8]:
    values = [VALUE_OF[lesion.verdict] for lesion in judged]
    return lesions.painted(np.array(values, dtype=np.uint8))
