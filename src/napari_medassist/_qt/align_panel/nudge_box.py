"""Six numbers that move the moving image by hand."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_medassist.app.registering.by_hand import Nudge

_SHIFTS = ("Left, mm", "Posterior, mm", "Superior, mm")
_TURNS = ("Turn about left, °", "about posterior, °", "about superior, °")
_MOST_MM, _MOST_DEG = 300.0, 180.0


class NudgeBox(QWidget):
    """Lets a user shift and turn the moving image.

    Signals
    -------
    changed
        Emits the nudge, with each step.
    drag_asked
        Emits whether the mouse shall move the image on the canvas.
    """

    changed = Signal(object)
    drag_asked = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.shifts = [_spin(_MOST_MM, 1.0) for _ in _SHIFTS]
        self.turns = [_spin(_MOST_DEG, 1.0) for _ in _TURNS]
        self.reset = QPushButton("Back to the scanner's place")
        form = QFormLayout(self)
        told = QLabel("Move it over the fixed image, then press Align.")
        told.setWordWrap(True)
        form.addRow(told)
        for name, spin in zip((*_SHIFTS, *_TURNS), (*self.shifts, *self.turns), strict=True):
            form.addRow(name, spin)
            spin.valueChanged.connect(lambda _value: self.changed.emit(self.nudge))
        self.drag = QPushButton("Move with the mouse")
        self.drag.setCheckable(True)
        self.drag.setToolTip("Drag on the canvas: it shifts; with Shift held: it turns")
        self.drag.toggled.connect(self.drag_asked)
        buttons = QHBoxLayout()
        buttons.addWidget(self.drag)
        buttons.addWidget(self.reset)
        form.addRow(buttons)
        self.reset.clicked.connect(lambda: self.set_nudge(Nudge()))

    @property
    def nudge(self) -> Nudge:
        """What the numbers say."""
        x, y, z = (spin.value() for spin in self.shifts)
        a, b, c = (spin.value() for spin in self.turns)
        return Nudge((x, y, z), (a, b, c))

    def set_nudge(self, nudge: Nudge) -> None:
        """Show other numbers, and tell of it once."""
        values = (*nudge.shift_lps_mm, *nudge.turn_deg)
        for spin, value in zip((*self.shifts, *self.turns), values, strict=True):
            spin.blockSignals(True)  # noqa: FBT003 - Qt's
            spin.setValue(value)
            spin.blockSignals(False)  # noqa: FBT003 - Qt's
        self.changed.emit(self.nudge)


def _spin(most: float, step: float) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(-most, most)
    spin.setDecimals(1)
    spin.setSingleStep(step)
    return spin
