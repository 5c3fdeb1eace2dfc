"""The panel of the lungs, on the simulated chest, with a real mouse."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

import napari_medassist as ma
from napari_medassist._qt.burden_panel.panel import BurdenPanel
from napari_medassist._qt.dock import dock_of
from napari_medassist.app.lung_burden import measured, outlined
from napari_medassist.app.samples import sample_label_maps, sample_path, sample_study
from napari_medassist.io.files import read_labels

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(bridge: Any, qtbot: Any) -> Any:
    made = BurdenPanel(bridge)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.runner.close()


def open_chest(bridge: Any) -> Any:
    case = ma.read(sample_path("ct"))
    bridge.add_layer_data(bridge.session.layers_of(case))
    for path in sample_label_maps("ct").values():
        bridge.add_labels(read_labels(path))
    return case


def press_measure(panel: BurdenPanel, qtbot: Any) -> None:
    QTest.mouseClick(panel.measure, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)


def cells(panel: BurdenPanel, row: int) -> list[str]:
    return [panel.table.item(row, k).text() for k in range(panel.table.columnCount())]


def test_label_maps_are_chosen_by_name_and_measured(
    panel: BurdenPanel, bridge: Any, qtbot: Any, tmp_path: Path
) -> None:
    assert not panel.measure.isEnabled()
    case = open_chest(bridge)
    assert panel.opacities.currentText() == "simulated-ct-opacities"
    assert panel.lungs.currentText() == "simulated-ct-lungs"
    press_measure(panel, qtbot)
    maps = {kind: read_labels(path) for kind, path in sample_label_maps("ct").items()}
    expected = measured(outlined(next(case.volumes()), maps["opacities"], lungs=maps["lungs"]))
    assert panel.table.rowCount() == len(expected.parts) == 9
    assert cells(panel, 0)[:3] == [
        "both lungs",
        f"{expected.parts[0].share_percent:.1f}",
        f"{expected.parts[0].opacity_ml:.1f}",
    ]
    assert f"{expected.corona_cm3:.1f} cm3" in panel.message.text()
    assert "patient's right" in panel.warnings.text()
    out = tmp_path / "t.csv"
    panel.save_to(out)
    assert len(list(csv.reader(out.open(encoding="utf-8")))) == 10
    panel.save_to(tmp_path / "none" / "t.csv")
    assert "does not exist" in panel.message.text()


def test_lungs_are_found_where_none_are_given(panel: BurdenPanel, bridge: Any, qtbot: Any) -> None:
    open_chest(bridge)
    panel.lungs.setCurrentIndex(0)
    press_measure(panel, qtbot)
    assert "lungs-ct, not looked at" in panel.warnings.text()
    assert panel.table.rowCount() == 9


def test_another_case_empties_the_table(panel: BurdenPanel, bridge: Any, qtbot: Any) -> None:
    open_chest(bridge)
    press_measure(panel, qtbot)
    bridge.close_case()
    assert panel.table.rowCount() == 0
    assert not panel.save.isEnabled()
    assert not panel.measure.isEnabled()


def test_the_tab_is_there_while_a_ct_is_open(viewer: Any, qtbot: Any) -> None:
    dock = dock_of(viewer)
    place = dock.tabs.indexOf(dock.burden_panel)
    assert not dock.tabs.isTabVisible(place)
    bridge = dock.burden_panel._bridge
    open_chest(bridge)
    assert dock.tabs.isTabVisible(place)
    bridge.replace_case(ma.read(sample_study()))
    assert not dock.tabs.isTabVisible(place)
