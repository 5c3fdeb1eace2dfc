"""The keys of the cohort dock. They work while it has the focus and take none from the canvas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLineEdit, QShortcut, QWidget

#: Keys in the dock, and what they do.
KEYS: Mapping[str, str] = {
    "N": "next error",
    "Shift+N": "previous error",
    "M": "cases with a missed lesion",
    "F": "cases with a false lesion",
    "H": "cases that hide errors",
    "/": "filter by text",
    "Esc": "show all cases",
}
#: Keys in the viewer, wherever the focus is in it: napari leaves these free.
VIEWER_KEYS: Mapping[str, str] = {
    "Control-Alt-N": "next error",
    "Control-Alt-B": "previous error",
}


def add_shortcuts(widget: QWidget, acts: Mapping[str, Callable[[], None]]) -> list[QShortcut]:
    """Bind keys to acts, while the widget or what is in it has the focus.

    A text field keeps its letters: there, only Esc is ours.

    Parameters
    ----------
    widget
        The dock.
    acts
        Key -> what to do, for keys of :data:`KEYS`.
    """
    made = []
    for key, act in acts.items():
        shortcut = QShortcut(QKeySequence(key), widget)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(_unless_typing(widget, key, act))
        made.append(shortcut)
    return made


def bind_viewer_keys(viewer: Any, acts: Mapping[str, Callable[[], None]]) -> None:
    """Bind keys of the viewer to acts, for keys of :data:`VIEWER_KEYS`."""
    for key, act in acts.items():

        def run(_viewer: Any, act: Callable[[], None] = act) -> None:
            act()

        viewer.bind_key(key, run, overwrite=True)


def _unless_typing(widget: QWidget, key: str, act: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        focused = widget.window().focusWidget()
        if key == "Esc" or not isinstance(focused, QLineEdit):
            act()

    return run
