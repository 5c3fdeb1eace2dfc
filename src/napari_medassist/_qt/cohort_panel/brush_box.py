"""A plot area in which the mouse brushes: drag chooses, wheel zooms, the middle button moves."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QPainterPath
from qtpy.QtWidgets import QGraphicsPathItem

from napari_medassist._qt.plotting import Look, pg

BrushShape = Literal["box", "lasso", "span"]
_FILL_ALPHA = 50
_MIN_CORNERS = 3


class BrushBox(pg.ViewBox):
    """The area of a plot.

    Signals
    -------
    brushed
        Emits the corners of what was brushed, (n, 2) in units of the axes.
    picked
        Emits x and y of a click, and whether Ctrl or Shift was held.
    emptied
        Emits at a double click: show all again.

    Parameters
    ----------
    brush_shape
        What a drag draws: a ``box``, a ``lasso``, or a ``span`` of the horizontal axis.
    """

    brushed = Signal(object)
    picked = Signal(float, float, bool)
    emptied = Signal()

    def __init__(self, brush_shape: BrushShape = "box") -> None:
        super().__init__(enableMenu=False)
        self.brush_shape: BrushShape = brush_shape
        self._corners: list[tuple[float, float]] = []
        self._drawn = QGraphicsPathItem()
        self._drawn.setZValue(1e6)
        self.addItem(self._drawn, ignoreBounds=True)
        self._drawn.hide()

    def set_look(self, look: Look) -> None:
        """Draw brushes in the colours of a look."""
        fill = pg.mkColor(look.accent)
        fill.setAlpha(_FILL_ALPHA)
        pen = pg.mkPen(look.accent, width=1.5)
        pen.setCosmetic(True)
        self._drawn.setPen(pen)
        self._drawn.setBrush(fill)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802
        """Brush with the left button; anything else moves the plot."""
        if event.button() != Qt.MouseButton.LeftButton or axis is not None:
            super().mouseDragEvent(event, axis)
            return
        event.accept()
        start, now = (self.mapToView(p) for p in (event.buttonDownPos(), event.pos()))
        lasso = self.brush_shape == "lasso" or bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if event.isStart():
            self._corners = [(start.x(), start.y())]
        if lasso and self.brush_shape != "span":
            self._corners.append((now.x(), now.y()))
        else:
            self._corners = self._rectangle((start.x(), start.y()), (now.x(), now.y()))
        self._draw()
        if event.isFinish():
            self._drawn.hide()
            if len(self._corners) >= _MIN_CORNERS:
                self.brushed.emit(np.array(self._corners))

    def mouseClickEvent(self, event: Any) -> None:  # noqa: N802
        """Pick the point under a click; a double click empties the brush."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        event.accept()
        if event.double():
            self.emptied.emit()
            return
        point = self.mapToView(event.pos())
        adds = event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        self.picked.emit(point.x(), point.y(), bool(adds))

    def pixel_size(self) -> tuple[float, float]:
        """Return width and height of a pixel in units of the axes; zeros before it is shown."""
        width, height = self.viewPixelSize()
        return abs(float(width)), abs(float(height))

    def _rectangle(
        self, start: tuple[float, float], end: tuple[float, float]
    ) -> list[tuple[float, float]]:
        low, high = (start[1], end[1]) if self.brush_shape != "span" else self.viewRange()[1]
        return [(start[0], low), (end[0], low), (end[0], high), (start[0], high)]

    def _draw(self) -> None:
        path = QPainterPath()
        path.moveTo(*self._corners[0])
        for corner in self._corners[1:]:
            path.lineTo(*corner)
        path.closeSubpath()
        self._drawn.setPath(path)
        self._drawn.show()


def box_of(corners: NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest x of some corners."""
    return float(corners[:, 0].min()), float(corners[:, 0].max())
