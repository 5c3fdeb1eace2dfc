"""Two models on the same cases: where they differ, case by case."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_table import CaseTable, Values
from napari_medassist.app.browser.lesion_table import FOUND, MISSED, MOST_LESIONS, LesionTable


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
    rows = _rows_of(table, other)
    deltas = {
        f"delta_{name}": table.values(name) - _at(other.values(name), rows)
        for name in ("dice", "lesion_f1", "fp")
    }
    both = table.is_compared() & (_at(other.is_compared().astype(np.float64), rows) == 1)
    gained, lost = _changes(rows, lesions, other_lesions)
    return {
        **deltas,
        "gained": np.where(both, gained, np.nan),
        "lost": np.where(both, lost, np.nan),
    }


def _rows_of(table: CaseTable, other: CaseTable) -> NDArray[np.int64]:
    """Return the row of each case in the other table; -1 if it is not there."""
    if table.names == other.names:
        return np.arange(table.n_rows)
    found = (other.row_of(name) for name in table.names)
    return np.array([-1 if row is None else row for row in found], dtype=np.int64)


def _at(values: Values, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return values of other rows; NaN where there is none."""
    if not values.size:
        return np.full(rows.shape, np.nan)
    found: NDArray[np.float64] = np.where(rows >= 0, values[np.maximum(rows, 0)], np.nan)
    return found


def _changes(
    rows: NDArray[np.int64], lesions: LesionTable, other: LesionTable
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the reference lesions that one model found and the other missed, case by case."""
    own_keys, own = _references(rows[lesions.row], lesions)
    other_keys, others = _references(other.row, other)
    place = np.searchsorted(other_keys, own_keys)
    place[place == other_keys.size] = 0
    known = (own_keys == other_keys[place]) if other_keys.size else np.zeros(own.size, dtype=bool)
    theirs = others[place] if other_keys.size else own
    row = lesions.row[~lesions.is_prediction]
    gained = known & (own == FOUND) & (theirs == MISSED)
    lost = known & (own == MISSED) & (theirs == FOUND)
    both = (np.bincount(row[flags], minlength=rows.size) for flags in (gained, lost))
    first, second = (counts.astype(np.float64) for counts in both)
    return first, second


def _references(
    rows: NDArray[np.int64], lesions: LesionTable
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return a key and the verdict of each reference lesion; keys are rows of one table with ids.

    The keys of the table's own rows rise; those of cases that it does not have are negative.
    """
    chosen = ~lesions.is_prediction
    return rows[chosen] * MOST_LESIONS + lesions.lesion_id[chosen], lesions.verdict[chosen]
