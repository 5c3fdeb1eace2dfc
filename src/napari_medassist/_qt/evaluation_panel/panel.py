"""The comparison panel: what is compared, both levels side by side, settings, lesions."""

from __future__ import annotations

from pathlib import Path

from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QFileDialog, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.evaluation_panel.arrangement import Arrangement, Section
from napari_medassist._qt.evaluation_panel.legend import Legend
from napari_medassist._qt.evaluation_panel.lesion_table import LesionTable, LesionView
from napari_medassist._qt.evaluation_panel.levels import LevelsView, clash_of
from napari_medassist._qt.evaluation_panel.map_choice import MapChoice
from napari_medassist._qt.evaluation_panel.settings_box import SettingsBox
from napari_medassist._qt.evaluation_panel.state import PanelState
from napari_medassist._qt.map_layers import map_of
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
        self.maps = MapChoice(bridge)
        self.compare_button, self.pin_button = self.maps.compare_button, self.maps.pin_button
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
        self.maps.list_layers()
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
        reference, (prediction, kind) = self.maps.chosen_reference(), self.maps.chosen_prediction()
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
        self.maps.choose(reference, prediction)

    def load(self, path: Path) -> None:
        """Read a label map, add it to the viewer and choose it as the prediction."""
        layers = read_with_dialog(path, self._bridge.session, self)
        added = self._bridge.add_layer_data(layers)
        box = self.maps.prediction
        position = box.findText(added[-1].name)
        if position >= 0:
            box.setCurrentIndex(position)

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
        self.clash.setStyleSheet("border-left: 4px solid #d55e00; padding-left: 4px;")
        self.stale.setStyleSheet("border-left: 4px solid #e69f00; padding-left: 4px;")
        self.table.setMinimumHeight(_TABLE_HEIGHT_PX // 2)
        lesions = QWidget()
        column = QVBoxLayout(lesions)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.legend)
        column.addWidget(self.table, 1)
        sections = (
            Section("Numbers", self.levels, self.levels.sizeHint().height()),
            Section("Lesions", lesions, _TABLE_HEIGHT_PX, joins=True, stretches=True),
            Section("Settings", self.settings, self.settings.header.sizeHint().height()),
            Section("Maps", self.maps, self.maps.sizeHint().height()),
        )
        head = (self.stale, self.headline, self.clash)
        self.arrangement = Arrangement(head, sections, ("Maps", None, "Numbers", "Settings", "Lesions"))
        self.arrangement.arranged.connect(self._on_arranged)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.arrangement)

    def _on_arranged(self) -> None:
        """Show the settings whole where they have a tab of their own."""
        self.settings.set_folding(folding=self.arrangement.is_stacked)

    def _connect(self) -> None:
        session = self._bridge.session
        self.compare_button.clicked.connect(lambda: self._on_compare())
        self.maps.load_button.clicked.connect(lambda: self._on_load())
        self.pin_button.clicked.connect(lambda: self.pin())
        self.table.lesion_chosen.connect(self._go_to)
        self.settings.follow.toggled.connect(self._follow_strokes)
        self._bridge.layers_changed.connect(self.maps.list_layers)
        session.comparison_begun.connect(self.maps.choose_compared)
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


def _words(*, bold: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    if bold:
        label.setStyleSheet("font-weight: bold")
    return label
