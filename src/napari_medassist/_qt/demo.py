"""The demonstration: a radiologist's acts on the simulated study, in a real window."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from napari.layers import Labels
from napari.viewer import Viewer
from qtpy.QtCore import QPointF
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.bridge import Bridge, bridge_of
from napari_medassist._qt.dock import MedAssistDock, dock_of
from napari_medassist._qt.launch import open_paths
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist.app import samples
from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.headline import headline
from napari_medassist.app.voicing.choices import Choices, Mode
from napari_medassist.app.voicing.readiness import what_is_missing
from napari_medassist.core.errors import WriteFailed
from napari_medassist.core.results import JudgedLesion
from napari_medassist.io.files import case_name
from napari_medassist.voice.playback import FileSource

_WINDOW_SIZE = (1600, 1000)
_BRUSH_VOXELS = 9
_UNDERSTOOD_S, _POINTED_S, _REST_S = 120.0, 2.0, 0.01


def run_demo(out: Path | None) -> list[Path]:
    """Open the simulated study, compare with the AI's map, paint a lesion, save it, and speak of it.

    Nothing is said where what voice needs is not installed; the message of the tab Voice tells why.

    Parameters
    ----------
    out
        Where to leave a screenshot, the tables and the label file; the window is closed then. None
        leaves the window open and writes nothing.

    Returns
    -------
    list of Path
        The files written.
    """
    reference, prediction = samples.sample_labels()
    viewer = open_paths([samples.sample_study(), reference, prediction])
    viewer.window.resize(*_WINDOW_SIZE)
    bridge, dock = bridge_of(viewer), dock_of(viewer)
    dock.show_comparison()
    dock.evaluation_panel.choose(case_name(reference), case_name(prediction))
    dock.evaluation_panel.compare()
    comparison = bridge.session.comparison
    if comparison is None:
        return []
    QApplication.processEvents()
    viewer.reset_view()
    errors = [lesion for lesion in comparison.evaluation.lesions if lesion.verdict.is_error]
    _centre_on(bridge, errors[0])
    if out is None:
        return []
    _make(out)
    screenshot = out / "comparison.png"
    _screenshot(viewer, screenshot)
    labels = _paint_and_save(bridge, errors[0], out / "painted_lesion.nii.gz")
    painted = out / "labelling.png"
    dock.show_case()
    _screenshot(viewer, painted)
    spoken = _speak(viewer, dock, bridge, errors[0], out / "voice.png")
    evaluate_files(reference, prediction, out)
    (out / "headline.txt").write_text(headline(comparison.evaluation) + "\n", encoding="utf-8")
    viewer.close()
    tables = [out / name for name in ("cases.csv", "lesions.csv", "summary.json", "headline.txt")]
    return [screenshot, painted, labels, *spoken, *tables]


def _centre_on(bridge: Bridge, lesion: JudgedLesion) -> None:
    if lesion.centroid_lps_mm is not None:
        bridge.centre_on(lesion.centroid_lps_mm)


def _paint_and_save(bridge: Bridge, lesion: JudgedLesion, path: Path) -> Path:
    """Paint over the missed lesion with napari's own brush, and save it where it lies."""
    layer: Labels = new_labels(bridge)
    layer.brush_size = _BRUSH_VOXELS
    layer.paint(tuple(np.rint(lesion.centroid_index_zyx)), 1)
    return bridge.session.save_labels(bridge.labels_of(layer), path)


def _speak(
    viewer: Viewer, dock: MedAssistDock, bridge: Bridge, lesion: JudgedLesion, path: Path
) -> list[Path]:
    """Let a command be heard where the missed lesion lies, and show what became of it."""
    panel = dock.voice_panel
    dock.tabs.setCurrentWidget(panel)
    _centre_on(bridge, lesion)
    _point_at(bridge, lesion)
    panel.choices = Choices(mode=Mode.OPEN)  # for this window only
    if what_is_missing(panel.choices) is not None:
        return []
    before = panel.form.log.rowCount()  # what was said of it in other windows stands there too
    panel.listen(on=True, source=FileSource(samples.sample_voice()))
    _until(lambda: panel.form.log.rowCount() > before, _UNDERSTOOD_S)
    panel.listen(on=False)
    _screenshot(viewer, path)
    return [path]


def _point_at(bridge: Bridge, lesion: JudgedLesion) -> None:
    """Move the mouse to a lesion, in the first view."""
    views = linked_views_of(bridge).views
    if lesion.centroid_lps_mm is None or not views:
        return
    place = QPointF(*views[0].sight.to_pixel(np.asarray(lesion.centroid_lps_mm)))
    QCursor.setPos(views[0].mapToGlobal(place).toPoint())
    _until(views[0].underMouse, _POINTED_S)


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    """Let the window work until something is so; not longer than that, as a picture shows what is."""
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(_REST_S)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(f"The folder cannot be made ({error.strerror}).", path=folder) from error


def _screenshot(viewer: Viewer, path: Path) -> None:
    QApplication.processEvents()
    viewer.screenshot(str(path), canvas_only=False, flash=False)
