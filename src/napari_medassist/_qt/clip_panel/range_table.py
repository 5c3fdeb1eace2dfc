"""The table of ranges: a click goes there, a double-click edits."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.app.clips.labelling import ClipLabelling

_HEADERS = ("Label", "First", "Last", "Seconds", "Note")
#: Column -> the field that it edits.
_FIELDS = {0: "label", 1: "first", 2: "last", 4: "note"}


class RangeRows(QTableWidget):
    """Shows the ranges of a clip.

    Signals
    -------
    jumped
        Emits the first frame of the row that was clicked.
    edited
        Emits the row's id, the field and its new text.
    """

    jumped = Signal(int)
    edited = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__(0, len(_HEADERS))
        self.setHorizontalHeaderLabels(_HEADERS)
        self.verticalHeader().setVisible(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(110)
        self._ids: list[str] = []
        self._firsts: list[int] = []
        self.cellClicked.connect(lambda row, _column: self.jumped.emit(self._firsts[row]))
        self.itemChanged.connect(self._on_edit)

    def show_work(self, work: ClipLabelling | None) -> None:
        """Show the ranges of a clip; the selected ones stay selected."""
        chosen = set(self.chosen())
        rows = {} if work is None else work.rows()
        self.blockSignals(True)  # noqa: FBT003 - Qt's own
        self._ids, self._firsts = list(rows), [found.first for found in rows.values()]
        self.clearSelection()
        self.setRowCount(len(rows))
        for place, (row, found) in enumerate(rows.items()):
            if work is not None:
                self._fill(place, found, work.key, QColor(*work.labels.colour(found.label)))
            for column in range(len(_HEADERS) if row in chosen else 0):
                self.item(place, column).setSelected(True)
        self.blockSignals(False)  # noqa: FBT003 - Qt's own
        self.viewport().update()

    def choose(self, row: str) -> None:
        """Select one row."""
        if row in self._ids:
            self.selectRow(self._ids.index(row))

    def chosen(self) -> list[str]:
        """Return the ids of the selected rows, from the top."""
        places = sorted({index.row() for index in self.selectedIndexes()})
        return [self._ids[place] for place in places if place < len(self._ids)]

    def _fill(self, place: int, found: FrameRange, key: ClipKey, colour: QColor) -> None:
        seconds = f"{key.start_s(found):.2f} - {key.end_s(found):.2f}"
        texts = (found.label, str(found.first), str(found.last), seconds, found.note)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(f"{text}\nSource: {found.source}")
            if column not in _FIELDS:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            if column == 0:
                item.setData(Qt.ItemDataRole.DecorationRole, colour)
            self.setItem(place, column, item)

    def _on_edit(self, item: QTableWidgetItem) -> None:
        field = _FIELDS.get(item.column())
        if field is not None and item.row() < len(self._ids):
            self.edited.emit(self._ids[item.row()], field, item.text().strip())
