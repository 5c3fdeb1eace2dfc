"""Buttons of the tab "Worklist"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QPushButton


def act_button(text: str, tip: str, act: Callable[[], Any]) -> QPushButton:
    """Return a button that does something when it is clicked."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(lambda _checked=False: act())
    return button
