"""The cases of a table, in the order of the browser, as Qt wants to see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

from napari_medassist._qt.cohort_panel.signs import category_icon, verdict_icon
from napari_medassist.app.browser.case_table import CaseTable, Rows
from napari_medassist.app.browser.categories import CATEGORIES, NOT_COMPARED, categories_of
from napari_medassist.app.browser.columns import CaseColumn

_ROLE = Qt.ItemDataRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
#: The column that shows the category is that of the status: "compared" alone would say little.
_SIGNED = "status"
_VERDICT_OF = {"fn": "missed", "fp": "false"}


class CaseModel(QAbstractTableModel):
    """A table model that holds nothing of its own: rows are places in the browser's order.

    Parameters
    ----------
    describe
        Returns the tooltip of a column: its definition and the convention.
    """

    def __init__(self, describe: Callable[[CaseColumn], str]) -> None:
        super().__init__()
        self.is_dark = True
        self._describe = describe
        self._table = CaseTable.waiting(())
        self._rows: Rows = np.empty(0, dtype=np.int64)
        self._categories: NDArray[np.int8] = np.empty(0, dtype=np.int8)
        self._columns: tuple[CaseColumn, ...] = ()

    @property
    def columns(self) -> tuple[CaseColumn, ...]:
        """The columns that are shown."""
        return self._columns

    def show(self, table: CaseTable, rows: Rows, columns: Sequence[CaseColumn]) -> bool:
        """Show rows of a table; tell whether the view has to find its place again."""
        is_same_place = tuple(columns) == self._columns and np.array_equal(rows, self._rows)
        if not is_same_place:
            self.beginResetModel()
        self._table, self._rows, self._columns = table, rows, tuple(columns)
        self._categories = categories_of(table)
        if not is_same_place:
            self.endResetModel()
        elif len(rows):
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(columns) - 1))
        return not is_same_place

    def case_at(self, row: int) -> str:
        """Return the name of the case in a row."""
        return self._table.names[int(self._rows[row])]

    def rows_of(self, cases: frozenset[str]) -> list[int]:
        """Return where cases stand, those that are not shown left out."""
        found = (self._table.row_of(case) for case in cases)
        wanted = [row for row in found if row is not None]
        return [int(place) for place in np.flatnonzero(np.isin(self._rows, wanted))]

    # Qt's interface ------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of cases that are shown."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns that are shown."""
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> Any:
        """Return the title of a column, or its definition."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self._columns):
            return None
        column = self._columns[section]
        if role == _ROLE.ToolTipRole:
            return wrapped(f"<b>{column.header}</b><br>{self._describe(column)}")
        return column.header if role == _ROLE.DisplayRole else None

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """Return what a cell shows."""
        row, column = int(self._rows[index.row()]), self._columns[index.column()]
        if role == _ROLE.DisplayRole:
            return self._text(row, column)
        if role == _ROLE.TextAlignmentRole:
            return _RIGHT if column.is_numeric else _LEFT
        if role == _ROLE.DecorationRole:
            return self._sign(row, column)
        return self._tip(row, column) if role == _ROLE.ToolTipRole else None

    def _text(self, row: int, column: CaseColumn) -> str:
        if column.name != _SIGNED:
            return self._table.text(row, column.name)
        number = int(self._categories[row])
        title = CATEGORIES[number].title
        return f"{title}: {self._problem(row)}" if number == NOT_COMPARED else title

    def _problem(self, row: int) -> str:
        return str(self._table.value(row, "message")) or self._table.text(row, "status")

    def _sign(self, row: int, column: CaseColumn) -> Any:
        if column.name == _SIGNED:
            return category_icon(int(self._categories[row]), is_dark=self.is_dark)
        verdict = _VERDICT_OF.get(column.name)
        if verdict is not None and self._table.value(row, column.name) > 0:
            return verdict_icon(verdict, is_dark=self.is_dark)
        return None

    def _tip(self, row: int, column: CaseColumn) -> str:
        number = int(self._categories[row])
        if number == NOT_COMPARED:
            return wrapped(f"<b>{self._table.names[row]}</b> was not compared.<br>{self._problem(row)}")
        if column.name == _SIGNED:
            return wrapped(f"{CATEGORIES[number].tip}.")
        if column.kind == "text":
            return str(self._table.value(row, column.name))
        unit = f" {column.unit}" if column.unit else ""
        value = self._table.text(row, column.name)
        return wrapped(f"{self._table.names[row]}<br>{column.title}: {value}{unit}")


def wrapped(text: str) -> str:
    """Return a tooltip that Qt breaks into lines, since it is rich text."""
    return f"<qt>{text}</qt>"
