"""Tells the timer of input, and whether the window is in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from qtpy.QtCore import QEvent, QObject, QTimer, Signal
from qtpy.QtWidgets import QApplication, QWidget

from napari_medassist.app.reading.clock import ActiveTimer

_EVERY_MS = 1000
_INPUT = (
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseButtonRelease,
    QEvent.Type.Wheel,
    QEvent.Type.KeyPress,
    QEvent.Type.TabletMove,
    QEvent.Type.TouchUpdate,
)


class Activity(QObject):
    """Listens to a window: to what comes into it as a whole, before any widget of it gets it.

    Signals
    -------
    ticked
        Once a second.
    closing
        The window is about to close.

    Parameters
    ----------
    timer
        What is told.
    widget
        A widget of the window; it may come into the window later.
    """

    ticked = Signal()
    closing = Signal()

    def __init__(self, timer: ActiveTimer, widget: QWidget) -> None:
        super().__init__(widget)
        self._timer, self._widget = timer, widget
        # Weak: what a window holds must not hold the window.
        self._listened: Callable[[], Any] = lambda: None
        self._window: Callable[[], QWidget | None] = lambda: None
        self._clock = QTimer(self)
        self._clock.setInterval(_EVERY_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Tell the timer of input; keep nothing from the window."""
        if event.type() in _INPUT:
            self._timer.touch()
        elif event.type() == QEvent.Type.Close and watched is self._window():
            self.closing.emit()
        return False

    def _tick(self) -> None:
        self._listen()
        self._timer.set_in_front(is_in_front(self._widget.window()))
        self.ticked.emit()

    def _listen(self) -> None:
        """Listen to the window that the widget is in now: docks come and go."""
        window = self._widget.window()
        if window is not self._window():
            window.installEventFilter(self)
            self._window = ref(window)
        handle = window.windowHandle()
        if handle is not None and handle is not self._listened():
            handle.installEventFilter(self)
            self._listened = ref(handle)


def is_in_front(window: QWidget) -> bool:
    """Tell whether a window, or a dialog of it, is the one that gets the keys."""
    active: QWidget | None = QApplication.activeWindow()
    while active is not None and active is not window:
        parent = active.parentWidget()
        active = None if parent is None else parent.window()
    return active is window
