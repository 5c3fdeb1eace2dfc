"""Pairs of landmarks: picked in both images by two clicks, listed with their errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.geometry import Triple
from napari_medassist.core.landmarks import LandmarkPair
from napari_medassist.io.landmark_files import read_landmarks, write_landmarks

_FILTER = "Landmarks (*.csv)"


class LandmarkBox(QWidget):
    """Lists pairs of landmarks.

    Signals
    -------
    changed
        Emits when pairs were added, renamed or removed.
    pick_asked
        Emits when the next two clicks in the image are to become a pair.
    shown
        Emits a pair that was selected.
    """

    changed = Signal()
    pick_asked = Signal()
    shown = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._pairs: list[LandmarkPair] = []
        self._fixed: Triple | None = None
        self.pick, self.remove = QPushButton("Pick a pair"), QPushButton("Remove")
        self.load, self.save = QPushButton("Load..."), QPushButton("Save...")
        self.told, self.table = QLabel(), QTableWidget(0, 2)
        self.told.setWordWrap(True)
        self.table.setHorizontalHeaderLabels(["place", "error, mm"])
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        rows = QVBoxLayout(self)
        for buttons in ((self.pick, self.remove), (self.load, self.save)):
            row = QHBoxLayout()
            for button in buttons:
                row.addWidget(button)
            rows.addLayout(row)
        self.guide = QCheckBox("They guide the deformation")
        self.guide.setToolTip(
            "With deformable and outlines: they take part, and do not measure it then; "
            "the methods by landmarks use them in any case"
        )
        rows.addWidget(self.guide)
        rows.addWidget(self.told)
        rows.addWidget(self.table, 1)
        self.pick.clicked.connect(lambda: self.pick_asked.emit())
        self.remove.clicked.connect(lambda: self._remove())
        self.load.clicked.connect(lambda: self._ask_and_load())
        self.save.clicked.connect(lambda: self._ask_and_save())
        self.table.itemChanged.connect(self._rename)
        self.table.itemSelectionChanged.connect(self._show_selected)

    @property
    def pairs(self) -> tuple[LandmarkPair, ...]:
        """All pairs that are complete."""
        return tuple(self._pairs)

    @property
    def waits_for_moving(self) -> bool:
        """Whether a place in the fixed image waits for its partner."""
        return self._fixed is not None

    def set_pairs(self, pairs: tuple[LandmarkPair, ...]) -> None:
        """Replace all pairs."""
        self._pairs, self._fixed = list(pairs), None
        self.show_errors({})
        self.changed.emit()

    def take_place(self, place_lps_mm: np.ndarray) -> bool:
        """Take a place, of the fixed image first, then of the moving one; tell if it is a pair now."""
        x, y, z = (float(v) for v in place_lps_mm)
        if self._fixed is None:
            self._fixed = (x, y, z)
            return False
        names = {pair.name for pair in self._pairs}
        number = next(k for k in range(1, len(names) + 2) if str(k) not in names)
        self._pairs.append(LandmarkPair(str(number), self._fixed, (x, y, z)))
        self._fixed = None
        self.show_errors({})
        self.changed.emit()
        return True

    def give_up(self) -> None:
        """Forget a place that waits for its partner."""
        self._fixed = None

    def show_errors(self, errors_mm: dict[str, float]) -> None:
        """List all pairs, with the errors that are known."""
        self.table.blockSignals(True)  # noqa: FBT003 - Qt's
        self.table.setRowCount(len(self._pairs))
        for row, pair in enumerate(self._pairs):
            error = errors_mm.get(pair.name)
            name, told = QTableWidgetItem(pair.name), QTableWidgetItem(_in_words(error))
            told.setFlags(told.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self.table.setItem(row, 0, name)
            self.table.setItem(row, 1, told)
        self.table.blockSignals(False)  # noqa: FBT003 - Qt's

    def load_from(self, path: Path) -> None:
        """Read pairs from a file, in place of those that are there."""
        try:
            self.set_pairs(read_landmarks(path))
        except MedAssistError as error:
            self.told.setText(str(error))

    def save_to(self, path: Path) -> None:
        """Write all pairs."""
        try:
            self.told.setText(f"Saved: {write_landmarks(self._pairs, path)}")
        except MedAssistError as error:
            self.told.setText(str(error))

    def _remove(self) -> None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        self._pairs = [pair for row, pair in enumerate(self._pairs) if row not in rows]
        self.show_errors({})
        self.changed.emit()

    def _rename(self, item: QTableWidgetItem) -> None:
        pair, name = self._pairs[item.row()], item.text().strip()
        taken = {other.name for other in self._pairs if other is not pair}
        if item.column() == 0 and name and name not in taken:
            self._pairs[item.row()] = LandmarkPair(name, pair.fixed_lps_mm, pair.moving_lps_mm)
            self.changed.emit()
        else:
            item.setText(pair.name)

    def _show_selected(self) -> None:
        rows = [index.row() for index in self.table.selectedIndexes()]
        if rows:
            self.shown.emit(self._pairs[rows[0]])

    def _ask_and_load(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Landmarks", "", _FILTER)
        if chosen:
            self.load_from(Path(chosen))

    def _ask_and_save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Landmarks", "landmarks.csv", _FILTER)
        if chosen:
            self.save_to(Path(chosen))


def _in_words(error_mm: float | None) -> str:
    return "" if error_mm is None else f"{error_mm:.1f}"
