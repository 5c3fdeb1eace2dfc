"""The table of cases as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.columns import CaseColumn
from napari_medassist.app.browser.marks import Mark
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.io.atomic import replacing

_MARK_COLUMNS = ("mark_kind", "mark_note", "mark_when", "mark_reader", "mark_model")


def export_csv(
    path: Path,
    table: CaseTable,
    rows: Iterable[int],
    *,
    model: str,
    convention: Convention,
    marks: Mapping[str, Mark],
    columns: Sequence[str] = (),
) -> int:
    """Write cases of a table: the columns shown, the marks, the model and the convention's name.

    Parameters
    ----------
    path
        The file; replaced whole or not at all.
    table
        The cases.
    rows
        Which ones, in their order.
    model, convention
        Whose numbers these are, and what they were computed with.
    marks
        The readers' marks by case.
    columns
        Names of columns; all of the table by default.

    Returns
    -------
    int
        Number of cases written.

    Raises
    ------
    UnknownItem
        If the table has no column of a name.
    WriteFailed
        If the file cannot be written.
    """
    shown = [table.column(name) for name in columns] if columns else list(table.columns)
    shown = [column for column in shown if column.name != "mark"]
    n_written = 0
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        header = (column.name for column in shown)
        writer.writerow([*header, *_MARK_COLUMNS, "model", "convention"])
        for row in rows:
            cells = [_cell(column, table.value(row, column.name)) for column in shown]
            mark = marks.get(table.names[row])
            writer.writerow([*cells, *_mark_cells(mark), model, convention.name])
            n_written += 1
    return n_written


def _cell(column: CaseColumn, value: Any) -> str:
    """Return a value for programs: ten digits, nothing where it is undefined."""
    if column.kind == "text":
        return " ".join(str(value).splitlines())
    if column.kind == "flag":
        return "true" if value else "false"
    return "" if np.isnan(value) else f"{float(value):.10g}"


def _mark_cells(mark: Mark | None) -> list[str]:
    if mark is None:
        return [""] * len(_MARK_COLUMNS)
    return [mark.kind, " ".join(mark.note.splitlines()), mark.when, mark.reader, mark.model]
