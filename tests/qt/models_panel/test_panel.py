"""The panel of models in a real viewer: one button, one step of undo."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

import napari_medassist as ma
from napari_medassist._qt.models_panel.panel import ModelsPanel
from napari_medassist.app.layer_data import case_layers
from napari_medassist.app.samples import sample_path, sample_study
from napari_medassist.core.case import Case
from tests.unit.models.test_user_models import written

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(bridge: Any, qtbot: Any) -> Any:
    made = ModelsPanel(bridge)
    qtbot.addWidget(made)
    made.resize(360, 640)
    made.show()
    yield made
    made.runner.close()


def opened(bridge: Any, path: Any) -> Any:
    case = ma.read(path)
    bridge.add_layer_data(bridge.session.layers_of(case))
    return case


def press(panel: ModelsPanel, qtbot: Any) -> None:
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)


def choose(panel: ModelsPanel, name: str) -> None:
    names = [offered.card.name for offered in panel._offered]
    panel.list.setCurrentRow(names.index(name))


def test_without_a_case_nothing_can_be_run(panel: ModelsPanel) -> None:
    assert panel.list.count() >= 3
    assert not panel.run.isEnabled()
    assert "no case is open" in panel.list.item(0).text()


def test_one_button_makes_a_label_map_that_one_undo_takes_back(
    panel: ModelsPanel, bridge: Any, qtbot: Any
) -> None:
    case = opened(bridge, sample_study())
    offered = panel.chosen()
    assert offered is not None
    assert offered.card.name == "prostate-zones"
    assert "CC BY-NC 4.0" in panel.card.toPlainText()
    press(panel, qtbot)
    (layer,) = bridge.label_layers()
    assert layer.name == "prostate-zones"
    assert np.unique(layer.data).tolist() == [0, 1, 2]
    shown = bridge.labels_of(layer)
    assert shown.geometry == case.by_role("t2w").geometry
    assert [label.name for label in shown.scheme.labels][:2] == ["Peripheral zone", "Transition zone"]
    assert "ml" in panel.message.text()
    assert bridge.recorder.key_of(layer)
    bridge.recorder.undo()
    assert bridge.label_layers() == []
    bridge.recorder.redo()
    assert [again.name for again in bridge.label_layers()] == ["prostate-zones"]


def test_uncertainty_lies_over_the_images_and_below_the_labels(
    panel: ModelsPanel, bridge: Any, qtbot: Any
) -> None:
    case = opened(bridge, sample_study())
    panel.doubt.setChecked(True)
    press(panel, qtbot)
    names = [layer.name for layer in bridge.viewer.layers]
    (doubt,) = (layer for layer in bridge.viewer.layers if "UNCERTAINTY" in layer.name)
    assert doubt.data.shape == case.by_role("t2w").array.shape
    assert names.index("prostate-zones") > names.index(doubt.name)
    assert bridge.session.case is case
    assert bridge.viewer.layers.selection.active.name == "prostate-zones"


def test_a_model_that_does_not_fit_cannot_be_run_and_says_why(panel: ModelsPanel, bridge: Any) -> None:
    opened(bridge, sample_study())
    choose(panel, "lungs-ct")
    assert not panel.run.isEnabled()
    assert "no ct" in panel.list.currentItem().text()


def test_the_selected_image_counts_where_its_role_is_not_known(
    panel: ModelsPanel, bridge: Any, qtbot: Any
) -> None:
    image = ma.read(sample_study()).by_role("t2w").with_changes(role="other", name="scan")
    bridge.add_layer_data(case_layers(Case("unknown", (image,))))
    bridge.viewer.layers.selection.clear()
    choose(panel, "prostate-zones")
    assert not panel.run.isEnabled()
    bridge.viewer.layers.selection.active = bridge.layer_of(image)
    choose(panel, "prostate-zones")
    assert panel.run.isEnabled()
    press(panel, qtbot)
    assert "taken as t2w" in panel.warnings.text()


def test_warnings_are_shown(panel: ModelsPanel, bridge: Any, qtbot: Any) -> None:
    opened(bridge, sample_path("ct"))
    choose(panel, "lungs-ct")
    press(panel, qtbot)
    assert panel.warnings.isVisible()
    assert "does not say whether it is CT" in panel.warnings.text()


def test_a_result_that_comes_after_its_case_was_closed_is_dropped(
    panel: ModelsPanel, bridge: Any, qtbot: Any
) -> None:
    opened(bridge, sample_study())
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    bridge.close_case()
    opened(bridge, sample_path("ct"))
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
    assert bridge.label_layers() == []
    assert "dropped" in panel.message.text()


def test_a_network_of_the_users_is_added_and_stands_in_the_list(
    panel: ModelsPanel, bridge: Any, qtbot: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr("napari_medassist.models.places.user_data_path", lambda _name: home)
    opened(bridge, sample_study())
    network = written(tmp_path / "mine", ".onnx")
    chosen = staticmethod(lambda *_args, **_more: (str(network), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", chosen)
    by_file, by_folder = panel.more.add_file, panel.more.add_folder
    by_file.trigger()
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
    assert "was added" in panel.message.text()
    found = panel.chosen()
    assert found is not None
    assert found.card.name == "my-lesions"
    press(panel, qtbot)
    assert [layer.name for layer in bridge.label_layers()] == ["my-lesions"]
    empty = tmp_path / "empty"
    empty.mkdir()
    folder = staticmethod(lambda *_args, **_more: str(empty))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", folder)
    by_folder.trigger()
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
    assert "Nothing was changed" in panel.message.text()


def test_weights_are_fetched_by_the_same_button(
    panel: ModelsPanel, bridge: Any, qtbot: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, asked = tmp_path / "home", []
    monkeypatch.setattr("napari_medassist.models.places.user_data_path", lambda _name: home)
    monkeypatch.setattr(
        "napari_medassist._qt.models_panel.panel.install", lambda card: asked.append(card.name) or ()
    )
    opened(bridge, sample_study())
    choose(panel, "taps-prostate")
    assert panel.run.text() == "Fetch the weights"
    press(panel, qtbot)
    assert asked == ["taps-prostate"]
    assert "checked" in panel.message.text()


def test_cancelling_leaves_nothing(panel: ModelsPanel, bridge: Any, qtbot: Any) -> None:
    opened(bridge, sample_study())
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    assert panel.stop.isVisible()
    QTest.mouseClick(panel.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
    assert bridge.label_layers() == []
    assert "Stopped" in panel.message.text()


def test_a_model_runs_on_all_cases_of_a_list(
    panel: ModelsPanel, qtbot: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "chest").mkdir(parents=True)
    (folder / "chest" / "ct.nii.gz").write_bytes(sample_path("ct").read_bytes())
    (folder / "torn").mkdir()
    (folder / "torn" / "ct.nii.gz").write_bytes(b"no image")
    choose(panel, "lungs-ct")
    answers = [str(folder), str(out)]
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", staticmethod(lambda *_args, **_more: answers.pop(0))
    )
    panel.more.every_of.trigger()
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
    assert "1 segmented, 1 failed" in panel.message.text()
    assert "torn: " in panel.warnings.text()
    assert (out / "chest.nii.gz").is_file()
