"""The signs of categories and verdicts: a shape and a colour each, the same in plots and tables."""

from __future__ import annotations

from functools import lru_cache

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from napari_medassist.app.browser.categories import CATEGORIES, Category
from napari_medassist.evaluation.verdict_map import VALUE_OF, VERDICT_SCHEME

_SIDE = 32
_MARGIN = 5.0
_STROKE = 5.0
#: In percent: the yellow of false lesions, made for images, fades on a light ground.
_DARKER_ON_LIGHT = 160


def colour_of(category: Category, *, is_dark: bool) -> QColor:
    """Return the colour of a category on a dark or a light ground."""
    return QColor(*(category.on_dark if is_dark else category.on_light))


@lru_cache(maxsize=64)
def category_icon(number: int, *, is_dark: bool) -> QIcon:
    """Return the sign of a category, by its place in ``CATEGORIES``."""
    category = CATEGORIES[number]
    return _icon(category.symbol, colour_of(category, is_dark=is_dark))


@lru_cache(maxsize=16)
def verdict_icon(verdict: str, *, is_dark: bool) -> QIcon:
    """Return the sign of missed (a ring: something is not there) or false (a cross) lesions."""
    values = {value.value: number for value, number in VALUE_OF.items()}
    colour = QColor(*VERDICT_SCHEME.get(values[verdict]).colour)
    if not is_dark:
        colour = colour.darker(_DARKER_ON_LIGHT)
    return _icon({"missed": "ring", "false": "x"}[verdict], colour)


def _icon(symbol: str, colour: QColor) -> QIcon:
    pixmap = QPixmap(_SIDE, _SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    is_line = symbol in ("x", "+", "ring")
    painter.setPen(QPen(colour, _STROKE) if is_line else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if is_line else colour)
    painter.drawPath(_path(symbol))
    painter.end()
    return QIcon(pixmap)


def _path(symbol: str) -> QPainterPath:
    low, high, middle = _MARGIN, _SIDE - _MARGIN, _SIDE / 2
    path = QPainterPath()
    match symbol:
        case "t1":
            _polygon(path, (middle, low), (high, high), (low, high))
        case "d":
            _polygon(path, (middle, low - 2), (high, middle), (middle, high + 2), (low, middle))
        case "s":
            path.addRect(QRectF(low, low, high - low, high - low))
        case "+":
            _lines(path, (middle, low), (middle, high), (low, middle), (high, middle))
        case "x":
            _lines(path, (low, low), (high, high), (low, high), (high, low))
        case _:
            path.addEllipse(QRectF(low, low, high - low, high - low))
    return path


def _polygon(path: QPainterPath, *corners: tuple[float, float]) -> None:
    path.addPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
    path.closeSubpath()


def _lines(path: QPainterPath, *ends: tuple[float, float]) -> None:
    for start, end in zip(ends[::2], ends[1::2], strict=True):
        path.moveTo(*start)
        path.lineTo(*end)
