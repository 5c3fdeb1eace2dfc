"""A linked view beside napari's canvas: Qt's painter draws it, so it costs a few milliseconds."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray
from qtpy.QtCore import QCoreApplication, QPointF, Qt, Signal
from qtpy.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from qtpy.QtWidgets import QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.link import Link
from napari_medassist._qt.views.marks import Sight, draw_marks, draw_outline, draw_points
from napari_medassist._qt.views.painting import one_step, paintable, stroke
from napari_medassist._qt.views.shown import Shown
from napari_medassist._qt.views.tools import ViewTools
from napari_medassist._qt.views.windowing import WindowDrag, reset_window

_CLICK_PX, _WHEEL_ZOOM = 3, 1.15


class LinkedView(QWidget):
    """A view of one series at the place that all views share.

    Signals
    -------
    enlarged
        Emits when the view is to be shown alone, or among the others again (a double click).

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    link
        What all views share.
    shown
        What is shown.
    keys_to
        The widget of napari's canvas, which is given the keys.
    parent
        The widget that napari's canvas lies in.
    """

    enlarged = Signal()

    def __init__(
        self, bridge: Bridge, link: Link, shown: Shown, keys_to: QWidget, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._bridge, self._link, self.shown, self._keys_to = bridge, link, shown, keys_to
        self._pressed: QPointF | None = None
        self._last: QPointF | None = None
        self._window: WindowDrag | None = None
        self._stroke = ExitStack()
        self._paints: Any = None
        self._tools, self._uses_tool = ViewTools(bridge, shown), False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(60, 60)
        link.changed.connect(self.update)
        link.hovered.connect(self.update)

    @property
    def sight(self) -> Sight:
        """How the view looks into the patient now."""
        return self.shown.sight(self.width(), self.height())

    def lps_at(self, place: QPointF) -> NDArray[np.float64]:
        """Return the patient point under a pixel, LPS mm."""
        return self.sight.to_lps(place.x(), place.y(), self._link.point_lps)

    # Qt's events ---------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Draw the slice, the label maps and the marks."""
        if not self._link.is_placed:
            return
        painter = QPainter(self)
        sight = self.sight
        self.shown.draw(painter, sight)
        draw_marks(painter, sight, self._link, self.shown.lines())
        draw_points(painter, sight, *self.shown.marked_points())
        draw_outline(painter, sight, self._tools.outline_lps)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Go through the slices of this view; with Ctrl, zoom."""
        turns = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._link.zoom_by(_WHEEL_ZOOM**turns)
        elif turns:
            self.step(-1 if turns > 0 else 1)
        event.accept()

    def step(self, n_slices: int) -> None:
        """Go some slices of this view on (superior, posterior, left) or back."""
        normal = np.asarray(self.shown.plane.normal_lps)
        self._link.go_to(self._link.point_lps + n_slices * self.shown.slice_step_mm * normal)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin to paint, to pan, or to change the window."""
        self._pressed = self._last = event.position()
        if event.button() == Qt.MouseButton.RightButton:
            layer = self._asked_layer(event)
            self._window = None if layer is None else WindowDrag(layer)
        elif event.button() == Qt.MouseButton.LeftButton and self._bridge.place_wanted is not None:
            return  # a click is asked for: nothing is painted
        elif event.button() == Qt.MouseButton.LeftButton and self._tools.takes():
            self._uses_tool = True
            self._tools.press(self.lps_at(event.position()))
            self.update()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._paints = paintable(self._bridge.viewer.layers.selection.active)
            if self._paints is not None:
                self._stroke.enter_context(one_step(self._paints))
                self._paint_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow the mouse: hover, paint, pan, or change the window."""
        place, last = event.position(), self._last
        self._tell_cursor(place)
        if self._window is None and self._paints is None and self._tools.takes():
            self._tools.move(self.lps_at(place))
            self.update()
            return
        if last is None or self._pressed is None:
            return
        if self._window is not None:
            self._window.drag_to(place.x() - self._pressed.x(), place.y() - self._pressed.y())
        elif self._paints is not None:
            self._paint_to(place)
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._link.look_at(self._link.centre_lps + self.lps_at(last) - self.lps_at(place))
        self._last = place

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """End what was begun; a click without a drag brings the linked point here."""
        is_click = self._pressed is not None and (
            (event.position() - self._pressed).manhattanLength() < _CLICK_PX
        )
        if is_click and self._window is None and self._paints is None and not self._uses_tool:
            wanted, place = self._bridge.place_wanted, self.lps_at(event.position())
            if wanted is None:
                self._link.go_to(place)
            else:
                wanted(place, self.shown.layer)
        self._end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Left: show this view alone, or all again. Right: the window that the series opened with."""
        self._end()
        if event.button() == Qt.MouseButton.RightButton:
            reset_window(self._asked_layer(event))
        elif self._tools.takes():
            self._tools.double_click(self.lps_at(event.position()))
            self.update()
        elif paintable(self._bridge.viewer.layers.selection.active) is None:
            self.enlarged.emit()

    def leaveEvent(self, _event: Any) -> None:  # noqa: N802
        """Take the cursor away from the other views."""
        self._link.hover(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Give keys to napari's canvas: they mean the same in all views."""
        QCoreApplication.sendEvent(self._keys_to, event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Give keys to napari's canvas."""
        QCoreApplication.sendEvent(self._keys_to, event)

    # ---------------------------------------------------------------------------------------------

    def _asked_layer(self, _event: QMouseEvent) -> Image | None:
        """Return the layer whose window the mouse means."""
        return self.shown.layer

    def _paint_to(self, place: QPointF) -> None:
        frame, last = self._bridge.session.frame, self._last or place
        stroke(self._paints, frame, self.shown.plane, self.lps_at(last), self.lps_at(place))

    def _tell_cursor(self, place: QPointF) -> None:
        """Tell the other views and, for the status line, napari where the mouse is."""
        point = self.lps_at(place)
        self._link.hover(point)
        viewer = self._bridge.viewer
        world = self._bridge.session.frame.lps_to_world(point)
        viewer.cursor.position = (*viewer.dims.point[:-3], *(float(v) for v in world))

    def _end(self) -> None:
        self._stroke.close()
        self._tools.release()
        self._uses_tool = False
        self._pressed = self._last = self._window = self._paints = None
