"""Two readings adjudicated in a real viewer, with clicks and keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMessageBox

from napari_medassist._qt.adjudication_panel.panel import AdjudicationPanel
from napari_medassist._qt.adjudication_panel.table import DECISION, KIND
from napari_medassist._qt.worklist_panel.panel import WorklistPanel
from napari_medassist.annotation.adjudication import Choice
from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.room import ReadingRoom
from napari_medassist.app.reading.worklist import open_worklist
from napari_medassist.app.settings import Settings
from napari_medassist.core.labels import LabelMap
from tests.unit.app.reading.cohort import write_cases

pytestmark = pytest.mark.gui

#: What the two have drawn: row y, from column x to column x.
_ANNA = {1: (2, 0, 4), 2: (6, 0, 4)}
_BEN = {1: (2, 1, 5), 3: (9, 2, 6)}


def read(folder: Path, reader: str, rows: dict[int, tuple[int, int, int]]) -> None:
    room = ReadingRoom(reader)
    room.set_worklist(open_worklist(folder, blinded=True))
    images = room.open_case("a").run_here().images
    assert images is not None
    image = images.reference_volume()
    assert image is not None
    array = np.zeros(image.geometry.shape_zyx, np.uint8)
    for value, (y, start, stop) in rows.items():
        array[1, y, start:stop] = value
    room.keep((LabelMap.on(image, array, name="Lesions"),), status=Status.DONE)
    room.leave()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = write_cases(tmp_path / "cases", ("a", "b"))
    read(made, "Anna", _ANNA)
    read(made, "Ben", _BEN)
    return made


@pytest.fixture
def panels(bridge: Any, qtbot: Any, folder: Path) -> tuple[WorklistPanel, AdjudicationPanel]:
    worklist = WorklistPanel(bridge, bridge.session.reading, Settings())
    panel = AdjudicationPanel(bridge, bridge.session.reading)
    for widget in (worklist, panel):
        qtbot.addWidget(widget)
    panel.resize(360, 700)
    panel.show()
    worklist.set_reader("Carla")
    worklist.open_place(folder)
    worklist.open_case("a")
    qtbot.waitUntil(lambda: worklist.room.current == "a")
    return worklist, panel


@pytest.fixture
def panel(
    panels: tuple[WorklistPanel, AdjudicationPanel], monkeypatch: pytest.MonkeyPatch
) -> AdjudicationPanel:
    """Carla, who has not read the case, has agreed to end her blinding."""
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *_args, **_kwargs: yes)
    _, made = panels
    QTest.mouseClick(made.form.look, Qt.MouseButton.LeftButton)
    QTest.mouseClick(made.form.compare, Qt.MouseButton.LeftButton)
    assert made.adjudication is not None, made.form.message.text()
    return made


def made_layer(panel: AdjudicationPanel) -> Labels:
    layer = panel._layers.made
    assert layer is not None
    return layer


def cell(panel: AdjudicationPanel, row: int, column: int) -> str:
    return str(panel.form.table.data(panel.form.table.index(row, column)))


def record_of(folder: Path) -> dict[str, Any]:
    path = folder / "adjudicated" / "a" / "Carla" / "record.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_the_map_that_is_made_is_saved_by_the_panel_and_nobody_is_alarmed(
    panel: AdjudicationPanel, bridge: Any
) -> None:
    made = made_layer(panel)
    bridge.viewer.layers.selection.active = made
    made.data_setitem((np.array([1]), np.array([9]), np.array([9])), 1)
    assert bridge.recorder.not_recorded() == ""
    (readings,) = (layer for layer in bridge.label_layers() if layer.name == "Anna")
    readings.data_setitem((np.array([1]), np.array([9]), np.array([9])), 1)
    assert "'Anna'" in bridge.recorder.not_recorded()


def test_nothing_is_offered_before_the_blinding_ends(
    panels: tuple[WorklistPanel, AdjudicationPanel], monkeypatch: pytest.MonkeyPatch, bridge: Any
) -> None:
    worklist, panel = panels
    assert panel.form.first.count() == 0
    assert panel.form.look.isVisible()
    assert not panel.form.compare.isEnabled()
    no = QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *_args, **_kwargs: no)
    QTest.mouseClick(panel.form.look, Qt.MouseButton.LeftButton)
    assert panel.form.first.count() == 0
    assert worklist.room.entry("a").unblinded == ""
    assert bridge.label_layers() == []


def test_decisions_by_keys_and_buttons(
    panel: AdjudicationPanel, qtbot: Any, folder: Path, viewer: Any
) -> None:
    assert [cell(panel, row, KIND) for row in range(3)] == ["agreed", "only Anna", "only Ben"]
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    panel.form.view.setFocus()
    QTest.keyClick(panel.form.view, Qt.Key.Key_3)  # the union of the first, and on to the second
    assert panel.form.view.currentIndex().row() == 1
    assert not panel.form.choices[Choice.SECOND].isEnabled()
    QTest.mouseClick(panel.form.choices[Choice.FIRST], Qt.MouseButton.LeftButton)
    panel.form.view.setFocus()
    QTest.keyClick(panel.form.view, Qt.Key.Key_5)
    expected = np.zeros_like(made_layer(panel).data)
    expected[1, 2, 0:5] = 1
    expected[1, 6, 0:4] = 2
    np.testing.assert_array_equal(made_layer(panel).data, expected)
    assert [cell(panel, row, DECISION) for row in range(3)] == ["union", "Anna", "reject"]
    qtbot.waitUntil(lambda: panel.form.saved.text() == "saved")
    assert record_of(folder)["complete"] is True
    QTest.mouseClick(panel.form.undo, Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.form.undo, Qt.MouseButton.LeftButton)
    expected[1, 6] = 0
    np.testing.assert_array_equal(made_layer(panel).data, expected)
    assert cell(panel, 1, DECISION) == "open"
    # A key in the canvas does the same while the map is selected.
    QTest.keyClick(viewer.window._qt_viewer.canvas.native, Qt.Key.Key_N)
    assert panel.form.view.currentIndex().row() == 0
    QTest.keyClick(viewer.window._qt_viewer.canvas.native, Qt.Key.Key_2)
    assert cell(panel, 0, DECISION) == "Ben"


def test_the_view_is_centred_and_strokes_are_kept_and_told(
    panel: AdjudicationPanel, qtbot: Any, folder: Path, viewer: Any
) -> None:
    panel.step(1)
    layer = made_layer(panel)
    shown = layer.world_to_data(viewer.dims.point[-3:])
    assert round(float(shown[0])) == 1
    panel.decide(Choice.BY_HAND)
    assert layer.mode == "paint"
    assert viewer.layers.selection.active is layer
    layer.data_setitem((np.array([1]), np.array([6]), np.array([0])), 0)
    panel.form.view.selectRow(0)
    panel.decide(Choice.FIRST)
    layer.data_setitem((np.array([1]), np.array([2]), np.array([0])), 0)
    assert cell(panel, 0, DECISION) == "Anna *"
    qtbot.waitUntil(lambda: panel.form.saved.text() == "saved" and not panel._settle.isActive())
    qtbot.waitUntil(lambda: record_of(folder)["lesions"][0]["changed_by_hand"])
    assert not record_of(folder)["lesions"][1]["changed_by_hand"]
    layer.undo()
    assert cell(panel, 0, DECISION) == "Anna"


def test_what_was_decided_is_there_again_and_is_no_reading_of_ones_own(
    panels: tuple[WorklistPanel, AdjudicationPanel],
    panel: AdjudicationPanel,
    qtbot: Any,
    folder: Path,
    bridge: Any,
) -> None:
    worklist, _ = panels
    panel.decide(Choice.INTERSECTION)
    panel.form.difference.setChecked(True)
    QTest.mouseClick(panel.form.consensus, Qt.MouseButton.LeftButton)
    assert "Anna: Dice" in panel.form.message.text()
    names = [layer.name for layer in bridge.label_layers()]
    assert "Consensus (staple) of Anna, Ben" in names
    assert "Difference Anna - Ben" in names
    before = made_layer(panel).data.copy()
    assert before.any()
    worklist.finish()  # at once, before it was saved
    qtbot.waitUntil(lambda: worklist.room.current == "b")
    assert panel.adjudication is None
    assert bridge.label_layers() == []
    own = worklist.room.readings.load("a", "Carla")
    assert own is not None
    assert own.maps == ()
    assert record_of(folder)["undecided"] == [2, 3]
    worklist.open_case("a")
    qtbot.waitUntil(lambda: worklist.room.current == "a")
    panel.form.first.setCurrentText("Anna")
    panel.form.second.setCurrentText("Ben")
    panel.compare()
    np.testing.assert_array_equal(made_layer(panel).data, before)
    assert panel.form.message.text() == "Taken up: 1 lesions are decided."
    assert cell(panel, 0, DECISION) == "intersection"
    panel.end()
    assert bridge.label_layers() == []


def test_a_folder_that_cannot_be_written_to_is_told(
    panel: AdjudicationPanel, qtbot: Any, folder: Path
) -> None:
    (folder / "adjudicated").write_text("")
    panel.decide(Choice.UNION)
    qtbot.waitUntil(lambda: panel.form.saved.text() == "NOT SAVED")
    assert made_layer(panel).data.any()
