"""A model's candidates before a reader: keys, buttons, layers, and what undo takes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_medassist._qt.findings_panel.decision import Decision
from napari_medassist.app.layer_data import SUGGESTED_KEY, case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.provenance import Provenance
from napari_medassist.models.prediction import Prediction
from tests.phantoms import volume

pytestmark = pytest.mark.gui

SHAPE = (8, 40, 40)


@pytest.fixture
def panel(viewer: Any, bridge: Any, qtbot: Any, tmp_path: Path) -> Any:
    from napari_medassist._qt.findings_panel.panel import FindingsPanel
    from napari_medassist.app.settings import Settings

    t2w = volume("t2w", shape_zyx=SHAPE)
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[2, 5:8, 5:10] = 1
    lesions = LabelMap.on(t2w, drawn, name="lesions", scheme=LabelScheme.from_names({1: "by hand"}))
    bridge.add_layer_data(case_layers(Case("simulated", (t2w,), labels=(lesions,))))
    shown = FindingsPanel(bridge, Settings(tmp_path / "settings.json"))
    qtbot.addWidget(shown)
    shown.resize(380, 640)
    with qtbot.waitActive(shown):
        shown.show()
        shown.activateWindow()
    qtbot.waitUntil(lambda: shown.labels.count() == 1 and not shown.measuring.is_busy)
    yield shown
    assert shown.measuring.close()


def prediction(bridge: Any) -> Prediction:
    t2w = bridge.session.case.by_role("t2w")
    array = np.zeros(SHAPE, np.uint8)
    array[2:4, 5:10, 5:10], array[5, 20:25, 20:25], array[6, 30:34, 8:12] = 1, 2, 3
    confidences = (0.91, 0.55, 0.2)
    labels = LabelMap.on(
        t2w,
        array,
        name="finder",
        scheme=LabelScheme.from_names(
            {k: f"Candidate {k} ({c:.2f})" for k, c in enumerate(confidences, 1)}
        ),
        provenance=Provenance(made_by="model finder 1.0", software="test"),
    )
    return Prediction(labels, ("There is no adc.",), {}, confidences=confidences)


def layer(bridge: Any, name: str) -> Any:
    return next(n for n in bridge.label_layers() if n.name == name)


def shown_values(bridge: Any) -> list[int]:
    colours = layer(bridge, "finder 1.0 suggestions").colormap.color_dict
    return [value for value in (1, 2, 3) if colours[value][3] > 0]


def cell(panel: Any, row: int, column: str) -> str:
    return str(panel.model.index(row, panel.model.column_of(column)).data())


def test_three_candidates_are_decided_by_three_keys(panel: Any, bridge: Any, qtbot: Any) -> None:
    drawn = layer(bridge, "lesions")
    before = drawn.data.copy()
    asked: list[int] = []
    centred: list[Any] = []
    bridge.centre_on = centred.append
    panel.suggestions.edit_asked.connect(lambda: asked.append(1))
    assert not panel.suggestions.isVisible()
    assert panel.take_suggestions(prediction(bridge))
    assert panel.suggestions.count.text() == "3 to decide"
    assert panel.message.text() == "There is no adc."  # why they may not be believed
    suggested = layer(bridge, "finder 1.0 suggestions")
    assert not suggested.editable
    assert suggested.contour == 1
    assert panel.labels.count() == 1  # suggestions are not offered as lesions of the reader's
    qtbot.waitUntil(lambda: not panel.measuring.is_busy and not panel.store.stale)
    assert [cell(panel, row, "model") for row in range(3)] == ["0.91 ?", "0.55 ?", "0.20 ?"]
    assert centred[-1] == panel.store.measures[panel.table.current()].centre_lps_mm
    assert float(cell(panel, 1, "volume_ml")) == pytest.approx(25 * 0.9 / 1000, abs=0.005)

    assert panel.table.currentIndex().row() == 0
    QTest.keyClicks(panel.table, "a")
    assert (drawn.data[before == 1] == 1).all()  # what was drawn by hand is not painted over
    assert np.count_nonzero(drawn.data == 2) == 50 - 15
    assert "15 suggested ones were labelled already" in panel.message.text()
    assert shown_values(bridge) == [2, 3]
    assert panel.table.currentIndex().row() == 1

    QTest.keyClicks(panel.table, "r")
    assert shown_values(bridge) == [3]
    assert panel.table.currentIndex().row() == 2
    assert panel.model.index(1, 0).data(Qt.ItemDataRole.FontRole).strikeOut()

    QTest.keyClicks(panel.table, "e")
    assert asked == [1]
    assert bridge.viewer.layers.selection.active is drawn
    assert drawn.selected_label == 3
    assert drawn.mode == "paint"
    assert not panel.suggestions.isVisible()
    qtbot.waitUntil(lambda: not panel.measuring.is_busy and not panel.store.stale)
    assert [cell(panel, r, "model") for r in range(3)] == ["0.91 \u2713", "0.55 \u2717", "0.20 \u2713"]
    column = panel.model.column_of("model")
    tip = panel.model.index(0, column).data(Qt.ItemDataRole.ToolTipRole)
    assert "35 are suggested ones, 0 drawn by hand; 15 suggested ones are not in it" in tip
    assert panel.measuring.offered(drawn)[0].label == 1  # accepted ones are in the table already

    for _ in range(3):
        bridge.recorder.undo()
    np.testing.assert_array_equal(drawn.data, before)
    assert shown_values(bridge) == [1, 2, 3]
    bridge.recorder.undo()
    assert panel.model.rowCount() == 0
    assert [n.name for n in bridge.label_layers()] == ["lesions"]
    bridge.recorder.redo()
    assert SUGGESTED_KEY in layer(bridge, "finder 1.0 suggestions").metadata
    assert panel.suggestions.count.text() == "3 to decide"


def test_buttons_do_the_same_and_keys_of_scores_still_set_scores(
    panel: Any, bridge: Any, qtbot: Any
) -> None:
    panel.take_suggestions(prediction(bridge))
    panel.table.setCurrentIndex(panel.model.index(0, panel.model.column_of("criteria")))
    QTest.keyClicks(panel.table, "p4")
    assert cell(panel, 0, "t2") == "4"
    QTest.mouseClick(panel.suggestions.buttons[Decision.REJECT], Qt.MouseButton.LeftButton)
    assert cell(panel, 0, "model") == "0.91 \u2717"
    panel.table.setCurrentIndex(panel.model.index(0, 0))
    # On a row that is decided a button goes to the next one that is not.
    QTest.mouseClick(panel.suggestions.buttons[Decision.ACCEPT], Qt.MouseButton.LeftButton)
    assert cell(panel, 1, "model") == "0.55 ?"
    assert panel.table.currentIndex().row() == 1
    QTest.mouseClick(panel.suggestions.buttons[Decision.ACCEPT], Qt.MouseButton.LeftButton)
    assert cell(panel, 1, "model") == "0.55 \u2713"


def test_suggestions_are_suggestions_again_when_work_is_restored(
    panel: Any, bridge: Any, qtbot: Any
) -> None:
    case = bridge.session.case
    panel.take_suggestions(prediction(bridge))
    QTest.keyClicks(panel.table, "r")
    assert bridge.recorder.recording.flush()
    bridge.close_case()
    bridge.add_layer_data(case_layers(Case(case.name, case.series, labels=case.labels)))
    bridge.recorder.restore()
    qtbot.waitUntil(lambda: panel.model.rowCount() == 3)
    again = layer(bridge, "finder 1.0 suggestions")
    assert not again.editable
    qtbot.waitUntil(lambda: shown_values(bridge) == [2, 3])
    assert panel.suggestions.count.text() == "2 to decide"


def test_a_panel_that_was_closed_measures_nothing_when_its_viewer_goes(panel: Any, bridge: Any) -> None:
    panel.take_suggestions(prediction(bridge))
    assert panel.measuring.close()
    panel._show_layers()  # as a layer that is removed makes it
    assert not panel.measuring.is_busy
    bridge._viewer = lambda: None  # as after the window was closed
    assert bridge.layers() == []
    assert panel.layers.snapshot().held == {}
