from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_medassist._qt.case_panel.panel import CasePanel
from napari_medassist._qt.case_panel.series_table import EYE, NAME, ROLE
from napari_medassist._qt.dock import MedAssistDock, dock_of
from napari_medassist._qt.evaluation_panel.panel import EvaluationPanel
from napari_medassist._qt.reader_preference import is_settled
from napari_medassist.app import samples
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.registry import Registry
from napari_medassist.io.files import read_labels

pytestmark = pytest.mark.gui


@pytest.fixture
def case_panel(qtbot: Any, bridge: Any, case: Case) -> CasePanel:
    panel = CasePanel(bridge)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def evaluation_panel(qtbot: Any, bridge: Any, case: Case) -> EvaluationPanel:
    panel = EvaluationPanel(bridge)
    qtbot.addWidget(panel)
    return panel


def _add_two_maps(bridge: Any, case: Case) -> None:
    t2w = case.by_role("t2w")
    prediction = np.zeros(t2w.geometry.shape_zyx, dtype=np.uint8)
    prediction[1:3, 2:8, 2:8] = 1
    reference = prediction.copy()
    reference[4, 12:15, 12:15] = 1
    bridge.add_labels(LabelMap.on(t2w, reference, name="R"))
    bridge.add_labels(LabelMap.on(t2w, prediction, name="P"))


def test_case_panel_lists_roles_and_eyes(case_panel: CasePanel) -> None:
    table = case_panel.series
    roles = [table.index(row, ROLE).data() for row in range(table.rowCount())]
    assert roles == ["t2w", "adc", "dce"]
    eyes = [table.data(table.index(row, EYE), Qt.ItemDataRole.CheckStateRole) for row in range(3)]
    assert eyes == [Qt.CheckState.Checked, Qt.CheckState.Unchecked, Qt.CheckState.Unchecked]
    assert case_panel.title.text() == "phantom: 3 series"


