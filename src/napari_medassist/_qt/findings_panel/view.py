"""The view of the lesion table: keys set scores at once, Enter edits, arrows go to other lesions."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent, QPainter, QPen
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from napari_medassist._qt.findings_panel.decision import Decision
from napari_medassist._qt.findings_panel.model import FindingTable

_Key = Qt.Key
_DECISIONS = {"a": Decision.ACCEPT, "e": Decision.EDIT, "r": Decision.REJECT}
_WIDEST_PX = 170
#: Room beside the text of a cell.
_ROOM_PX = 14
#: Rows that are looked at to find the width of a column.
_SAMPLED_ROWS = 40


class FindingView(QTableView):
    """Shows the findings.

    In the row of a suggestion that is open, A accepts, E accepts and goes on to edit, and R rejects it.
    In a cell of a choice, a key that begins exactly one of its values sets it and goes on to the next
    cell; Delete empties a cell; Enter or F2 opens it.

    Signals
    -------
    finding_chosen
        Emits the id of the finding that a user went to; empty if there is none.
    decided
        Emits the id of a suggestion, and what was decided of it by key.

    Parameters
    ----------
    model
        The findings.
    """

    finding_chosen = Signal(str)
    decided = Signal(str, object)

    def __init__(self, model: FindingTable) -> None:
        super().__init__()
        self._findings = model
        self._kept: tuple[str, int] = ("", 1)
        self._is_restoring = False
        self.setModel(model)
        self.setObjectName("medassist_findings")
        self.setAccessibleName("Lesions")
        self.setItemDelegate(_CellEditor(model, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(24)
        header.setStyleSheet("QHeaderView::section { padding: 2px; }")  # napari's takes half the width
        self.setSortingEnabled(True)
        self.clicked.connect(self._go_to)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._restore)

    def current(self) -> str:
        """Return the id of the finding of the current row; empty if there is none."""
        row = self.currentIndex().row()
        return self._findings.row_at(row).finding.id if 0 <= row < self._findings.rowCount() else ""

    def chosen(self) -> tuple[str, ...]:
        """Return the ids of the selected findings."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return tuple(self._findings.row_at(row).finding.id for row in rows)

    def go_to(self, finding: str) -> None:
        """Select the row of a finding."""
        row = self._findings.row_of(finding)
        if row is not None:
            self.setCurrentIndex(self._findings.index(row, max(self.currentIndex().column(), 1)))

    def fit_columns(self) -> None:
        """Give each column the width of what stands in it."""
        metrics = self.fontMetrics()
        rows = range(min(self._findings.rowCount(), _SAMPLED_ROWS))
        for place, column in enumerate(self._findings.columns):
            texts = [str(self._findings.index(row, place).data() or "") for row in rows]
            widest = max(metrics.horizontalAdvance(text) for text in (column.title, *texts))
            self.setColumnWidth(place, min(widest + _ROOM_PX, _WIDEST_PX))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Set a choice by the key that begins it; Delete empties a cell."""
        index = self.currentIndex()
        if index.isValid() and (self._decide_by_key(index, event) or self._set_by_key(index, event)):
            event.accept()
            return
        if event.key() in (_Key.Key_Return, _Key.Key_Enter) and index.isValid():
            if self._findings.flags(index) & Qt.ItemFlag.ItemIsEditable:
                self.edit(index)
            return
        super().keyPressEvent(event)

    def _decide_by_key(self, index: QModelIndex, event: QKeyEvent) -> bool:
        decision = _DECISIONS.get(event.text().casefold())
        is_plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.ShiftModifier,
        )
        row = self._findings.row_at(index.row())
        if decision is None or not is_plain or not row.is_open:
            return False
        self.decided.emit(row.finding.id, decision)
        return True

    def go_to_open(self) -> bool:
        """Select the next suggestion that is open, from here downwards and then from the top."""
        n, here = self._findings.rowCount(), max(self.currentIndex().row(), 0)
        places = [(here + k) % n for k in range(n)]
        row = next((p for p in places if self._findings.row_at(p).is_open), None)
        if row is not None:
            self.go_to(self._findings.row_at(row).finding.id)
        return row is not None

    def _set_by_key(self, index: QModelIndex, event: QKeyEvent) -> bool:
        if not self._findings.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        plain = event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if plain != Qt.KeyboardModifier.NoModifier:
            return False
        if event.key() == _Key.Key_Delete:
            self._findings.setData(index, "")
            return True
        field = self._findings.columns[index.column()].field
        if field is None or field.kind != "choice" or not event.text().strip():
            return False
        key = event.text().casefold()
        found = [c.value for c in field.choices if c.value.casefold().startswith(key)]
        if len(found) != 1:
            return False
        self._findings.setData(index, found[0])
        self._go_on(self.currentIndex())
        return True

    def _go_on(self, index: QModelIndex) -> None:
        """Go to the next cell of the row that can be edited, if there is one."""
        for place in range(index.column() + 1, self._findings.columnCount()):
            following = self._findings.index(index.row(), place)
            if self._findings.flags(following) & Qt.ItemFlag.ItemIsEditable:
                self.setCurrentIndex(following)
                return

    def _go_to(self, _index: QModelIndex) -> None:
        self.finding_chosen.emit(self.current())

    def _on_current(self, _current: QModelIndex, _before: QModelIndex) -> None:
        if not self._is_restoring:
            self.finding_chosen.emit(self.current())

    def _keep(self) -> None:
        self._kept = self.current(), max(self.currentIndex().column(), 1)

    def _restore(self) -> None:
        """Stay in the row where one was, if it is still there."""
        finding, column = self._kept
        row = self._findings.row_of(finding)
        if row is None:
            self.finding_chosen.emit("")
            return
        self._is_restoring = True
        self.setCurrentIndex(self._findings.index(row, min(column, self._findings.columnCount() - 1)))
        self._is_restoring = False


class _CellEditor(QStyledItemDelegate):
    """Edits a choice with a list, everything else with a line."""

    def __init__(self, model: FindingTable, parent: QWidget) -> None:
        super().__init__(parent)
        self._findings = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Draw a cell; the one that keys go to gets a frame."""
        super().paint(painter, option, index)
        view = self.parent()
        if isinstance(view, QTableView) and view.hasFocus() and index == view.currentIndex():
            painter.save()
            painter.setPen(QPen(option.palette.highlightedText().color(), 1.5))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
            painter.restore()

    def createEditor(  # noqa: N802 - Qt's name
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> Any:
        """Return the widget that a cell is edited with."""
        field = self._findings.columns[index.column()].field
        if field is None or field.kind != "choice":
            return super().createEditor(parent, option, index)
        box = QComboBox(parent)
        box.addItem("", "")
        for choice in field.choices:
            box.addItem(choice.in_list, choice.value)
        box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + 24)
        box.activated.connect(lambda _place: self._finish(box))
        return box

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:  # noqa: N802
        """Begin with what stands in the cell."""
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(editor.findData(index.data(Qt.ItemDataRole.EditRole)), 0))
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: Any, index: QModelIndex) -> None:  # noqa: N802
        """Hand over what was chosen or typed."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentData())
        else:
            super().setModelData(editor, model, index)

    def _finish(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)
