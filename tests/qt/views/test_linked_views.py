"""Linked views in a real window, with real events of the mouse, against SimpleITK and napari itself."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from napari.layers import Image
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.keys import VIEW_KEYS, WINDOW_KEYS
from napari_medassist._qt.views.linked import LinkedViews, linked_views_of
from napari_medassist._qt.views.main_canvas import canvas_of
from napari_medassist._qt.views.view import LinkedView
from napari_medassist._qt.views.windowing import presets_of
from napari_medassist.app.hanging.protocol import Choice, Layout
from napari_medassist.app.hanging.reading import built_in_protocols
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.verdict_map import CLASS_SCHEME, MISSED
from tests.mouse import drag_over, send_mouse
from tests.phantoms import volume
from tests.strategies import oblique

pytestmark = pytest.mark.gui
SIDE = Layout("side", ((Choice("t2w"),), (Choice("adc"),), (Choice("dce"),)))
PLANES = Layout(
    "planes",
    (
        (Choice("t2w"),),
        (Choice("t2w", "sagittal"),),
        (Choice("t2w", "coronal"),),
        (Choice("dce", "own"),),
    ),
)


@pytest.fixture
def views(viewer: Any, bridge: Bridge, case: Case) -> Iterator[LinkedViews]:
    viewer.window._qt_window.resize(1200, 800)
    viewer.window._qt_window.show()
    linked = linked_views_of(bridge)
    yield linked
    linked.close()


def pump() -> None:
    QTest.qWait(60)


def wheel(view: LinkedView, turns: int, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    middle = QPointF(view.rect().center())
    event = QWheelEvent(
        middle, QPointF(view.mapToGlobal(view.rect().center())), QPoint(), QPoint(0, 120 * turns),
        Qt.MouseButton.NoButton, modifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)
    pump()


def pixel_of(view: LinkedView, point_lps: np.ndarray) -> QPointF:
    return QPointF(*view.sight.to_pixel(point_lps))


@pytest.mark.parametrize("layout", [SIDE, PLANES], ids=lambda layout: layout.name)
def test_crosshairs_lie_on_the_voxel_that_simpleitk_finds(
    bridge: Bridge, case: Case, views: LinkedViews, layout: Layout
) -> None:
    views.show(layout)
    point = case.by_role("t2w").geometry.index_to_lps((3, 9, 11))
    views.link.go_to(point)
    assert len(views.views) == len(layout.views) - 1
    np.testing.assert_allclose(views.link.point_lps, point, atol=1e-6)
    for view in views.views:
        x, y = view.sight.to_pixel(views.link.point_lps)
        back = view.lps_at(QPointF(x, y))
        assert np.linalg.norm(back - point) < 0.01
        if not view.shown.hung.is_own:
            continue
        stored = view.shown.hung.image.geometry
        image = sitk.Image([int(n) for n in stored.shape_zyx[::-1]], sitk.sitkUInt8)
        image.SetSpacing(stored.spacing_zyx_mm[::-1])
        image.SetOrigin(stored.origin_lps_mm)
        image.SetDirection(stored.direction.ravel().tolist())
        _, row, column = image.TransformPhysicalPointToContinuousIndex(point.tolist())[::-1]
        cut = view.shown.cut()
        right, down, _ = view.shown.plane.from_lps(point)
        np.testing.assert_allclose(cut.pixel_at(right, down), (row, column), atol=0.005)


def test_napari_draws_a_point_where_the_marks_say(
    viewer: Any, bridge: Bridge, views: LinkedViews
) -> None:
    views.show(SIDE)
    pump()
    canvas = canvas_of(viewer).canvas.native
    point = bridge.session.frame.world_to_lps(views.link.point_world + np.asarray((0, 1.0, -1.0)))
    x, y = views._marks.shown.sight(canvas.width(), canvas.height()).to_pixel(point)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    pump()
    found = views.link.point_lps
    assert np.linalg.norm(found - point) < 1.5 / views.link.zoom


def test_a_click_and_the_wheel_move_all_views(viewer: Any, bridge: Bridge, views: LinkedViews) -> None:
    views.show(SIDE)
    pump()
    view = views.views[0]
    place = QPointF(view.width() / 2 + 20, view.height() / 2 - 10)
    wanted = view.lps_at(place)
    drag_over(view, place, place, Qt.MouseButton.LeftButton)
    np.testing.assert_allclose(views.link.point_lps, wanted, atol=0.01)
    before = viewer.dims.current_step[-3]
    wheel(view, -1)
    assert viewer.dims.current_step[-3] == before + 1
    zoom = views.link.zoom
    wheel(view, 1, Qt.KeyboardModifier.ControlModifier)
    assert views.link.zoom == pytest.approx(1.15 * zoom)


def filled(views: LinkedViews) -> float:
    """Return how much of its cell the series on the canvas fills, along its narrower side."""
    shown = views._marks.shown
    low, high = shown.layer.extent.world[:, -2:]
    size = views._canvas.size()
    return float(max((high - low) * views.link.zoom / (size.height(), size.width())))


def test_the_series_on_the_canvas_fills_it_in_a_window_of_any_size(
    viewer: Any, views: LinkedViews
) -> None:
    views.show(SIDE)
    pump()
    assert filled(views) == pytest.approx(0.95, abs=0.06)
    columns = {}
    for size in ((1500, 520), (700, 900), (1200, 800)):
        viewer.window._qt_window.resize(*size)
        pump()
        assert filled(views) == pytest.approx(0.95, abs=0.15), size
        columns[size] = len({view.x() for view in (views._canvas, *views.views)})
    assert columns[1500, 520] == 3
    assert columns[700, 900] < 3
    alone = views.views[0]
    zoom = views.link.zoom
    views.enlarge(alone)
    assert views.link.zoom > 1.2 * zoom
    views.enlarge(None)
    assert views.link.zoom == pytest.approx(zoom)


def test_panning_one_view_moves_napari_and_the_others(viewer: Any, views: LinkedViews) -> None:
    views.show(PLANES)
    pump()
    sagittal = views.views[0]
    before = views.link.centre_lps.copy()
    start = QPointF(50, 50)
    drag_over(sagittal, start, start + QPointF(30, 12), Qt.MouseButton.LeftButton)
    moved = sagittal.shown.plane.from_lps(views.link.centre_lps - before) * views.link.zoom
    np.testing.assert_allclose(moved[:2], (-30, -12), atol=0.01)
    centre = np.asarray(viewer.scene.camera.center)[-2:]
    np.testing.assert_allclose(centre, views.link._centre[1:], atol=1e-6)


def test_a_right_drag_changes_the_window_of_that_series_only(
    bridge: Bridge, case: Case, views: LinkedViews
) -> None:
    views.show(SIDE)
    pump()
    adc, t2w = (bridge.layer_of(case.by_role(role)) for role in ("adc", "t2w"))
    before, other = tuple(adc.contrast_limits), tuple(t2w.contrast_limits)
    drag_over(views.views[0], QPointF(50, 50), QPointF(110, 50), Qt.MouseButton.RightButton)
    low, high = adc.contrast_limits
    assert high - low == pytest.approx((before[1] - before[0]) * np.exp(0.2), rel=1e-4)
    assert tuple(t2w.contrast_limits) == other
    place = QPointF(50, 50)
    send_mouse(
        views.views[0],
        QEvent.Type.MouseButtonDblClick,
        place,
        Qt.MouseButton.RightButton,
        Qt.MouseButton.RightButton,
    )
    assert tuple(adc.contrast_limits) == pytest.approx(before)


@pytest.mark.parametrize("brush", [1, 2, 5, 8])
@pytest.mark.parametrize("number", [0, 1], ids=["adc axial", "dce axial, resampled"])
def test_a_dab_in_another_view_paints_the_voxels_that_naparis_brush_paints(
    bridge: Bridge, views: LinkedViews, number: int, brush: int
) -> None:
    layer = new_labels(bridge)
    layer.brush_size = brush
    index = (3, 9, 11)
    layer.paint(index, 1)
    wanted = layer.data.copy()
    layer.undo()
    views.show(SIDE)
    pump()
    point = bridge.session.frame.world_to_lps(layer.data_to_world(index))
    views.link.go_to(point)
    place = pixel_of(views.views[number], point)
    drag_over(views.views[number], place, place, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(layer.data, wanted)
    assert wanted.any()
    layer.undo()
    assert not layer.data.any()


def test_a_stroke_in_the_sagittal_view_stays_in_its_plane(bridge: Bridge, views: LinkedViews) -> None:
    layer = new_labels(bridge)
    layer.brush_size = 8
    views.show(PLANES)
    pump()
    point = bridge.session.frame.world_to_lps(layer.data_to_world((3, 9, 11)))
    views.link.go_to(point)
    view = views.views[0]
    start = pixel_of(view, point)
    drag_over(view, start, start + QPointF(0, 4 * views.link.zoom), Qt.MouseButton.LeftButton)
    z, y, x = layer.data.nonzero()
    assert set(x) == {11}
    assert set(z) == {2, 3}
    assert {9} < set(y)
    layer.undo()
    assert not layer.data.any()


def test_a_labelled_voxel_is_shown_in_every_view(bridge: Bridge, views: LinkedViews) -> None:
    layer = new_labels(bridge)
    views.show(PLANES)
    layer.data_setitem(tuple(np.asarray([n]) for n in (3, 9, 11)), 1)
    views.link.go_to(bridge.session.frame.world_to_lps(layer.data_to_world((3, 9, 11))))
    for view in views.views[:2]:
        cut = view.shown.cut_labels(layer, view.shown.cut())
        row, column = np.argwhere(cut.values == 1)[0]
        right, down, _ = view.shown.plane.from_lps(views.link.point_lps)
        np.testing.assert_allclose(cut.pixel_at(right, down), (row, column), atol=1e-6)
    assert np.shares_memory(cut.values, layer.data)


def test_views_share_the_arrays_of_the_layers(bridge: Bridge, case: Case, views: LinkedViews) -> None:
    views.show(SIDE)
    adc = bridge.layer_of(case.by_role("adc"))
    assert np.shares_memory(views.views[0].shown.cut().values, adc.data)
    assert np.shares_memory(adc.data, np.asarray(case.by_role("adc").array))


def test_an_oblique_series_is_shown_in_its_own_axes(viewer: Any, bridge: Bridge) -> None:
    sagittal = volume("t2w-sag", direction=oblique(np.eye(3), (3, 20, -9)))
    bridge.add_layer_data(case_layers(Case("c", (volume("t2w"), sagittal))))
    views = linked_views_of(bridge)
    views.show(Layout("l", ((Choice("t2w"),), (Choice("t2w-sag", "own"),))))
    view = views.views[0]
    point = (
        sagittal.geometry.index_to_lps((2, 3, 4))
        + 0.3 * sagittal.geometry.direction[:, 0 if view.shown.plane.plane == "sagittal" else 2]
    )
    views.link.go_to(point)
    assert (
        abs(view.shown.off_plane_mm()) == pytest.approx(0.3, abs=1e-6)
        or view.shown.plane.plane == "axial"
    )
    assert np.shares_memory(view.shown.cut().values, sagittal.array)
    views.close()


def test_the_canvas_is_naparis_again_after_closing(viewer: Any, views: LinkedViews) -> None:
    qt_viewer = canvas_of(viewer)
    box, canvas = qt_viewer.widget(0).layout(), qt_viewer.canvas.native
    wheels = list(viewer.mouse_wheel_callbacks)
    views.show(SIDE)
    assert box.indexOf(canvas) == -1
    views.close()
    assert box.indexOf(canvas) == 0
    assert viewer.mouse_wheel_callbacks == wheels
    assert not canvas.isHidden()


def test_showing_and_closing_twenty_times_leaves_nothing(
    viewer: Any, bridge: Bridge, views: LinkedViews
) -> None:
    def connections() -> int:
        signals = (viewer.dims.events.point, viewer.scene.camera.events.zoom)
        own = len(viewer.mouse_drag_callbacks) + len(viewer.mouse_move_callbacks)
        layers = sum(len(layer.events.contrast_limits.callbacks) for layer in bridge.layers(Image))
        return own + layers + sum(len(signal.callbacks) for signal in signals)

    views.show(SIDE)
    views.close()
    before, gone = connections(), []
    for _ in range(20):
        views.show(SIDE)
        gone.extend(weakref.ref(view) for view in views.views)
        views.close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        pump()
    gc.collect()
    assert connections() == before
    assert sum(view() is not None for view in gone) <= 2


def test_closing_the_case_takes_the_views_down(bridge: Bridge, views: LinkedViews) -> None:
    views.show(SIDE)
    bridge.close_case()
    assert not views.is_shown


def test_a_study_is_hung_when_it_opens(make_napari_viewer: Callable[..., Any]) -> None:
    from napari_medassist._qt.bridge import bridge_of
    from napari_medassist._qt.dock import MedAssistDock
    from tests.phantoms import oblique_case

    viewer = make_napari_viewer()
    dock = MedAssistDock(viewer)
    viewer.window.add_dock_widget(dock)
    bridge_of(viewer).add_layer_data(case_layers(oblique_case()))
    QTest.qWait(100)
    assert [view.shown.hung.image.role for view in dock.views.views.views] == ["adc", "dce"]
    assert dock.views.layouts.currentText() == "mpMR prostate: Side by side"
    dock.views.next_layout()
    assert [view.shown.plane.plane for view in dock.views.views.views] == ["sagittal", "coronal"]
    shown = bridge_of(viewer).layer_of(bridge_of(viewer).session.case.by_role("t2w"))
    second = presets_of(shown)[1]
    QTest.keyClick(
        viewer.window._qt_viewer.canvas.native, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier
    )
    assert tuple(shown.contrast_limits) == pytest.approx(second.limits)
    assert viewer.status == f"Window: {second.name}"


def test_our_keys_are_free_in_napari(viewer: Any) -> None:
    from app_model.types import KeyBinding
    from napari.utils.shortcuts import default_shortcuts
    from qtpy.QtGui import QAction

    ours = {str(KeyBinding.from_str(key.replace("-", "+"))) for key in (*VIEW_KEYS, *WINDOW_KEYS)}
    theirs = {str(key) for keys in default_shortcuts.values() for key in keys}
    menus = {action.shortcut().toString() for action in viewer.window._qt_window.findChildren(QAction)}
    assert not ours & (theirs | menus)


def test_layouts_of_ours_can_be_shown(bridge: Bridge, views: LinkedViews) -> None:
    for layout in built_in_protocols()[2].layouts:
        views.show(layout)
        pump()
        assert views.is_shown


def test_a_missed_lesion_has_its_colour_in_every_view(bridge: Bridge, views: LinkedViews) -> None:
    t2w = bridge.session.case.by_role("t2w")
    maps = np.zeros((2, *t2w.geometry.shape_zyx), dtype=np.uint8)
    maps[0, 2:5, 6:13, 8:15] = 1
    reference, prediction = (LabelMap.on(t2w, voxels) for voxels in maps)
    views.show(PLANES)
    bridge.session.compare(reference, prediction)
    verdicts = bridge.verdicts.layer_of(Side.REFERENCE)
    verdicts.opacity = 1.0
    views.link.has_crosshair = False
    point = bridge.session.frame.world_to_lps(verdicts.data_to_world((3, 9, 11)))
    views.link.go_to(point)
    pump()
    missed = CLASS_SCHEME.get(MISSED).colour
    for view in views.views:
        place = pixel_of(view, point).toPoint()
        assert view.grab().toImage().pixelColor(place).getRgb()[:3] == missed
    verdicts.visible = False
    pump()
    place = pixel_of(views.views[0], point).toPoint()
    assert views.views[0].grab().toImage().pixelColor(place).getRgb()[:3] != missed