def test_the_eye_shows_and_hides_the_layer(case_panel: CasePanel, bridge: Any, case: Case) -> None:
    index = case_panel.series.index(1, EYE)
    assert case_panel.series.setData(index, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert bridge.layer_of(case.by_role("adc")).visible
    bridge.layer_of(case.by_role("adc")).visible = False
    state = case_panel.series.data(index, Qt.ItemDataRole.CheckStateRole)
    assert state == Qt.CheckState.Unchecked


def test_double_click_shows_a_series_alone(case_panel: CasePanel, bridge: Any, case: Case) -> None:
    case_panel.table.doubleClicked.emit(case_panel.series.index(1, NAME))
    visible = [layer.name for layer in bridge.layers() if layer.visible]
    assert visible == ["ADC - adc"]


def test_a_window_preset_sets_the_contrast_of_the_selected_series(
    case_panel: CasePanel, bridge: Any, case: Case
) -> None:
    case_panel.table.selectRow(1)
    position = case_panel.window_choice.findText("ADC 0-1600")
    case_panel.window_choice.setCurrentIndex(position)
    case_panel.window_choice.activated.emit(position)
    assert tuple(bridge.layer_of(case.by_role("adc")).contrast_limits) == (0, 1600)


def test_saving_needs_one_label_map_to_be_meant(case_panel: CasePanel, bridge: Any, case: Case) -> None:
    with pytest.raises(InvalidImage, match="There are 0 label maps"):
        case_panel._labels_to_save()
    _add_two_maps(bridge, case)
    assert case_panel._labels_to_save().name == "P"
    bridge.viewer.layers.selection.active = bridge.layer_of(case.by_role("t2w"))
    with pytest.raises(InvalidImage, match="There are 2 label maps"):
        case_panel._labels_to_save()


def test_save_writes_the_labels(case_panel: CasePanel, bridge: Any, case: Case, tmp_path: Path) -> None:
    _add_two_maps(bridge, case)
    case_panel.save(bridge.viewer.layers["R"], tmp_path / "r.mha")
    again = read_labels(tmp_path / "r.mha")
    assert again.geometry.corner_distance_mm(case.by_role("t2w").geometry) < 1e-4
    np.testing.assert_array_equal(again.array, bridge.viewer.layers["R"].data)


def test_compare_shows_both_levels_side_by_side(
    evaluation_panel: EvaluationPanel, bridge: Any, case: Case
) -> None:
    assert not evaluation_panel.compare_button.isEnabled()
    _add_two_maps(bridge, case)
    evaluation_panel.choose("R", "P")
    evaluation_panel.compare_button.click()
    texts = {name: label.text() for name, label in evaluation_panel.values.items()}
    assert texts["dice"] == "0.94"
    assert (texts["tp_reference"], texts["fn"], texts["fp"]) == ("1", "1", "0")
    assert evaluation_panel.headline.text() == "Dice 0.94, but 1 of 2 lesions missed."
    first = evaluation_panel.lesions.lesion_at(0)
    assert first.verdict == "missed"


def test_a_click_on_a_lesion_goes_there(
    evaluation_panel: EvaluationPanel, bridge: Any, case: Case
) -> None:
    _add_two_maps(bridge, case)
    evaluation_panel.choose("R", "P")
    evaluation_panel.compare()
    evaluation_panel.table.clicked.emit(evaluation_panel.lesions.index(0, 0))
    missed = case.by_role("t2w").geometry.index_to_lps((4, 13, 13))
    centre = np.asarray(bridge.viewer.scene.camera.center)[-2:]
    np.testing.assert_allclose(centre, bridge.session.frame.lps_to_world(missed)[1:], atol=1e-3)


def test_comparing_a_map_with_itself_or_on_another_grid_is_refused(
    evaluation_panel: EvaluationPanel, bridge: Any, case: Case
) -> None:
    _add_two_maps(bridge, case)
    evaluation_panel.choose("R", "R")
    with pytest.raises(InvalidImage, match="Two different"):
        evaluation_panel.compare()
    bridge.add_labels(LabelMap.on(case.by_role("adc"), name="on ADC"))
    evaluation_panel.choose("R", "on ADC")
    evaluation_panel.compare_button.click()  # the message is shown, napari stays up
    assert evaluation_panel.values["dice"].text() == "-"


def test_what_reads_files_is_imported_while_the_dock_is_made(
    viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first import in a thread would stop the window for up to half a second."""
    imported: list[str] = []
    monkeypatch.setattr(Registry, "discover", lambda registry: imported.append(registry.kind))
    monkeypatch.setattr(Registry, "names", lambda registry: ())
    MedAssistDock(viewer)
    assert "file format" in imported


def test_dock_opens_through_naparis_plugin_menu(viewer: Any) -> None:
    dock = dock_of(viewer)
    offered = [dock.tabs.tabText(i) for i in range(dock.tabs.count()) if dock.tabs.isTabVisible(i)]
    # "Clip" comes with a clip, "Adjudicate" with a worklist
    assert offered == ["Case", "Annotate", "Models", "Align", "Lesions", "Voice", "Compare", "Worklist"]
    assert dock_of(viewer) is dock


def test_dropped_studies_open_without_a_question_once_that_is_settled(
    case_panel: CasePanel, viewer: Any
) -> None:
    from napari.settings import get_settings

    get_settings().plugins.extension2reader = {"*.mp4": "someone-else"}
    assert not is_settled()
    case_panel.prefer.click()
    assert is_settled()
    assert get_settings().plugins.extension2reader["*.mp4"] == "someone-else"
    viewer.layers.clear()
    viewer._open_or_raise_error([str(samples.sample_study())])  # what a drop calls
    assert any(layer.name.startswith("T2w") for layer in viewer.layers)


def test_a_case_is_closed_and_unsaved_labels_are_asked_about(
    case_panel: CasePanel, bridge: Any, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add_two_maps(bridge, case)
    bridge.viewer.add_image(np.zeros((4, 5)), name="not of the case")
    button = next(b for b in case_panel.findChildren(QPushButton) if b.text() == "Close case")
    monkeypatch.setattr(CasePanel, "_confirms_closing", lambda _: False)
    button.click()
    assert bridge.session.case is case
    monkeypatch.setattr(CasePanel, "_confirms_closing", lambda _: True)
    button.click()
    assert bridge.session.case is None
    assert [layer.name for layer in bridge.viewer.layers] == ["not of the case"]


def test_a_renamed_label_map_is_still_the_chosen_one(
    evaluation_panel: EvaluationPanel, bridge: Any, case: Case
) -> None:
    _add_two_maps(bridge, case)
    evaluation_panel.choose("P", "R")
    bridge.viewer.layers["P"].name = "human"
    evaluation_panel.compare()
    assert bridge.session.comparison.reference.name == "human"
    assert bridge.session.comparison.evaluation.fp == 1
