"""A case with a fine T2w and a coarse ADC, the panel, and a mouse that is Qt's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_medassist._qt.annotation_panel.panel import AnnotationPanel
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from tests.phantoms import volume

SHAPE = (9, 80, 80)


@pytest.fixture
def lesion_case(bridge: Any) -> Case:
    """T2w of 3 x 0.5 x 0.5 mm; ADC of 3 x 1 x 1 mm with a dark ball of 8 mm in the middle of both."""
    t2w = volume("t2w", shape_zyx=SHAPE, spacing_zyx_mm=(3.0, 0.5, 0.5), origin_lps_mm=(0, 0, 0))
    adc = volume("adc", shape_zyx=(9, 40, 40), spacing_zyx_mm=(3.0, 1.0, 1.0), origin_lps_mm=(0, 0, 0))
    z, y, x = np.indices(adc.geometry.shape_zyx)
    dark = ((z - 4) * 3.0) ** 2 + (y - 20.0) ** 2 + (x - 20.0) ** 2 <= 64
    adc = adc.with_changes(array=np.where(dark, 700, 1500).astype(np.float32))
    t2w = t2w.with_changes(
        array=np.kron(np.where(dark, 200, 500), np.ones((1, 2, 2))).astype(np.float32)
    )
    case = Case("lesion", (t2w, adc))
    bridge.add_layer_data(case_layers(case))
    return case


@pytest.fixture
def panel(bridge: Any, lesion_case: Case, qtbot: Any) -> AnnotationPanel:
    made = AnnotationPanel(bridge)
    qtbot.addWidget(made)
    return made


class Mouse:
    """Presses, moves and releases on the canvas, at voxels of the slice that is shown."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._canvas = viewer.window._qt_viewer.canvas
        self._native = self._canvas.native

    def pixel(self, layer: Any, index_zyx: Sequence[float]) -> QPoint:
        world = np.asarray(layer.data_to_world(index_zyx))[list(self._viewer.dims.displayed)]
        x, y = self._canvas.view.scene.transform.map([world[1], world[0]])[:2]
        return QPoint(round(float(x)), round(float(y)))

    def drag(self, layer: Any, *points: Sequence[float]) -> None:
        places = [self.pixel(layer, point) for point in points]
        QTest.mouseMove(self._native, places[0])
        QTest.mousePress(self._native, Qt.MouseButton.LeftButton, pos=places[0])
        for place in places[1:]:
            self._move(place)
        QTest.mouseRelease(self._native, Qt.MouseButton.LeftButton, pos=places[-1])

    def click(self, layer: Any, point: Sequence[float]) -> None:
        self.drag(layer, point)

    def double_click(self, layer: Any, point: Sequence[float]) -> None:
        place = self.pixel(layer, point)
        QTest.mouseClick(self._native, Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(self._native, Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseRelease(self._native, Qt.MouseButton.LeftButton, pos=place)

    def _move(self, place: QPoint) -> None:
        """A move with the button held: QTest's own does not tell of the button."""
        from qtpy.QtCore import QEvent, QPointF
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(place),
            QPointF(self._native.mapToGlobal(place)),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QTest.qWait(20)  # moves that come faster than the screen are dropped
        QApplication.sendEvent(self._native, event)


@pytest.fixture
def mouse(make_napari_viewer: Callable[..., Any], viewer: Any, qtbot: Any) -> Mouse:
    viewer.window._qt_window.resize(900, 700)
    viewer.window._qt_window.show()
    qtbot.waitExposed(viewer.window._qt_window)
    qtbot.wait(50)
    viewer.reset_view()
    qtbot.wait(50)
    return Mouse(viewer)
