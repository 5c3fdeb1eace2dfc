"""The tab "Lesions" in a real window, with real clicks and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap, LabelScheme
from tests.phantoms import volume
from tests.unit.annotation.findings.zone_phantom import CENTRE_LPS_MM, zones

pytestmark = pytest.mark.gui


def _case() -> Case:
    zone_map = zones(np.eye(3), np.eye(3))
    grid = zone_map.geometry
    t2w = volume("t2w", shape_zyx=grid.shape_zyx, spacing_zyx_mm=grid.spacing_zyx_mm,
                 origin_lps_mm=grid.origin_lps_mm)  # fmt: skip
    points = grid.index_to_lps(np.moveaxis(np.indices(grid.shape_zyx), 0, -1)) - CENTRE_LPS_MM
    lesions = np.zeros(grid.shape_zyx, np.uint8)
    for value, place in ((1, (17, 6, 0)), (2, (-5, -5, -9))):
        lesions[((points - place) ** 2).sum(axis=-1) <= 25] = value
    scheme = LabelScheme.from_names({1: "dorsal", 2: "ventral"})
    return Case("simulated", (t2w,), labels=(zone_map, LabelMap.on(t2w, lesions, name="lesions",
                                                                    scheme=scheme)))  # fmt: skip


@pytest.fixture
def panel(viewer: Any, bridge: Any, qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    from napari_medassist._qt.findings_panel.panel import FindingsPanel
    from napari_medassist.app.settings import Settings

    bridge.add_layer_data(case_layers(_case()))
    shown = FindingsPanel(bridge, Settings(tmp_path / "settings.json"))
    qtbot.addWidget(shown)
    shown.resize(380, 640)
    with qtbot.waitActive(shown):
        shown.show()
        shown.activateWindow()
    qtbot.waitUntil(lambda: shown.labels.count() == 1 and not shown.measuring.is_busy)
    yield shown
    assert shown.measuring.close()


def _measured(panel: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not panel.measuring.is_busy and not panel.store.stale)


def _click(panel: Any, row: int, column: str) -> None:
    index = panel.model.index(row, panel.model.column_of(column))
    panel.table.scrollTo(index)
    place = panel.table.visualRect(index).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def _cell(panel: Any, row: int, column: str) -> str:
    return panel.model.index(row, panel.model.column_of(column)).data(Qt.ItemDataRole.EditRole)


def test_a_lesion_from_its_label_to_the_report(
    panel: Any, bridge: Any, qtbot: Any, tmp_path: Path
) -> None:
    centred: list[Any] = []
    bridge.centre_on = centred.append
    assert panel.add.text() == "Add 2 lesions"
    QTest.mouseClick(panel.add, Qt.MouseButton.LeftButton)
    _measured(panel, qtbot)
    assert [_cell(panel, row, "name") for row in (0, 1)] == ["dorsal", "ventral"]
    assert [_cell(panel, row, "location") for row in (0, 1)] == ["L mid PZpl", "R apex TZa"]
    n_voxels = int((bridge.label_layers()[0].data == 1).sum())
    assert float(_cell(panel, 0, "volume_ml")) == pytest.approx(n_voxels * 3 * 1.6 * 1.7e-3, abs=0.005)

    # A click goes there; then the scores by keys alone, from cell to cell.
    _click(panel, 0, "criteria")
    np.testing.assert_allclose(centred[-1] - CENTRE_LPS_MM, (17, 6, 0), atol=3)
    for key in "p43+4":
        QTest.keyClicks(panel.table, key)
    assert [_cell(panel, 0, n) for n in ("criteria", "t2", "dwi", "dce", "computed", "category")] == [
        "PZ", "4", "3", "+", "4", "4",
    ]  # fmt: skip
    assert panel.form.editors["dwi"].currentData() == "3"
    QTest.keyClick(panel.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert _cell(panel, 0, "category") == ""
    QTest.keyClick(
        panel.table,
        Qt.Key.Key_Z,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert _cell(panel, 0, "category") == "4"
    _click(panel, 0, "t2")
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    assert _cell(panel, 0, "t2") == ""

    # A sector that is clicked is the reader's, until "Automatic" is.
    picture = panel.places.picture
    place = picture.place_of("left-mid-PZa").toPoint()
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert _cell(panel, 0, "location") == "L mid PZpl, L mid PZa"
    assert panel.store.findings()[0].location.by_reader
    QTest.mouseClick(panel.places.automatic, Qt.MouseButton.LeftButton)
    assert _cell(panel, 0, "location") == "L mid PZpl"

    # Sorted by volume the smaller one comes first, and the chosen lesion stays chosen.
    chosen = panel.table.current()
    panel.table.sortByColumn(panel.model.column_of("volume_ml"), Qt.SortOrder.DescendingOrder)
    volumes = [float(_cell(panel, row, "volume_ml")) for row in (0, 1)]
    assert volumes == sorted(volumes, reverse=True)
    assert panel.table.current() == chosen
    panel.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)

    panel.export_csv(tmp_path / "lesions.csv")
    panel.import_csv(tmp_path / "lesions.csv")
    assert panel.model.rowCount() == 4
    bridge.recorder.undo()
    assert panel.model.rowCount() == 2
    panel.import_csv(tmp_path / "absent.csv")
    assert "cannot be read" in panel.message.text()
    _wrong_values_and_another_template(panel)


def test_measures_follow_what_is_painted(panel: Any, bridge: Any, qtbot: Any) -> None:
    QTest.mouseClick(panel.add, Qt.MouseButton.LeftButton)
    _measured(panel, qtbot)
    layer = next(n for n in bridge.label_layers() if n.name == "lesions")
    before = float(_cell(panel, 1, "volume_ml"))
    first = tuple(np.argwhere(layer.data == 2)[0])
    layer.selected_label = 0
    layer.n_edit_dimensions = 3
    layer.fill(first, 0)
    assert panel.store.stale
    _measured(panel, qtbot)
    assert panel.model.row_at(1).is_gone
    assert "no voxels any more" in panel.model.row_at(1).notes[0]
    layer.undo()
    qtbot.waitUntil(lambda: not panel.model.row_at(1).is_gone)
    assert float(_cell(panel, 1, "volume_ml")) == before
    layer.name = "renamed"
    layer.selected_label = 7
    layer.data_setitem((np.array([3]), np.array([3]), np.array([3])), 7)
    qtbot.waitUntil(lambda: panel.add.text() == "Add 1 lesion")
    assert panel.model.rowCount() == 2  # offered, never added by itself
    QTest.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert panel.model.rowCount() == 1
    assert (layer.data == 1).any()
    bridge.close_case()
    assert panel.model.rowCount() == 0


def _wrong_values_and_another_template(panel: Any) -> None:
    panel.model.setData(panel.model.index(0, panel.model.column_of("t2")), "9")
    assert "one of 1, 2, 3, 4, 5, X" in panel.message.text()
    names = [t.name for t in panel.templates]
    panel.chooser.setCurrentIndex(names.index("ct-nodule"))
    panel.chooser.activated.emit(names.index("ct-nodule"))
    assert "density" in panel.form.editors
    assert not panel.places.picture.isVisible()
    assert not panel.form.editors["density"].isEnabled()  # its fields belong to the other template
    assert "belong to the template" in panel.form.warning.text()
