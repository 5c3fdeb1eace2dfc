"""napari's own canvas as one of the linked views: marks, wheel, clicks, windows as elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.link import Link
from napari_medassist._qt.views.marks import draw_marks
from napari_medassist._qt.views.shown import Shown
from napari_medassist._qt.views.windowing import WindowDrag, reset_window

_CLICK_PX, _RIGHT, _LEFT, _WHEEL_ZOOM = 3, 2, 1, 1.15


def canvas_of(viewer: Any) -> QtViewer | None:
    """Return the widget that holds a viewer's canvas and sliders; None without a window."""
    for widget in QApplication.allWidgets():
        if isinstance(widget, QtViewer) and widget.viewer is viewer:
            return widget
    return None


class MainMarks(QWidget):
    """The marks over napari's canvas; the mouse goes through them.

    Parameters
    ----------
    canvas
        The widget of the canvas.
    link
        What all views share.
    shown
        What the canvas shows.
    """

    def __init__(self, canvas: QWidget, link: Link, shown: Shown) -> None:
        super().__init__(canvas)
        self._link, self.shown = link, shown
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        canvas.installEventFilter(self)
        link.changed.connect(self.update)
        link.hovered.connect(self.update)
        self.resize(canvas.size())
        self.show()

    def eventFilter(self, canvas: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Stay as large as the canvas."""
        if event.type() == QEvent.Type.Resize and isinstance(canvas, QWidget):
            self.resize(canvas.size())
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the marks, unless the canvas shows another plane or 3D."""
        if not self._link.is_placed:
            return
        dims = self._link.viewer.dims
        if dims.ndisplay != 2 or tuple(dims.displayed) != (dims.ndim - 2, dims.ndim - 1):
            return
        painter = QPainter(self)
        sight = self.shown.sight(self.width(), self.height())
        draw_marks(painter, sight, self._link, self.shown.lines())
        painter.end()


class MainMouse:
    """The mouse on napari's canvas while views are linked to it.

    The wheel goes through the slices (Ctrl zooms: the other way round than in napari alone), a click
    brings the linked point, a drag with the right button changes the window.

    Parameters
    ----------
    bridge, link
        As elsewhere.
    shown
        What the canvas shows.
    """

    def __init__(self, bridge: Bridge, link: Link, shown: Shown) -> None:
        self._bridge, self._link, self._shown = bridge, link, shown
        viewer = bridge.viewer
        self._wheels = list(viewer.mouse_wheel_callbacks)
        viewer.mouse_wheel_callbacks[:] = [
            *(act for act in self._wheels if getattr(act, "__name__", "") != "dims_scroll"),
            self._on_wheel,
        ]
        viewer.mouse_drag_callbacks.append(self._on_drag)
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.mouse_double_click_callbacks.append(self._on_double_click)

    def close(self) -> None:
        """Give napari its mouse back."""
        viewer = self._bridge.viewer
        if viewer is None:
            return
        viewer.mouse_wheel_callbacks[:] = self._wheels
        for acts, act in (
            (viewer.mouse_drag_callbacks, self._on_drag),
            (viewer.mouse_move_callbacks, self._on_move),
            (viewer.mouse_double_click_callbacks, self._on_double_click),
        ):
            if act in acts:
                acts.remove(act)

    def _on_wheel(self, viewer: Any, event: Any) -> None:
        if "Alt" in event.modifiers or viewer.dims.ndisplay != 2:
            return
        turns = float(np.clip(event.delta[1], -1, 1))
        event.handled = True
        if "Control" in event.modifiers:
            self._link.zoom_by(_WHEEL_ZOOM**turns)
            return
        normal = np.asarray(self._shown.plane.normal_lps)
        self._link.go_to(self._link.point_lps - turns * self._shown.slice_step_mm * normal)

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        layer, start = self._shown.layer, np.asarray(event.pos, dtype=float)
        if event.button == _LEFT and viewer.dims.ndisplay == 2 and self._is_free():
            yield
            moved = 0.0
            while event.type == "mouse_move":
                moved = max(moved, float(np.abs(np.asarray(event.pos) - start).sum()))
                yield
            if moved < _CLICK_PX:
                self._link.go_to(self._bridge.session.frame.world_to_lps(event.position[-3:]))
        elif event.button == _RIGHT and layer is not None and viewer.dims.ndisplay == 2:
            drag = WindowDrag(layer)
            event.handled = True
            yield
            while event.type == "mouse_move":
                drag.drag_to(*(np.asarray(event.pos, dtype=float) - start))
                event.handled = True
                yield

    def _on_move(self, _viewer: Any, event: Any) -> None:
        self._link.hover(self._bridge.session.frame.world_to_lps(event.position[-3:]))

    def _on_double_click(self, _viewer: Any, event: Any) -> None:
        if event.button == _RIGHT:
            reset_window(self._shown.layer)
            event.handled = True

    def _is_free(self) -> bool:
        """Tell whether no tool of a layer is in the hand."""
        active = self._bridge.viewer.layers.selection.active
        return active is None or str(active.mode) == "pan_zoom"
