"""The time line: the clip in seconds, its ranges in their colours, the marks and the scrubber."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_medassist.annotation.clips.ranges import FrameRange
from napari_medassist.app.clips.labelling import ClipLabelling

_HEIGHT_PX = 54
_EDGE_PX = 6
_MARK_PX = 7
_LEAST_BAR_PX = 3.0
_GROUND, _LINE = QColor(30, 33, 38), QColor(240, 240, 240)
_MARKS = QColor(255, 200, 60)


class TimeLine(QWidget):
    """Shows the ranges of a clip over its time; a press or a drag goes to a frame.

    Signals
    -------
    sought
        Emits the frame under the mouse.
    """

    sought = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._work: ClipLabelling | None = None
        self._frame = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room that the bars need."""
        return QSize(200, _HEIGHT_PX)

    def show_work(self, work: ClipLabelling | None) -> None:
        """Show the labels of a clip."""
        self._work = work
        self.update()

    def show_frame(self, frame: int) -> None:
        """Put the scrubber on a frame."""
        self._frame = frame
        self.update()

    def x_of(self, seconds: float) -> float:
        """Return where a time lies, in pixels from the left."""
        return _EDGE_PX + seconds / self._length_s() * (self.width() - 2 * _EDGE_PX)

    def frame_at(self, x_px: float) -> int:
        """Return the frame at a place, in pixels from the left."""
        seconds = (x_px - _EDGE_PX) / max(1, self.width() - 2 * _EDGE_PX) * self._length_s()
        return 0 if self._work is None else self._work.key.frame_at(seconds)

    # ---------------------------------------------------------------- Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go to the frame under the mouse."""
        if self._work is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.sought.emit(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Scrub."""
        self.mousePressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw everything; there is little of it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), _GROUND)
        if self._work is not None:
            self._paint_ranges(painter, self._work)
            self._paint_marks(painter, self._work)
            self._paint_scrubber(painter, self._work)
        painter.end()

    def _paint_ranges(self, painter: QPainter, work: ClipLabelling) -> None:
        placed = lanes(list(work.rows().values()))
        n_lanes = 1 + max((lane for _, lane in placed), default=0)
        room = self.height() - 2 * _MARK_PX - 4
        for found, lane in placed:
            left, right = (self.x_of(work.key.start_s(found)), self.x_of(work.key.end_s(found)))
            box = QRectF(
                left,
                _MARK_PX + 2 + lane * room / n_lanes,
                max(_LEAST_BAR_PX, right - left - 1),
                room / n_lanes - 1,
            )
            colour = QColor(*work.labels.colour(found.label))
            painter.fillRect(box, colour)
            painter.setPen(Qt.GlobalColor.black if colour.lightness() > 120 else Qt.GlobalColor.white)
            inner = box.adjusted(3, 0, -3, 0)
            text = painter.fontMetrics().elidedText(
                found.label, Qt.TextElideMode.ElideRight, max(0, int(inner.width()))
            )
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_marks(self, painter: QPainter, work: ClipLabelling) -> None:
        """Draw the marks as triangles that point at what lies between them."""
        painter.setBrush(_MARKS)
        painter.setPen(QPen(_MARKS, 1))
        bottom = float(self.height())
        for frame, side in ((work.mark_in, 1), (work.mark_out, -1)):
            if frame is None:
                continue
            alone = FrameRange(frame, frame, "mark")
            x = self.x_of(work.key.start_s(alone) if side == 1 else work.key.end_s(alone))
            painter.drawLine(QPointF(x, 0), QPointF(x, bottom))
            for y in (0.0, bottom):
                tip = QPointF(x + side * _MARK_PX, y)
                inward = _MARK_PX if y == 0 else -_MARK_PX
                painter.drawPolygon(QPolygonF([QPointF(x, y), tip, QPointF(x, y + inward)]))

    def _paint_scrubber(self, painter: QPainter, work: ClipLabelling) -> None:
        frame = min(self._frame, work.key.n_frames - 1)
        x = self.x_of(work.key.times_s[frame])
        painter.setPen(QPen(_LINE, 2))
        painter.drawLine(QPointF(x, 0), QPointF(x, float(self.height())))

    def _length_s(self) -> float:
        if self._work is None:
            return 1.0
        key = self._work.key
        return (key.times_s[-1] + key.frame_s) or 1.0


def lanes(ranges: list[FrameRange]) -> list[tuple[FrameRange, int]]:
    """Return a lane for each range, such that ranges in one lane share no frame."""
    ends: list[int] = []
    placed = []
    for found in sorted(ranges, key=lambda one: one.first):
        lane = next((n for n, end in enumerate(ends) if end < found.first), len(ends))
        ends[lane : lane + 1] = [found.last]
        placed.append((found, lane))
    return placed
