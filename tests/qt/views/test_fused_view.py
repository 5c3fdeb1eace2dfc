"""A fused view in a real window, with events of the mouse; one viewer for all, for it is dear."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtTest import QTest

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.fused import FusedView
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist.app.hanging.fusion import Fusion
from napari_medassist.app.hanging.protocol import fused_layout
from napari_medassist.core.case import Case
from napari_medassist.core.transform import AffineTransform
from tests.mouse import drag_over, send_mouse

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


def test_two_series_share_a_view(viewer: Any, bridge: Bridge, case: Case) -> None:
    viewer.window._qt_window.resize(1200, 800)
    viewer.window._qt_window.show()
    linked = linked_views_of(bridge)
    linked.show(fused_layout(case))
    linked.show_crosshair(visible=False)
    QTest.qWait(60)
    (view,) = linked.views
    the_divider_is_dragged_and_shows_which_series_lies_where(view)
    the_window_is_that_of_the_series_under_the_mouse(view)
    the_row_changes_pair_mode_and_colours(view, case)
    linked.close()


def pixel(view: FusedView, x: float, y: float) -> tuple[int, int, int]:
    colour = view.grab().toImage().pixelColor(round(x), round(y))
    return colour.red(), colour.green(), colour.blue()


def is_grey(colour: tuple[int, int, int]) -> bool:
    return max(colour) - min(colour) <= 1


def places(view: FusedView) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return two pixels, left and right of the middle, where both series are and no mark is."""
    geometry = view.shown.hung.image.geometry
    found = [view.sight.to_pixel(geometry.index_to_lps((3, 13, column))) for column in (8, 16)]
    return found[0], found[1]


def the_divider_is_dragged_and_shows_which_series_lies_where(
    view: FusedView,
) -> None:
    left, right = places(view)
    view.show_fusion(Fusion("swipe"))
    assert is_grey(pixel(view, *left))
    assert not is_grey(pixel(view, *right))
    start = QPoint(view.width() // 2, 200)
    centre = view._link.centre_lps.copy()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    end = QPoint(round(right[0]) + 10, 230)
    send_mouse(view, QEvent.Type.MouseMove, QPointF(end), Qt.MouseButton.NoButton, LEFT)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    assert view.shown.fusion.divider == pytest.approx(end.x() / view.width())
    assert is_grey(pixel(view, *right))
    np.testing.assert_array_equal(view._link.centre_lps, centre)  # the view was not panned
    assert view.bar.slider.value() == round(100 * end.x() / view.width())


def the_window_is_that_of_the_series_under_the_mouse(view: FusedView) -> None:
    left, right = places(view)
    lower, upper = view.shown.layer, view.shown.upper_layer
    view.show_fusion(Fusion("swipe"))
    before = tuple(lower.contrast_limits), tuple(upper.contrast_limits)
    drag_over(view, QPointF(*right), QPointF(*right) + QPointF(30, 0), Qt.MouseButton.RightButton)
    assert tuple(lower.contrast_limits) == before[0]
    assert tuple(upper.contrast_limits) != before[1]
    drag_over(view, QPointF(*left), QPointF(*left) + QPointF(30, 0), Qt.MouseButton.RightButton)
    assert tuple(lower.contrast_limits) != before[0]
    view.show_fusion(Fusion("blend"))
    assert view.layer_at(QPointF(*right)) is lower
    assert view.layer_at(QPointF(*right), is_upper=True) is upper


def the_row_changes_pair_mode_and_colours(view: FusedView, case: Case) -> None:
    bar = view.bar
    _, right = places(view)
    bar.slider.setValue(0)
    assert is_grey(pixel(view, *right))
    bar.slider.setValue(100)
    inferno = pixel(view, *right)
    bar.colours.setCurrentText("viridis")
    bar.colours.activated.emit(bar.colours.currentIndex())
    assert pixel(view, *right) != inferno
    bar.fixed.setCurrentIndex(bar.moving.currentIndex())
    bar.fixed.activated.emit(bar.fixed.currentIndex())  # the upper one also below: they change places
    assert (view.shown.hung.image.role, view.shown.hung.over.role) == ("adc", "t2w")
    dce = next(n for n in range(bar.moving.count()) if bar.moving.itemText(n).startswith("DCE"))
    bar.moving.setCurrentIndex(dce)
    bar.moving.activated.emit(dce)
    assert view.shown.hung.over is case.by_role("dce")
    assert view.shown.colours == "viridis"
    view.show_through(AffineTransform.from_matrix(np.diag([1, 1, 1, 1]) + 500 * np.eye(4, k=3)))
    assert not view.shown.overlay(view.shown.cut()).is_inside.any()  # moved out of reach
    assert any("transformed" in line for line in view.shown.lines())
    assert pixel(view, *right)[0] == pixel(view, *right)[2]  # there the lower one shows
