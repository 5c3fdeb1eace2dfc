"""The worklist in a real viewer, with clicks and keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.dock import dock_of
from napari_medassist._qt.worklist_panel.panel import WorklistPanel
from napari_medassist._qt.worklist_panel.table import NOTES, OTHERS, STATUS
from napari_medassist.annotation.findings.parts import Lesion
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.worklist import Worklist
from napari_medassist.app.settings import Settings
from tests.unit.app.reading.cohort import write_cases
from tests.unit.app.reading.test_room import read_one

pytestmark = pytest.mark.gui


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cases(tmp_path / "cases")


@pytest.fixture
def panel(bridge: Any, viewer: Any, qtbot: Any) -> WorklistPanel:
    made = WorklistPanel(bridge, bridge.session.reading, Settings())
    qtbot.addWidget(made)
    made.resize(360, 600)
    made.show()
    return made


def double_click(panel: WorklistPanel, row: int, column: int = 0) -> None:
    place = panel.view.visualRect(panel.table.index(row, column)).center()
    viewport = panel.view.viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)


def click(panel: WorklistPanel, button: str) -> None:
    QTest.mouseClick(panel.buttons[button], Qt.MouseButton.LeftButton)


def draw(panel: WorklistPanel, bridge: Any, z: int) -> Labels:
    layer = new_labels(bridge)
    layer.data_setitem((np.array([z]), np.array([4]), np.array([5])), 1)
    return layer


def test_from_case_to_case(
    panel: WorklistPanel, bridge: Any, qtbot: Any, folder: Path, viewer: Any
) -> None:
    panel.set_reader("Anna")
    assert Settings().reader == "Anna"
    panel.open_place(folder)
    assert panel.table.rowCount() == 3
    assert "0 of 3 done" in panel.title.text()
    assert panel.view.isColumnHidden(OTHERS)
    double_click(panel, 0)
    qtbot.waitUntil(lambda: panel.room.current == "a")
    assert bridge.session.case.name == "a"
    images = bridge.layers()
    draw(panel, bridge, 1)
    qtbot.waitUntil(lambda: panel.room.is_loaded("b"))  # while the first is read
    click(panel, "Done, next")
    qtbot.waitUntil(lambda: panel.room.current == "b")
    assert bridge.label_layers() == []
    assert bridge.layers() == images  # the layers of the case before, with the images of this one
    assert panel.table.data(panel.table.index(0, STATUS)) == "done"
    kept = folder / "readings" / "a" / "Anna"
    assert json.loads((kept / "reading.json").read_text())["maps"][0]["file"] == "labels.nii.gz"
    click(panel, "Skip")
    qtbot.waitUntil(lambda: panel.room.current == "c")
    click(panel, "Done, next")
    assert "No further case" in panel.message.text()
    assert bridge.session.case is None
    assert len(viewer.layers) == 0
    double_click(panel, 0)  # what was drawn comes back, to be drawn on
    qtbot.waitUntil(lambda: panel.room.current == "a")
    (layer,) = bridge.label_layers()
    assert np.argwhere(layer.data).tolist() == [[1, 4, 5]]
    layer.data_setitem((np.array([2]), np.array([4]), np.array([5])), 1)
    click(panel, "Close")
    again = panel.room.readings.load("a", "Anna")
    assert again is not None
    assert np.argwhere(again.maps[0].array).tolist() == [[1, 4, 5], [2, 4, 5]]
    assert panel.room.entry("a").status is Status.DONE


def test_the_key_of_done_next_and_an_unreadable_case(
    panel: WorklistPanel, qtbot: Any, folder: Path, viewer: Any
) -> None:
    (folder / "b" / "t2w.nii.gz").write_bytes(b"no image")
    panel.set_reader("Anna")
    panel.open_place(folder)
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    QTest.keyClick(viewer.window._qt_viewer.canvas.native, Qt.Key.Key_F8)
    qtbot.waitUntil(lambda: panel.room.current == "c")
    assert panel.table.data(panel.table.index(1, STATUS)) == "unreadable"
    tip = panel.table.data(panel.table.index(1, STATUS), Qt.ItemDataRole.ToolTipRole)
    assert "t2w.nii.gz" in tip


def test_a_blinded_reader_is_told_nothing_of_the_other(
    panel: WorklistPanel, bridge: Any, qtbot: Any, folder: Path
) -> None:
    read_one(folder, "Benedikt", "a", 2, Status.DONE)
    panel.set_reader("Anna")
    panel.open_place(folder)
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    cells = [
        str(panel.table.data(panel.table.index(row, column), role))
        for row in range(3)
        for column in range(panel.table.columnCount())
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
    ]
    said = [*cells, panel.title.text(), panel.message.text(), *(n.name for n in bridge.layers())]
    assert not any("Benedikt" in text for text in said)
    assert bridge.label_layers() == []
    assert "0 of 3 done" in panel.title.text()
    assert panel.view.isColumnHidden(OTHERS)
    click(panel, "Done, next")
    qtbot.waitUntil(lambda: panel.room.current == "b")
    assert panel.table.data(panel.table.index(0, OTHERS)) == "Benedikt (done)"
    assert not panel.view.isColumnHidden(OTHERS)


def test_notes_are_written_in_place(panel: WorklistPanel, folder: Path) -> None:
    panel.set_reader("Anna")
    panel.open_place(folder)
    assert panel.table.setData(panel.table.index(1, NOTES), "Motion")
    assert panel.room.entry("b").notes == "Motion"
    (folder / "cases.worklist.json").write_text("{")
    assert panel.table.setData(panel.table.index(1, NOTES), "More")
    assert "damaged" in panel.message.text()
    assert panel.room.entry("b").notes == "More"


def test_labels_that_are_no_part_of_the_list_are_asked_about(
    panel: WorklistPanel, bridge: Any, case: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = draw(panel, bridge, 1)
    panel.set_reader("Anna")
    panel.open_place(folder)
    no = QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *_args, **_kwargs: no)
    panel.open_case("a")
    QTest.qWait(50)
    assert bridge.label_layers() == [layer]
    assert panel.room.current is None


def test_a_list_that_cannot_lie_with_its_cases_lies_elsewhere(
    panel: WorklistPanel, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = folder / ".cases.worklist.json.lock"
    lock.mkdir()  # as if the folder could not be written to
    monkeypatch.setattr("napari_medassist.io.lock.LOCK_SECONDS", 0.05)
    chosen = str(tmp_path / "elsewhere" / "mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (chosen, ""))
    panel.open_place(folder)
    assert panel.room.required_worklist.path == Path(f"{chosen}.worklist.json")
    assert panel.room.required_worklist.cases[0].paths == (folder / "a",)
    assert panel.room.readings.folder == tmp_path / "elsewhere" / "readings"


def test_input_into_the_window_runs_the_timer(panel: WorklistPanel, qtbot: Any) -> None:
    timer = panel.room.timer
    touched: list[int] = []
    timer.touch = lambda: touched.append(1)  # type: ignore[method-assign]
    panel._activity._tick()  # finds the window
    handle = panel.window().windowHandle()
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(5, 5),
        QPointF(5, 5),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    before = len(touched)
    QApplication.sendEvent(handle, move)
    assert len(touched) == before + 1
    QTest.keyClick(handle, Qt.Key.Key_Shift)
    assert len(touched) > before + 1


def test_strokes_while_the_next_case_is_read_are_kept(
    panel: WorklistPanel, bridge: Any, qtbot: Any, folder: Path
) -> None:
    panel.set_reader("Anna")
    panel.open_place(folder)
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    layer = draw(panel, bridge, 1)
    panel.open_case("c")  # saved, and c is being read
    layer.data_setitem((np.array([3]), np.array([4]), np.array([5])), 1)
    qtbot.waitUntil(lambda: panel.room.current == "c")
    kept = panel.room.readings.load("a", "Anna")
    assert kept is not None
    assert np.argwhere(kept.maps[0].array).tolist() == [[1, 4, 5], [3, 4, 5]]


def test_if_they_cannot_be_saved_the_open_case_stays(
    panel: WorklistPanel, bridge: Any, qtbot: Any, folder: Path
) -> None:
    panel.set_reader("Anna")
    panel.open_place(folder)
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    panel.open_case("c")
    layer = draw(panel, bridge, 1)
    for path in sorted((folder / "readings").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (folder / "readings").rmdir()
    (folder / "readings").write_text("")
    qtbot.waitUntil(lambda: "cannot be kept" in panel.message.text())
    assert panel.room.current == "a"
    assert layer in bridge.viewer.layers


def test_closing_the_window_saves(panel: WorklistPanel, bridge: Any, qtbot: Any, folder: Path) -> None:
    panel.set_reader("Anna")
    panel.open_place(folder)
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    draw(panel, bridge, 2)
    bridge.session.reading.findings_source = lambda: {"f": {"pi_rads": 3}}
    panel._activity._tick()
    panel.window().close()
    kept = panel.room.readings.load("a", "Anna")
    assert kept is not None
    assert np.argwhere(kept.maps[0].array).tolist() == [[2, 4, 5]]
    assert kept.findings == {"f": {"pi_rads": 3}}


def test_in_the_dock_nothing_keeps_a_closed_window(viewer: Any, qtbot: Any, folder: Path) -> None:
    dock = dock_of(viewer)  # the fixture of the viewer looks for what is left of it
    panel = dock.worklist_panel
    panel._activity._tick()
    panel.set_reader("Anna")
    panel.open_place(folder)
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    panel.finish()
    qtbot.waitUntil(lambda: panel.room.current == "b")
    panel.leave()


def test_the_buttons_ask_for_places_and_look_again(
    panel: WorklistPanel, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(text: str) -> None:
        QTest.mouseClick(panel.places[text], Qt.MouseButton.LeftButton)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(folder))
    press("Folder...")
    assert panel.table.rowCount() == 3
    table = tmp_path / "list.csv"
    table.write_text("case,path\nx,cases/a\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(table), ""))
    press("List...")
    assert panel.table.case_at(0) == "x"
    Worklist(tmp_path / "list.worklist.json").change("x", "Ben", status=Status.DONE)
    assert panel.view.isColumnHidden(OTHERS)
    press("Reload")
    assert not panel.view.isColumnHidden(OTHERS)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_kwargs: ("Dora", True))
    panel.ask_reader()
    assert panel.reader.text() == "Reader: Dora"


def test_findings_and_sessions_go_with_the_reader(
    panel: WorklistPanel, bridge: Any, qtbot: Any, folder: Path
) -> None:
    recording = bridge.recorder.recording
    store = FindingStore(recording)
    panel.set_reader("Anna")
    panel.open_place(folder)
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    layer = draw(panel, bridge, 1)
    layer.name = "mine"
    store.add([Lesion(1, None, 1, 1)], bridge.recorder.key_of(layer), "prostate-pirads", {})
    place = recording.folder
    click(panel, "Done, next")
    qtbot.waitUntil(lambda: panel.room.current == "b")
    assert store.findings() == ()
    assert not place.exists()  # all of it is in the reading: nothing waits to be restored
    assert list(place.parent.glob("kept-*"))

    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    assert recording.waiting is None
    assert recording.history.n_steps == 0
    (own,) = bridge.label_layers()
    (finding,) = store.findings()
    assert (own.name, finding.map_key) == ("mine", bridge.recorder.key_of(own))
    own.data_setitem((np.array([2]), np.array([4]), np.array([5])), 1)
    assert recording.flush()
    recording.close()  # the program is killed: what was drawn since is in Anna's session
    panel.room.leave()
    bridge.close_case()

    panel.set_reader("Benedikt")
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    assert recording.waiting is None
    assert (bridge.label_layers(), store.findings()) == ([], ())
    panel.leave()
    panel.set_reader("Anna")
    panel.open_case("a")
    qtbot.waitUntil(lambda: panel.room.current == "a")
    assert recording.waiting is not None
    bridge.recorder.restore()
    (own,) = bridge.label_layers()
    assert np.argwhere(own.data).tolist() == [[1, 4, 5], [2, 4, 5]]
    assert len(store.findings()) == 1
