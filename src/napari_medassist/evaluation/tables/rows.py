"""Results from the rows of their tables: the way back from what ``tables`` writes, without loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import nan

from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Index, Side
from napari_medassist.core.results import (
    Candidate,
    CaseEvaluation,
    FurtherCounts,
    JudgedLesion,
    LesionCounts,
    LesionMatch,
    LesionVerdict,
    PartEvaluation,
    Status,
    ZoneStatus,
)

#: The cells of a row by the names of their columns.
Cells = Mapping[str, str]


def case_from(row: Cells, metrics: Sequence[str]) -> CaseEvaluation:
    """Return the case of a row of ``cases.csv``, without lesions, matches and settings.

    Parameters
    ----------
    row
        Its cells.
    metrics
        The columns that hold metrics.

    Raises
    ------
    KeyError, ValueError
        If a column is missing, or a cell holds something else.
    """
    status, counts = Status(row["status"]), _counts(row)
    return CaseEvaluation(
        case=row["case"],
        status=status,
        message=row["message"],
        scores={name: number_from(row[name]) for name in metrics} if status is Status.OK else {},
        counts=counts,
        further_counts=None if counts is None else FurtherCounts(*_whole(row, FurtherCounts)),
        spacing_zyx_mm=_triple(row, [f"spacing_{axis}_mm" for axis in "zyx"]),
        group=row["group"],
        zone_status=ZoneStatus(row["zone_status"]) if row["zone_status"] else None,
        unlisted_labels=tuple(int(value) for value in row["unlisted_labels"].split()),
    )


def lesion_from(row: Cells) -> JudgedLesion:
    """Return the lesion of a row of ``lesions.csv``; errors are those of :func:`case_from`."""
    centroid = _triple(row, [f"centroid_index_{axis}" for axis in "zyx"])
    if centroid is None:
        raise ValueError("a lesion has no centroid")
    return JudgedLesion(
        id=int(row["lesion"]),
        side=Side(row["side"]),
        n_voxels=int(row["n_voxels"]),
        volume_ml=float(row["volume_ml"]),
        centroid_index_zyx=centroid,
        start_zyx=_index(row, "start"),
        stop_zyx=_index(row, "stop"),
        centroid_lps_mm=_triple(row, [f"centroid_lps_{axis}_mm" for axis in "xyz"]),
        confidence=float(row["confidence"]) if row["confidence"] else None,
        overlap_fraction=float(row["overlap_fraction"]),
        verdict=LesionVerdict(row["verdict"]),
        matched_ids=tuple(int(number) for number in row["matched_ids"].split()),
        zone=row["zone"] or None,
        zone_fraction=float(row["zone_fraction"]) if row["zone_fraction"] else None,
    )


def match_from(row: Cells) -> LesionMatch:
    """Return the edge of a row of ``matches.csv``; errors are those of :func:`case_from`."""
    return LesionMatch(
        reference_id=int(row["reference_id"]),
        prediction_id=int(row["prediction_id"]),
        n_voxels=int(row["n_voxels"]),
        n_reference_voxels=int(row["n_reference_voxels"]),
        n_prediction_voxels=int(row["n_prediction_voxels"]),
        is_match=truth_from(row["is_match"]),
    )


def part_from(row: Cells, name: str, metrics: Sequence[str]) -> PartEvaluation:
    """Return the part of a row of ``regions.csv`` or ``labels.csv``.

    Parameters
    ----------
    row
        Its cells.
    name
        The column that names the part: ``zone`` or ``label``.
    metrics
        The columns that hold metrics.

    Raises
    ------
    KeyError, ValueError
        As :func:`case_from`.
    """
    return PartEvaluation(
        value=int(row["value"]),
        name=row[name],
        scores={metric: number_from(row[metric]) for metric in metrics},
        counts=LesionCounts(*_whole(row, LesionCounts)),
        n_voxels=int(row["n_voxels"]) if row.get("n_voxels") else None,
    )


def candidate_from(row: Cells) -> Candidate:
    """Return the candidate of a row of ``candidates.csv``; errors are those of :func:`case_from`."""
    return Candidate(
        is_lesion=truth_from(row["is_lesion"]),
        confidence=float(row["confidence"]),
        overlap=float(row["overlap"]),
    )


def number_from(cell: str) -> float:
    """Return the number of a cell; NaN if it is empty."""
    return float(cell) if cell else nan


def truth_from(cell: str) -> bool:
    """Return what a cell with True or False says."""
    if cell not in ("True", "False"):
        raise ValueError(f"'{cell}' is neither True nor False")
    return cell == "True"


def _counts(row: Cells) -> LesionCounts | None:
    return LesionCounts(*_whole(row, LesionCounts)) if row["n_reference_lesions"] else None


def _whole(row: Cells, kind: type[LesionCounts | FurtherCounts]) -> list[int]:
    return [int(row[part.name]) for part in fields(kind)]


def _triple(row: Cells, names: Sequence[str]) -> Triple | None:
    cells = [row[name] for name in names]
    if not any(cells):
        return None
    first, second, third = map(float, cells)
    return first, second, third


def _index(row: Cells, name: str) -> Index:
    z, y, x = (int(row[f"{name}_{axis}"]) for axis in "zyx")
    return z, y, x
