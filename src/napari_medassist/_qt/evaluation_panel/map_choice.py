"""Which two maps are compared."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels, Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.map_layers import MAP_KINDS, map_layers
from napari_medassist.app.live_comparison import ComparedLabels
from napari_medassist.core.errors import InvalidImage

_NAME_LENGTH = 12


class MapChoice(QWidget):
    """Offers the label maps and confidence maps of the viewer as reference and prediction.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.reference, self.prediction = _layer_box(), _layer_box()
        self.load_button = QPushButton("Load label map...")
        self.pin_button = QPushButton("Pin")
        self.compare_button = QPushButton("Compare")
        self.pin_button.setToolTip("Let the present numbers stand beside all that follow, as 'before'.")
        self.compare_button.setToolTip("Compare the two maps anew; what is shown becomes 'before'.")
        self._lay_out()

    def choose(self, reference: str, prediction: str) -> None:
        """Choose two maps by the names of their layers.

        Raises
        ------
        InvalidImage
            If there is no such layer.
        """
        for box, name in ((self.reference, reference), (self.prediction, prediction)):
            position = box.findText(name)
            if position < 0:
                position = box.findText(name, Qt.MatchFlag.MatchStartsWith)
            if position < 0:
                raise InvalidImage(f"There is no label map called '{name}'.")
            box.setCurrentIndex(position)

    def choose_compared(self, comparison: ComparedLabels) -> None:
        """Choose the layers of a comparison that was begun elsewhere."""
        for box, image in (
            (self.reference, comparison.reference),
            (self.prediction, comparison.prediction),
        ):
            layer = self._bridge.layer_of(image)
            for position in range(box.count()):
                if layer is not None and box.itemData(position)[0] is layer:
                    box.setCurrentIndex(position)

    def chosen_reference(self) -> Labels | None:
        """Return the layer of the reference; None if there is none any more."""
        layer, _ = self.reference.currentData() or (None, None)
        return layer if layer in self._bridge.label_layers() else None

    def chosen_prediction(self) -> tuple[Layer | None, Any]:
        """Return the layer of the prediction and, for an image, which kind of map it is taken for."""
        layer, kind = self.prediction.currentData() or (None, None)
        return (layer, kind) if layer in self._bridge.viewer.layers else (None, None)

    def list_layers(self) -> None:
        """Offer the maps that are in the viewer now; what was chosen stays."""
        labels = [(layer.name, (layer, None)) for layer in self._bridge.label_layers()]
        maps = [
            (f"{layer.name} ({word})", (layer, kind))
            for layer in map_layers(self._bridge)
            for kind, word in MAP_KINDS.items()
        ]
        _refill(self.reference, labels, preferred=-1)
        _refill(self.prediction, [*labels, *maps], preferred=0)
        self.compare_button.setEnabled(bool(labels) and len(labels) + len(maps) >= 2)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(3)
        form.addRow("Reference", self.reference)
        form.addRow("Prediction", self.prediction)
        buttons = QHBoxLayout()
        for button in (self.load_button, self.pin_button, self.compare_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(form)
        layout.addLayout(buttons)


def _layer_box() -> QComboBox:
    box = QComboBox()  # long names must not widen the dock
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_NAME_LENGTH)
    return box


def _refill(box: QComboBox, entries: list[tuple[str, Any]], *, preferred: int) -> None:
    """List entries and keep what was chosen; at first choose the preferred position."""
    chosen = box.currentData()
    box.clear()
    for text, data in entries:
        box.addItem(text, data)
    positions = [i for i, (_, data) in enumerate(entries) if chosen is not None and data == chosen]
    if positions:
        box.setCurrentIndex(positions[0])
    elif entries:
        n_labels = sum(kind is None for _, (_, kind) in entries) or len(entries)
        box.setCurrentIndex(preferred % n_labels)
