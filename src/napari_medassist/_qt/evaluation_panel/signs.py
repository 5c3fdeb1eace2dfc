"""The signs of the verdict classes: a shape and a colour each, so that neither alone has to do."""

from __future__ import annotations

from functools import lru_cache

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from napari_medassist.evaluation.verdict_map import (
    CLASS_SCHEME,
    FALSE_POSITIVE,
    IGNORED,
    MERGED,
    MISSED,
    SPLIT,
    TRUE_POSITIVE,
)

_SIDE_PX = 32
_ROOM = QRectF(5, 5, 22, 22)
_STROKE = 4.0


@lru_cache(maxsize=32)
def sign_of(kind: int) -> QIcon:
    """Return the sign of a class, a value of ``CLASS_SCHEME``, in its colour with a dark rim."""
    pixmap = QPixmap(_SIDE_PX, _SIDE_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(*CLASS_SCHEME.get(kind).colour)
    for pen in (QPen(QColor(0, 0, 0, 160), _STROKE + 3), QPen(colour, _STROKE)):
        painter.setPen(pen)
        painter.setBrush(QBrush(colour))
        _draw(painter, kind)
    painter.end()
    return QIcon(pixmap)


def _draw(painter: QPainter, kind: int) -> None:
    """Draw a disc (found), ring (missed), cross (false), halves (split), a knot (merged), a dash."""
    room, middle = _ROOM, _ROOM.center()
    if kind == TRUE_POSITIVE:
        painter.drawEllipse(room)
    elif kind == MISSED:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(room)
    elif kind == FALSE_POSITIVE:
        painter.drawLine(room.topLeft(), room.bottomRight())
        painter.drawLine(room.topRight(), room.bottomLeft())
    elif kind == SPLIT:
        painter.drawPolygon(QPolygonF([room.topLeft(), room.bottomLeft(), middle - QPointF(4, 0)]))
        painter.drawPolygon(QPolygonF([room.topRight(), room.bottomRight(), middle + QPointF(4, 0)]))
    elif kind == MERGED:
        painter.drawPolygon(QPolygonF([room.topLeft(), room.bottomLeft(), middle]))
        painter.drawPolygon(QPolygonF([room.topRight(), room.bottomRight(), middle]))
        painter.drawLine(room.topLeft(), room.topRight())
    elif kind == IGNORED:
        painter.drawLine(QPointF(room.left(), middle.y()), QPointF(room.right(), middle.y()))
