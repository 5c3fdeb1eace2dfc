"""A line above the tabs: undo, redo, and whether the work is safe; and the question after a crash."""

from __future__ import annotations

from datetime import datetime

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QSizePolicy, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.messages import shows_errors
from napari_medassist.annotation.recovery import Recovered

_LOOK_EVERY_MS = 250
_PROBLEM_STYLE = "color: #ff8080; font-weight: bold;"


class SavingStrip(QWidget):
    """Buttons for the one history, how safe the work is, and the offer of earlier work.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._recorder, self._recording = bridge.recorder, bridge.recorder.recording
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.question: QMessageBox | None = None
        self._asked_about: Recovered | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        for widget, stretch in ((self.undo, 0), (self.redo, 0), (self.state, 1)):
            layout.addWidget(widget, stretch)
        self.undo.clicked.connect(lambda: self._recorder.undo())
        self.redo.clicked.connect(lambda: self._recorder.redo())
        self._recording.changed.connect(self._show)
        # The writer has a thread of its own: the line looks at it, it never calls the window.
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_EVERY_MS)
        self._clock.timeout.connect(self._show_saving)
        self._clock.start()
        self._show()

    # ---------------------------------------------------------------- what is shown

    def _show(self) -> None:
        history = self._recording.history
        for button, word, title, key in (
            (self.undo, "Undo", history.undo_title, "Ctrl+Z"),
            (self.redo, "Redo", history.redo_title, "Ctrl+Shift+Z"),
        ):
            button.setEnabled(bool(title))
            button.setToolTip(f"{word} {title} ({key})" if title else f"Nothing to {word.lower()}")
        forgotten = history.n_forgotten
        self.undo.setText("Undo")
        if forgotten:
            tip = f"{self.undo.toolTip()}\nThe oldest {forgotten} steps can no longer be taken back."
            self.undo.setToolTip(tip)
        self._show_saving()
        self._ask_later()

    def _show_saving(self) -> None:
        saving, title = self._recording.saving(), self._recording.history.undo_title
        not_recorded = self._recorder.not_recorded()
        words = " · ".join(part for part in (not_recorded, title, saving.text) if part)
        if words != self.state.text():
            self.state.setText(words)
            self.state.setToolTip(f"{words}\n{self._recording.folder}" if words else "")
        style = "" if saving.is_well and not not_recorded else _PROBLEM_STYLE
        if style != self.state.styleSheet():
            self.state.setStyleSheet(style)

    # ---------------------------------------------------------------- earlier work

    def _ask_later(self) -> None:
        waiting = self._recording.waiting
        if waiting is self._asked_about:
            return
        self._asked_about = waiting
        if self.question is not None:  # another case was opened meanwhile
            self.question.done(0)
            self.question = None
        if waiting is not None:
            QTimer.singleShot(0, self._ask)

    def _ask(self) -> None:
        found = self._recording.waiting
        if found is None or found is not self._asked_about or self.question is not None:
            return
        question = QMessageBox(self.window())
        question.setWindowTitle("MedAssist")
        question.setText("There is earlier work on this case.")
        question.setInformativeText(in_words(found))
        restore = question.addButton("Restore", QMessageBox.ButtonRole.AcceptRole)
        anew = question.addButton(
            "Start anew (keeps the old one)", QMessageBox.ButtonRole.DestructiveRole
        )
        question.setDefaultButton(restore)
        question.setEscapeButton(restore)
        restore.clicked.connect(lambda: self._answer(restores=True))
        anew.clicked.connect(lambda: self._answer(restores=False))
        # Else the window keeps each question. Its buttons do not hold the work either: they go later.
        question.finished.connect(question.deleteLater)
        self.question = question
        question.open()

    @shows_errors
    def _answer(self, *, restores: bool) -> None:
        self.question = None
        found = self._recording.waiting
        if found is None or found is not self._asked_about:
            return
        if restores:
            self._recorder.restore()
        else:
            self._recording.start_anew()


def in_words(found: Recovered) -> str:
    """Return what earlier work there is: when, how much, which label maps, and what is damaged."""
    document = found.history.document
    when = datetime.fromisoformat(found.last_time).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"Last step: {when}; {found.number} steps in all."]
    for about, voxels in ((document.about[key], v) for key, v in document.maps.items()):
        lines.append(f"- {about['name']}: {int((voxels != 0).sum()):,} voxels labelled")
    if document.findings:
        lines.append(f"- {len(document.findings)} findings")
    lines += [f"- saved to {entry['path']}" for entry in found.facts.saved]
    return "\n".join([*lines, *found.told])
