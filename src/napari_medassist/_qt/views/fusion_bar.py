"""The row of a fused view: its two series, how they are mixed, how much, and in what colours."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSlider, QWidget

from napari_medassist.app.hanging.fusion import Fusion, FusionMode
from napari_medassist.app.layer_data import layer_name
from napari_medassist.core.volume import Volume

#: Perceptual colour maps first; the first is the default.
COLOURS = ("inferno", "viridis", "magma", "plasma", "turbo", "gray")
_MODES: dict[FusionMode, str] = {
    "blend": "Blend",
    "checkerboard": "Checkerboard",
    "swipe": "Swipe \N{LEFT RIGHT ARROW}",
    "swipe-down": "Swipe \N{UP DOWN ARROW}",
}
#: What the slider sets in each mode: name, steps for one unit, lowest and highest, unit.
_SLIDERS: dict[FusionMode, tuple[str, float, int, int, str]] = {
    "blend": ("Opacity", 100, 0, 100, "%"),
    "checkerboard": ("Tile", 1, 2, 60, "mm"),
    "swipe": ("Divider", 100, 0, 100, "%"),
    "swipe-down": ("Divider", 100, 0, 100, "%"),
}


class FusionBar(QWidget):
    """Controls of one fused view.

    Signals
    -------
    pair_chosen
        Emits the lower and the upper series when the user chose another.
    fusion_chosen
        Emits a :class:`Fusion` when the user changed it.
    colours_chosen
        Emits the name of a colour map for the upper series.

    Parameters
    ----------
    series
        What can be fused.
    parent
        The view.
    """

    pair_chosen = Signal(object, object)
    fusion_chosen = Signal(object)
    colours_chosen = Signal(str)

    def __init__(self, series: Sequence[Volume], parent: QWidget) -> None:
        super().__init__(parent)
        self._series, self._fusion = tuple(series), Fusion()
        self.fixed, self.moving = _Box(), _Box()
        self.mode, self.colours = _Box(), _Box()
        self.slider, self.amount = QSlider(Qt.Orientation.Horizontal), QLabel()
        for box, told in ((self.fixed, "lies below"), (self.moving, "lies over it, in colours")):
            for image, name in zip(self._series, _names(self._series), strict=True):
                box.addItem(name)
                box.setItemData(box.count() - 1, layer_name(image), Qt.ItemDataRole.ToolTipRole)
            box.setToolTip(f"The series that {told}")
        for mode, name in _MODES.items():
            self.mode.addItem(name, mode)
        self.colours.addItems(COLOURS)
        self._lay_out()
        self.fixed.activated.connect(lambda n: self._on_pair(self.fixed, n))
        self.moving.activated.connect(lambda n: self._on_pair(self.moving, n))
        self.mode.activated.connect(self._on_mode)
        self.slider.valueChanged.connect(self._on_slider)
        self.colours.activated.connect(lambda n: self.colours_chosen.emit(COLOURS[n]))

    def show_pair(self, fixed: Volume, moving: Volume) -> None:
        """Show which series are fused."""
        for box, image in ((self.fixed, fixed), (self.moving, moving)):
            box.setCurrentIndex(next((n for n, s in enumerate(self._series) if s is image), -1))
        self._pair = self.fixed.currentIndex(), self.moving.currentIndex()

    def show_fusion(self, fusion: Fusion) -> None:
        """Show how they are fused."""
        self._fusion = fusion
        name, steps, low, high, unit = _SLIDERS[fusion.mode]
        self.mode.setCurrentIndex(self.mode.findData(fusion.mode))
        with QSignalBlocker(self.slider):
            self.slider.setRange(low, high)
            self.slider.setValue(round(fusion.amount * steps))
        self.slider.setToolTip(name)
        self.amount.setText(f"{fusion.amount * steps:.0f} {unit}")
        self.amount.setToolTip(name)

    def _on_pair(self, chosen: QComboBox, place: int) -> None:
        """Fuse another pair; a series that is chosen over itself changes places with the other."""
        fixed, moving = self.fixed.currentIndex(), self.moving.currentIndex()
        if fixed == moving:
            before = self._pair[0] if chosen is self.moving else self._pair[1]
            fixed, moving = (place, before) if chosen is self.fixed else (before, place)
            if fixed == moving:
                fixed, moving = self._pair[1], self._pair[0]
        self.pair_chosen.emit(self._series[fixed], self._series[moving])

    def _on_mode(self, place: int) -> None:
        self.fusion_chosen.emit(self._fusion.in_mode(self.mode.itemData(place)))

    def _on_slider(self, value: int) -> None:
        steps = _SLIDERS[self._fusion.mode][1]
        self.fusion_chosen.emit(self._fusion.with_amount(value / steps))

    def _lay_out(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)  # covers the picture below it
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.setMinimumWidth(40)
        self.amount.setMinimumWidth(self.amount.fontMetrics().horizontalAdvance("100 %%"))
        self.amount.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.colours.setToolTip("Colours of the upper series, in this view only")
        grid = QGridLayout(self)
        grid.setContentsMargins(2, 2, 2, 2)
        grid.setSpacing(2)
        for column, (widget, share) in enumerate(
            ((self.fixed, 4), (self.moving, 6), (self.colours, 5))
        ):
            grid.addWidget(widget, 0, column)
            grid.setColumnStretch(column, share)
        self.mode.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        second = QHBoxLayout()
        second.addWidget(self.mode)
        second.addWidget(self.slider, 1)
        second.addWidget(self.amount)
        grid.addLayout(second, 1, 0, 1, 3)


def short_name(image: Volume) -> str:
    """Return what a series is called where there is little room: its role, and b-value."""
    return layer_name(image).split(" - ", 1)[0]


def _names(series: Sequence[Volume]) -> list[str]:
    """Return the short names, long ones where two series would be called the same."""
    short = [short_name(image) for image in series]
    return [
        name if short.count(name) == 1 else layer_name(image)
        for name, image in zip(short, series, strict=True)
    ]


class _Box(QComboBox):
    """A list that leaves the wheel to the view: who goes through slices must not change the series."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumWidth(40)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Hand the wheel on."""
        event.ignore()
