"""Buttons of the tab Clip, which share its width and leave the keyboard to the canvas."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QSizePolicy


def set_up(button: QPushButton, tip: str) -> None:
    """Give a button its tip; it takes no key, for space must not press it again, and may be narrow."""
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
