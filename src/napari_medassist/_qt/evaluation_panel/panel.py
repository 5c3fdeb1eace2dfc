"""The comparison panel: voxel level on the left, lesion level on the right, lesions below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from napari.layers import Labels
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.evaluation_panel.lesion_table import LesionTable
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.threads import read_with_dialog
from napari_medassist.app.headline import headline
from napari_medassist.app.session import ComparedLabels
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.results import CaseEvaluation

_VOXEL_ROWS = (
    ("Dice", "dice", "", "Twice the shared voxels over the sum of both masks; 1 is perfect."),
    ("Hausdorff", "hd_mm", " mm", "Largest distance from one border to the other."),
    ("HD95", "hd95_mm", " mm", "95th percentile of the border distances; the worse direction."),
    ("ASSD", "assd_mm", " mm", "Mean border distance, pooled over both borders."),
    ("Reference", "volume_reference_ml", " ml", "Volume of the reference."),
    ("Prediction", "volume_prediction_ml", " ml", "Volume of the prediction."),
)
_LESION_ROWS = (
    ("Found", "tp_reference", "Reference lesions of which at least 10 % is predicted."),
    ("Missed", "fn", "Reference lesions of which less is predicted."),
    ("True calls", "tp_prediction", "Predicted lesions of which at least 10 % is reference."),
    ("False calls", "fp", "Predicted lesions of which less is reference."),
    ("Recall", "lesion_recall", "Found over all reference lesions."),
    ("Precision", "lesion_precision", "True over all predicted lesions."),
)


class EvaluationPanel(QWidget):
    """Compares two labels layers of the case.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.reference = QComboBox()
        self.prediction = QComboBox()
        for box in (self.reference, self.prediction):  # long names must not widen the dock
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
        self.compare_button = QPushButton("Compare")
        self.load_button = QPushButton("Load label map...")
        self.headline = QLabel()
        self.headline.setWordWrap(True)
        self.headline.setStyleSheet("font-weight: bold")
        self.values: dict[str, QLabel] = {}
        self.lesions = LesionTable()
        self.table = _table_view(self.lesions)
        self._lay_out()
        self._connect()
        self._list_layers()
        self._show(bridge.session.comparison)

    # ---------------------------------------------------------------- acts

    def compare(self) -> None:
        """Compare the chosen label maps.

        Raises
        ------
        MedAssistError
            If fewer than two are there, or their grids differ.
        """
        reference, prediction = self._chosen(self.reference), self._chosen(self.prediction)
        if reference is None or prediction is None or reference is prediction:
            raise InvalidImage(
                "Two different label maps are needed.",
                cure="Paint one or load one, and choose which is the reference.",
            )
        maps = self._bridge.labels_of(reference), self._bridge.labels_of(prediction)
        self._bridge.session.compare(*maps)

    def choose(self, reference: str, prediction: str) -> None:
        """Choose two label maps by the names of their layers."""
        for box, name in ((self.reference, reference), (self.prediction, prediction)):
            position = box.findText(name)
            if position < 0:
                raise InvalidImage(f"There is no label map called '{name}'.")
            box.setCurrentIndex(position)

    def load(self, path: Path) -> None:
        """Read a label map, add it to the viewer and choose it as the prediction."""
        layers = read_with_dialog(path, self._bridge.session, self)
        added = self._bridge.add_layer_data(layers)
        position = self.prediction.findText(added[-1].name)
        if position >= 0:
            self.prediction.setCurrentIndex(position)

    @shows_errors
    def _on_compare(self) -> None:
        self.compare()

    @shows_errors
    def _on_load(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Load a label map")
        if chosen:
            self.load(Path(chosen))

    def _go_to(self, index: QModelIndex) -> None:
        centroid = self.lesions.lesion_at(index.row()).centroid_lps_mm
        if centroid is not None:
            self._bridge.centre_on(centroid)

    # ---------------------------------------------------------------- what is shown

    def _list_layers(self) -> None:
        layers = self._bridge.label_layers()
        for box, preferred in ((self.reference, -1), (self.prediction, 0)):
            chosen = box.currentData()
            box.clear()
            for layer in layers:
                box.addItem(layer.name, layer)
            if chosen in layers:
                box.setCurrentIndex(layers.index(chosen))
            elif layers:
                box.setCurrentIndex(preferred % len(layers))
        self.compare_button.setEnabled(len(layers) >= 2)

    def _chosen(self, box: QComboBox) -> Labels | None:
        layer = box.currentData()
        return layer if layer in self._bridge.label_layers() else None

    def _show(self, comparison: ComparedLabels | None) -> None:
        evaluation = None if comparison is None else comparison.evaluation
        self.lesions.set_lesions(() if evaluation is None else evaluation.lesions)
        self.headline.setText("" if evaluation is None else headline(evaluation))
        for name, label in self.values.items():
            label.setText(_text_of(evaluation, name))

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        choice = QFormLayout()
        choice.addRow("Reference", self.reference)
        choice.addRow("Prediction", self.prediction)
        buttons = QHBoxLayout()
        buttons.addWidget(self.load_button)
        buttons.addWidget(self.compare_button)
        levels = QHBoxLayout()
        levels.addWidget(self._level("Voxel level", [(t, n, tip) for t, n, _, tip in _VOXEL_ROWS]))
        levels.addWidget(self._level("Lesion level", _LESION_ROWS))
        layout = QVBoxLayout(self)
        layout.addLayout(choice)
        layout.addLayout(buttons)
        layout.addWidget(self.headline)
        layout.addLayout(levels)
        layout.addWidget(self.table, 1)

    def _level(self, title: str, rows: Sequence[tuple[str, str, str]]) -> QGroupBox:
        box = QGroupBox(title)
        grid = QGridLayout(box)
        grid.setColumnStretch(1, 1)
        for row, (text, name, tip) in enumerate(rows):
            caption, value = QLabel(text), QLabel()
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            for column, label in enumerate((caption, value)):
                label.setToolTip(tip)
                grid.addWidget(label, row, column)
            self.values[name] = value
        return box

    def _connect(self) -> None:
        self.compare_button.clicked.connect(lambda: self._on_compare())
        self.load_button.clicked.connect(lambda: self._on_load())
        self.table.clicked.connect(self._go_to)
        self._bridge.layers_changed.connect(self._list_layers)
        self._bridge.session.comparison_changed.connect(self._show)


_UNITS = {name: unit for _, name, unit, _ in _VOXEL_ROWS}


def _text_of(evaluation: CaseEvaluation | None, name: str) -> str:
    if evaluation is None:
        return "-"
    value = getattr(evaluation, name)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "undefined"
    return f"{value:.2f}{_UNITS.get(name, '')}" if isinstance(value, float) else str(value)


def _table_view(model: LesionTable) -> QTableView:
    view = QTableView()
    view.setModel(model)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.verticalHeader().hide()
    view.setShowGrid(False)
    view.setWordWrap(False)
    header = view.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    return view
