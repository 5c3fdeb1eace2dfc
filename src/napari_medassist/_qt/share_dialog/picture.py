"""A picture with boxes that will be black in the copy: a drag draws one, a right-click removes one."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_medassist.core.volume import Array
from napari_medassist.io.sharing.burned_in import Box

_GROUND, _LINE, _INSIDE = QColor(20, 20, 20), QColor(255, 150, 40), QColor(0, 0, 0, 150)
_LEAST_PX = 2


class BoxPicture(QWidget):
    """Shows a frame and the boxes on it.

    Signals
    -------
    changed
        The boxes are others now.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.boxes: tuple[Box, ...] = ()
        self._image: QImage | None = None
        self._from: QPointF | None = None
        self._to = QPointF()
        self.setMinimumSize(260, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip("Drag to draw a box, right-click in one to take it away")

    def show_frame(self, frame: Array | None, boxes: tuple[Box, ...]) -> None:
        """Show a frame, (y, x) or (y, x, 3), and its boxes; None shows nothing."""
        self._image = None if frame is None else _picture(np.asarray(frame))
        self.boxes = boxes
        self._from = None
        self.update()

    # ---------------------------------------------------------------- Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Begin a box, or take one away."""
        if self._image is None:
            return
        point = self._pixel(event.position())
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = self._to = point
        elif event.button() == Qt.MouseButton.RightButton:
            kept = tuple(box for box in self.boxes if not _holds(box, point))
            if kept != self.boxes:
                self.boxes = kept
                self.changed.emit()
                self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Draw on."""
        if self._from is not None:
            self._to = self._pixel(event.position())
            self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take the box that was drawn."""
        box = self._drawn()
        self._from = None
        if box is not None:
            self.boxes = (*self.boxes, box)
            self.changed.emit()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the frame and the boxes."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        if self._image is not None:
            painter.drawImage(self._place(), self._image)
            painter.setPen(QPen(_LINE, 1))
            painter.setBrush(_INSIDE)
            drawn = self._drawn()
            for box in (*self.boxes, *(() if drawn is None else (drawn,))):
                painter.drawRect(self._on_widget(box))
        painter.end()

    # ---------------------------------------------------------------- places

    def _zoom(self) -> float:
        image = self._image
        if image is None:
            return 1.0
        return min(self.width() / image.width(), self.height() / image.height())

    def _place(self) -> QRectF:
        image, zoom = self._image, self._zoom()
        if image is None:
            return QRectF()
        width, height = image.width() * zoom, image.height() * zoom
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def _on_widget(self, box: Box) -> QRectF:
        place, zoom = self._place(), self._zoom()
        return QRectF(
            place.left() + box.left * zoom,
            place.top() + box.top * zoom,
            (box.right - box.left) * zoom,
            (box.bottom - box.top) * zoom,
        )

    def _pixel(self, position: QPointF) -> QPointF:
        place, zoom = self._place(), self._zoom()
        return QPointF((position.x() - place.left()) / zoom, (position.y() - place.top()) / zoom)

    def _drawn(self) -> Box | None:
        image, start = self._image, self._from
        if image is None or start is None:
            return None
        columns = sorted(min(max(round(p.x()), 0), image.width()) for p in (start, self._to))
        rows = sorted(min(max(round(p.y()), 0), image.height()) for p in (start, self._to))
        if min(columns[1] - columns[0], rows[1] - rows[0]) < _LEAST_PX:
            return None
        return Box(columns[0], rows[0], columns[1], rows[1])


def _holds(box: Box, point: QPointF) -> bool:
    return box.left <= point.x() < box.right and box.top <= point.y() < box.bottom


def _picture(frame: np.ndarray) -> QImage:
    """Return a frame as a picture; wider grey values from the darkest to the brightest."""
    if frame.dtype != np.uint8:
        low, high = float(frame.min()), float(frame.max())
        frame = ((frame.astype(np.float32) - low) * (255 / (high - low or 1))).astype(np.uint8)
    content = np.ascontiguousarray(frame)
    is_rgb = content.ndim == 3
    kind = QImage.Format.Format_RGB888 if is_rgb else QImage.Format.Format_Grayscale8
    height, width = content.shape[:2]
    return QImage(content.tobytes(), width, height, width * (3 if is_rgb else 1), kind).copy()
