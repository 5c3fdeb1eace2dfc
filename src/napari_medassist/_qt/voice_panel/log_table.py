"""The voice log as a table: newest first; a row can be heard again and corrected."""

from __future__ import annotations

from datetime import datetime

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_medassist._qt.voice_panel.bubble import in_percent
from napari_medassist.app.voicing.log import LoggedUtterance

_HEADERS = ("Time", "Heard", "Sure", "What came of it")
_COLOURS = {"asked": "#ffd24d", "failed": "#ff8080", "ignored": "#909090"}
_MOST_ROWS = 300


class LogTable(QTableWidget):
    """Shows utterances."""

    def __init__(self) -> None:
        super().__init__(0, len(_HEADERS))
        self.setObjectName("medassist_voice_log")
        self.setAccessibleName("Voice log")
        self.setHorizontalHeaderLabels(_HEADERS)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for column, sample in ((0, "00:00:00"), (1, "lesion PI-RADS four left"), (2, "100 %")):
            self.setColumnWidth(column, self.fontMetrics().horizontalAdvance(sample) + 14)
        self._entries: list[LoggedUtterance] = []

    def show_all(self, entries: tuple[LoggedUtterance, ...]) -> None:
        """Show these utterances."""
        self.setRowCount(0)
        self._entries = []
        for entry in entries[-_MOST_ROWS:]:
            self.add(entry)

    def add(self, entry: LoggedUtterance) -> None:
        """Show one more, or one of the shown ones as it stands now."""
        place = next((row for row, known in enumerate(self._entries) if known.id == entry.id), None)
        if place is None:
            self._entries.insert(0, entry)
            self.insertRow(0)
            place = 0
            if self.rowCount() > _MOST_ROWS:
                self.removeRow(self.rowCount() - 1)
                self._entries.pop()
        self._entries[place] = entry
        for column, text in enumerate(_texts(entry)):
            item = QTableWidgetItem(text)
            item.setToolTip(_tip(entry))
            colour = _COLOURS.get(entry.result)
            if colour is not None:
                item.setForeground(QColor(colour))
            if column == 2:
                item.setTextAlignment(int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter))
            self.setItem(place, column, item)

    def entry_at(self, row: int) -> LoggedUtterance:
        """Return the utterance of a row."""
        return self._entries[row]

    def chosen(self) -> LoggedUtterance | None:
        """Return the utterance of the selected row."""
        row = self.currentRow()
        return self._entries[row] if 0 <= row < len(self._entries) else None


def _texts(entry: LoggedUtterance) -> tuple[str, ...]:
    heard = entry.text if entry.result != "ignored" and entry.text else entry.written
    if entry.corrected:
        heard = f"{entry.corrected} (corrected)"
    sure = in_percent(entry.confidence) if entry.text else ""
    return _clock(entry.time), heard, sure, f"{entry.result}: {entry.told}".rstrip(": ")


def _clock(time: str) -> str:
    return datetime.fromisoformat(time).astimezone().strftime("%H:%M:%S")


def _tip(entry: LoggedUtterance) -> str:
    lines = [
        f"Written down: {entry.written or '(nothing)'}",
        f"Taken for: {entry.text or '(nothing)'} ({in_percent(entry.confidence)}, {entry.action})",
        f"Else: {entry.alternative}" if entry.alternative else "",
        f"By {entry.recogniser}, {entry.duration_s:.1f} s long",
    ]
    if entry.cursor_lps_mm is not None:
        x, y, z = entry.cursor_lps_mm
        lines.append(f"Cursor (LPS): {x:.1f}, {y:.1f}, {z:.1f} mm")
    if entry.frame is not None:
        lines.append(f"Frame {entry.frame}")
    return "\n".join(line for line in lines if line)
