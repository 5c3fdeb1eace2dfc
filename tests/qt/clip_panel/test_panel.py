"""The tab of clips with real keys and clicks; one clip of irregular times, frames lazy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_medassist._plugin.writers import write_labels
from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.annotation_panel.measurements import Measurements
from napari_medassist._qt.annotation_panel.panel import AnnotationPanel
from napari_medassist._qt.clip_panel.panel import ClipPanel
from napari_medassist._qt.dock import MedAssistDock
from napari_medassist.annotation.clips.masks import read_mask
from napari_medassist.annotation.clips.ranges import FrameRange
from napari_medassist.app.annotating.tools import Keep, Tool
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.video import VideoClip
from napari_medassist.io.lazy import made_when_seen
from tests.phantoms import volume

pytestmark = pytest.mark.gui
N = 12
DAMAGED = 7


def _frame(number: int) -> np.ndarray:
    if number == DAMAGED:
        raise CorruptFile(f"Frame {number} cannot be decoded.")
    return np.full((30, 40), 20 * number, np.uint8)


@pytest.fixture
def clip() -> VideoClip:
    """Frames of 0.05 s, with a pause of a minute before the last two."""
    times = tuple(0.05 * n + 60.0 * (n >= N - 2) for n in range(N))
    return VideoClip(made_when_seen(_frame, (N, 30, 40), np.uint8), times, name="liver")


@pytest.fixture
def panel(bridge: Any, clip: VideoClip, viewer: Any, qtbot: Any) -> Any:
    made = ClipPanel(bridge)
    qtbot.addWidget(made)
    made.resize(380, 700)
    made.show()
    bridge.add_layer_data(case_layers(Case("clip", (clip,))))
    qtbot.waitUntil(lambda: made.player is not None)
    yield made
    bridge.close_case()


@pytest.fixture
def press(viewer: Any, qtbot: Any) -> Any:
    viewer.window._qt_window.show()
    canvas = viewer.window._qt_viewer.canvas.native
    return lambda key: QTest.keyClick(canvas, key)


def rows(panel: Any) -> list[FrameRange]:
    return list(panel.work.rows().values())


def test_keys_mark_label_and_step_and_give_way_when_the_clip_is_closed(panel, press, viewer, bridge):
    key = Qt.Key
    panel.player.go_to(2)
    press(key.Key_I)
    press(key.Key_Right)
    press(key.Key_Period)
    press(key.Key_O)
    assert panel.player.frame == 4
    panel.form.labels.setEditText("left lobe")
    press(key.Key_Return)
    assert rows(panel) == [FrameRange(2, 4, "left lobe")]
    assert panel.form.rows.item(0, 3).text() == "0.10 - 0.25"
    press(key.Key_Left)
    press(key.Key_Comma)
    assert panel.player.frame == 2
    bridge.recorder.undo()  # what Ctrl-Z and the line above the tabs ask for
    assert not rows(panel)
    bridge.close_case()
    assert panel.clip is None
    assert not [k for k in viewer.keymap if str(k) in ("Space", "Left", "O")]


def test_playing_passes_over_a_damaged_frame_and_stops_with_the_space_bar(panel, press, qtbot):
    told = []
    panel.player.told.connect(told.append)
    panel.player.go_to(4)
    press(Qt.Key.Key_Space)
    assert panel.player.head.is_playing
    qtbot.waitUntil(lambda: panel.player.frame >= DAMAGED + 1, timeout=5000)
    press(Qt.Key.Key_Space)
    assert not panel.player.head.is_playing
    assert sum("Frame 7 is passed over" in message for message in told) == 1
    panel.player.go_to(DAMAGED)  # the window tells it and goes on
    assert "cannot be decoded" in told[-1]
    panel.player.go_to(1)
    assert panel.player.frame == 1


def test_the_table_jumps_edits_in_place_and_refuses_what_is_against_the_rules(panel):
    panel.work.add(FrameRange(0, 2, "a"))
    panel.work.add(FrameRange(5, 6, "b"))
    table = panel.form.rows
    at = table.visualItemRect(table.item(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert panel.player.frame == 5
    table.item(1, 1).setText("3")
    assert rows(panel)[1] == FrameRange(3, 6, "b")
    table.item(1, 1).setText("2")
    assert rows(panel)[1] == FrameRange(3, 6, "b")
    assert table.item(1, 1).text() == "3"
    assert "overlap" in panel.form.message.text()


def test_ranges_are_written_as_they_are_made_and_offered_back(panel, bridge, clip, qtbot):
    panel.work.add(FrameRange(0, 2, "a"))
    panel.work.add(FrameRange(5, 6, "b"))
    panel.work.undo()
    recording = bridge.recorder.recording
    bridge.close_case()
    bridge.add_layer_data(case_layers(Case("clip", (clip,))))
    qtbot.waitUntil(lambda: panel.player is not None)
    assert not rows(panel)
    assert recording.waiting is not None
    bridge.recorder.restore()
    assert rows(panel) == [FrameRange(0, 2, "a")]
    bridge.recorder.redo()
    assert rows(panel) == [FrameRange(0, 2, "a"), FrameRange(5, 6, "b")]


def test_a_press_on_the_time_line_goes_to_the_frame_of_that_time(panel):
    line = panel.form.time_line
    middle = QPoint(round(line.x_of(30.0)), 20)  # within the long pause
    QTest.mouseClick(line, Qt.MouseButton.LeftButton, pos=middle)
    assert panel.player.frame == N - 3


def test_masks_are_filled_between_frames_and_one_undo_takes_that_back(panel, tmp_path):
    QTest.mouseClick(panel.form.buttons["new mask"], Qt.MouseButton.LeftButton)
    layer = panel.masks.layer()
    square = np.nonzero(np.pad(np.ones((1, 10, 10), bool), ((0, 0), (10, 10), (10, 20))))
    for frame in (2, 5):
        layer.data_setitem((square[0] + frame, *square[1:]), 1)
    QTest.mouseClick(panel.form.buttons["interpolate"], Qt.MouseButton.LeftButton)
    assert layer.data[3].sum() == layer.data[4].sum() == 100
    panel.masks.save(tmp_path / "mask.nrrd")
    panel.player.go_to(5)
    QTest.mouseClick(panel.form.buttons["copy"], Qt.MouseButton.LeftButton)
    assert panel.player.frame == 6
    assert layer.data[6].sum() == 100
    layer.undo()
    layer.undo()
    assert not layer.data[[3, 4, 6]].any()
    again = panel.masks.open(tmp_path / "mask.nrrd")
    assert again.data[3].sum() == 100
    assert not again.data[6].any()


def test_every_frame_is_reached_beside_a_series_of_thick_slices(panel, bridge, viewer):
    mr = volume("t2w", shape_zyx=(9, 20, 20), spacing_zyx_mm=(3.0, 0.5, 0.5), origin_lps_mm=(0, 0, 0))
    bridge.add_layer_data(bridge.session.layers_of(Case("mr", (mr,))))
    viewer.window._qt_window.show()
    layer = bridge.layer_of(panel.clip)
    for frame in (0, 1, 2, 4, 5, N - 1):
        panel.player.go_to(frame)
        assert panel.player.frame == frame
        assert int(np.asarray(layer._slice.image.raw).flat[0]) == 20 * frame


def test_masks_are_offered_back_on_their_clip_and_the_annotate_tools_fit_them(
    panel, bridge, clip, viewer, qtbot, tmp_path
):
    annotate = AnnotationPanel(bridge)
    qtbot.addWidget(annotate)
    QTest.mouseClick(panel.form.buttons["new mask"], Qt.MouseButton.LeftButton)
    layer = panel.masks.layer()
    assert annotate.form.radius.suffix() == " px"
    assert not annotate.acts.operations["Keep largest"].isEnabled()
    assert "no depth" in annotate.acts.operations["Keep largest"].toolTip()
    assert not annotate.form.in_3d.isEnabled()
    annotate.choose(Tool.BRUSH)
    assert annotate.strokes.layer is layer
    layer.data_setitem((np.array([4, 4]), np.array([3, 4]), np.array([5, 5])), 1)
    panel.player.go_to(4)
    annotate.operate("Copy to next")
    assert layer.data[5].sum() == 2
    assert panel.player.frame == 5
    write_labels(str(tmp_path / "m.nrrd"), layer.data, {"metadata": layer.metadata})
    assert np.array_equal(read_mask(tmp_path / "m.nrrd", clip), layer.data)
    bridge.close_case()
    assert not viewer.layers
    bridge.add_layer_data(case_layers(Case("clip", (clip,))))
    qtbot.waitUntil(lambda: panel.player is not None)
    bridge.recorder.restore()
    again = panel.masks.layer()
    assert [int(frame.sum()) for frame in again.data] == [0, 0, 0, 0, 2, 2, *[0] * 6]
    assert bridge.layer_of(clip) is panel.player.layer
    assert bridge.label_layers() == []
    bridge.recorder.undo()
    assert again.data.sum() == 2


def test_a_tool_makes_masks_where_a_clip_has_none(panel, bridge, qtbot):
    annotate = AnnotationPanel(bridge)
    qtbot.addWidget(annotate)
    annotate.choose(Tool.BRUSH)
    assert panel.masks.layer() is annotate.strokes.layer
    assert new_labels(bridge) in panel.masks.all()


def test_naparis_own_tools_follow_may_change_on_masks_of_a_clip_too(panel, bridge, qtbot):
    annotate = AnnotationPanel(bridge)
    qtbot.addWidget(annotate)
    QTest.mouseClick(panel.form.buttons["new mask"], Qt.MouseButton.LeftButton)
    layer = panel.masks.layer()
    bridge.viewer.layers.selection.active = layer
    for keep in (Keep.NOTHING, Keep.OTHERS):
        annotate.form.keep.setCurrentText(keep)
        assert layer.preserve_labels is (keep is not Keep.NOTHING)


def test_lengths_on_a_clip_without_pixel_size_are_in_pixels(panel, bridge):
    told = []
    measures = Measurements(bridge, lambda: None, told.append)
    measures.begin("Distance")
    measures._layer.add_lines(np.asarray([[2, 5, 5], [2, 5, 25]]))
    assert told[-1] == "20.0 pixels"


def test_two_clips_hang_side_by_side_with_their_masks_and_the_tab_is_raised(viewer, bridge, qtbot):
    dock = MedAssistDock(viewer)
    qtbot.addWidget(dock)
    clips = [
        VideoClip(np.full((5, 30, 40), n, np.uint8), (0.0, 0.1, 0.2, 0.3, 0.4), name=f"clip {n}")
        for n in (1, 2)
    ]
    bridge.add_layer_data(case_layers(Case("clips", tuple(clips))))
    first, second = (bridge.layer_of(clip) for clip in clips)
    qtbot.waitUntil(lambda: second.translate[2] > 0 and dock.clip_panel.player is not None)
    assert dock.tabs.currentWidget() is dock.clip_panel
    assert (first.visible, second.visible) == (True, True)
    assert second.translate[2] == pytest.approx(40.8)
    viewer.layers.selection.active = second
    qtbot.waitUntil(lambda: dock.clip_panel.clip is clips[1] and dock.clip_panel.masks is not None)
    masks = dock.clip_panel.masks.new()
    assert masks.translate[2] == second.translate[2]
    dock.views.show_layout(None)
    assert (second.translate[2], masks.translate[2]) == (0, 0)
    bridge.close_case()
