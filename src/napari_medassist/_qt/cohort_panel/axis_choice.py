"""The choice of the two numbers of a scatter plot: each by itself, or a pair that is looked at most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from napari_medassist._qt.cohort_panel import plot_frame as frames
from napari_medassist.app.browser.columns import CaseColumn

#: What is looked at most: title, horizontal, vertical.
PRESETS = (
    ("Dice - lesion F1", "dice", "lesion_f1"),
    ("Dice - precision at recall", "dice", "precision_at_recall_0.5"),
    ("HD - precision", "hd_mm", "lesion_precision"),
)
_OWN_CHOICE = "own choice"
_USUAL = ("dice", "lesion_f1")


class AxisChoice(QWidget):
    """Three boxes in a row.

    Signals
    -------
    changed
        Emitted when other numbers were chosen.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._wanted: tuple[str, str] = ("", "")
        self.preset = frames.column_box("What is looked at most")
        self.x = frames.column_box("The number from left to right")
        self.y = frames.column_box("The number from bottom to top")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.preset, 3), (self.x, 2), (QLabel("x"), 0), (self.y, 2)):
            layout.addWidget(widget, stretch)
        self.preset.activated.connect(self._on_preset)
        for box in (self.x, self.y):
            box.currentIndexChanged.connect(lambda _place: self._on_chosen())

    @property
    def names(self) -> tuple[str, str] | None:
        """Names of the columns; None before there are any."""
        names = self.x.currentData(), self.y.currentData()
        return None if None in names else names

    def offer(self, columns: tuple[CaseColumn, ...]) -> None:
        """Offer the numeric columns; what is not there any more gives way to the usual ones."""
        for box, usual, wanted in zip((self.x, self.y), _USUAL, self._wanted, strict=True):
            before = box.currentData()
            frames.fill_columns(box, columns)
            if before is None or box.findData(before) < 0:
                _choose_silently(box, usual)
            if box.findData(wanted) >= 0:
                _choose_silently(box, wanted)
        names = {column.name for column in columns}
        offered = [preset for preset in PRESETS if {preset[1], preset[2]} <= names]
        if self.preset.count() != len(offered) + 1:
            self.preset.clear()
            for title, x, y in offered:
                self.preset.addItem(title, (x, y))
            self.preset.addItem(_OWN_CHOICE, None)
        self._name_preset()

    def choose(self, x: str, y: str) -> None:
        """Choose two columns by name, as far as they are offered."""
        frames.choose(self.x, x)
        frames.choose(self.y, y)

    def state(self) -> dict[str, Any]:
        """Return the choice, to be restored next time."""
        return {"x": self.x.currentData(), "y": self.y.currentData()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Choose the columns of last time, now or as soon as they are offered."""
        self._wanted = str(state.get("x")), str(state.get("y"))
        self.choose(*self._wanted)

    def _on_chosen(self) -> None:
        self._wanted = ("", "")
        self._name_preset()
        self.changed.emit()

    def _on_preset(self, place: int) -> None:
        chosen = self.preset.itemData(place)
        if chosen is not None:
            self.choose(*chosen)

    def _name_preset(self) -> None:
        chosen = (self.x.currentData(), self.y.currentData())
        places = [n for n in range(self.preset.count() - 1) if self.preset.itemData(n) == chosen]
        self.preset.setCurrentIndex(places[0] if places else self.preset.count() - 1)


def _choose_silently(box: QComboBox, name: str) -> None:
    was_blocked = box.blockSignals(True)  # noqa: FBT003 - Qt's own style
    frames.choose(box, name)
    box.blockSignals(was_blocked)
