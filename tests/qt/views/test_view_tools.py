"""Fill, polygon, picker and the tools of the Annotate tab in a linked view, with Qt's own mouse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtTest import QTest

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.annotation_panel.panel import AnnotationPanel
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.linked import LinkedViews, linked_views_of
from napari_medassist._qt.views.view import LinkedView
from napari_medassist.app.annotating.tools import Tool
from napari_medassist.app.hanging.protocol import Choice, Layout
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from tests.mouse import drag_over, send_mouse
from tests.phantoms import volume

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
PLANES = Layout("planes", ((Choice("t2w"),), (Choice("t2w", "sagittal"),)))
MIDDLE = (6, 10, 12)


@pytest.fixture
def layer(viewer: Any, bridge: Bridge) -> Labels:
    """Two lesions that touch on the sagittal slice x = 12: label 1 at y < 10, label 2 from there on."""
    image = volume("t2w", shape_zyx=(12, 20, 24), spacing_zyx_mm=(2.0, 1.0, 1.0))
    bridge.add_layer_data(case_layers(Case("two", (image,))))
    made = new_labels(bridge)
    made.data_setitem(np.nonzero(lesion(made, 4, 10)), 1)
    made.data_setitem(np.nonzero(lesion(made, 10, 16)), 2)
    made.selected_label = 3
    return made


def lesion(layer: Labels, first: int, last: int) -> np.ndarray:
    mask = np.zeros(layer.data.shape, dtype=bool)
    mask[3:9, first:last, 8:16] = True
    return mask


@pytest.fixture
def sagittal(viewer: Any, bridge: Bridge, layer: Labels) -> Iterator[LinkedView]:
    viewer.window._qt_window.resize(1000, 700)
    viewer.window._qt_window.show()
    views: LinkedViews = linked_views_of(bridge)
    views.show(PLANES)
    QTest.qWait(60)
    assert views.link is not None
    views.link.go_to(lps(bridge, layer, MIDDLE))
    yield views.views[0]
    views.close()


def lps(bridge: Bridge, layer: Labels, index: Any) -> np.ndarray:
    return bridge.session.frame.world_to_lps(layer.data_to_world(index))


def click(view: LinkedView, bridge: Bridge, layer: Labels, index: Any) -> QPointF:
    place = QPointF(*view.sight.to_pixel(lps(bridge, layer, index)))
    drag_over(view, place, place, LEFT)
    return place


def outline(view: LinkedView, bridge: Bridge, layer: Labels) -> None:
    """Click a square over both lesions and beyond, and close it."""
    for index in ((1.6, 5.6, 12), (1.6, 14.4, 12), (10.4, 14.4, 12), (10.4, 5.6, 12)):
        place = click(view, bridge, layer, index)
    send_mouse(view, QEvent.Type.MouseButtonDblClick, place, LEFT, LEFT)
    QTest.qWait(20)


def free_square(before: np.ndarray) -> np.ndarray:
    wanted = before.copy()
    square = wanted[2:11, 6:15, 12]
    square[square == 0] = 3
    return wanted


def test_naparis_polygon_and_picker_work_and_leave_other_lesions(
    bridge: Bridge, layer: Labels, sagittal: LinkedView
) -> None:
    before = layer.data.copy()
    layer.preserve_labels = True
    layer.mode = "polygon"
    outline(sagittal, bridge, layer)
    np.testing.assert_array_equal(layer.data, free_square(before))
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    layer.mode = "pick"
    click(sagittal, bridge, layer, MIDDLE)
    assert layer.selected_label == 2


def test_naparis_fill_stays_in_the_slice_of_the_view(
    bridge: Bridge, layer: Labels, sagittal: LinkedView
) -> None:
    wanted = layer.data.copy()
    wanted[3:9, 10:16, 12] = 3
    layer.mode = "fill"
    click(sagittal, bridge, layer, MIDDLE)
    np.testing.assert_array_equal(layer.data, wanted)
    layer.preserve_labels = True
    click(sagittal, bridge, layer, (6, 6, 12))
    np.testing.assert_array_equal(layer.data, wanted)


def test_the_panels_polygon_is_what_is_used_and_one_step(
    bridge: Bridge, layer: Labels, sagittal: LinkedView, qtbot: Any
) -> None:
    panel = AnnotationPanel(bridge)
    qtbot.addWidget(panel)
    before = layer.data.copy()
    layer.selected_label = 3
    panel.choose(Tool.POLYGON)
    assert layer.preserve_labels  # napari's own fill leaves other lesions too
    outline(sagittal, bridge, layer)
    np.testing.assert_array_equal(layer.data, free_square(before))
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    panel.choose(None)
