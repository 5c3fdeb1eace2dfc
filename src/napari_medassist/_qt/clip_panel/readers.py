"""Other readers of the clip, compared with one's own ranges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.clip_panel.buttons import set_up
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.app.clips.readers import Readers, in_words, table_of
from napari_medassist.core.errors import InvalidSetting, MedAssistError


class ReadersBox(QWidget):
    """Takes the ranges of other readers and leads to where they differ from one's own.

    Signals
    -------
    told
        Emits what a user should know.
    sought
        Emits the frame to go to.
    changed
        The other readings are others now.

    Parameters
    ----------
    frame
        Returns the frame that is shown.
    """

    told = Signal(str)
    sought = Signal(int)
    changed = Signal()

    def __init__(self, frame: Callable[[], int | None]) -> None:
        super().__init__()
        self._frame = frame
        self._work: ClipLabelling | None = None
        self.readers: Readers | None = None
        self.add, self.next, self.save, self.forget = (
            QPushButton(text) for text in ("Add reader", "Difference", "Save table", "Without")
        )
        self.lines = QLabel()
        self.lines.setWordWrap(True)
        self._lay_out()
        self.show_clip(None)

    def show_clip(self, work: ClipLabelling | None) -> None:
        """Compare with these ranges from now on; None if no clip is open."""
        if self._work is not None:
            self._work.changed.disconnect(self._show)
        self._work, self.readers = work, None if work is None else Readers(work)
        if work is not None:
            work.changed.connect(self._show)
        self._show()
        self.changed.emit()

    def read(self, path: Path) -> None:
        """Put the ranges of a file beside one's own.

        Raises
        ------
        MedAssistError
            If they cannot be read, or belong to another clip.
        """
        readers = self._required()
        name = readers.read(path)
        self._show()
        self.changed.emit()
        self.told.emit(
            f"{len(readers.readings[name])} ranges of {name} are shown; yours are unchanged."
        )

    def go_on(self) -> None:
        """Go to the next difference after the frame that is shown.

        Raises
        ------
        InvalidSetting
            If there is none.
        """
        frame = self._frame()
        found = self._required().next_difference(-1 if frame is None else frame)
        if found is None:
            raise InvalidSetting("There is no difference.")
        self.sought.emit(found[0])
        self.told.emit(f"Frame {found[0]}: not as {', '.join(found[1])}.")

    def write(self, path: Path) -> None:
        """Write how far all readers agree with each other.

        Raises
        ------
        MedAssistError
            If there is no other reader, or the file cannot be written.
        """
        n_pairs, n_lines = self._required().write_agreement(path)
        pairs = "1 pair" if n_pairs == 1 else f"{n_pairs} pairs"
        self.told.emit(f"{path.name}: {pairs} of readers, {n_lines} lines.")

    def _forget(self) -> None:
        self._required().forget()
        self._show()
        self.changed.emit()

    def _required(self) -> Readers:
        if self.readers is None:
            raise InvalidSetting("No clip is open.")
        return self.readers

    def _show(self) -> None:
        found = {} if self.readers is None else self.readers.agreements()
        self.lines.setText("\n".join(in_words(name, of) for name, of in found.items()))
        self.lines.setToolTip("\n\n".join(f"{name}\n{table_of(of)}" for name, of in found.items()))
        self.lines.setVisible(bool(found))
        self.add.setEnabled(self.readers is not None)
        self.next.setEnabled(any(of.differences for of in found.values()))
        for button in (self.save, self.forget):
            button.setEnabled(bool(found))

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Ranges of another reader", "", "Ranges (*.csv *.json)"
        )
        if path:
            self._attempt(lambda: self.read(Path(path)))

    def _ask_where(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Agreement of readers", "agreement.csv", "Table (*.csv)"
        )
        if path:
            self._attempt(lambda: self.write(Path(path)))

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except MedAssistError as error:
            self.told.emit(str(error))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for button, act, tip in (
            (self.add, self._ask, "Show the ranges of another reader (CSV or JSON) beside yours"),
            (self.next, lambda: self._attempt(self.go_on), "Go to where a reader differs from you"),
            (self.save, self._ask_where, "Write seconds, Dice and kappa of each pair of readers (CSV)"),
            (self.forget, lambda: self._attempt(self._forget), "Show no other reader any more"),
        ):
            set_up(button, tip)
            button.clicked.connect(lambda _checked, act=act: act())
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.lines)
