"""The settings of the tools: label, size, range, what is kept; and of the operations."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QWidget,
)
from superqt import QDoubleRangeSlider

from napari_medassist.annotation.operations.change import Voxels
from napari_medassist.annotation.operations.shaping import METHODS
from napari_medassist.app.annotating.operations import Asked
from napari_medassist.app.annotating.tools import Keep, ToolSettings
from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.volume import Volume

_TIP_3D = "Brush: a ball, not a disc. Fill and grow: in 3D, not in the slice"
_TIP_IMAGE = "The image whose values bound the range brush and growing"
#: Width that a field needs at least, in pixels.
_NARROWEST = 60


class ToolForm(QWidget):
    """What the tools are to do.

    Emits ``size_changed`` with the radius in mm, ``label_chosen`` with a label's value, and ``asked``
    for ``new lesion``, ``window`` or ``from label``.
    """

    size_changed = Signal(float)
    label_chosen = Signal(int)
    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.label = QComboBox()
        self.label.setToolTip("The label that is drawn; also the one that the buttons below change")
        self.radius = _number(4.0, 0.1, 100.0, 0.5, " mm", "Radius of the brush. Keys: [ and ]")
        self.in_3d = QCheckBox("3D")
        self.in_3d.setToolTip(_TIP_3D)
        self.image = QComboBox()
        self.image.setToolTip(_TIP_IMAGE)
        self.low, self.high = (_number(v, -1e6, 1e6, 10, "", "Range") for v in (0.0, 1000.0))
        self.slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        self.alike = QCheckBox("Grow what is alike")
        self.alike.setToolTip("Growing takes its range from around the click, not from the numbers")
        self.reach = _number(25.0, 1.0, 300.0, 5.0, " mm", "Growing ends so far from the click")
        self.keep = QComboBox()
        self.keep.addItems([str(keep) for keep in (Keep.LABELS, Keep.NOTHING, Keep.OTHERS)])
        self.keep.setToolTip("What the tools may overwrite. The eraser takes only the chosen label")
        self.keep_label = QComboBox()
        self.keep_label.hide()
        self._images: list[Volume] = []
        self._lay_out()
        self._connect()

    def settings(self) -> ToolSettings:
        """Return what is set."""
        return ToolSettings(
            label=self.chosen_label(),
            radius_mm=self.radius.value(),
            is_flat=not self.in_3d.isChecked(),
            low=self.low.value(),
            high=self.high.value(),
            keep=Keep(self.keep.currentText()),
            keep_label=int(self.keep_label.currentData() or 0),
            reach_mm=self.reach.value(),
            alike=self.alike.isChecked(),
        )

    def chosen_label(self) -> int:
        """Return the value of the label that is chosen; 1 if there is none yet."""
        return int(self.label.currentData() or 1)

    def chosen_image(self) -> Volume | None:
        """Return the image that gives the range."""
        index = self.image.currentIndex()
        return self._images[index] if 0 <= index < len(self._images) else None

    # ---------------------------------------------------------------- what is shown

    def show_kind(self, *, is_clip: bool, unit: str) -> None:
        """Offer what makes sense on a label map of a volume, or on masks of a clip; set the unit."""
        if is_clip:
            self.in_3d.setChecked(False)
        for field, tip, why_not in (
            (self.in_3d, _TIP_3D, "Not on a clip: its frames are no depth"),
            (self.image, _TIP_IMAGE, "On a clip the range is that of its own pixels (brightness)"),
        ):
            field.setEnabled(not is_clip)
            field.setToolTip(why_not if is_clip else tip)
        for box in (self.radius, self.reach):
            box.setSuffix(f" {unit}")

    def choose_label(self, value: int) -> bool:
        """Choose a label that is listed; tell whether it is."""
        index = self.label.findData(value)
        if index >= 0:
            self.label.setCurrentIndex(index)
        return index >= 0

    def show_labels(self, scheme: LabelScheme, selected: int) -> None:
        """List labels and choose one."""
        for box, wanted in ((self.label, selected), (self.keep_label, self.keep_label.currentData())):
            box.blockSignals(True)  # noqa: FBT003 - Qt's own
            box.clear()
            for label in scheme.labels:
                box.addItem(f"{label.value}: {label.name}", label.value)
            box.setCurrentIndex(max(0, box.findData(wanted)))
            box.blockSignals(False)  # noqa: FBT003 - Qt's own

    def show_images(self, images: list[Volume], names: list[str]) -> None:
        """List the images that can give a range; the chosen one stays."""
        chosen = self.chosen_image()
        self._images = images
        self.image.blockSignals(True)  # noqa: FBT003 - Qt's own
        self.image.clear()
        self.image.addItems(names)
        adc = next((i for i, image in enumerate(images) if image.role == "adc"), 0)
        kept = next((i for i, image in enumerate(images) if image is chosen), adc)
        self.image.setCurrentIndex(kept if images else -1)
        self.image.blockSignals(False)  # noqa: FBT003 - Qt's own

    def show_radius(self, radius_mm: float) -> None:
        """Show a radius that was set elsewhere."""
        self.radius.blockSignals(True)  # noqa: FBT003 - Qt's own
        self.radius.setValue(radius_mm)
        self.radius.blockSignals(False)  # noqa: FBT003 - Qt's own

    def show_range(
        self, low: float, high: float, unit: str = "", ends: tuple[float, float] | None = None
    ) -> None:
        """Show a range, and if given the ends that the slider can reach."""
        if ends is not None:
            self.slider.setRange(min(low, *ends), max(high, *ends))
        for box, value in ((self.low, low), (self.high, high)):
            box.blockSignals(True)  # noqa: FBT003 - Qt's own
            box.setSuffix(f" {unit}" if unit else "")
            box.setValue(value)
            box.blockSignals(False)  # noqa: FBT003 - Qt's own
        self._numbers_to_slider()

    def _numbers_to_slider(self) -> None:
        self.slider.blockSignals(True)  # noqa: FBT003 - Qt's own
        low, high = sorted((self.low.value(), self.high.value()))
        self.slider.setValue((low, high))
        self.slider.blockSignals(False)  # noqa: FBT003 - Qt's own

    def _slider_to_numbers(self, values: tuple[float, float]) -> None:
        for box, value in zip((self.low, self.high), values, strict=True):
            box.blockSignals(True)  # noqa: FBT003 - Qt's own
            box.setValue(value)
            box.blockSignals(False)  # noqa: FBT003 - Qt's own

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        new = self._button("New lesion", "new lesion", "A label of its own")
        window = self._button("Window", "window", "Take the range of the image's window")
        from_label = self._button("From label", "from label", "Take the range of the chosen label")
        for row, name in ((0, "Label"), (1, "Size"), (2, "May change"), (4, "Range of")):
            grid.addWidget(QLabel(name), row, 0)
        grid.addWidget(self.label, 0, 1)
        grid.addWidget(new, 0, 2)
        grid.addWidget(self.radius, 1, 1)
        grid.addWidget(self.in_3d, 1, 2)
        grid.addWidget(self.keep, 2, 1, 1, 2)
        grid.addWidget(self.keep_label, 3, 1, 1, 2)
        grid.addWidget(self.image, 4, 1, 1, 2)
        grid.addWidget(self.slider, 5, 1)
        grid.addWidget(window, 5, 2)
        grid.addLayout(self._numbers(), 6, 0, 1, 2)
        grid.addWidget(from_label, 6, 2)
        grid.addWidget(self.alike, 7, 0, 1, 2)
        grid.addWidget(self.reach, 7, 2)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(2, 2)
        for box in (self.label, self.image, self.keep):
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def _numbers(self) -> QHBoxLayout:
        numbers = QHBoxLayout()
        for widget in (self.low, QLabel("to"), self.high):
            numbers.addWidget(widget)
        numbers.setStretch(0, 1)
        numbers.setStretch(2, 1)
        return numbers

    def _button(self, text: str, what: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda: self.asked.emit(what))
        return button

    def _connect(self) -> None:
        self.radius.valueChanged.connect(self.size_changed)
        self.label.activated.connect(lambda _index: self.label_chosen.emit(self.chosen_label()))
        self.slider.valueChanged.connect(self._slider_to_numbers)
        self.low.valueChanged.connect(lambda _value: self._numbers_to_slider())
        self.high.valueChanged.connect(lambda _value: self._numbers_to_slider())
        self.image.activated.connect(lambda _index: self.asked.emit("window"))
        self.keep.currentTextChanged.connect(
            lambda text: self.keep_label.setVisible(text == Keep.OTHERS)
        )


class OperationForm(QWidget):
    """What the operations need to know."""

    def __init__(self) -> None:
        super().__init__()
        self.radius = _number(1.5, 0.1, 30.0, 0.5, " mm", "Smoothing: what is finer than this goes")
        self.method = QComboBox()
        self.method.addItems(list(METHODS))
        self.method.setToolTip("How to smooth: by majority, by opening and closing, by a Gaussian")
        self.smallest = _number(20.0, 0.0, 1e6, 10.0, " mm3", "Remove small: parts below this go")
        self.other = _number(2, 1, 65535, 1, "", "Merge, union...: the other label")
        self.other.setDecimals(0)
        self.other_map = QComboBox()
        self.other_map.setToolTip("Union, intersection, difference: the label map of the other label")
        self.show_maps(())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        fields: tuple[tuple[str, QWidget], ...] = (
            ("Smooth", self.radius),
            ("by", self.method),
            ("Small", self.smallest),
            ("Other", self.other),
            ("In", self.other_map),
        )
        for place, (name, widget) in enumerate(fields):
            grid.addWidget(QLabel(name), place // 2, 2 * (place % 2))
            grid.addWidget(widget, place // 2, 2 * (place % 2) + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)

    def show_maps(self, names: Sequence[str]) -> None:
        """List the other label maps; the one that was chosen stays so if it is there."""
        chosen = self.chosen_map()
        self.other_map.clear()
        self.other_map.addItem("this map", "")
        for name in names:
            self.other_map.addItem(name, name)
        self.other_map.setCurrentIndex(max(0, self.other_map.findData(chosen)))

    def chosen_map(self) -> str:
        """Return the name of the other label map; empty for the one that is worked on."""
        return str(self.other_map.currentData() or "")

    def show_kind(self, *, is_clip: bool, unit: str) -> None:
        """Offer what makes sense on a label map of a volume, or on masks of a clip; set the unit."""
        self.radius.setSuffix(f" {unit}")
        self.smallest.setEnabled(not is_clip)

    def asked(self, label: int, axis: int, index: int, theirs: Voxels | None = None) -> Asked:
        """Return what an operation is asked for, on a label and a slice across an axis."""
        return Asked(
            label=label,
            axis=axis,
            index=index,
            radius_mm=self.radius.value(),
            method=METHODS[self.method.currentIndex()],
            smallest_mm3=self.smallest.value(),
            other=int(self.other.value()),
            theirs=theirs,
        )


def make_narrow(widget: QWidget) -> None:
    """Let the fields and buttons in a widget share its width, however narrow the dock is."""
    for kind in (QDoubleSpinBox, QComboBox, QPushButton):
        for field in widget.findChildren(kind):
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            field.setMinimumWidth(_NARROWEST)


def _number(
    value: float, low: float, high: float, step: float, suffix: str, tip: str
) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setDecimals(1)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)  # they take half of a narrow field
    box.setSuffix(suffix)
    box.setValue(value)
    box.setToolTip(tip)
    return box
