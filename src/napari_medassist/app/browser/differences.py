"""Two models on the same cases: where they differ, case by case."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_table import CaseTable, Values
from napari_medassist.app.browser.lesion_table import FOUND, MISSED, LesionTable


def differences_of(
    table: CaseTable, lesions: LesionTable, other: CaseTable, other_lesions: LesionTable
) -> Mapping[str, Values]:
    """Return the columns of ``difference_columns``: this model minus the other, row by row.

    Cases are found by name. NaN where either model has no value, or its case was not compared.
    Reference lesions are the same in both if the references and the convention are.

    Parameters
    ----------
    table, lesions
        This model.
    other, other_lesions
        The other model.
    """
    rows = np.array([_row(other, name) for name in table.names], dtype=np.int64)
    deltas = {
        f"delta_{name}": table.values(name) - _at(other.values(name), rows)
        for name in ("dice", "lesion_f1", "fp")
    }
    both = table.is_compared() & (_at(other.is_compared().astype(np.float64), rows) == 1)
    gained, lost = _changes(table, lesions, other, other_lesions)
    return {
        **deltas,
        "gained": np.where(both, gained, np.nan),
        "lost": np.where(both, lost, np.nan),
    }


def _row(table: CaseTable, name: str) -> int:
    row = table.row_of(name)
    return -1 if row is None else row


def _at(values: Values, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return values of other rows; NaN where there is none."""
    if not values.size:
        return np.full(rows.shape, np.nan)
    found: NDArray[np.float64] = np.where(rows >= 0, values[np.maximum(rows, 0)], np.nan)
    return found


def _changes(
    table: CaseTable, lesions: LesionTable, other: CaseTable, other_lesions: LesionTable
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the reference lesions that one model found and the other missed, case by case."""
    known = {(other.names[row], lesion): verdict for row, lesion, verdict in _references(other_lesions)}
    gained, lost = np.zeros(table.n_rows), np.zeros(table.n_rows)
    for row, lesion, verdict in _references(lesions):
        before = known.get((table.names[row], lesion))
        gained[row] += (verdict, before) == (FOUND, MISSED)
        lost[row] += (verdict, before) == (MISSED, FOUND)
    return gained, lost


def _references(lesions: LesionTable) -> list[tuple[int, int, int]]:
    chosen = ~lesions.is_prediction
    columns = (lesions.row[chosen], lesions.lesion_id[chosen], lesions.verdict[chosen])
    return list(zip(*(column.tolist() for column in columns), strict=True))
