"""A line of a dialog for a file or a folder."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget


class PlaceRow(QWidget):
    """A line for a folder, a file or a pattern, with a button to look for it.

    Parameters
    ----------
    tip
        What is meant.
    filters
        Of a file: which ones are offered, as Qt writes it; empty for a folder.
    """

    def __init__(self, tip: str, *, filters: str = "") -> None:
        super().__init__()
        self.line = QLineEdit()
        self.line.setToolTip(tip)
        self._filters = filters
        self.look = QPushButton("...")
        self.look.setToolTip("Look for it")
        self.look.setFixedWidth(self.look.sizeHint().height() + 8)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self.look)
        self.look.clicked.connect(lambda: self._ask())

    @property
    def text(self) -> str:
        """What was written; empty for nothing."""
        return self.line.text().strip()

    def _ask(self) -> None:
        if self._filters:
            chosen, _ = QFileDialog.getOpenFileName(self, "A file", self.text, self._filters)
        else:
            chosen = QFileDialog.getExistingDirectory(self, "Folder", self.text)
        if chosen:
            self.line.setText(chosen)
