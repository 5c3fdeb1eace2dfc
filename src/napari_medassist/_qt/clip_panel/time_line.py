"""The time line: the clip in seconds, its ranges in their colours, its sound, marks and scrubber."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_medassist._qt.clip_panel.seen_time import EDGE_PX, SeenTime
from napari_medassist.annotation.clips.ranges import FrameRange
from napari_medassist.app.clips.commenting import is_doubtful
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.app.clips.readers import Readers
from napari_medassist.app.clips.sound_shape import SoundShape

_HEIGHT_PX = 62
#: Of the lane of another reader.
_READER_PX = 16
_MARK_PX = 7
_LEAST_BAR_PX = 3.0
#: So near to an end of a range the mouse takes hold of it.
_HOLD_PX = 4
_ZOOM = 0.8
_GROUND, _LINE = QColor(30, 33, 38), QColor(240, 240, 240)
_MARKS, _SOUND = QColor(255, 200, 60), QColor(255, 255, 255, 120)
#: Share of the height that the loudest sound takes.
_SOUND_SHARE = 0.4
_HATCH = QColor(0, 0, 0, 150)


class TimeLine(QWidget):
    """Shows the ranges of a clip over its time.

    A press or a drag goes to a frame; a drag of a range's end moves it. The wheel zooms, with Shift it
    goes along the time; a double click shows the whole clip.

    Signals
    -------
    sought
        Emits the frame under the mouse.
    trimmed
        Emits the id of a range whose end was dragged, and its new first and last frame.
    """

    sought = Signal(int)
    trimmed = Signal(str, int, int)

    def __init__(self) -> None:
        super().__init__()
        self._work: ClipLabelling | None = None
        self._sound: SoundShape | None = None
        self._readers: Readers | None = None
        self.seen = SeenTime()
        self._frame = 0
        self._held: tuple[str, bool] | None = None  # the range, and whether its first frame is held
        self._dragged: FrameRange | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Press to go there; drag the end of a range to move it. Wheel: zoom; Shift and wheel: "
            "along; double click: all. Hatched ranges are doubtful"
        )

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the room that the bars need."""
        return QSize(200, _HEIGHT_PX + self._readers_px())

    def show_work(self, work: ClipLabelling | None) -> None:
        """Show the labels of a clip; another clip is shown whole."""
        if work is not self._work:
            self._sound = None
            self.seen.show_length(0.0 if work is None else work.key.times_s[-1] + work.key.frame_s)
        self._work = work
        self.update()

    def show_sound(self, sound: SoundShape | None) -> None:
        """Show the sound behind the ranges."""
        self._sound = sound
        self.update()

    def show_readers(self, readers: Readers | None) -> None:
        """Show the ranges of other readers below, a lane each."""
        self._readers = readers
        self.updateGeometry()
        self.update()

    def show_frame(self, frame: int) -> None:
        """Put the scrubber on a frame; a zoomed view follows it."""
        self._frame = frame
        if self._work is not None and frame < self._work.key.n_frames:
            self.seen.follow(self._work.key.times_s[frame])
        self.update()

    def x_of(self, seconds: float) -> float:
        """Return where a time lies, in pixels from the left."""
        return self.seen.x_of(seconds, self.width())

    def frame_at(self, x_px: float) -> int:
        """Return the frame at a place, in pixels from the left."""
        return (
            0 if self._work is None else self._work.key.frame_at(self.seen.time_at(x_px, self.width()))
        )

    # ---------------------------------------------------------------- Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take hold of the end of a range, or go to the frame under the mouse."""
        if self._work is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        self._held = self._end_at(event.position())
        if self._held is None:
            self.sought.emit(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Move the end that is held, or scrub."""
        if not event.buttons() & Qt.MouseButton.LeftButton:
            is_end = self._end_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if is_end else Qt.CursorShape.ArrowCursor)
        elif self._held is not None and self._work is not None:
            self._dragged = self._moved(self._work, *self._held, self.frame_at(event.position().x()))
            self.sought.emit(self._dragged.first if self._held[1] else self._dragged.last)
            self.update()
        elif self._work is not None:
            self.sought.emit(self.frame_at(event.position().x()))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Let the end go where it is."""
        held, dragged = self._held, self._dragged
        self._held = self._dragged = None
        if held is not None and dragged is not None:
            self.trimmed.emit(held[0], dragged.first, dragged.last)
        self.update()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Show the whole clip."""
        self.seen.show_all()
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Zoom about the mouse; with Shift, go along the time."""
        delta = event.angleDelta()
        turns = (delta.y() or delta.x()) / 120
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not delta.y():
            self.seen.go_along(-turns)
        else:
            self.seen.zoom(_ZOOM**turns, event.position().x(), self.width())
        event.accept()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw everything; there is little of it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), _GROUND)
        if self._work is not None:
            self._paint_ranges(painter, self._work)
            self._paint_readers(painter, self._work)
            self._paint_sound(painter)
            self._paint_marks(painter, self._work)
            self._paint_scrubber(painter, self._work)
        painter.end()

    # ---------------------------------------------------------------- ends

    def _rows(self, work: ClipLabelling) -> dict[str, FrameRange]:
        """Return the ranges, the dragged one as it is now."""
        rows = work.rows()
        if self._held is not None and self._dragged is not None and self._held[0] in rows:
            rows[self._held[0]] = self._dragged
        return rows

    def _end_at(self, place: QPointF) -> tuple[str, bool] | None:
        """Return the range whose end lies under a place, and whether it is the first frame's."""
        work = self._work
        if work is None:
            return None
        rows = work.rows()
        boxes = self._boxes(work, rows)
        found = []
        for row, box in boxes.items():
            if box.top() <= place.y() <= box.bottom():
                for x, is_first in ((box.left(), True), (box.right(), False)):
                    found.append((abs(place.x() - x), row, is_first))
        distance, row, is_first = min(found, default=(float("inf"), "", False))
        return (row, is_first) if distance <= _HOLD_PX else None

    @staticmethod
    def _moved(work: ClipLabelling, row: str, is_first: bool, frame: int) -> FrameRange:  # noqa: FBT001
        old = work.rows()[row]
        if is_first:
            return replace(old, first=min(frame, old.last))
        return replace(old, last=max(frame, old.first))

    # ---------------------------------------------------------------- painting

    def _boxes(self, work: ClipLabelling, rows: dict[str, FrameRange]) -> dict[str, QRectF]:
        placed = lanes(rows)
        n_lanes = 1 + max(placed.values(), default=0)
        room = self.height() - self._readers_px() - 2 * _MARK_PX - 4
        found = {}
        for row, lane in placed.items():
            key = work.key
            left, right = self.x_of(key.start_s(rows[row])), self.x_of(key.end_s(rows[row]))
            width = max(_LEAST_BAR_PX, right - left - 1)
            top = _MARK_PX + 2 + lane * room / n_lanes
            found[row] = QRectF(left, top, width, room / n_lanes - 1)
        return found

    def _paint_ranges(self, painter: QPainter, work: ClipLabelling) -> None:
        rows = self._rows(work)
        for row, box in self._boxes(work, rows).items():
            found = rows[row]
            colour = QColor(*work.labels.colour(found.label))
            painter.fillRect(box, colour)
            if is_doubtful(found):
                painter.fillRect(box, QBrush(_HATCH, Qt.BrushStyle.BDiagPattern))
            painter.setPen(Qt.GlobalColor.black if colour.lightness() > 120 else Qt.GlobalColor.white)
            inner = box.adjusted(3, 0, -3, 0)
            text = painter.fontMetrics().elidedText(
                found.label, Qt.TextElideMode.ElideRight, max(0, int(inner.width()))
            )
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _readers_px(self) -> int:
        return _READER_PX * (0 if self._readers is None else len(self._readers.readings))

    def _paint_readers(self, painter: QPainter, work: ClipLabelling) -> None:
        """Draw a lane for each other reader, with the name over it; several labels share its height."""
        readings = {} if self._readers is None else self._readers.readings
        top = float(self.height() - self._readers_px())
        for name, ranges in readings.items():
            placed = lanes({str(k): one for k, one in enumerate(ranges)})
            height = (_READER_PX - 2) / (1 + max(placed.values(), default=0))
            for k, one in enumerate(ranges):
                left, right = self.x_of(work.key.start_s(one)), self.x_of(work.key.end_s(one))
                at = top + placed[str(k)] * height
                box = QRectF(left, at, max(_LEAST_BAR_PX, right - left - 1), height)
                painter.fillRect(box, QColor(*work.labels.colour(one.label)).darker(125))
            shade = QRectF(
                EDGE_PX, top, painter.fontMetrics().horizontalAdvance(name) + 6, _READER_PX - 2
            )
            painter.fillRect(shade, _HATCH)
            painter.setPen(_LINE)
            painter.drawText(shade.adjusted(3, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
            top += _READER_PX

    def _paint_sound(self, painter: QPainter) -> None:
        """Draw how loud it is, a line a pixel, from the lower edge, over the ranges."""
        n = self.width() - 2 * EDGE_PX
        if self._sound is None or n < 1:
            return
        painter.setPen(QPen(_SOUND, 1))
        levels = self._sound.between(self.seen.from_s, self.seen.to_s, n)
        bottom = float(self.height() - self._readers_px())
        for k, level in enumerate(levels.tolist()):
            if level > 0:
                painter.drawLine(
                    QPointF(EDGE_PX + k, bottom),
                    QPointF(EDGE_PX + k, bottom * (1 - _SOUND_SHARE * level)),
                )

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


def lanes(rows: dict[str, FrameRange]) -> dict[str, int]:
    """Return a lane for each range by id, such that ranges in one lane share no frame."""
    ends: list[int] = []
    placed = {}
    for row, found in sorted(rows.items(), key=lambda item: item[1].first):
        lane = next((n for n, end in enumerate(ends) if end < found.first), len(ends))
        ends[lane : lane + 1] = [found.last]
        placed[row] = lane
    return placed
