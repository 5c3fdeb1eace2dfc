"""What was heard, large at the mouse, for a moment; the mouse goes through it."""

from __future__ import annotations

from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QLabel, QWidget

from napari_medassist.app.voicing.conversation import Reply, Result

_COLOURS = {
    Result.DONE: "#5fd38d",
    Result.NOTED: "#5fd38d",
    Result.ASKED: "#ffd24d",
    Result.FAILED: "#ff8080",
    Result.IGNORED: "#a8a8a8",
}
#: How long it stays; a question stays until it is answered.
_STAYS_MS = {Result.DONE: 2500, Result.NOTED: 4000, Result.FAILED: 6000, Result.IGNORED: 1200}
_OFF_PX = QPoint(18, 18)
_WIDEST_PX = 460


class Bubble(QLabel):
    """A label over the window, beside the mouse.

    Parameters
    ----------
    window
        The window.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("medassist_bubble")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)

    def show_reply(self, reply: Reply, heard: str, confidence: float) -> None:
        """Show what was done or asked, and below it what was heard and how surely."""
        lines = [reply.text]
        if heard and reply.result is not Result.IGNORED:
            lines.append(f"\u201c{heard}\u201d {in_percent(confidence)}")
        if reply.choices:
            lines.append(keys_in_words(len(reply.choices)))
        self.show_text("\n".join(line for line in lines if line), reply.result)

    def show_text(self, text: str, result: Result) -> None:
        """Show a text in the colour of a result."""
        if not text:
            self.hide()
            return
        self.setStyleSheet(
            f"background: rgba(20, 22, 26, 225); color: {_COLOURS[result]}; border-radius: 6px; "
            "padding: 6px 10px; font-size: 15pt;"
        )
        self.setText(text)
        self.setMaximumWidth(_WIDEST_PX)
        self.adjustSize()
        self.move(self._place())
        self.raise_()
        self.show()
        self._timer.stop()
        if result in _STAYS_MS:
            self._timer.start(_STAYS_MS[result])

    def _place(self) -> QPoint:
        """Return a place beside the mouse that lies within the window."""
        window = self.parentWidget()
        if window is None:
            return QPoint()
        place = window.mapFromGlobal(QCursor.pos()) + _OFF_PX
        if not window.rect().contains(place):
            place = window.rect().center()
        x = min(place.x(), window.width() - self.width() - 4)
        y = min(place.y(), window.height() - self.height() - 4)
        return QPoint(max(x, 4), max(y, 4))


def in_percent(confidence: float) -> str:
    """Return a confidence in percent; nothing is certain."""
    return f"{min(confidence, 0.99):.0%}"


def keys_in_words(n_choices: int) -> str:
    """Return which keys answer a question."""
    other = ", 2: the other one" if n_choices > 1 else ""
    return f"Y or \u201cyes\u201d{other}, N or \u201cno\u201d"
