"""One redraw for a move and its result: a redraw of the window costs more than to judge a case."""

from __future__ import annotations

import time
from weakref import ref

from qtpy.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QWidget

#: A result that takes longer is drawn by itself.
_MOST_MS = 30
#: From one closing to the next at least: between them what was held back is drawn in any case.
_EVERY_S = 0.06


class Curtain(QObject):
    """Holds the redraw of a window back for a moment.

    Qt draws the whole window anew for a single slider, and lets no other thread compute meanwhile: a
    result that would be there in a few milliseconds waits for that, and for a redraw of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: ref[QWidget] | None = None  # a closed window must be free to go
        self._is_closed = self._is_owed = False
        self._closed_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_MOST_MS)
        self._timer.timeout.connect(self.open)

    @property
    def _window(self) -> QWidget | None:
        return None if self._held is None else self._held()

    def hang_before(self, window: QWidget) -> None:
        """Hold the redraws of this window back from now on, in place of another."""
        if window is self._window:
            return
        self.open()
        if self._window is not None:
            self._window.removeEventFilter(self)
        self._held = ref(window)
        window.installEventFilter(self)
        window.destroyed.connect(self._forget)

    def close(self) -> None:
        """Hold redraws back until :meth:`open`, at most some 30 ms; no more than 16 times a second."""
        now = time.monotonic()
        if self._is_closed or self._window is None or now - self._closed_at < _EVERY_S:
            return
        self._is_closed, self._closed_at = True, now
        self._timer.start()

    def open(self) -> None:
        """Draw what was held back."""
        self._timer.stop()
        was_owed, self._is_closed, self._is_owed = self._is_owed, False, False
        if was_owed and self._window is not None:
            low = Qt.EventPriority.LowEventPriority.value  # Qt's own: what else happened comes first
            QCoreApplication.postEvent(self._window, QEvent(QEvent.Type.UpdateRequest), low)

    def eventFilter(self, _window: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Keep the request to redraw for later while the curtain is closed."""
        if not self._is_closed or event.type() != QEvent.Type.UpdateRequest:
            return False
        self._is_owed = True
        return True

    def _forget(self, _window: object = None) -> None:
        self._held, self._is_closed, self._is_owed = None, False, False
