"""The panel that aligns images, with a real mouse, on the simulated study and on known maps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Image, Labels, Points, Vectors
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtTest import QTest

import napari_medassist as ma
from napari_medassist._qt.align_panel.panel import AlignPanel
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist.app.hanging.protocol import Choice, Layout
from napari_medassist.app.layer_data import case_layers, link_of
from napari_medassist.app.registering.by_hand import Nudge, preview
from napari_medassist.app.registering.verdict import Light
from napari_medassist.app.samples import sample_study
from napari_medassist.app.settings import Settings
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.landmarks import LandmarkPair
from tests.mouse import Mouse, send_mouse
from tests.unit.registration.test_linear import TILT, about_the_middle, blobs, error_mm, moved

pytestmark = pytest.mark.gui

SMALL = Geometry((14, 90, 84), (3.5, 0.9, 0.9), (-40.0, -35.0, -20.0), TILT)
OTHER = Geometry((60, 60, 18), (1.2, 1.3, 3.0), (-38.0, -36.0, -25.0), np.eye(3))
TRUE = about_the_middle(np.eye(3), (3.0, -4.0, 3.0))


@pytest.fixture
def panel(bridge: Any, qtbot: Any, tmp_path: Path) -> Any:
    made = AlignPanel(bridge, Settings(tmp_path / "settings.json"))
    qtbot.addWidget(made)
    made.show()
    yield made
    made.canvas.forget()
    made.runner.close()


@pytest.fixture
def mouse(make_napari_viewer: Callable[..., Any], viewer: Any, qtbot: Any) -> Mouse:
    viewer.window._qt_window.resize(900, 700)
    viewer.window._qt_window.show()
    qtbot.waitExposed(viewer.window._qt_window)
    return Mouse(viewer)


def open_pair(bridge: Any) -> Case:
    fixed = replace(blobs(SMALL), name="today", role="mr")
    moving = replace(moved(blobs(), TRUE, OTHER), name="last year", role="mr")
    case = Case("pair", (fixed, moving))
    bridge.add_layer_data(case_layers(case))
    return case


def press(button: Any, panel: AlignPanel, qtbot: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=90_000)
    QTest.qWait(30)


def series_names(bridge: Any) -> list[str]:
    return [series.name for series in bridge.session.case.series]


def test_one_button_aligns_all_diffusion_images(
    panel: AlignPanel, bridge: Any, qtbot: Any, tmp_path: Path
) -> None:
    assert not panel.diffusion.isEnabled()
    case = ma.read(sample_study())
    bridge.add_layer_data(bridge.session.layers_of(case))
    assert panel.diffusion.isEnabled()
    before = {v.name: np.array(v.array) for v in case.volumes() if v.array.ndim == 3}
    names = series_names(bridge)
    press(panel.diffusion, panel, qtbot)
    made = panel.alignment
    assert made is not None, panel.message.text()
    assert made.verdict.light is Light.GREEN, made.verdict.reasons
    assert "Green: nothing speaks against it" in panel.verdict.light.text()
    assert "prostate-zones" in panel.verdict.reasons.toPlainText()
    joined = series_names(bridge)[len(names) :]
    diffusion = [v.name for v in case.volumes() if v.role in ("dwi", "adc", "high-b")]
    assert sorted(joined) == sorted(diffusion)
    for volume in case.volumes():
        if volume.array.ndim == 3:
            np.testing.assert_array_equal(np.asarray(volume.array), before[volume.name])
    lead = bridge.layer_of(made.moved)
    assert lead.name.endswith("(moved)")
    assert lead.visible
    assert bridge.layer_of(made.fixed).visible
    panel.overlay.setValue(80)
    assert lead.opacity == pytest.approx(0.8)
    panel.overlay.setValue(0)
    assert not lead.visible
    panel.save_to(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "quality.json").read_text())["verdict"] == "green"
    assert len(list((tmp_path / "out").glob("moved-*.nii.gz"))) == len(diffusion)
    # What has joined is not aligned again.
    press(panel.diffusion, panel, qtbot)
    assert sorted(series_names(bridge)[-len(diffusion) :]) == sorted(diffusion)


def test_two_images_are_aligned_and_labels_go_along(panel: AlignPanel, bridge: Any, qtbot: Any) -> None:
    case = open_pair(bridge)
    fixed, moving = case.volumes()
    assert panel.choice.fixed.currentData() is fixed
    assert panel.choice.moving.currentData() is moving
    array = np.zeros(OTHER.shape_zyx, np.uint8)
    array[25:35, 25:35, 6:10] = 1
    bridge.add_labels(LabelMap(array, OTHER, moving.source, name="lesion"))
    press(panel.run, panel, qtbot)
    made = panel.alignment
    assert made is not None, panel.message.text()
    assert error_mm(made.transform, TRUE) < 0.5
    (carried,) = made.quality.carried
    maps = [bridge.labels_of(layer) for layer in bridge.layers(Labels)]
    (on_fixed,) = (labels for labels in maps if labels.geometry == SMALL)
    np.testing.assert_array_equal(np.asarray(on_fixed.array), np.asarray(carried.labels.array))
    for box, kind in (("Arrows", Vectors), ("Grid", Image), ("Growth", Image)):
        before = list(bridge.viewer.layers)
        panel.looks[box].setChecked(True)
        (added,) = (layer for layer in bridge.viewer.layers if layer not in before)
        assert isinstance(added, kind)
        panel.looks[box].setChecked(False)
        assert list(bridge.viewer.layers) == before
    assert len(series_names(bridge)) == 3, "pictures are no series"


def test_moved_images_are_taken_away_again(panel: AlignPanel, bridge: Any, qtbot: Any) -> None:
    case = open_pair(bridge)
    before = list(bridge.viewer.layers)
    assert not panel.remove.isEnabled()
    press(panel.run, panel, qtbot)
    panel.looks["Grid"].setChecked(True)
    assert len(series_names(bridge)) == 3
    QTest.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert bridge.session.case.series == case.series
    assert list(bridge.viewer.layers) == before
    assert panel.verdict.light.text() == ""
    assert not panel.remove.isEnabled()
    press(panel.run, panel, qtbot)
    assert len(series_names(bridge)) == 3, "it can be done again"


def test_the_same_image_twice_is_refused(panel: AlignPanel, bridge: Any) -> None:
    open_pair(bridge)
    panel.choice.moving.setCurrentIndex(0)
    panel.begin()
    assert "two different" in panel.message.text()
    panel.choice.moving.setCurrentIndex(1)
    panel.choice.start.setCurrentText("at the landmarks")
    panel.begin()
    assert "three pairs" in panel.message.text()
    assert not panel.runner.is_busy


def test_a_start_by_hand_is_seen_and_begun_from(panel: AlignPanel, bridge: Any, qtbot: Any) -> None:
    fixed, moving = open_pair(bridge).volumes()
    panel.nudge.shifts[0].setValue(-3.0)
    panel.nudge.shifts[1].setValue(4.0)
    qtbot.waitUntil(lambda: any("by hand" in layer.name for layer in bridge.viewer.layers))
    (layer,) = (x for x in bridge.viewer.layers if "by hand" in x.name)
    nudge = Nudge((-3.0, 4.0, 0.0))
    np.testing.assert_array_equal(
        np.asarray(layer.data), np.asarray(preview(fixed, moving, nudge).array)
    )
    assert panel.choice.start.currentText() == "by hand"
    press(panel.run, panel, qtbot)
    made = panel.alignment
    assert made is not None, panel.message.text()
    assert made.start == nudge.map_for(SMALL)
    assert error_mm(made.start, TRUE) < error_mm(about_the_middle(np.eye(3), (0, 0, 0)), TRUE)
    assert error_mm(made.transform, TRUE) < 0.5
    assert layer not in bridge.viewer.layers
    panel.nudge.reset.click()
    assert panel.nudge.nudge == Nudge()


def test_the_mouse_shifts_and_turns_the_moving_image(
    panel: AlignPanel, bridge: Any, mouse: Mouse, qtbot: Any
) -> None:
    fixed, _moving = open_pair(bridge).volumes()
    layer = bridge.layer_of(fixed)
    mouse.go_to(layer, 7)
    bridge.viewer.layers.selection.active = layer
    centre = bridge.viewer.scene.camera.center
    QTest.mouseClick(panel.nudge.drag, Qt.MouseButton.LeftButton)
    places = [(7, 30, 30), (7, 32, 34), (7, 36, 42)]
    mouse.drag(layer, *places)
    first, last = (SMALL.index_to_lps(place) for place in (places[0], places[-1]))
    shift = np.array(panel.nudge.nudge.shift_lps_mm)
    # A pixel of the screen is about half a millimetre here.
    np.testing.assert_allclose(shift, last - first, atol=0.8)
    assert np.linalg.norm(shift) > 8
    assert panel.nudge.nudge.turn_deg == (0.0, 0.0, 0.0)
    assert bridge.viewer.scene.camera.center == centre, "the canvas was panned"
    qtbot.waitUntil(lambda: any("by hand" in layer.name for layer in bridge.viewer.layers))
    panel.nudge.reset.click()
    middle = (np.array(SMALL.shape_zyx) - 1) / 2
    around = middle + np.array([[0, 0, 30], [0, 8, 29], [0, 17.32, 24.6]])
    mouse.drag(layer, *around, held=Qt.KeyboardModifier.ShiftModifier)
    turn = panel.nudge.nudge.map_for(SMALL).inverse()
    np.testing.assert_allclose(
        turn.transform_points(SMALL.index_to_lps(around[0])), SMALL.index_to_lps(around[2]), atol=1.2
    )
    np.testing.assert_allclose(
        turn.transform_points(SMALL.index_to_lps(middle)), SMALL.index_to_lps(middle), atol=0.2
    )
    QTest.mouseClick(panel.nudge.drag, Qt.MouseButton.LeftButton)
    before = panel.nudge.nudge
    mouse.drag(layer, *places)
    assert panel.nudge.nudge == before


def test_landmarks_are_picked_with_two_clicks_and_judge_at_once(
    panel: AlignPanel, bridge: Any, qtbot: Any, mouse: Mouse, viewer: Any, tmp_path: Path
) -> None:
    fixed, moving = open_pair(bridge).volumes()
    viewer.reset_view()
    qtbot.wait(100)
    press(panel.run, panel, qtbot)
    layer, before = bridge.layer_of(fixed), panel.verdict.light.text()
    place = (7, 40, 50)
    mouse.go_to(layer, place[0])
    QTest.mouseClick(panel.landmarks.pick, Qt.MouseButton.LeftButton)
    assert "fixed" in panel.landmarks.told.text()
    mouse.click(layer, place)
    assert panel.landmarks.waits_for_moving
    assert "moving" in panel.landmarks.told.text()
    assert bridge.layer_of(moving).visible
    assert not layer.visible
    mouse.click(layer, place)
    assert layer.visible, "what was shown before is shown again"
    assert not bridge.layer_of(moving).visible
    (pair,) = panel.landmarks.pairs
    np.testing.assert_allclose(pair.fixed_lps_mm, SMALL.index_to_lps(place), atol=0.8)
    np.testing.assert_allclose(pair.fixed_lps_mm, pair.moving_lps_mm, atol=0.01)
    assert panel.alignment is not None
    targets = panel.alignment.quality.targets
    assert targets is not None
    expected = np.linalg.norm((3.0, -4.0, 3.0))  # the same place in space is not the same anatomy
    assert targets.after_mm[0] == pytest.approx(expected, abs=0.6)
    assert panel.landmarks.table.item(0, 1).text() == f"{targets.after_mm[0]:.1f}"
    assert "Red" in panel.verdict.light.text()
    (marks,) = (layer for layer in viewer.layers if isinstance(layer, Points))
    np.testing.assert_allclose(
        [marks.data_to_world(point) for point in marks.data],
        bridge.session.frame.lps_to_world([pair.fixed_lps_mm, pair.moving_lps_mm]),
        atol=1e-6,
    )
    assert len(marks._view_data) == 2, "both are seen in the slice that was clicked in"
    mouse.click(layer, (7, 20, 20))
    assert len(panel.landmarks.pairs) == 1, "clicks are clicks again"
    panel.landmarks.save_to(tmp_path / "pairs.csv")
    panel.landmarks.table.selectRow(0)
    panel.landmarks.remove.click()
    assert not panel.landmarks.pairs
    assert panel.verdict.light.text() == before
    panel.landmarks.load_from(tmp_path / "pairs.csv")
    assert len(panel.landmarks.pairs) == 1
    panel.landmarks.load_from(tmp_path / "none.csv")
    assert "cannot be read" in panel.landmarks.told.text()


def test_landmarks_guide_where_that_is_wanted_and_the_verdict_says_so(
    panel: AlignPanel, bridge: Any, qtbot: Any
) -> None:
    open_pair(bridge)
    places = [SMALL.index_to_lps(index) for index in ((6, 40, 40), (8, 50, 45), (7, 35, 50))]
    pairs = tuple(
        LandmarkPair(f"place {k}", tuple(p.tolist()), tuple(TRUE.transform_points(p).tolist()))
        for k, p in enumerate(places)
    )
    panel.landmarks.set_pairs(pairs)
    panel.landmarks.guide.setChecked(True)
    press(panel.run, panel, qtbot)
    assert panel.alignment is None, "landmarks cannot guide a rigid map"
    panel.choice.method.setCurrentIndex(panel.choice.method.findData("deformable"))
    press(panel.run, panel, qtbot)
    made = panel.alignment
    assert made is not None, panel.message.text()
    assert made.guides == pairs
    assert any("3 landmarks that guided" in reason.text for reason in made.verdict.reasons)


def test_another_case_takes_all_away(panel: AlignPanel, bridge: Any, qtbot: Any) -> None:
    open_pair(bridge)
    press(panel.run, panel, qtbot)
    panel.looks["Arrows"].setChecked(True)
    bridge.close_case()
    assert panel.alignment is None
    assert panel.verdict.light.text() == ""
    assert not panel.run.isEnabled()
    assert not [layer for layer in bridge.viewer.layers if link_of(layer.metadata) is None]


def test_cancelling_changes_nothing(panel: AlignPanel, bridge: Any, qtbot: Any) -> None:
    open_pair(bridge)
    n = len(bridge.viewer.layers)
    QTest.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    panel.stop.click()
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=30_000)
    assert "nothing was changed" in panel.message.text()
    assert len(bridge.viewer.layers) == n


def test_thresholds_come_from_the_settings(panel: AlignPanel, bridge: Any, qtbot: Any) -> None:
    open_pair(bridge)
    panel._settings.set_ui("align_thresholds", {"way_back_mm": [0.0, 0.0]})
    press(panel.run, panel, qtbot)
    assert panel.alignment is not None
    assert panel.alignment.verdict.light is Light.RED
    panel._settings.set_ui("align_thresholds", {"speed": [0, 0]})
    assert panel.thresholds.way_back_mm == (2.0, 5.0)
    press(panel.run, panel, qtbot)
    assert "no threshold speed" in panel.verdict.reasons.toPlainText()


def test_outlines_are_asked_for_where_they_are_needed_and_bring_the_organ_over(
    panel: AlignPanel, bridge: Any, qtbot: Any
) -> None:
    case = open_pair(bridge)
    fixed, moving = case.volumes()
    organ = ball(fixed.geometry, 14.0)
    there = ball(moving.geometry, 15.0, at=TRUE)
    panel.choice.moving.setCurrentIndex(1)
    assert not panel.choice.fixed_outline.isVisible()
    panel.choice.method.setCurrentIndex(panel.choice.method.findData("outlines"))
    assert panel.choice.fixed_outline.isVisible()
    press(panel.run, panel, qtbot)
    assert "Outline the organ in both images" in panel.message.text()
    bridge.add_labels(LabelMap(organ, fixed.geometry, fixed.source, name="organ today"))
    bridge.add_labels(LabelMap(there, moving.geometry, moving.source, name="organ then"))
    assert panel.choice.fixed_outline.currentText() == "organ today"
    assert panel.choice.moving_outline.currentText() == "organ then"
    press(panel.run, panel, qtbot)
    made = panel.alignment
    assert made is not None, panel.message.text()
    (carried,) = made.quality.carried
    assert carried.before is not None
    assert carried.after is not None
    assert carried.after.dice > max(0.93, carried.before.dice)
    panel.choice.method.setCurrentIndex(panel.choice.method.findData("rigid"))
    assert not panel.choice.fixed_outline.isVisible()
    panel.choice.start.setCurrentText("where their outlines meet")
    assert panel.choice.fixed_outline.isVisible()


def ball(grid: Geometry, radius_mm: float, at: Any = None) -> np.ndarray:
    middle = SMALL.index_to_lps((np.array(SMALL.shape_zyx) - 1) / 2)
    centre = middle if at is None else at.transform_points(middle)
    away = np.linalg.norm(grid.voxel_places_lps_mm() - centre, axis=-1)
    return (away < radius_mm).astype(np.uint8)


def test_landmarks_are_picked_in_linked_views_each_in_the_view_of_its_image(
    panel: AlignPanel, bridge: Any, viewer: Any, qtbot: Any
) -> None:
    fixed, moving = open_pair(bridge).volumes()
    viewer.window._qt_window.resize(1200, 800)
    viewer.window._qt_window.show()
    linked = linked_views_of(bridge)
    both = Layout("both", ((Choice("mr", "axial"),), (Choice("mr", "coronal"),)))
    linked.show(both)
    QTest.qWait(60)
    panel.choice.moving.setCurrentIndex(1)
    place = SMALL.index_to_lps((7, 40, 50))
    linked.link.go_to(place)
    QTest.qWait(60)
    QTest.mouseClick(panel.landmarks.pick, Qt.MouseButton.LeftButton)
    (view,) = linked.views
    shown = link_of(view.shown.layer.metadata).image
    point = QPointF(*view.sight.to_pixel(place))
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    for kind, buttons in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, none)):
        send_mouse(view, kind, point, left, buttons)
    assert shown is fixed
    assert panel.landmarks.waits_for_moving
    for kind, buttons in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, none)):
        send_mouse(view, kind, point, left, buttons)
    assert panel.landmarks.waits_for_moving, "the view shows the fixed image"
    bridge.place_wanted(place + 2.0, bridge.layer_of(moving))
    (pair,) = panel.landmarks.pairs
    np.testing.assert_allclose(pair.fixed_lps_mm, place, atol=0.8)
    np.testing.assert_allclose(pair.moving_lps_mm, place + 2.0, atol=1e-6)
    assert bridge.place_wanted is None
    linked.close()
