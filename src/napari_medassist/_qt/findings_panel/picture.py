"""The map of the sectors: drawn, filled, and clicked."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_medassist.annotation.findings.sector_picture import SIZE, labels, shape_at, shapes
from napari_medassist.annotation.findings.sectors import BY_KEY

#: Hue of each kind of zone; its lightness follows the theme.
_HUES = {"PZ": 205, "TZ": 95, "CZ": 280, "AS": 30, "SV": 330, "US": 0}
_CHOSEN = QColor(230, 126, 0)
_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class SectorPicture(QWidget):
    """The sectors of PI-RADS v2.1, those of the finding filled.

    A click, or Space on the sector that the arrow keys lead to, adds or removes a sector.

    Signals
    -------
    clicked
        Emits the key of a sector.
    """

    clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._shapes = shapes()
        self._chosen: tuple[str, ...] = ()
        self._by_reader = False
        self._at = ""
        self.setObjectName("medassist_sectors")
        self.setAccessibleName("Sector map of the prostate")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_sectors(self, keys: tuple[str, ...], *, by_reader: bool) -> None:
        """Fill sectors: full if a reader chose them, hatched if the zones did."""
        self._chosen, self._by_reader = keys, by_reader
        self.update()

    def place_of(self, key: str) -> QPointF:
        """Return a point of a sector in the widget."""
        shape = next(s for s in self._shapes if s.key == key)
        return QPointF(*shape.middle) * self._scale() + self._corner()

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        """Keep the picture's proportions."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """Return the height that a width asks for, up to a sensible one."""
        return min(round(width * SIZE[1] / SIZE[0]), 190)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size that fits a narrow dock."""
        return QSize(340, self.heightForWidth(340))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the smallest size at which sectors can be hit."""
        return QSize(250, self.heightForWidth(250))

    # ---------------------------------------------------------------- events

    def paintEvent(self, _event: object) -> None:  # noqa: N802 - Qt's name
        """Draw all sectors, then the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self._corner())
        painter.scale(self._scale(), self._scale())
        ink = self.palette().windowText().color()
        for shape in self._shapes:
            self._draw(painter, shape.key, QPolygonF([QPointF(*p) for p in shape.outline]), ink)
        font = painter.font()
        font.setPixelSize(9)
        painter.setFont(font)
        painter.setPen(ink)
        for words, (x, y) in labels():
            painter.drawText(QRectF(x - 30, y - 7, 60, 14), Qt.AlignmentFlag.AlignCenter, words)
        font.setPixelSize(7)
        painter.setFont(font)
        for shape in self._shapes:
            x, y = shape.middle
            is_chosen = shape.key in self._chosen and self._by_reader
            painter.setPen(QColor("black") if is_chosen else ink)
            words = BY_KEY[shape.key].part.removeprefix("PZ").removeprefix("TZ")
            painter.drawText(QRectF(x - 15, y - 5, 30, 10), Qt.AlignmentFlag.AlignCenter, words)

    def _draw(self, painter: QPainter, key: str, outline: QPolygonF, ink: QColor) -> None:
        is_dark = self.palette().window().color().lightness() < 128
        colour = QColor.fromHsl(_HUES[BY_KEY[key].part[:2]], 70, 78 if is_dark else 205)
        is_chosen = key in self._chosen
        painter.setBrush(_CHOSEN if is_chosen and self._by_reader else colour)
        line = QColor(ink)
        line.setAlpha(120)
        painter.setPen(QPen(line, 0.6))
        painter.drawPolygon(outline)
        if is_chosen and not self._by_reader:
            painter.setBrush(QBrush(_CHOSEN, Qt.BrushStyle.Dense4Pattern))
            painter.drawPolygon(outline)
        if is_chosen or (key == self._at and self.hasFocus()):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(_CHOSEN if is_chosen else ink, 1.8))
            painter.drawPolygon(outline)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the sector under the mouse."""
        key = self._key_at(QPointF(event.position()))
        if key and event.button() == Qt.MouseButton.LeftButton:
            self._at = key
            self.clicked.emit(key)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Show that a sector can be clicked."""
        hand = Qt.CursorShape.PointingHandCursor
        self.setCursor(hand if self._key_at(QPointF(event.position())) else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Go from sector to sector with the arrows; Space chooses."""
        move = _MOVES.get(Qt.Key(event.key()))
        if move is not None:
            self._at = self._beside(move)
            self.update()
        elif event.key() == Qt.Key.Key_Space and self._at:
            self.clicked.emit(self._at)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tell the name of the sector under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            key = self._key_at(QPointF(event.pos()))
            code = BY_KEY[key].code.value if key else ""
            QToolTip.showText(
                event.globalPos(), f"{BY_KEY[key].title}\nSNOMED CT {code}" if key else "", self
            )
            return True
        return super().event(event)

    # ---------------------------------------------------------------- geometry

    def _scale(self) -> float:
        return min(self.width() / SIZE[0], self.height() / SIZE[1])

    def _corner(self) -> QPointF:
        return QPointF((self.width() - SIZE[0] * self._scale()) / 2, 0)

    def _key_at(self, place: QPointF) -> str:
        point = (place - self._corner()) / self._scale()
        shape = shape_at((point.x(), point.y()))
        return "" if shape is None else shape.key

    def _beside(self, move: tuple[int, int]) -> str:
        """Return the nearest sector in a direction; the same one if there is none."""
        start = self._at or (self._chosen[0] if self._chosen else "right-mid-PZpl")
        middles = {shape.key: shape.middle for shape in self._shapes}
        x0, y0 = middles[start]

        def cost(key: str) -> float:
            dx, dy = middles[key][0] - x0, middles[key][1] - y0
            ahead = dx * move[0] + dy * move[1]
            aside = abs(dx * move[1]) + abs(dy * move[0])
            return ahead + 2 * aside if ahead > 1 else float("inf")

        best = min(middles, key=cost)
        return best if cost(best) < float("inf") else start
