"""The MedAssist dock: one tab a panel."""

from __future__ import annotations

import napari.viewer
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.case_panel.panel import CasePanel
from napari_medassist._qt.evaluation_panel.panel import EvaluationPanel

_MIN_WIDTH = 360


class MedAssistDock(QWidget):
    """The widget that napari shows under Plugins > MedAssist.

    Parameters
    ----------
    viewer
        The viewer; napari recognises the annotation, as a string, and passes it.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        bridge = bridge_of(viewer)
        self.case_panel = CasePanel(bridge)
        self.evaluation_panel = EvaluationPanel(bridge)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.case_panel, "Case")
        self.tabs.addTab(self.evaluation_panel, "Compare")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.setMinimumWidth(_MIN_WIDTH)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a width that leaves the image its place on a small screen."""
        return QSize(_MIN_WIDTH, super().sizeHint().height())

    def show_case(self) -> None:
        """Bring the case panel to the front."""
        self.tabs.setCurrentWidget(self.case_panel)

    def show_comparison(self) -> None:
        """Bring the comparison to the front."""
        self.tabs.setCurrentWidget(self.evaluation_panel)


def dock_of(viewer: napari.viewer.Viewer) -> MedAssistDock:
    """Return the viewer's MedAssist dock; opened if it is not."""
    _, dock = viewer.window.add_plugin_dock_widget("napari-medassist", "MedAssist")
    return dock
