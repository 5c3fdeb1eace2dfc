"""The MedAssist dock: one tab a panel."""

from __future__ import annotations

import napari.viewer
from qtpy.QtCore import QSize, Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from napari_medassist._qt.adjudication_panel.panel import AdjudicationPanel
from napari_medassist._qt.align_panel.panel import AlignPanel
from napari_medassist._qt.annotation_panel.panel import AnnotationPanel
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.burden_panel.panel import BurdenPanel
from napari_medassist._qt.case_panel.panel import CasePanel
from napari_medassist._qt.clip_panel.panel import ClipPanel
from napari_medassist._qt.cohort_panel.panel import CohortPanel
from napari_medassist._qt.evaluation_panel.panel import EvaluationPanel
from napari_medassist._qt.findings_panel.panel import FindingsPanel
from napari_medassist._qt.models_panel.panel import ModelsPanel
from napari_medassist._qt.saving_strip import SavingStrip
from napari_medassist._qt.views.strip import ViewStrip
from napari_medassist._qt.voice_panel.panel import VoicePanel
from napari_medassist._qt.worklist_panel.panel import WorklistPanel
from napari_medassist.app.browser.opened_case import OpenedCase
from napari_medassist.app.reading.worklist import Worklist
from napari_medassist.app.settings import Settings
from napari_medassist.io.format import FORMATS
from napari_medassist.models.prediction import Prediction

_MIN_WIDTH = 360
#: Share of the window's height that the cohort takes.
_SHARE = 0.42
_TALL_PX = 900


class MedAssistDock(QWidget):
    """The widget that napari shows under Plugins > MedAssist.

    Parameters
    ----------
    viewer
        The viewer; napari recognises the annotation, as a string, and passes it.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        _load_readers()
        bridge = bridge_of(viewer)
        self.case_panel = CasePanel(bridge)
        self.annotation_panel = AnnotationPanel(bridge)
        self.models_panel = ModelsPanel(bridge)
        self.align_panel = AlignPanel(bridge, Settings())
        self.burden_panel = BurdenPanel(bridge)
        self.findings_panel = FindingsPanel(bridge, Settings())
        self.clip_panel = ClipPanel(bridge)
        self.voice_panel = VoicePanel(bridge, Settings())
        self.evaluation_panel = EvaluationPanel(bridge, Settings())
        self.worklist_panel = WorklistPanel(bridge, bridge.session.reading, Settings())
        self.adjudication_panel = AdjudicationPanel(bridge, bridge.session.reading)
        self.views = ViewStrip(bridge, Settings())
        self.saving = SavingStrip(bridge)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.case_panel, "Case")
        self.tabs.addTab(self.annotation_panel, "Annotate")
        self.tabs.addTab(self.models_panel, "Models")
        self.tabs.addTab(self.align_panel, "Align")
        self.tabs.addTab(self.findings_panel, "Lesions")
        self.tabs.addTab(self.voice_panel, "Voice")
        self.tabs.addTab(self.burden_panel, "Lungs")
        self.tabs.addTab(self.evaluation_panel, "Compare")
        self.tabs.addTab(self.worklist_panel, "Worklist")
        self.tabs.addTab(self.adjudication_panel, "Adjudicate")
        self.tabs.addTab(self.clip_panel, "Clip")
        self.models_panel.suggested.connect(self._show_suggestions)
        self.findings_panel.suggestions.edit_asked.connect(
            lambda: self.tabs.setCurrentWidget(self.annotation_panel)
        )
        self.burden_panel.fits_changed.connect(self._show_lungs_tab)
        self._show_lungs_tab(self.burden_panel.ct is not None)
        self.clip_panel.clip_changed.connect(self._show_clip_tab)
        self._show_clip_tab(self.clip_panel.clip is not None)
        self.views.hung.connect(self._raise_clip_tab)
        bridge.session.reading.worklist_changed.connect(self._show_adjudication_tab)
        self._show_adjudication_tab(bridge.session.reading.worklist)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.views)
        layout.addWidget(self.saving)
        layout.addWidget(self.tabs)
        self.setMinimumWidth(_MIN_WIDTH)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a width that leaves the image its place on a small screen."""
        return QSize(_MIN_WIDTH, super().sizeHint().height())

    def _show_suggestions(self, made: Prediction) -> None:
        """Bring the lesion table with a model's candidates, or why it has none, to the front."""
        self.tabs.setCurrentWidget(self.findings_panel)
        self.findings_panel.take_suggestions(made)

    def _show_lungs_tab(self, is_there: bool) -> None:  # noqa: FBT001 - a slot of Qt
        """Offer the tab of the lungs while a CT is open."""
        self.tabs.setTabVisible(self.tabs.indexOf(self.burden_panel), is_there)

    def _show_clip_tab(self, is_there: bool) -> None:  # noqa: FBT001 - a slot of Qt
        """Offer the tab of clips while one is open."""
        self.tabs.setTabVisible(self.tabs.indexOf(self.clip_panel), is_there)

    def _raise_clip_tab(self, are_clips: bool) -> None:  # noqa: FBT001 - a slot of Qt
        """Bring the tab of clips to the front when a clip was hung."""
        if are_clips:
            self._show_clip_tab(is_there=True)
            self.tabs.setCurrentWidget(self.clip_panel)

    def _show_adjudication_tab(self, worklist: Worklist | None) -> None:
        """Offer the tab of two readings while a worklist is open."""
        self.tabs.setTabVisible(self.tabs.indexOf(self.adjudication_panel), worklist is not None)

    def show_case(self) -> None:
        """Bring the case panel to the front."""
        self.tabs.setCurrentWidget(self.case_panel)

    def show_comparison(self) -> None:
        """Bring the comparison to the front."""
        self.tabs.setCurrentWidget(self.evaluation_panel)


