"""Strokes by a real mouse in a real window: one history over slices and label maps, and a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.saving_strip import SavingStrip
from napari_medassist.annotation.recovery import recover
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.labels import LabelMap
from tests.mouse import Mouse
from tests.phantoms import oblique_case

pytestmark = pytest.mark.gui


class Window:
    """A window with the phantom case."""

    def __init__(self, viewer: Any) -> None:
        self.viewer, self.bridge = viewer, bridge_of(viewer)
        self.case = oblique_case()
        self.bridge.add_layer_data(case_layers(self.case))
        self.recorder, self.recording = self.bridge.recorder, self.bridge.recorder.recording

    def labels(self, value: int = 1) -> Labels:
        layer = new_labels(self.bridge)
        layer.selected_label, layer.brush_size = value, 3
        return layer

    def key(self, key: Any, *modifiers: Any) -> None:
        together = Qt.KeyboardModifier.ControlModifier
        for modifier in modifiers:
            together |= modifier
        QTest.keyClick(self.viewer.window._qt_viewer.canvas.native, key, together)


@pytest.fixture
def window() -> Iterator[Window]:
    opened = Window(ViewerModel())
    yield opened
    opened.recording.close()


@pytest.fixture
def shown(make_napari_viewer: Callable[..., Any]) -> Iterator[Window]:
    opened = Window(make_napari_viewer(show=True))
    yield opened
    opened.recording.close()


def stroke(window: Window, layer: Labels, z: int) -> None:
    window.viewer.layers.selection.active = layer
    layer.mode = "paint"
    mouse = Mouse(window.viewer)
    mouse.go_to(layer, z)
    mouse.drag(layer, (z, 6, 5), (z, 6, 9), (z, 9, 12))


def test_one_history_over_three_slices_and_two_maps_survives_a_restart(shown):
    window = shown
    viewer, recording = window.viewer, window.recording
    first, second = window.labels(1), window.labels(2)
    assert not recording.folder.exists()  # nothing was drawn yet
    states = [(first.data.copy(), second.data.copy())]
    for layer, z in ((first, 1), (second, 2), (first, 4)):
        stroke(window, layer, z)
        states.append((first.data.copy(), second.data.copy()))
        assert layer.data[z].any()
    assert recording.history.n_steps == 5  # two maps were added
    assert recording.history.undo_title == "Brush"
    viewer.layers.selection.active = second
    for place in (2, 1):  # the second map is selected: its own history would begin with its own stroke
        window.key(Qt.Key.Key_Z)
        np.testing.assert_array_equal(first.data, states[place][0])
        np.testing.assert_array_equal(second.data, states[place][1])
        assert (first.mode, second.mode) == ("paint", "paint")
    assert round(float(second.world_to_data(viewer.dims.point)[0])) == 2  # where the stroke was
    viewer.layers.selection.active = window.bridge.layers()[-1]  # an image: the same history
    window.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_array_equal(second.data, states[2][1])
    assert recording.flush()
    assert recover(recording.folder).told == ()
    names = {first.name, second.name}
    window.bridge.close_case()  # with the brush in hand: it crashed at the next draw
    QTest.qWait(100)
    again = Window(ViewerModel())
    assert again.recording.waiting is not None
    again.recorder.restore()
    layers = sorted(again.bridge.label_layers(), key=lambda layer: int(layer.data.max()))
    assert {layer.name for layer in layers} == names
    np.testing.assert_array_equal(layers[0].data, states[2][0])
    np.testing.assert_array_equal(layers[1].data, states[2][1])
    assert again.bridge.labels_of(layers[0]).geometry == again.case.series[0].geometry
    layers[0].redo()  # the last stroke was undone before the restart
    np.testing.assert_array_equal(layers[0].data, states[3][0])
    for _ in range(5):
        layers[0].undo()
    assert again.bridge.label_layers() == []
    again.recording.close()


def test_maps_that_go_come_back_and_a_case_that_closes_is_no_edit(window):
    layer = window.labels()
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 1)
    layer.name = "lesion"
    window.viewer.layers.remove(layer)
    QTest.qWait(20)
    titles = [action.title for action in window.recording.history._done]
    assert titles[1:] == ["Brush", "Rename 'lesion'", "Remove 'lesion'"]
    window.recorder.undo()
    [back] = window.bridge.label_layers()
    assert (back.name, back.data[1, 2, 3]) == ("lesion", 1)
    back.undo()
    assert back.name != "lesion"
    folder = window.recording.folder
    window.bridge.close_case()
    found = recover(folder)
    assert len(found.history.document.maps) == 1
    assert found.n_steps == 6


def test_another_array_and_a_map_of_the_case_are_recorded(window):
    labels = LabelMap.on(window.case.series[0], name="zones")
    with_labels = window.case.with_labels(labels)
    window.bridge.replace_case(with_labels)
    [layer] = window.bridge.label_layers()
    assert not window.recording.has_begun
    after = layer.data.copy()
    after[2, 3:5] = 4
    layer.data = after
    layer.undo()
    assert not layer.data.any()
    layer.redo()
    assert (layer.data[2, 3:5] == 4).all()
    window.bridge.replace_case(with_labels)  # another look at the case: nothing follows it
    [layer] = window.bridge.label_layers()
    layer.undo()
    assert not layer.data.any()
    assert window.recording.waiting is not None


def test_a_second_window_on_the_case_is_read_only_and_says_whose_the_first_is(window):
    layer = window.labels()
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 1)
    assert window.recording.flush()
    other = Window(ViewerModel())
    assert "another window" in other.recording.saving().text
    assert other.recording.waiting is None
    assert not other.labels().editable
    before = sorted(p.name for p in Path(window.recording.folder).iterdir())
    other.recording.close()
    assert sorted(p.name for p in Path(window.recording.folder).iterdir()) == before


@pytest.mark.parametrize("answer", ["Restore", "Start anew (keeps the old one)"])
def test_earlier_work_is_offered_with_what_it_holds(window, qtbot, answer):
    layer = window.labels()
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 1)
    assert window.recording.flush()
    strip = SavingStrip(window.bridge)
    qtbot.addWidget(strip)
    assert strip.undo.isEnabled()
    assert strip.state.text().startswith("Brush \u00b7 Saved")
    folder = window.recording.folder
    window.recording.close()
    again = Window(ViewerModel())
    strip = SavingStrip(again.bridge)
    qtbot.addWidget(strip)
    qtbot.waitUntil(lambda: strip.question is not None)
    assert "Labels on t2w: 1 voxels labelled" in strip.question.informativeText()
    next(b for b in strip.question.buttons() if b.text() == answer).click()
    assert len(again.bridge.label_layers()) == (answer == "Restore")
    assert folder.exists() is (answer == "Restore")
    assert bool(list(folder.parent.glob("kept-*"))) is (answer != "Restore")
    again.recording.close()


def test_labels_that_are_none_of_the_case_keep_naparis_history(window):
    layer = window.labels()
    layer.data_setitem((np.array([1]), np.array([2]), np.array([3])), 1)
    other = window.viewer.add_layer(
        Labels(np.zeros((4, 5, 6), int), metadata={"medassist_clip_mask": "x"})
    )
    other.data_setitem((np.array([1]), np.array([2]), np.array([3])), 2)
    window.viewer.layers.selection.active = other
    window.recorder.undo()
    assert (int(other.data.max()), int(layer.data.max())) == (0, 1)
    window.recorder.redo()
    assert int(other.data.max()) == 2
    window.recorder.undo()
    window.recorder.undo()  # nothing is left of its own: the case's last step
    assert int(layer.data.max()) == 0


def test_a_label_map_that_is_not_recorded_is_told(window):
    four_axes = Labels(np.ones((2, 3, 8, 8), dtype=np.uint8), name="over time")
    assert window.recorder.not_recorded() == ""
    window.viewer.add_layer(four_axes)
    window.viewer.layers.selection.active = four_axes
    assert "Not recorded" in window.recorder.not_recorded()
    assert "'over time'" in window.recorder.not_recorded()
    window.viewer.layers.selection.active = window.labels()
    assert window.recorder.not_recorded() == ""
