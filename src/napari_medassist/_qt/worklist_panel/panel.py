"""The tab "Worklist": who reads, what is to be read, and the way from case to case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import ref

from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.threads import Runner, run_with_dialog
from napari_medassist._qt.worklist_panel.activity import Activity
from napari_medassist._qt.worklist_panel.buttons import act_button
from napari_medassist._qt.worklist_panel.layers import ReadingLayers
from napari_medassist._qt.worklist_panel.places import ask_folder, ask_list, ask_other_place
from napari_medassist._qt.worklist_panel.table import (
    NOTES,
    OTHERS,
    WorklistTable,
    fit_columns,
    worklist_view,
)
from napari_medassist.app.acts import Act
from napari_medassist.app.browser.marks import user_name
from napari_medassist.app.reading.clock import in_words
from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.opened_reading import OpenedReading
from napari_medassist.app.reading.room import ReadingRoom
from napari_medassist.app.reading.worklist import Worklist
from napari_medassist.app.settings import Settings
from napari_medassist.core.errors import MedAssistError, WriteFailed

#: Keys in the viewer and what they do; napari and the other panels leave them free.
KEYS = {"F8": "done, next", "Shift-F8": "skip, next"}
#: The time is written now and then, so that a crash costs no more than this.
_WRITE_EVERY_TICKS = 60


class WorklistPanel(QWidget):
    """Lists the cases to be read and opens them one after the other.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    room
        The worklist and its reader.
    settings
        Where the reader's name is kept.
    """

    def __init__(self, bridge: Bridge, room: ReadingRoom, settings: Settings) -> None:
        super().__init__()
        self._bridge, self.room, self._settings = bridge, room, settings
        if not room.reader:
            room.set_reader(settings.reader)
        self._runner = Runner(self)
        self._layers = ReadingLayers(bridge)
        self._ticks = 0
        self._told = ""
        self.reader = QLabel()
        self.title = QLabel()
        self.message = QLabel()
        for label in (self.reader, self.title, self.message):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.blinded = QCheckBox("New lists are blinded")
        self.blinded.setToolTip(
            "In a blinded list nobody sees another reader's work on a case, nor that there is any, "
            "before the own reading of it is done. Holds for lists that are made from now on."
        )
        self.table = WorklistTable(room)
        self.view = worklist_view(self.table)
        self.buttons: dict[str, QPushButton] = {}
        self.places: dict[str, QPushButton] = {}
        self._activity = Activity(room.timer, self)
        self._lay_out()
        self._connect()
        self._show_list(room.worklist)

    # ---------------------------------------------------------------- acts

    @shows_errors
    def open_place(self, place: Path) -> None:
        """Open a worklist, or the cases of a folder or table as one."""
        self._keep_open()
        self.room.leave()
        try:
            self._open_list(place)
        except WriteFailed as error:
            self.tell(str(error))
            path = ask_other_place(self)
            if path is not None:
                self._open_list(place, path)

    def _open_list(self, place: Path, path: Path | None = None) -> None:
        work = self.room.open_worklist(place, path, blinded=self.blinded.isChecked())
        work.accept(run_with_dialog(work.title, work.run, self))

    @shows_errors
    def open_case(self, name: str) -> None:
        """Open a case; what was made of the one before is saved first."""
        if not self._has_reader() or not self._may_replace():
            return
        self._keep_open()
        self.tell(f"Opening {name}...")
        self._runner.start(self.room.open_case(name))

    def step(self, n: int) -> str:
        """Open the case so many rows further on, and say which; raises if there is none."""
        name = self.room.required_worklist.case_from(self.room.current, n)
        self.open_case(name)
        return f"Case {name}"

    @shows_errors
    def finish(self, status: Status = Status.DONE) -> None:
        """Save the open case as done (or skipped) and open the next one that waits."""
        current = self.room.current
        if current is None:
            self._open_next("")
            return
        self._keep(status)
        self._open_next(f"{current}: {status}.")

    @shows_errors
    def leave(self) -> None:
        """Save the open case and close it; it stays in progress."""
        if self.room.current is not None:
            self._keep_open()
            self._close()

    @shows_errors
    def ask_reader(self) -> None:
        """Ask who reads."""
        known = self.room.reader or self._settings.reader or user_name()
        name, is_given = QInputDialog.getText(self, "Reader", "Name of the reader:", text=known)
        if is_given and name.strip():
            self.set_reader(name)

    def set_reader(self, name: str) -> None:
        """Let somebody read, from now on and in windows to come."""
        self.room.set_reader(name)
        self._settings.reader = self.room.reader

    def tell(self, message: str) -> None:
        """Show a message in the panel's own line."""
        self.message.setText(message)

    def _has_reader(self) -> bool:
        if not self.room.reader:
            self.ask_reader()
        return bool(self.room.reader)

    def _may_replace(self) -> bool:
        """Ask before label maps that are no part of the worklist are closed."""
        if self.room.current is not None or not self._bridge.label_layers():
            return True
        question = "Close the open case? Label maps that you have not saved are lost."
        answer = QMessageBox.question(self, "Open a case of the worklist", question)
        return bool(answer == QMessageBox.StandardButton.Yes)

    def _keep_open(self) -> None:
        if self.room.current is not None:
            self._keep(None)

    def _keep(self, status: Status | None) -> None:
        maps, room = self._layers.maps(), self.room
        findings = room.findings_now()
        run_with_dialog(
            f"Saving {room.current}", lambda _progress: room.keep_maps(maps, findings), self
        )
        self._layers.mark_kept()
        room.set_status(status)

    def _may_leave(self) -> bool:
        """Save what was drawn while the next case was read; if that fails, the open case stays."""
        try:
            if not self._layers.is_kept():
                self.room.keep_maps(self._layers.maps(), self.room.findings_now())
                self._layers.mark_kept()
        except MedAssistError as error:
            self.tell(str(error))
            return False
        return True

    def _save_on_closing(self) -> None:
        """Save what the window would take with it; what cannot be saved is told."""
        if self.room.current is not None and self._may_leave():
            self._try(lambda: self.room.set_status(None))

    def _open_next(self, told: str) -> None:
        name = self.room.next_case()
        if name is None:
            self._close()
            self.tell(f"{told} No further case waits.")
        elif self._has_reader():
            self._told = told  # said again with the next case, or with why it is passed over
            self.tell(f"{told} Opening {name}...")
            self._runner.start(self.room.open_case(name))

    def _close(self) -> None:
        if not self.room.prepare_leaving():
            return
        self._layers.is_replacing = True
        self._bridge.close_case()
        self._layers.is_replacing = False
        self.room.leave()

    # ---------------------------------------------------------------- what happens

    def _show_opened(self, opened: OpenedReading) -> None:
        told, self._told = self._told, ""
        if opened.case is None:
            why = opened.problem.splitlines()[0]  # all of it is in the row's tip
            problem = f"{told} {opened.name} cannot be read: {why}".strip()
            self.tell(problem)
            if told:  # on the way to the next case
                self._open_next(problem)
            return
        self._layers.show(opened, self.room.reader)
        self.tell(told)
        self._select_row(opened.name)
        ahead = self.room.preload()
        if ahead is not None:
            self._runner.start(ahead)

    def _on_case_changed(self, case: object) -> None:
        """Stop the time when the case is closed elsewhere."""
        if case is None and self.room.current is not None and not self._layers.is_replacing:
            self._try(lambda: self.room.set_status(None))
            self.room.leave()

    def _on_tick(self) -> None:
        if self.room.current is None:
            return
        self._show_title()
        self.table.show_rows(self.room.current)
        self._ticks = (self._ticks + 1) % _WRITE_EVERY_TICKS
        if self._ticks == 0:
            self._try(lambda: self.room.set_status(None))

    def _write_notes(self, case: str, notes: str) -> None:
        if self._has_reader():
            self._try(lambda: self.room.set_notes(case, notes))

    def _try(self, act: Callable[[], None]) -> None:
        """Do something whose failure is told in the panel's line and stops nothing."""
        try:
            act()
        except MedAssistError as error:
            self.tell(str(error))

    # ---------------------------------------------------------------- what is shown

    def _show_list(self, worklist: Worklist | None) -> None:
        self.table.show_list()
        fit_columns(self.view)
        self.tell("" if worklist is None else "\n".join(worklist.warnings))
        self._show_rows()

    def _show_rows(self) -> None:
        self.table.show_rows()
        worklist, reader = self.room.worklist, self.room.reader
        has_others = worklist is not None and any(
            worklist.others(case.name, reader) for case in worklist.cases
        )
        self.view.setColumnHidden(OTHERS, not has_others)
        self._show_title()
        for button in self.buttons.values():
            button.setEnabled(worklist is not None)
        self.buttons["Close"].setEnabled(self.room.current is not None)

    def _show_title(self) -> None:
        worklist, reader = self.room.worklist, self.room.reader
        self.reader.setText(f"Reader: {reader or 'nobody yet'}")
        if worklist is None:
            self.title.setText("No worklist is open. Open a folder of cases, a table or a worklist.")
            return
        kind = ", blinded" if worklist.is_blinded else ""
        told = f"{worklist.path.name}{kind}: {worklist.n_done(reader)} of {len(worklist.cases)} done"
        if self.room.current is not None:
            state = "" if self.room.timer.is_running else " (standing still)"
            told += f"\n{self.room.current}: {in_words(self.room.timer.seconds)}{state}"
        self.title.setText(told)

    def _select_row(self, case: str) -> None:
        row = self.room.required_worklist.row_of(case)
        self.view.selectRow(row)
        self.view.scrollTo(self.table.index(row, 0))

    def _selected(self) -> str | None:
        index = self.view.currentIndex()
        return self.table.case_at(index.row()) if index.isValid() else None

    # ---------------------------------------------------------------- making

    def _on_double_click(self, index: QModelIndex) -> None:
        if index.column() != NOTES:
            self.open_case(self.table.case_at(index.row()))

    def _open_selected(self) -> None:
        name = self._selected() or self.room.next_case()
        if name is not None:
            self.open_case(name)

    def _choose_folder(self) -> None:
        if (place := ask_folder(self)) is not None:
            self.open_place(place)

    def _choose_list(self) -> None:
        if (place := ask_list(self)) is not None:
            self.open_place(place)

    @shows_errors
    def _reload(self) -> None:
        if self.room.worklist is not None:
            self.room.reload()

    def _lay_out(self) -> None:
        reader_row = QHBoxLayout()
        change = QPushButton("Change...")
        change.setToolTip("Let somebody else read")
        change.clicked.connect(lambda: self.ask_reader())
        reader_row.addWidget(self.reader, 1)
        reader_row.addWidget(change)
        places = QHBoxLayout()
        for text, tip, act in (
            ("Folder...", "Each folder or image in a folder is a case", self._choose_folder),
            ("List...", "A worklist, or a table with the columns case, path", self._choose_list),
            ("Reload", "Look what other readers have written", self._reload),
        ):
            self.places[text] = act_button(text, tip, act)
            places.addWidget(self.places[text])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(reader_row)
        layout.addLayout(places)
        layout.addWidget(self.blinded)
        layout.addWidget(self.title)
        layout.addWidget(self.view, 1)
        layout.addLayout(self._act_buttons())
        layout.addWidget(self.message)

    def _act_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        acts: tuple[tuple[str, str, Callable[[], Any]], ...] = (
            (
                "Open",
                "Open the selected case, else the next one",
                self._open_selected,
            ),
            ("Done, next", "Save, mark as done and open the next case. Key: F8", self.finish),
            (
                "Skip",
                "Save, mark as skipped and open the next case. Key: Shift-F8",
                lambda: self.finish(Status.SKIPPED),
            ),
            ("Close", "Save and close the case; it stays in progress", self.leave),
        )
        for place, (text, tip, act) in enumerate(acts):
            self.buttons[text] = act_button(text, tip, act)
            grid.addWidget(self.buttons[text], 0, place)
        return grid

    def _connect(self) -> None:
        self.room.worklist_changed.connect(self._show_list)
        self.room.rows_changed.connect(self._show_rows)
        self.room.opened.connect(self._show_opened)
        self._bridge.session.case_changed.connect(self._on_case_changed)
        self._activity.ticked.connect(self._on_tick)
        self._activity.closing.connect(self._save_on_closing)
        me = ref(self)  # the room lives as long as the table of bridges, which must hold no window
        self.room.findings_source = lambda: {} if (panel := me()) is None else panel._layers.findings()
        self.room.may_leave = lambda: (panel := me()) is None or panel._may_leave()
        self.table.notes_written.connect(self._write_notes)
        self.view.doubleClicked.connect(self._on_double_click)
        self._bridge.session.acts.offer(Act.STEP_CASES, self.step)
        acts = {"F8": self.finish, "Shift-F8": lambda: self.finish(Status.SKIPPED)}
        for key in KEYS:
            act = acts[key]
            self._bridge.viewer.bind_key(key, lambda _viewer, act=act: act(), overwrite=True)