class CohortDock(CohortPanel):
    """The widget that napari shows under Plugins > MedAssist cohort.

    Parameters
    ----------
    viewer
        The viewer; napari recognises the annotation, as a string, and passes it.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(bridge_of(viewer))
        _load_readers()
        self._is_placed = False
        self.browser.opened.connect(self._show_comparison)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Go to the bottom of the window when shown first: napari puts every widget to the right."""
        super().showEvent(event)
        if not self._is_placed:
            self._is_placed = True
            QTimer.singleShot(0, self._move_to_bottom)

    def _move_to_bottom(self) -> None:
        dock = _frame_of(self)
        window = None if dock is None else dock.parentWidget()
        if isinstance(window, QMainWindow):
            if window.height() < _TALL_PX:
                # On a small screen napari's own column needs the whole height.
                window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
            window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
            window.resizeDocks([dock], [round(window.height() * _SHARE)], Qt.Orientation.Vertical)
            others = window.findChildren(MedAssistDock)
            sides = [frame for other in others if (frame := _frame_of(other)) is not None]
            window.resizeDocks(sides, [_MIN_WIDTH] * len(sides), Qt.Orientation.Horizontal)

    def _show_comparison(self, opened: OpenedCase | None) -> None:
        viewer = self._bridge.viewer
        if opened is not None and viewer is not None:
            dock_of(viewer).show_comparison()


def _load_readers() -> None:
    """Import what reads files, while the window is being made.

    Files are read in threads, but a library that is imported for the first time keeps Python to itself
    for up to half a second, which a reader would feel in the midst of work.
    """
    FORMATS.discover()


def _frame_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock that a widget lies in."""
    frame: QWidget | None = widget
    while frame is not None and not isinstance(frame, QDockWidget):
        frame = frame.parentWidget()
    return frame


def dock_of(viewer: napari.viewer.Viewer) -> MedAssistDock:
    """Return the viewer's MedAssist dock; opened if it is not."""
    _, dock = viewer.window.add_plugin_dock_widget("napari-medassist", "MedAssist")
    return dock


def cohort_dock_of(viewer: napari.viewer.Viewer) -> CohortDock:
    """Return the viewer's cohort dock, at the bottom; opened if it is not."""
    _, dock = viewer.window.add_plugin_dock_widget("napari-medassist", "MedAssist cohort")
    return dock
