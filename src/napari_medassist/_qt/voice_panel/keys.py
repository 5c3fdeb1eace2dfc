"""Keys of speaking: one that is held, and those that answer. They work wherever the focus is."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

#: Keys that may be held while one speaks; pedals send those from F13 on.
PUSH_KEYS = {f"F{n}": getattr(Qt.Key, f"Key_F{n}") for n in (9, 10, 12, *range(13, 25))}
_ANSWERS = {Qt.Key.Key_Y: 0, Qt.Key.Key_2: 1, Qt.Key.Key_N: None}
_WRITTEN_IN = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)


class VoiceKeys(QObject):
    """Watches the keys of windows, before whoever has the focus in them.

    Signals
    -------
    held
        Emits whether the key is held.
    answered
        Emits the place of the choice, or None for "no".

    Parameters
    ----------
    parent
        Whoever listens.
    is_asked
        Tells whether a question waits for an answer.
    """

    held = Signal(bool)
    answered = Signal(object)

    def __init__(self, parent: QObject, is_asked: Callable[[], bool]) -> None:
        super().__init__(parent)
        self._is_asked = is_asked
        self.push_key = "F9"
        self._is_held = False

    def watch(self, widget: QWidget) -> None:
        """Watch the window of a widget, which must be shown."""
        handle = widget.window().windowHandle()
        if handle is not None:
            handle.installEventFilter(self)  # once, however often it is asked for

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Take our keys before anyone else does."""
        kind = event.type()
        if kind == QEvent.Type.FocusOut:
            self._hold(held=False)  # the key goes up in another window
            return False
        is_key = kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if not is_key or not isinstance(event, QKeyEvent):
            return False
        if event.key() == PUSH_KEYS[self.push_key]:
            if not event.isAutoRepeat():
                self._hold(held=kind == QEvent.Type.KeyPress)
            return True
        is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        key = Qt.Key(event.key()) if is_plain and event.key() in set(_ANSWERS) else None
        if key is None or not self._is_asked() or _writes():
            return False
        if kind == QEvent.Type.KeyPress and not event.isAutoRepeat():
            self.answered.emit(_ANSWERS[key])
        return True

    def _hold(self, *, held: bool) -> None:
        if held is not self._is_held:
            self._is_held = held
            self.held.emit(held)


def _writes() -> bool:
    """Tell whether keys are written into a field."""
    widget = QApplication.focusWidget()
    is_list = isinstance(widget, QComboBox) and widget.isEditable()
    return is_list or isinstance(widget, _WRITTEN_IN)
