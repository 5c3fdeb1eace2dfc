"""The lesions of a comparison as rows of a table: what stands in each cell, and how rows are sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from napari_medassist.app.live_comparison import ComparedLabels, LesionMeasures
from napari_medassist.app.two_levels import PENDING
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import JudgedLesion
from napari_medassist.evaluation.verdict_map import CLASS_SCHEME, MERGED, SPLIT


@dataclass(frozen=True, eq=False)
class LesionRow:
    """A lesion as the table shows it.

    Parameters
    ----------
    lesion
        The lesion with its verdict.
    kind
        Its class, a value of ``CLASS_SCHEME``.
    measures
        Diameter and distance; None until they are there.
    """

    lesion: JudgedLesion
    kind: int
    measures: LesionMeasures | None = None

    @property
    def verdict(self) -> str:
        """The verdict in a word; split and merged say more than found and true."""
        if self.kind in (SPLIT, MERGED):
            return CLASS_SCHEME.get(self.kind).name
        return self.lesion.verdict.value

    @property
    def zone(self) -> str:
        """The zone of the organ that holds most of it; empty without zones."""
        return self.lesion.zone or ""

    def is_same_lesion(self, other: LesionRow) -> bool:
        """Tell whether a row of other settings is about the same place: same side, boxes that meet."""
        mine, its = self.lesion, other.lesion
        bounds = zip(mine.start_zyx, mine.stop_zyx, its.start_zyx, its.stop_zyx, strict=True)
        return mine.side is its.side and all(a < d and c < b for a, b, c, d in bounds)


@dataclass(frozen=True)
class LesionColumn:
    """A column of the table.

    Parameters
    ----------
    title, tip
        What it is called, and what it means, in one sentence.
    text
        What a cell shows.
    key
        What it is sorted by; NaN stands at the end either way.
    """

    title: str
    tip: str
    text: Callable[[LesionRow], str]
    key: Callable[[LesionRow], Any]
    is_number: bool = True


def _diameter(row: LesionRow) -> float:
    return math.nan if row.measures is None else row.measures.longest_diameter_mm


def _nearest(row: LesionRow) -> float:
    found = None if row.measures is None else row.measures.nearest_mm
    return math.nan if found is None else found


def _measured(row: LesionRow, value: float) -> str:
    if row.measures is None:
        return PENDING
    return "-" if math.isnan(value) else f"{value:.1f}"


def _confidence(row: LesionRow) -> float:
    return math.nan if row.lesion.confidence is None else row.lesion.confidence


def _errors_first(row: LesionRow) -> tuple[bool, bool, float]:
    lesion = row.lesion
    return not lesion.verdict.is_error, lesion.side is not Side.REFERENCE, -lesion.volume_ml


LESION_COLUMNS = (
    LesionColumn(
        "Verdict",
        "Reference lesions are found, missed or split (several predictions); predicted ones are true, "
        "false or merged (several lesions). Sorted: errors first.",
        lambda row: row.verdict,
        _errors_first,
        is_number=False,
    ),
    LesionColumn(
        "Lesion",
        "R: reference, P: prediction, and the lesion's number there.",
        lambda row: f"{row.lesion.side.value[0].upper()} {row.lesion.id}",
        lambda row: (row.lesion.side is not Side.REFERENCE, row.lesion.id),
        is_number=False,
    ),
    LesionColumn(
        "ml",
        "Volume in millilitres: number of voxels times the volume of one.",
        lambda row: f"{row.lesion.volume_ml:.2f}",
        lambda row: row.lesion.volume_ml,
    ),
    LesionColumn(
        "Ø mm",
        "Longest diameter in mm: from corner to corner of its voxels, within one axial slice.",
        lambda row: _measured(row, _diameter(row)),
        _diameter,
    ),
    LesionColumn(
        "Overlap",
        "Share of the lesion's voxels that the whole other mask covers.",
        lambda row: f"{row.lesion.overlap_fraction:.0%}",
        lambda row: row.lesion.overlap_fraction,
    ),
    LesionColumn(
        "Near mm",
        "Distance in mm, between voxel centres, to the nearest lesion of the other side.",
        lambda row: _measured(row, _nearest(row)),
        _nearest,
    ),
    LesionColumn(
        "Sure",
        "How sure the prediction is: the highest value of the map within the lesion.",
        lambda row: "" if row.lesion.confidence is None else f"{row.lesion.confidence:.2f}",
        _confidence,
    ),
    LesionColumn(
        "Zone",
        "The zone of the organ that holds most of the lesion.",
        lambda row: row.zone,
        lambda row: row.zone,
        is_number=False,
    ),
    LesionColumn(
        "Match",
        "Lesions of the other side that belong to it under the matching rule.",
        lambda row: ", ".join(str(number) for number in row.lesion.matched_ids),
        lambda row: row.lesion.matched_ids,
        is_number=False,
    ),
)


def rows_of(compared: ComparedLabels | None) -> tuple[LesionRow, ...]:
    """Return the lesions of a comparison: errors first, then the reference, then by volume."""
    if compared is None:
        return ()
    rows = (
        LesionRow(
            lesion,
            int(compared.classes[lesion.side][lesion.id - 1]),
            compared.measures.get((lesion.side, lesion.id)),
        )
        for lesion in compared.evaluation.lesions
    )
    return tuple(sorted(rows, key=_errors_first))


def sorted_rows(
    rows: Sequence[LesionRow], column: int | None, *, descending: bool
) -> tuple[LesionRow, ...]:
    """Return rows sorted by a column, undefined values last; errors first if there is no column."""
    errors_first = sorted(rows, key=_errors_first)
    if column is None:
        return tuple(errors_first)
    key = LESION_COLUMNS[column].key
    defined = [row for row in errors_first if not _is_nan(key(row))]
    rest = [row for row in errors_first if _is_nan(key(row))]
    return (*sorted(defined, key=key, reverse=descending), *rest)


def row_of_same_lesion(rows: Sequence[LesionRow], lost: LesionRow) -> int | None:
    """Return the row of a lesion that other settings may have numbered anew; None if it is gone."""
    candidates = [i for i, row in enumerate(rows) if row.is_same_lesion(lost)]
    centre = lost.lesion.centroid_index_zyx
    return min(
        candidates,
        key=lambda i: math.dist(rows[i].lesion.centroid_index_zyx, centre),
        default=None,
    )


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
