"""Start napari with our dock and something in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import napari
from napari.viewer import Viewer
from qtpy.QtWidgets import QApplication

from napari_medassist._qt.allocation import give_volumes_pages_of_their_own
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import cohort_dock_of, dock_of
from napari_medassist._qt.threads import read_with_dialog
from napari_medassist.app.browser.sources import CohortSources

_TITLE = "napari-medassist (not a medical device)"


def new_window(*, show: bool = True) -> Viewer:
    """Return a new viewer with the MedAssist dock."""
    give_volumes_pages_of_their_own()
    viewer = Viewer(title=_TITLE, show=show)
    screen = QApplication.primaryScreen()
    if screen is not None:
        room = screen.availableGeometry()
        viewer.window.resize(room.width(), room.height())
    dock_of(viewer)
    return viewer


def open_paths(paths: Iterable[Path]) -> Viewer:
    """Return a new viewer in which the given files and folders are one case.

    Raises
    ------
    FileProblem
        If a path holds no medical image.
    """
    viewer = new_window()
    bridge = bridge_of(viewer)
    for path in paths:
        bridge.add_layer_data(read_with_dialog(path, bridge.session, None))
    return viewer


def open_cohort(sources: CohortSources | None) -> Viewer:
    """Return a new viewer with the cohort dock, in which a cohort is being opened; None opens none."""
    viewer = new_window()
    dock = cohort_dock_of(viewer)
    if sources is not None:
        dock.open_cohort(sources)
    return viewer


def run_window() -> None:
    """Run until the window is closed."""
    napari.run()
