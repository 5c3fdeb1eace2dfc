"""A reader's whole session on a real study, with mouse and keys: from the folder to DICOM objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest

from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of
from napari_medassist.app.annotating.tools import Tool
from tests.dicom_programs import dump, errors_of
from tests.mouse import Mouse, drag_over

pytestmark = [pytest.mark.real, pytest.mark.gui]
STUDY = "ProstateX-0000"
#: Slices that are painted, and where, as voxel of the T2w.
SLICES, CENTRE_YX = (7, 9, 11), (190, 150)


def _opened(make_napari_viewer: Callable[..., Any], study: Path, qtbot: Any) -> Any:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1600, 1000)
    dock_of(viewer)
    viewer.open(str(study), plugin="napari-medassist")
    qtbot.waitUntil(lambda: len(dock_of(viewer).views.views.views) >= 2)
    qtbot.wait(200)
    return viewer


def _key(viewer: Any, key: Any, modifiers: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(viewer.window._qt_viewer.canvas.native, key, modifiers)
    QTest.qWait(20)


def test_open_hang_paint_undo_score_restart_export(
    make_napari_viewer: Callable[..., Any], real_data: Path, tmp_path: Path, qtbot: Any
) -> None:
    study = real_data / "prostatex" / STUDY
    viewer = _opened(make_napari_viewer, study, qtbot)
    bridge, dock = bridge_of(viewer), dock_of(viewer)
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

    # Hung side by side; a right-drag changes the window of the ADC alone.
    views = dock.views.views.views
    assert [view.shown.hung.image.role for view in views] == ["adc", "high-b"]
    adc, t2w = (bridge.layer_of(bridge.session.case.by_role(role)) for role in ("adc", "t2w"))
    before = tuple(adc.contrast_limits), tuple(t2w.contrast_limits)
    middle = QPointF(views[0].rect().center())
    drag_over(views[0], middle, middle + QPointF(60, 0), Qt.MouseButton.RightButton)
    assert tuple(adc.contrast_limits) != before[0]
    assert tuple(t2w.contrast_limits) == before[1]

    # A lesion on three slices, and what lies between them.
    panel = dock.annotation_panel
    dock.tabs.setCurrentWidget(panel)
    panel.form.radius.setValue(5.0)
    panel.choose(Tool.BRUSH)
    layer, mouse = panel.strokes.layer, Mouse(viewer)
    for z in SLICES:
        mouse.go_to(layer, z)
        mouse.drag(layer, (z, *CENTRE_YX), (z, CENTRE_YX[0], CENTRE_YX[1] + 8))
    drawn = layer.data.copy()
    assert np.flatnonzero(drawn.any(axis=(1, 2))).tolist() == list(SLICES)
    panel.operate("Interpolate")
    whole = layer.data.copy()
    assert np.flatnonzero(whole.any(axis=(1, 2))).tolist() == list(range(SLICES[0], SLICES[-1] + 1))

    # One undo over slices: the interpolation, then the last stroke, whose slice is shown; and back.
    mouse.go_to(layer, SLICES[0])
    _key(viewer, Qt.Key.Key_Z, control)
    np.testing.assert_array_equal(layer.data, drawn)
    mouse.go_to(layer, SLICES[0])
    _key(viewer, Qt.Key.Key_Z, control)
    assert not layer.data[SLICES[2]].any()
    assert round(float(layer.world_to_data(viewer.dims.point[-3:])[0])) == SLICES[2]
    for _ in range(2):
        _key(viewer, Qt.Key.Key_Z, control | shift)
    np.testing.assert_array_equal(layer.data, whole)

    # The lesion table: measured, scored by keys, the rule beside the reader's category.
    lesions = dock.findings_panel
    dock.tabs.setCurrentWidget(lesions)
    qtbot.waitUntil(lambda: lesions.add.text() == "Add 1 lesion", timeout=10_000)
    QTest.mouseClick(lesions.add, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not lesions.measuring.is_busy and not lesions.store.stale, timeout=10_000)
    index = lesions.model.index(0, lesions.model.column_of("criteria"))
    lesions.table.scrollTo(index)
    QTest.mouseClick(
        lesions.table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=lesions.table.visualRect(index).center(),
    )
    for key in "p43+4":
        QTest.keyClicks(lesions.table, key)
    (finding,) = lesions.store.findings()
    assert dict(finding.fields) == {
        "criteria": "PZ", "t2": "4", "dwi": "3", "dce": "+", "category": "4",
    }  # fmt: skip
    measured = lesions.store.measures[finding.id]
    voxel_ml = float(np.prod(bridge.session.case.by_role("t2w").geometry.spacing_zyx_mm)) / 1000
    assert measured.volume_ml == pytest.approx(np.count_nonzero(whole) * voxel_ml)

    # The program ends; the next one offers the work back.
    key = bridge.recorder.key_of(layer)
    assert bridge.recorder.recording.flush()
    viewer.close()
    viewer = _opened(make_napari_viewer, study, qtbot)
    bridge, dock = bridge_of(viewer), dock_of(viewer)
    qtbot.waitUntil(lambda: dock.saving.question is not None)
    restore = next(b for b in dock.saving.question.buttons() if b.text() == "Restore")
    QTest.mouseClick(restore, Qt.MouseButton.LeftButton)
    (layer,) = bridge.label_layers()
    assert bridge.recorder.key_of(layer) == key
    np.testing.assert_array_equal(layer.data, whole)
    lesions = dock.findings_panel
    assert lesions.store.findings() == (finding,)
    _key(viewer, Qt.Key.Key_Z, control)
    assert "category" not in lesions.store.findings()[0].fields
    _key(viewer, Qt.Key.Key_Z, control | shift)
    assert lesions.store.findings() == (finding,)

    # What is exported is what was painted, to the voxel; programs of others find no fault in it.
    qtbot.waitUntil(lambda: not lesions.measuring.is_busy and not lesions.store.stale, timeout=10_000)
    lesions.export_dicom(tmp_path / "lesion.dcm")
    segmentation, report = tmp_path / "lesion.seg.dcm", tmp_path / "lesion.sr.dcm"
    _require_same_voxels(segmentation, whole > 0, bridge.session.case.by_role("t2w").geometry)
    assert errors_of(segmentation) == []
    assert errors_of(report) == []
    assert "PI-RADS" in dump(report)
    group = hd.sr.srread(report).content.get_volumetric_roi_measurement_groups()[0]
    volume = next(m for m in group.get_measurements() if "olume" in m.name.meaning)
    unit_mm3 = {"mm3": 1.0, "ml": 1000.0, "cm3": 1000.0}[volume.unit.value]
    expected_mm3 = np.count_nonzero(whole) * voxel_ml * 1000
    assert float(volume.value) * unit_mm3 == pytest.approx(expected_mm3, rel=1e-4)


def _require_same_voxels(path: Path, mask: np.ndarray, geometry: Any) -> None:
    volume = hd.seg.segread(path).get_volume(combine_segments=True)
    theirs = volume.map_indices_to_reference(np.argwhere(volume.array > 0))
    index = geometry.lps_to_index(theirs)
    assert np.linalg.norm(geometry.index_to_lps(np.rint(index)) - theirs, axis=1).max() < 1e-4
    found = np.zeros_like(mask)
    found[tuple(np.rint(index).astype(int).T)] = True
    np.testing.assert_array_equal(found, mask)
