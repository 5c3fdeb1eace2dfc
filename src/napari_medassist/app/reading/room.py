"""The reading room: a worklist, its reader, the case that is read, and the time it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_medassist.app.browser.work import Requests, Work
from napari_medassist.app.reading.clock import ActiveTimer
from napari_medassist.app.reading.entries import Entry, Status
from napari_medassist.app.reading.listing import READINGS_FOLDER
from napari_medassist.app.reading.opened_reading import CaseFiles, OpenedReading
from napari_medassist.app.reading.readings import Reading, Readings
from napari_medassist.app.reading.worklist import Worklist, open_worklist
from napari_medassist.core.case import Case
from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.core.labels import LabelMap

#: Megabytes of voxels that are held, the case that is open among them.
BUDGET_MB = 1024.0


@dataclass
class _Open:
    """The case that is read."""

    name: str
    before: Entry
    findings: Mapping[str, Any] = field(default_factory=dict)


class ReadingRoom:
    """Carries a reader through a worklist. Use from the thread of the window.

    Signals
    -------
    worklist_changed
        Emits the worklist that is open, or None.
    rows_changed
        Entries or problems of the list have changed.
    opened
        Emits the case that comes into the window (:class:`OpenedReading`).
    leaving
        Another case, or none, is about to take the place of what is shown.
    closed
        The case that was read is closed.

    Parameters
    ----------
    reader
        Name of the reader; empty if it is not known yet.
    clock
        Returns seconds; for the timer.
    budget_mb
        Megabytes of voxels that are held.

    Attributes
    ----------
    may_leave
        Asked when another case has been read and is about to take the place of the open one: saves what
        was drawn meanwhile; False lets the open one stay.
    findings_source
        Returns the findings of the open case by id, plain values; None if nobody keeps findings.
    """

    worklist_changed = Signal(object)
    rows_changed = Signal()
    opened = Signal(object)
    leaving = Signal()
    closed = Signal()

    def __init__(
        self,
        reader: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
        budget_mb: float = BUDGET_MB,
    ) -> None:
        self.timer = ActiveTimer(clock)
        self.worklist: Worklist | None = None
        self._reader = reader
        self._open: _Open | None = None
        self._problems: dict[str, str] = {}
        self._files = CaseFiles(budget_mb)
        self._opening, self._ahead = Requests(), Requests()
        self.may_leave: Callable[[], bool] = lambda: True
        self.findings_source: Callable[[], Mapping[str, Any]] | None = None

    # ---------------------------------------------------------------- reader and list

    @property
    def reader(self) -> str:
        """Name of the reader; empty if it is not known."""
        return self._reader

    def set_reader(self, name: str) -> None:
        """Let somebody read; raises ``InvalidSetting`` while a case of another reader is open."""
        name = " ".join(name.split())
        if name == self._reader:
            return
        if self._open is not None and self._reader:
            raise InvalidSetting(
                f"'{self._open.name}' is being read by {self._reader}.",
                cure="Finish or leave the case first.",
            )
        self._reader = name
        self.rows_changed.emit()

    def open_worklist(
        self, place: Path, path: Path | None = None, *, blinded: bool = False
    ) -> Work[Worklist]:
        """Return the work of opening a worklist, or the cases of a folder or table as one.

        See :func:`~napari_medassist.app.reading.worklist.open_worklist`.
        """
        return self._opening.start(
            f"Worklist of {place.name}",
            lambda _progress: open_worklist(place, path, blinded=blinded),
            self.set_worklist,
        )

    def set_worklist(self, worklist: Worklist | None) -> None:
        """Read another list; the open case must have been left."""
        self._ahead.overtake()
        self._open, self.worklist = None, worklist
        self._problems.clear()
        self._files.forget()
        self.worklist_changed.emit(worklist)

    @property
    def required_worklist(self) -> Worklist:
        """The worklist; raises ``InvalidSetting`` if none is open."""
        if self.worklist is None:
            raise InvalidSetting("No worklist is open.", cure="Open a folder, a table or a worklist.")
        return self.worklist

    @property
    def readings(self) -> Readings:
        """The readings beside the worklist."""
        return Readings(self.required_worklist.folder / READINGS_FOLDER)

    @property
    def current(self) -> str | None:
        """The case that is being read."""
        return None if self._open is None else self._open.name

    def entry(self, case: str) -> Entry:
        """Return the reader's entry of a case, with the time that runs."""
        entry = self.required_worklist.entry(case, self._reader)
        return replace(entry, active_s=self.timer.seconds) if case == self.current else entry

    def problem(self, case: str) -> str:
        """Return why a case could not be read; empty if it could, or was not opened yet."""
        return self._problems.get(case, "")

    def reload(self) -> None:
        """Take over what other readers wrote; raises ``FileProblem`` if the file cannot be read."""
        if self.required_worklist.reload():
            self.rows_changed.emit()

    # ---------------------------------------------------------------- opening

    def open_case(self, name: str) -> Work[OpenedReading]:
        """Return the work of opening a case; :attr:`opened` tells when it is there.

        Raises
        ------
        InvalidSetting
            If there is no worklist, or the reader is not known.
        """
        worklist = self.required_worklist
        if not self._reader:
            raise InvalidSetting("Who reads?", cure="Give the reader's name in the Worklist tab.")
        listed = worklist.case(name)
        if name in self._problems:  # the file may have come back
            self._files.forget(name)
        self._ahead.overtake()
        reader, readings = self._reader, self.readings
        return self._opening.start(
            f"Opening {name}",
            lambda progress: self._files.open(listed, reader, readings, progress),
            self._take,
        )

    def preload(self) -> Work[None] | None:
        """Return the work of reading the next case ahead; None if there is none."""
        name = self.next_case()
        if name is None or self.worklist is None or not self._files.has_room:
            return None
        listed = self.worklist.case(name)
        return self._ahead.start(
            f"Reading {name} ahead",
            lambda progress: self._files.read_ahead(listed, progress),
            lambda _: None,
        )

    def is_loaded(self, name: str) -> bool:
        """Tell whether a case would open without reading its images."""
        return self._files.holds(name)

    def next_case(self) -> str | None:
        """Return the next case that waits for the reader; None if all are done or cannot be read."""
        if self.worklist is None:
            return None
        return self.worklist.next_case(self.current, self._reader, frozenset(self._problems))

    def _take(self, opened: OpenedReading) -> None:
        if opened.case is None:
            self._problems[opened.name] = opened.problem
            self.rows_changed.emit()
            self.opened.emit(opened)
            return
        if not self.prepare_leaving():
            return
        self._problems.pop(opened.name, None)
        worklist = self.required_worklist
        before = worklist.entry(opened.name, self._reader)
        findings = {} if opened.own is None else opened.own.findings
        self._open = _Open(opened.name, before, findings)
        self.timer.start(before.active_s)
        self.opened.emit(opened)
        if before.status is Status.OPEN:
            self._write(opened.name, status=Status.IN_PROGRESS)
        self.rows_changed.emit()

    # ---------------------------------------------------------------- what is made of it

    def keep(
        self,
        maps: tuple[LabelMap, ...],
        findings: Mapping[str, Any] | None = None,
        status: Status | None = None,
    ) -> None:
        """Save the reader's label maps of the open case, then its status and time.

        Parameters
        ----------
        maps
            The label maps; their arrays must not change meanwhile.
        findings
            Findings by id; None keeps those that were there.
        status
            The new status; None leaves it.

        Raises
        ------
        FileProblem
            If something could not be written. The case stays open; the status is set only when the
            label maps are saved.
        """
        self.keep_maps(maps, findings)
        self.set_status(status)

    def keep_maps(self, maps: tuple[LabelMap, ...], findings: Mapping[str, Any] | None = None) -> None:
        """Save the label maps only; touches no signal, so that it may run in another thread."""
        reading = self._required_open()
        kept = reading.findings if findings is None else findings
        self.readings.save(Reading(reading.name, self._reader, maps, kept))
        reading.findings = kept

    def findings_now(self) -> Mapping[str, Any] | None:
        """Return the findings of the open case; None where nobody keeps any."""
        return None if self.findings_source is None else dict(self.findings_source())

    def set_status(self, status: Status | None) -> None:
        """Write the time, and the status if one is given; raises ``FileProblem`` if that fails."""
        reading = self._required_open()
        fields: dict[str, Any] = {} if status is None else {"status": status}
        self._write(reading.name, active_s=self.timer.seconds, **fields)

    def set_notes(self, case: str, notes: str) -> None:
        """Write the reader's notes on a case; raises ``FileProblem`` if that fails."""
        if notes != self.required_worklist.entry(case, self._reader).notes:
            self._write(case, notes=notes)

    def set_status_of(self, case: str, status: Status) -> None:
        """Write the status of a case that need not be open; raises ``FileProblem`` if that fails."""
        self._write(case, status=status)

    def prepare_leaving(self) -> bool:
        """Let everybody save and put away what belongs to the open case; tell whether it may go."""
        if self._open is not None and not self.may_leave():
            return False
        self.leaving.emit()
        return True

    def leave(self) -> None:
        """Close the open case, of which everything has been kept."""
        if self._open is None:
            return
        self.timer.stop()
        self._open = None
        self.closed.emit()
        self.rows_changed.emit()

    def _write(self, case: str, **fields: Any) -> None:
        try:
            self.required_worklist.change(case, self._reader, **fields)
        finally:
            self.rows_changed.emit()

    def _required_open(self) -> _Open:
        if self._open is None:
            raise InvalidSetting("No case of the worklist is open.", cure="Double-click one.")
        return self._open

    # ---------------------------------------------------------------- others

    def readers_of(self, case: str) -> tuple[str, ...]:
        """Return the readers whose reading of a case is done, as far as this reader may know."""
        worklist = self.required_worklist
        own = worklist.entry(case, self._reader)
        mine = (self._reader,) if own.status is Status.DONE else ()
        others = worklist.others(case, self._reader)
        return (*mine, *(name for name, entry in others.items() if entry.status is Status.DONE))

    def unblind(self, case: str) -> None:
        """Let the reader see the others' work on a case; written down, and not to be undone.

        Whoever adjudicates without having read the case needs this in a blinded list.
        """
        if not self.required_worklist.entry(case, self._reader).unblinded:
            self._write(case, unblinded=_now())

    def begin_seeing(self, case: str, *readers: str) -> None:
        """Write down that this reader sees the work of others on a case from now on.

        Raises
        ------
        InvalidSetting
            If this reader may not see it yet.
        """
        worklist = self.required_worklist
        if all(reader == self._reader for reader in readers):
            return
        if not worklist.may_see(case, self._reader):
            raise InvalidSetting(
                "The list is blinded.", cure="Other readings open when your own of the case is done."
            )
        if worklist.is_blinded:
            self.unblind(case)

    def read_of(self, case: str, reader: str, images: Case | None) -> Reading:
        """Return another reader's reading of a case.

        Raises
        ------
        FileProblem
            If there is none, or it cannot be read.
        InvalidSetting
            If this reader may not see it yet.
        """
        self.begin_seeing(case, reader)
        reading = self.readings.load(case, reader, images)
        if reading is None:
            raise FileProblem(f"{reader} has saved nothing of '{case}'.", path=self.readings.folder)
        return reading


def _now() -> str:
    return datetime.now(UTC).isoformat()
