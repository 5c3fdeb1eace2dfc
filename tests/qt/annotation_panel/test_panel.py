from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.layers import Shapes
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_medassist._qt.annotation_panel.buttons import KEYS
from napari_medassist._qt.annotation_panel.measurements import NAME as MEASUREMENTS
from napari_medassist._qt.annotation_panel.outline import NAME as OUTLINE
from napari_medassist._qt.annotation_panel.panel import AnnotationPanel
from napari_medassist.app.annotating.tools import Keep, Tool
from napari_medassist.app.samples import sample_labels, sample_study
from napari_medassist.io.files import read_labels

pytestmark = pytest.mark.gui
MIDDLE = (4, 40, 40)


def go_to(viewer: Any, z: int) -> None:
    viewer.dims.set_current_step(0, z)


def radius_mm(layer: Any) -> np.ndarray:
    """Distance of each voxel centre from the middle of its slice, in mm."""
    y, x = np.indices(layer.data.shape[1:])
    return np.hypot((y - 40) * 0.5, (x - 40) * 0.5)


@pytest.fixture
def layer(panel: Any, viewer: Any, mouse: Any) -> Any:
    """A labels layer on the T2w with the brush of 5 mm, the middle slice shown."""
    panel.form.radius.setValue(5.0)
    panel.choose(Tool.BRUSH)
    go_to(viewer, 4)
    return panel.strokes.layer


def test_a_press_paints_a_circle_in_mm_and_one_step_of_undo_takes_it_back(layer, mouse, viewer):
    mouse.click(layer, MIDDLE)
    painted = layer.data[4] == 1
    assert np.count_nonzero(painted) == pytest.approx(np.pi * 25 / 0.25, rel=0.03)
    extent = np.ptp(np.argwhere(painted), axis=0) * 0.5
    np.testing.assert_allclose(extent, 10, atol=0.5)
    assert not layer.data[[3, 5]].any()
    layer.undo()
    assert not layer.data.any()


def test_a_drag_is_one_step_of_undo_and_one_event(layer, mouse):
    heard = []
    layer.events.paint.connect(heard.append)
    mouse.drag(layer, (4, 25, 25), (4, 40, 55), (4, 60, 30))
    assert len(heard) == 1
    assert layer.data[4, 25, 25] == layer.data[4, 40, 55] == layer.data[4, 60, 30] == 1
    assert layer.data[4, 50, 42] == 1  # between the events
    layer.undo()
    assert not layer.data.any()
    layer.redo()
    assert layer.data[4, 40, 55] == 1


