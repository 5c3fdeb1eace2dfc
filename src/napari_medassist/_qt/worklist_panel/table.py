"""The cases of a worklist as Qt wants to see them."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QFont, QFontMetrics
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_medassist.app.reading.clock import in_words
from napari_medassist.app.reading.entries import Entry, Status
from napari_medassist.app.reading.room import ReadingRoom

_Role = Qt.ItemDataRole
COLUMNS = ("Case", "Status", "Time", "Notes", "Others")
CASE, STATUS, TIME, NOTES, OTHERS = range(5)
_TIPS = (
    "Double-click opens the case",
    "How far you have come with it",
    "Your active time: it stands still after a minute without input and while the window is behind",
    "Your notes; double-click to write",
    "Other readers, and how far they are; in a blinded list only after your own reading is done",
)
#: Readable on napari's light and its dark theme.
_COLOURS = {Status.DONE: "#2e9e5b", Status.SKIPPED: "#8a8a8a", Status.IN_PROGRESS: "#d08a00"}
_PROBLEM_COLOUR = "#d9534f"
_SAMPLED_ROWS = 40
_CELL_MARGIN_PX, _WIDEST_PX = 12, 140


class WorklistTable(QAbstractTableModel):
    """A table model that holds nothing of its own: it looks into the reading room.

    Signals
    -------
    notes_written
        Emits the case and what was written about it.

    Parameters
    ----------
    room
        The worklist and its reader.
    """

    notes_written = Signal(str, str)

    def __init__(self, room: ReadingRoom) -> None:
        super().__init__()
        self._room = room
        self._n_rows = 0

    def show_list(self) -> None:
        """Show the cases of the list that is open now."""
        self.beginResetModel()
        self._n_rows = 0 if self._room.worklist is None else len(self._room.worklist.cases)
        self.endResetModel()

    def show_rows(self, case: str | None = None) -> None:
        """Show what has changed: of one case, or of all."""
        worklist = self._room.worklist
        if worklist is None or not self._n_rows:
            return
        if len(worklist.cases) != self._n_rows:
            self.show_list()
            return
        first, last = 0, self._n_rows - 1
        if case is not None:
            first = last = worklist.row_of(case)
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))

    def case_at(self, row: int) -> str:
        """Return the name of the case in a row."""
        return self._room.required_worklist.cases[row].name

    # Qt's interface ------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of cases."""
        return 0 if parent is not None and parent.isValid() else self._n_rows

    def columnCount(self, _parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return len(COLUMNS)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        """Return the title of a column, or what it means."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _Role.ToolTipRole:
            return _TIPS[section]
        return COLUMNS[section] if role == _Role.DisplayRole else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Return what can be done with a cell: notes can be written."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NOTES else flags

    def data(self, index: QModelIndex, role: int = _Role.DisplayRole) -> Any:
        """Return what a cell shows."""
        case, column = self.case_at(index.row()), index.column()
        entry, problem = self._room.entry(case), self._room.problem(case)
        if role in (_Role.DisplayRole, _Role.EditRole):
            return self._text(case, entry, problem, column)
        if role == _Role.ToolTipRole:
            return problem or self._tip(case, entry)
        if role == _Role.ForegroundRole and column == STATUS:
            colour = _PROBLEM_COLOUR if problem else _COLOURS.get(entry.status)
            return None if colour is None else QColor(colour)
        if role == _Role.FontRole and case == self._room.current:
            font = QFont()
            font.setBold(True)
            return font
        if role == _Role.TextAlignmentRole and column == TIME:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = _Role.EditRole) -> bool:  # noqa: N802
        """Write notes."""
        if role != _Role.EditRole or index.column() != NOTES:
            return False
        self.notes_written.emit(self.case_at(index.row()), str(value))
        return True

    def _text(self, case: str, entry: Entry, problem: str, column: int) -> str:
        if column == CASE:
            return case
        if column == STATUS:
            return "unreadable" if problem else str(entry.status)
        if column == TIME:
            return in_words(entry.active_s) if entry.active_s else ""
        if column == NOTES:
            return entry.notes
        others = self._room.required_worklist.others(case, self._room.reader)
        return ", ".join(f"{name} ({other.status})" for name, other in others.items())

    def _tip(self, case: str, entry: Entry) -> str:
        paths = self._room.required_worklist.case(case).paths
        told = [str(path) for path in paths]
        if entry.when:
            told.append(f"Last changed {entry.when[:16].replace('T', ' ')} UTC")
        if entry.unblinded:
            told.append(f"Others' work seen {entry.unblinded[:16].replace('T', ' ')} UTC")
        return "\n".join(told)


def worklist_view(model: WorklistTable) -> QTableView:
    """Return the view of the cases."""
    view = QTableView()
    view.setModel(model)
    view.setObjectName("medassist_worklist")
    view.setAccessibleName("Worklist")
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
    view.setTabKeyNavigation(False)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 6)
    header = view.horizontalHeader()
    header.setResizeContentsPrecision(_SAMPLED_ROWS)
    header.setMinimumSectionSize(24)
    header.setSectionResizeMode(NOTES, QHeaderView.ResizeMode.Stretch)
    return view


def fit_columns(view: QTableView) -> None:
    """Give each column the width of what stands in it, and of what will: states and times grow."""
    view.resizeColumnsToContents()
    bold = QFont(view.font())
    bold.setBold(True)
    metrics = QFontMetrics(bold)
    widest = {CASE: "", STATUS: str(Status.IN_PROGRESS), TIME: "0:00:00"}
    for column, text in widest.items():
        width = metrics.horizontalAdvance(text) + _CELL_MARGIN_PX
        view.setColumnWidth(column, max(width, min(view.columnWidth(column) + 8, _WIDEST_PX)))
