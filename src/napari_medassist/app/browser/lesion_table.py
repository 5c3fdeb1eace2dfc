"""The lesions of one model over all cases as columns: what errors and curves are taken from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionVerdict

#: The order of the verdict codes.
VERDICTS = (
    LesionVerdict.FOUND,
    LesionVerdict.MISSED,
    LesionVerdict.TRUE,
    LesionVerdict.FALSE,
    LesionVerdict.IGNORED,
)
FOUND, MISSED, TRUE, FALSE, IGNORED = range(len(VERDICTS))
_CODE = {verdict: code for code, verdict in enumerate(VERDICTS)}
_NOWHERE = (np.nan, np.nan, np.nan)

#: More lesions than any side of a case has: row times this plus id is a key of its own.
MOST_LESIONS = 2**32
#: A lesion as one row of numbers; see :class:`LesionTable`.
LesionRow = tuple[float, ...]


@dataclass(frozen=True, eq=False)
class LesionTable:
    """Lesions of both sides, sorted by case row, then reference before prediction, then id.

    All arrays have one entry a lesion.

    Parameters
    ----------
    row
        int64: the row of its case in the table of cases.
    is_prediction
        bool: its side.
    lesion_id
        int64.
    verdict
        int8: place in :data:`VERDICTS`.
    volume_ml, overlap_fraction
        float64.
    confidence
        float64; NaN where it comes from a mask.
    centroid_lps_mm
        (n, 3) float64: x, y, z in the patient; NaN where it is not known.
    """

    row: NDArray[np.int64]
    is_prediction: NDArray[np.bool_]
    lesion_id: NDArray[np.int64]
    verdict: NDArray[np.int8]
    volume_ml: Float
    overlap_fraction: Float
    confidence: Float
    centroid_lps_mm: Float

    @classmethod
    def of(cls, rows: Iterable[LesionRow]) -> LesionTable:
        """Return the table of lesions, from :func:`lesion_rows` of each case in any order."""
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 10)
        table = table[np.lexsort((table[:, 2], table[:, 1], table[:, 0]))]
        return cls(
            row=table[:, 0].astype(np.int64),
            is_prediction=table[:, 1] > 0,
            lesion_id=table[:, 2].astype(np.int64),
            verdict=table[:, 3].astype(np.int8),
            volume_ml=table[:, 4],
            overlap_fraction=table[:, 5],
            confidence=table[:, 6],
            centroid_lps_mm=table[:, 7:],
        )

    def __len__(self) -> int:
        """Return the number of lesions."""
        return int(self.row.size)

    def joined(self, other: LesionTable) -> LesionTable:
        """Return the lesions of both, sorted."""
        if not len(self) or not len(other):
            return self if len(self) else other
        pairs = ((getattr(self, part.name), getattr(other, part.name)) for part in fields(self))
        both = LesionTable(*(np.concatenate(pair) for pair in pairs))
        return both.chosen(np.lexsort((both.lesion_id, both.is_prediction, both.row)))

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> LesionTable:
        """Return some of the lesions, by flags or by places."""
        columns = (getattr(self, part.name)[which] for part in fields(self))
        return LesionTable(*columns)


def lesion_rows(row: int, case: CaseEvaluation) -> list[LesionRow]:
    """Return the lesions of a case as rows of numbers.

    Parameters
    ----------
    row
        The row of the case in the table of cases.
    case
        Its results.
    """
    return [_numbers(row, lesion) for lesion in case.lesions]


def _numbers(row: int, lesion: JudgedLesion) -> LesionRow:
    return (
        row,
        lesion.side is Side.PREDICTION,
        lesion.id,
        _CODE[lesion.verdict],
        lesion.volume_ml,
        lesion.overlap_fraction,
        np.nan if lesion.confidence is None else lesion.confidence,
        *(_NOWHERE if lesion.centroid_lps_mm is None else lesion.centroid_lps_mm),
    )


@dataclass(frozen=True, eq=False)
class OverlapCurve:
    """How recall and precision of lesions fall as more overlap is asked for.

    Each lesion is judged by the share of its own voxels that the whole other mask covers, whatever the
    matching rule in use.

    Parameters
    ----------
    overlaps
        What is asked for, rising, 0..1.
    recall, precision
        Share of the reference lesions, and of the predicted ones, covered at least so much; NaN where
        there are none.
    """

    overlaps: Float
    recall: Float
    precision: Float


def overlap_curve(lesions: LesionTable, overlaps: Sequence[float] | None = None) -> OverlapCurve:
    """Return the curve of a cohort's lesions; ignored ones do not count.

    Parameters
    ----------
    lesions
        Of both sides.
    overlaps
        Where to count; by default 0.01, 0.02, ... 1.
    """
    asked = np.linspace(0.01, 1.0, 100) if overlaps is None else np.sort(np.asarray(overlaps, float))
    counted = lesions.verdict != IGNORED
    sides = (counted & ~lesions.is_prediction, counted & lesions.is_prediction)
    recall, precision = (_share_covered(lesions.overlap_fraction[side], asked) for side in sides)
    return OverlapCurve(asked, recall, precision)


def _share_covered(fractions: Float, asked: Float) -> Float:
    if not fractions.size:
        return np.full(asked.shape, np.nan)
    below = np.searchsorted(np.sort(fractions), asked - 1e-12, side="left")
    share: Float = 1.0 - below / fractions.size
    return share