def test_paint_three_slices_interpolate_smooth_and_undo_all_with_ctrl_z(layer, mouse, viewer, panel):
    for z, size in ((1, 3.0), (4, 5.0), (7, 3.0)):
        go_to(viewer, z)
        panel.form.radius.setValue(size)
        mouse.click(layer, (z, 40, 40))
    states = [layer.data.copy()]
    panel.operate("Interpolate")
    assert "4 slices filled between 3 drawn ones" in panel.message.text()
    for z in (2, 3, 5, 6):
        assert np.count_nonzero(layer.data[z]) > 100
    np.testing.assert_array_equal(layer.data[[1, 4, 7]], states[0][[1, 4, 7]])
    states.append(layer.data.copy())
    panel.operate("Smooth")
    assert "Volume" in panel.message.text()
    assert (layer.data != states[1]).any()
    native = viewer.window._qt_viewer.canvas.native
    native.setFocus()
    for state in reversed(states):
        QTest.keyClick(native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        np.testing.assert_array_equal(layer.data, state)


def test_the_eraser_takes_only_the_chosen_label(layer, mouse, panel):
    layer.data[4, 40:60, 40:60] = 2
    mouse.click(layer, MIDDLE)
    painted = layer.data[4] == 1
    assert (layer.data[4, 40:60, 40:60] == 2).all()  # kept by "Only on background"
    panel.choose(Tool.ERASER)
    mouse.click(layer, MIDDLE)
    assert painted.any()
    assert not (layer.data == 1).any()
    assert (layer.data[4, 40:60, 40:60] == 2).all()
    panel.form.keep.setCurrentText(Keep.NOTHING)
    mouse.click(layer, MIDDLE)
    assert layer.data[4, 41, 41] == 0


def test_the_range_brush_paints_the_dark_part_of_the_adc(layer, mouse, panel):
    assert panel.form.chosen_image().role == "adc"
    panel.form.radius.setValue(15.0)
    panel.form.show_range(500, 1000)
    panel.choose(Tool.RANGE_BRUSH)
    mouse.click(layer, MIDDLE)
    n_dark = 4 * np.count_nonzero(np.asarray(panel.form.chosen_image().array)[4] == 700)
    found = np.count_nonzero(layer.data[4])
    assert found == pytest.approx(n_dark, rel=0.05)
    assert radius_mm(layer)[layer.data[4] == 1].max() < 9


def test_grow_finds_the_ball_and_the_lesion_is_told(layer, mouse, panel):
    panel.form.show_range(500, 1000)
    panel.form.in_3d.setChecked(True)
    panel.choose(Tool.GROW)
    mouse.click(layer, MIDDLE)
    ball_ml = 4 / 3 * np.pi * 8**3 / 1000
    assert layer.data.sum() * 0.75 / 1000 == pytest.approx(ball_ml, rel=0.06)
    panel.measure_lesion()
    assert "ADC: mean 700" in panel.message.text()
    mouse.click(layer, (4, 5, 5))
    assert "does not lie in the range" in panel.message.text()


@pytest.mark.parametrize("tool", [Tool.POLYGON, Tool.SMART_EDGE])
def test_an_outline_is_clicked_and_filled(tool, layer, mouse, panel, viewer):
    panel.form.image.setCurrentIndex(0)  # the T2w, which has the fine edge
    panel.choose(tool)
    for angle in np.linspace(0, 2 * np.pi, 8, endpoint=False):
        mouse.click(layer, (4, 40 + 16 * np.sin(angle), 40 + 16 * np.cos(angle)))
    assert OUTLINE in viewer.layers
    assert viewer.layers.selection.active is layer
    mouse.double_click(layer, (4, 40, 56))
    assert OUTLINE not in viewer.layers
    area_mm2 = np.count_nonzero(layer.data[4]) * 0.25
    assert area_mm2 == pytest.approx(np.pi * 64, rel=0.12)
    assert not layer.data[[3, 5]].any()
    layer.undo()
    assert not layer.data.any()


def test_a_line_splits_the_label(layer, mouse, panel):
    mouse.click(layer, MIDDLE)
    panel.choose(Tool.SPLIT)
    mouse.drag(layer, (4, 20, 36), (4, 40, 36), (4, 60, 36))
    assert set(np.unique(layer.data)) == {0, 1, 2}
    assert layer.data[4, 40, 44] == 1
    assert layer.data[4, 40, 33] == 2


def test_all_keys_choose_their_tool_and_are_free_in_napari(layer, panel, viewer, mouse):
    from napari.utils.action_manager import action_manager

    taken = {str(key) for keys in action_manager._shortcuts.values() for key in keys}
    assert not {key.replace("-", "+") for key in KEYS} & taken
    native = viewer.window._qt_viewer.canvas.native
    native.setFocus()
    QTest.keyClick(native, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert panel.strokes.tool is Tool.ERASER
    assert panel.acts.tools[Tool.ERASER].isChecked()
    QTest.keyClick(native, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert panel.strokes.tool is None


def test_naparis_own_brush_comes_back(layer, panel, mouse):
    panel.choose(None)
    assert layer.mode == "pan_zoom"
    layer.mode = "paint"
    layer.brush_size = 3
    mouse.click(layer, MIDDLE)
    assert 5 <= np.count_nonzero(layer.data) <= 9


def test_space_pans_and_the_tool_comes_back(layer, mouse):
    layer.mode = "pan_zoom"
    mouse.click(layer, MIDDLE)
    assert not layer.data.any()
    layer.mode = "paint"
    mouse.click(layer, MIDDLE)
    assert np.count_nonzero(layer.data) > 100


def test_a_press_in_another_plane_paints_there(layer, mouse, viewer):
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 40)
    viewer.reset_view()
    mouse.click(layer, MIDDLE)
    assert not layer.data[:, 39].any()
    extent = np.ptp(np.argwhere(layer.data[:, 40]), axis=0)
    np.testing.assert_allclose(extent, (2, 20), atol=2)


def test_bad_input_is_told_in_the_panels_line(layer, mouse, panel, viewer):
    panel.operate("Interpolate")
    assert "no voxels" in panel.message.text()
    mouse.click(layer, MIDDLE)
    before = layer.data.copy()
    panel.operate("Interpolate")
    assert "one slice only" in panel.message.text()
    panel.form.low.setValue(1000)
    panel.form.high.setValue(10)
    panel.choose(Tool.RANGE_BRUSH)
    mouse.click(layer, (4, 20, 20))
    assert "holds no value" in panel.message.text()
    panel.operate("Merge")
    assert "nothing to merge" in panel.message.text()
    np.testing.assert_array_equal(layer.data, before)


def test_a_new_lesion_gets_a_free_label(layer, mouse, panel):
    mouse.click(layer, MIDDLE)
    panel._asked("new lesion")
    assert layer.selected_label == 2
    assert panel.form.chosen_label() == 2
    mouse.click(layer, (4, 20, 60))
    assert layer.data[4, 20, 60] == 2


def test_measurements_are_drawn_and_written(panel, viewer, layer):
    panel.measure("Distance")
    shapes = viewer.layers[MEASUREMENTS]
    assert isinstance(shapes, Shapes)
    shapes.add_lines([[12, 5, 5], [12, 8, 9]])
    assert shapes.features["measure"].tolist() == ["5.0 mm"]
    shapes.add_ellipses([[12, 16, 16], [12, 16, 24], [12, 24, 24], [12, 24, 16]])
    assert "mean 700" in shapes.features["measure"].tolist()[1]
    assert "5.0 mm" in shapes.features["measure"].tolist()[0]


def test_the_size_keys_of_napari_change_the_size_in_mm(layer, panel):
    layer.brush_size = 30
    assert panel.form.radius.value() == pytest.approx(7.5)
    panel.form.radius.setValue(3.3)
    assert layer.cursor_size == pytest.approx(6.6)


def test_the_simulated_lesion_is_painted_by_its_adc(viewer, bridge, mouse, qtbot):
    """On the sample study: the range brush finds the dark lesion of the ADC on the T2w's grid."""
    viewer.open(str(sample_study()), plugin="napari-medassist")
    panel = AnnotationPanel(bridge)
    qtbot.addWidget(panel)
    viewer.reset_view()
    adc, t2w = bridge.session.case.by_role("adc"), bridge.session.annotation_volume()
    lesion = np.asarray(read_labels(sample_labels()[0]).array) > 0
    assert lesion.shape == t2w.geometry.shape_zyx
    z = int(np.argmax(lesion.sum(axis=(1, 2))))
    panel.form.radius.setValue(12.0)
    panel.form.show_range(300, 1000)
    panel.choose(Tool.RANGE_BRUSH)
    layer = panel.strokes.layer
    viewer.reset_view()
    mouse.go_to(layer, z)
    mouse.click(layer, (z, *np.argwhere(lesion[z]).mean(axis=0)))
    painted = np.argwhere(layer.data)
    index = np.rint(adc.geometry.lps_to_index(t2w.geometry.index_to_lps(painted))).astype(int)
    values = np.asarray(adc.array)[tuple(index.T)]
    assert values.min() >= 300
    assert values.max() <= 1000
    dice = 2 * np.count_nonzero(lesion[z] & (layer.data[z] > 0)) / (lesion[z].sum() + len(painted))
    assert dice > 0.6
    # The study has a time axis too: the next slice is shown, not the next time point.
    before = viewer.dims.point
    panel.operate("Copy to next")
    assert layer.data[z + 1].any()
    assert viewer.dims.point[0] == before[0]
    assert viewer.dims.point[1] == pytest.approx(before[1] + t2w.geometry.spacing_zyx_mm[0])


def test_another_view_of_the_same_layer_paints_in_its_own_plane(layer, panel):
    """As linked views do it: another model's event, the callbacks of the same layer."""
    event = SimpleNamespace(
        type="mouse_press",
        button=1,
        position=layer.data_to_world((4, 40, 30)),
        dims_displayed=[0, 1],
        modifiers=[],
    )
    stroke = panel.strokes.on_drag(layer, event)
    next(stroke)
    event.type, event.position = "mouse_move", layer.data_to_world((4, 60, 30))
    next(stroke)
    event.type = "mouse_release"
    next(stroke, None)
    painted = np.argwhere(layer.data)
    assert set(painted[:, 2]) == {30}
    np.testing.assert_array_equal(np.ptp(painted, axis=0), (2, 40, 0))
    layer.undo()
    assert not layer.data.any()


def test_a_view_in_3d_is_told_and_changes_nothing(layer, panel):
    event = SimpleNamespace(
        type="mouse_press", button=1, position=(0, 0, 0), dims_displayed=[0, 1, 2], modifiers=[]
    )
    next(panel.strokes.on_drag(layer, event), None)
    assert "work in slices" in panel.message.text()
    assert not layer.data.any()


def test_an_angle_can_be_drawn(panel, viewer, layer):
    panel.measure("Angle")
    shapes = viewer.layers[MEASUREMENTS]
    assert shapes.mode == "add_polyline"
    shapes.add_paths([[12, 5, 5], [12, 5, 15], [12, 15, 15]])
    assert shapes.features["measure"].tolist() == ["90.0 deg"]
