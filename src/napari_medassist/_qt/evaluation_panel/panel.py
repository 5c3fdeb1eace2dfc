"""The comparison panel: what is compared, both levels side by side, settings, lesions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.layers import Image, Labels, Layer
from qtpy.QtCore import Qt
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.evaluation_panel.legend import Legend
from napari_medassist._qt.evaluation_panel.lesion_table import LesionTable, LesionView
from napari_medassist._qt.evaluation_panel.levels import LevelsView, clash_of
from napari_medassist._qt.evaluation_panel.settings_box import SettingsBox
from napari_medassist._qt.evaluation_panel.state import PanelState
from napari_medassist._qt.map_layers import MAP_KINDS, map_layers, map_of
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.threads import read_with_dialog
from napari_medassist.app.headline import headline
from napari_medassist.app.live_comparison import ComparedLabels
from napari_medassist.app.settings import Settings
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import ProbabilityMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion

_TABLE_HEIGHT_PX = 170


class EvaluationPanel(QWidget):
    """Compares two layers of the case, and follows settings and brush strokes.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    settings
        What the window remembers; None remembers nothing.
    """

    def __init__(self, bridge: Bridge, settings: Settings | None = None) -> None:
        super().__init__()
        self._bridge = bridge
        self.reference = QComboBox()
        self.prediction = QComboBox()
        for box in (self.reference, self.prediction):  # long names must not widen the dock
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(12)
        self.compare_button = QPushButton("Compare")
        self.load_button = QPushButton("Load label map...")
        self.pin_button = QPushButton("Pin")
        self.headline = _words(bold=True)
        self.clash = _words()
        self.stale = _words()
        self.levels = LevelsView()
        self.values = self.levels.values
        self.settings = SettingsBox(bridge.session)
        self.legend = Legend(bridge.verdicts)
        self.lesions = LesionTable()
        self.table = LesionView(self.lesions)
        self._n_lesions = -1
        self._lay_out()
        self._connect()
        self._bind_keys()
        self._list_layers()
        self.levels.show_convention(bridge.session.convention)
        self._show(bridge.session.comparison)
        self._show_staleness(bridge.session.staleness)
        self.state = PanelState(self, settings)
        self.state.restore()

    @property
    def bridge(self) -> Bridge:
        """The link to the viewer and the session."""
        return self._bridge

    # ---------------------------------------------------------------- acts

    def compare(self) -> None:
        """Compare the chosen maps.

        Raises
        ------
        MedAssistError
            If fewer than two are there, or their grids differ.
        """
        reference, (prediction, kind) = self._chosen_reference(), self._chosen_prediction()
        if reference is None or prediction is None or reference is prediction:
            raise InvalidImage(
                "Two different label maps are needed.",
                cure="Paint one or load one, and choose which is the reference.",
            )
        predicted = (
            map_of(prediction, kind)
            if isinstance(prediction, Image)
            else self._bridge.labels_of(prediction)
        )
        layers = {Side.REFERENCE: reference, Side.PREDICTION: prediction}
        self._bridge.comparer.compare(self._bridge.labels_of(reference), predicted, layers, self)
        if isinstance(prediction, Image):
            prediction.visible = False

    def choose(self, reference: str, prediction: str) -> None:
        """Choose two maps by the names of their layers."""
        for box, name in ((self.reference, reference), (self.prediction, prediction)):
            position = box.findText(name)
            if position < 0:
                position = box.findText(name, Qt.MatchFlag.MatchStartsWith)
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

    def pin(self) -> None:
        """Let the present numbers stand beside all that follow."""
        comparison = self._bridge.session.comparison
        if comparison is not None:
            self._bridge.session.pin(comparison.evaluation)

    @shows_errors
    def _on_compare(self) -> None:
        self.compare()

    @shows_errors
    def _on_load(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Load a label map")
        if chosen:
            self.load(Path(chosen))

    def _go_to(self, lesion: JudgedLesion) -> None:
        if lesion.centroid_lps_mm is not None:
            self._bridge.centre_on(lesion.centroid_lps_mm)

    def _follow_strokes(self, follows: bool) -> None:  # noqa: FBT001 - a Qt slot
        self._bridge.comparer.follows_edits = follows

    # ---------------------------------------------------------------- what is shown

    def _list_layers(self) -> None:
        layers = self._bridge.label_layers()
        labels = [(layer.name, (layer, None)) for layer in layers]
        maps = [
            (f"{layer.name} ({word})", (layer, kind))
            for layer in map_layers(self._bridge)
            for kind, word in MAP_KINDS.items()
        ]
        _refill(self.reference, labels, preferred=-1)
        _refill(self.prediction, [*labels, *maps], preferred=0)
        self.compare_button.setEnabled(bool(labels) and len(labels) + len(maps) >= 2)

    def _chosen_reference(self) -> Labels | None:
        layer, _ = self.reference.currentData() or (None, None)
        return layer if layer in self._bridge.label_layers() else None

    def _chosen_prediction(self) -> tuple[Layer | None, Any]:
        layer, kind = self.prediction.currentData() or (None, None)
        return (layer, kind) if layer in self._bridge.viewer.layers else (None, None)

    def _show(self, comparison: ComparedLabels | None) -> None:
        evaluation = None if comparison is None else comparison.evaluation
        self.lesions.set_comparison(comparison)
        self.headline.setText("" if evaluation is None else headline(evaluation))
        self.clash.setText(clash_of(comparison))
        self.clash.setVisible(bool(self.clash.text()))
        self.levels.show_numbers(comparison, self._bridge.session.pinned)
        self.legend.show_counts(comparison)
        self.settings.show_kind(
            has_cut_off=comparison is not None and isinstance(comparison.prediction, ProbabilityMap)
        )
        self.pin_button.setEnabled(comparison is not None)
        if comparison is None:
            self._n_lesions = -1
        elif comparison.is_complete and self._n_lesions < self.lesions.rowCount():
            self._n_lesions = self.lesions.rowCount()
            self.table.fit_columns()

    def _choose_compared(self, comparison: ComparedLabels) -> None:
        """Choose the layers of a comparison that was begun elsewhere."""
        for box, image in (
            (self.reference, comparison.reference),
            (self.prediction, comparison.prediction),
        ):
            layer = self._bridge.layer_of(image)
            for position in range(box.count()):
                if layer is not None and box.itemData(position)[0] is layer:
                    box.setCurrentIndex(position)

    def _show_pinned(self, pinned: CaseEvaluation | None) -> None:
        self.levels.show_numbers(self._bridge.session.comparison, pinned)

    def _show_staleness(self, why: str) -> None:
        self.stale.setText(f"⚠ {why}" if why else "")
        self.stale.setVisible(bool(why))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Let moves and strokes be drawn together with their results."""
        super().showEvent(event)
        self._bridge.comparer.curtain.hang_before(_main_window_of(self))

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Remember how things stood."""
        self.state.keep()
        super().hideEvent(event)

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        self.pin_button.setToolTip("Let the present numbers stand beside all that follow, as 'before'.")
        self.compare_button.setToolTip("Compare the two maps anew; what is shown becomes 'before'.")
        self.clash.setStyleSheet("border-left: 4px solid #d55e00; padding-left: 4px;")
        self.stale.setStyleSheet("border-left: 4px solid #e69f00; padding-left: 4px;")
        choice = QFormLayout()
        choice.setVerticalSpacing(3)
        choice.addRow("Reference", self.reference)
        choice.addRow("Prediction", self.prediction)
        buttons = QHBoxLayout()
        for button in (self.load_button, self.pin_button, self.compare_button):
            buttons.addWidget(button)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(2, 4, 2, 4)
        layout.setSpacing(4)
        layout.addLayout(choice)
        layout.addLayout(buttons)
        for widget in (self.stale, self.headline, self.clash, self.levels, self.settings, self.legend):
            layout.addWidget(widget)
        self.table.setMinimumHeight(_TABLE_HEIGHT_PX)
        layout.addWidget(self.table, 1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def _connect(self) -> None:
        session = self._bridge.session
        self.compare_button.clicked.connect(lambda: self._on_compare())
        self.load_button.clicked.connect(lambda: self._on_load())
        self.pin_button.clicked.connect(lambda: self.pin())
        self.table.lesion_chosen.connect(self._go_to)
        self.settings.follow.toggled.connect(self._follow_strokes)
        self._bridge.layers_changed.connect(self._list_layers)
        session.comparison_begun.connect(self._choose_compared)
        session.comparison_changed.connect(self._show)
        session.pinned_changed.connect(self._show_pinned)
        session.staleness_changed.connect(self._show_staleness)
        session.convention_changed.connect(self.levels.show_convention)

    def _bind_keys(self) -> None:
        """Bind the keys of the viewer: next and previous lesion, outlines or fills."""
        viewer, verdicts = self._bridge.viewer, self._bridge.verdicts
        acts = {
            "J": lambda _viewer: self.table.step(1),
            "K": lambda _viewer: self.table.step(-1),
            "O": lambda _viewer: verdicts.set_outlines(outlines=not verdicts.has_outlines),
        }
        for key, act in acts.items():
            viewer.bind_key(key, act, overwrite=True)


def _main_window_of(widget: QWidget) -> QWidget:
    """Return the window that holds a widget and the image, also if the dock floats."""
    parent = widget.parentWidget()
    return widget if parent is None else _main_window_of(parent)


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


def _words(*, bold: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    if bold:
        label.setStyleSheet("font-weight: bold")
    return label
