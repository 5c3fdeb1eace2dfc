"""A share between two bounds, by slider or typed."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

_BOX_PX = 56


class ShareSlider(QWidget):
    """A slider and a box for one number in hundredths.

    Signals
    -------
    moved
        Emits the number when a user moved it.

    Parameters
    ----------
    name
        What screen readers say.
    low, high
        Bounds.
    """

    moved = Signal(float)

    def __init__(self, name: str, low: float, high: float) -> None:
        super().__init__()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(low * 100), round(high * 100))
        self.slider.setPageStep(10)
        self.slider.setAccessibleName(name)
        self.slider.setMinimumWidth(60)
        self.box = QDoubleSpinBox()
        self.box.setRange(low, high)
        self.box.setDecimals(2)
        self.box.setSingleStep(0.01)
        self.box.setKeyboardTracking(False)
        self.box.setAccessibleName(name)
        self.box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)  # the slider needs the room
        self.box.setFixedWidth(_BOX_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.box)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(lambda hundredths: self._move(hundredths / 100))
        self.box.valueChanged.connect(self._move)

    @property
    def value(self) -> float:
        """The number."""
        return float(self.box.value())

    def set_value(self, value: float) -> None:
        """Show a number without telling anybody."""
        for part, shown in ((self.slider, round(value * 100)), (self.box, value)):
            was_blocked = part.blockSignals(True)  # noqa: FBT003 - Qt's own interface
            part.setValue(shown)
            part.blockSignals(was_blocked)

    def _move(self, value: float) -> None:
        self.set_value(value)
        self.moved.emit(value)
