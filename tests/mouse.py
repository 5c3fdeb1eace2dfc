"""A mouse that is Qt's own, on the canvas of a viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication


class Mouse:
    """Presses, moves and releases on the canvas, at voxels of the slice that is shown."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._canvas = viewer.window._qt_viewer.canvas
        self._native = self._canvas.native

    def pixel(self, layer: Any, index_zyx: Sequence[float]) -> QPoint:
        more = self._viewer.dims.ndim - layer.ndim  # a time axis of another layer
        shown = [axis - more for axis in self._viewer.dims.displayed]
        world = np.asarray(layer.data_to_world(index_zyx))[shown]
        x, y = self._canvas.view.scene.transform.map([world[1], world[0]])[:2]
        return QPoint(round(float(x)), round(float(y)))

    def go_to(self, layer: Any, z: int) -> None:
        """Show an axial slice of a layer."""
        more = self._viewer.dims.ndim - layer.ndim
        self._viewer.dims.set_point(more, float(layer.data_to_world((z, 0, 0))[0]))
        QTest.qWait(50)

    def drag(
        self,
        layer: Any,
        *points: Sequence[float],
        held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Drag over voxels, with a key held if wanted."""
        places = [self.pixel(layer, point) for point in points]
        QTest.mouseMove(self._native, places[0])
        QTest.mousePress(self._native, Qt.MouseButton.LeftButton, held, places[0])
        for place in places[1:]:
            self._move(place, held)
        QTest.mouseRelease(self._native, Qt.MouseButton.LeftButton, held, places[-1])

    def click(self, layer: Any, point: Sequence[float]) -> None:
        self.drag(layer, point)

    def double_click(self, layer: Any, point: Sequence[float]) -> None:
        place = self.pixel(layer, point)
        QTest.mouseClick(self._native, Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseDClick(self._native, Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseRelease(self._native, Qt.MouseButton.LeftButton, pos=place)

    def _move(self, place: QPoint, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """A move with the button held: QTest's own does not tell of the button."""
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(place),
            QPointF(self._native.mapToGlobal(place)),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            held,
        )
        QTest.qWait(20)  # moves that come faster than the screen are dropped
        QApplication.sendEvent(self._native, event)


def send_mouse(widget: Any, kind: QEvent.Type, place: QPointF, button: Any, buttons: Any) -> None:
    """Send a mouse event to a widget; ``button`` is what changed, ``buttons`` what is held."""
    event = QMouseEvent(
        kind, place, QPointF(widget.mapToGlobal(QPoint(0, 0))) + place, button, buttons,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def drag_over(widget: Any, start: QPointF, end: QPointF, button: Qt.MouseButton) -> None:
    """Drag over a widget, e.g. a linked view."""
    none = Qt.MouseButton.NoButton
    send_mouse(widget, QEvent.Type.MouseButtonPress, start, button, button)
    send_mouse(widget, QEvent.Type.MouseMove, end, none, button)
    send_mouse(widget, QEvent.Type.MouseButtonRelease, end, button, none)
    QTest.qWait(60)
