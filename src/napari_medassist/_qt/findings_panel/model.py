"""The lesion table for a table view: rows and columns come from ``app.findings.table``."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QFont

from napari_medassist.annotation.findings.template import Template
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.findings.table import (
    Column,
    Row,
    columns_of,
    of_model,
    rows_of,
    set_cell,
    sorted_rows,
    text_of,
)
from napari_medassist.core.errors import MedAssistError

_Role = Qt.ItemDataRole
_ATTENTION = "\N{BLACK UP-POINTING TRIANGLE}"


class FindingTable(QAbstractTableModel):
    """Findings, edited in place.

    Signals
    -------
    refused
        Emits why what was typed may not stand there.

    Parameters
    ----------
    store
        The findings.
    template
        What the columns are.
    """

    refused = Signal(str)

    def __init__(self, store: FindingStore, template: Template) -> None:
        super().__init__()
        self._store, self._template = store, template
        self._mean_title = "Mean"
        self._columns = columns_of(template)
        self._rows: tuple[Row, ...] = ()
        self._sorted_by: tuple[int, bool] = (-1, False)
        self.refresh()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns."""
        return self._columns

    def show_template(self, template: Template, mean_title: str) -> None:
        """Show the columns of a template."""
        self.beginResetModel()
        self._template, self._mean_title = template, mean_title
        self._sorted_by = (-1, False)
        self._rows = self._in_order()
        self._columns = self._columns_for(self._rows)
        self.endResetModel()

    def refresh(self) -> None:
        """Show what the store holds now; rows that stay keep their selection."""
        rows = self._in_order()
        columns = self._columns_for(rows)
        same = [r.finding.id for r in rows] == [r.finding.id for r in self._rows]
        same = same and columns == self._columns
        if not same:
            self.beginResetModel()
        if columns != self._columns:
            self._columns, self._sorted_by = columns, (-1, False)
            rows = self._in_order()
        self._rows = rows
        if not same:
            self.endResetModel()
        elif rows:
            last = self.index(len(rows) - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def row_at(self, row: int) -> Row:
        """Return all that is known of a row."""
        return self._rows[row]

    def row_of(self, finding: str) -> int | None:
        """Return the row of a finding."""
        return next((i for i, row in enumerate(self._rows) if row.finding.id == finding), None)

    def column_of(self, name: str) -> int:
        """Return the place of a column."""
        return next(i for i, column in enumerate(self._columns) if column.name == name)

    def _columns_for(self, rows: tuple[Row, ...]) -> tuple[Column, ...]:
        has_suggestions = any(row.finding.suggestion is not None for row in rows)
        return columns_of(self._template, self._mean_title, has_suggestions=has_suggestions)

    def _in_order(self) -> tuple[Row, ...]:
        place, descending = self._sorted_by
        column = self._columns[place] if 0 <= place < len(self._columns) else None
        return sorted_rows(rows_of(self._store, self._template), column, descending=descending)

    # Qt's interface ------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by number if it is -1."""
        self._sorted_by = (column, order == Qt.SortOrder.DescendingOrder)
        self.refresh()

    def rowCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of findings."""
        return len(self._rows)

    def columnCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return len(self._columns)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        """Return the heading of a column, or what it means."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        if role == _Role.ToolTipRole:
            return column.tip
        return column.title if role == _Role.DisplayRole else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Tell what can be done with a cell."""
        flags = super().flags(index)
        column = self._columns[index.column()]
        is_own = self._rows[index.row()].finding.template == self._template.name
        may = column.is_editable and (column.field is None or is_own)
        return flags | Qt.ItemFlag.ItemIsEditable if may else flags

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Return what a cell shows."""
        row, column = self._rows[index.row()], self._columns[index.column()]
        if role == _Role.DisplayRole:
            text = text_of(row, column)
            mark = column.name == "number" and bool(row.notes)
            return f"{text} {_ATTENTION}" if mark else text
        if role == _Role.EditRole:
            return text_of(row, column)
        if role == _Role.TextAlignmentRole and column.is_number:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == _Role.ToolTipRole:
            return self._tip(row, column)
        if role == _Role.FontRole:
            return self._font(row, column)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = _Role.EditRole) -> bool:  # noqa: N802
        """Take over what was typed; what may not stand there is refused and told."""
        if role != _Role.EditRole:
            return False
        try:
            row, column = self._rows[index.row()], self._columns[index.column()]
            return set_cell(self._store, row, column, str(value))
        except MedAssistError as error:
            self.refused.emit(str(error))
            return False

    def _tip(self, row: Row, column: Column) -> str:
        if column.name == "model":
            return of_model(self._store, row.finding)
        told = list(row.notes)
        if column.name in ("volume_ml", "axial_mm", "diameter_3d_mm", "mean") and row.is_stale:
            told.insert(0, "The mask has changed; being measured.")
        if column.field is not None and column.field.rule and row.category is not None:
            told.insert(0, row.category.why)
        if column.name in ("location", "side") and row.measured is not None and row.measured.placed:
            told.extend(row.measured.placed.notes)
        return "\n".join(told)

    def _font(self, row: Row, column: Column) -> Any:
        font = QFont()
        measures = ("volume_ml", "axial_mm", "diameter_3d_mm", "mean")
        font.setItalic(row.is_stale and column.name in measures)
        font.setStrikeOut(row.is_gone or not (row.finding.is_lesion or row.is_open))
        font.setBold(column.name == "category")
        return font
