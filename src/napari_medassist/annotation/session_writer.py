"""Writes a session in a thread of its own: each finished step is on the disk a moment later."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.annotation.document import Document, Plain
from napari_medassist.annotation.journal import JournalFile, Record, begin_record
from napari_medassist.annotation.recovery import Recovered
from napari_medassist.annotation.session_file import (
    SessionFacts,
    Snapshot,
    journal_path,
    remove_other_generations,
    sync_folder,
    utc_now,
    with_saved,
    write_maps,
    write_session,
)
from napari_medassist.core.errors import MedAssistError

_RETRY_S = 1.0


@dataclass(frozen=True)
class SaveState:
    """How far the session is safe.

    Parameters
    ----------
    number
        Number of the last step on the disk.
    n_waiting
        How many steps wait to be written.
    saved_at
        When the last one was written (``time.monotonic``); None before the first.
    problem
        Why nothing can be written now; empty if it can.
    """

    number: int = 0
    n_waiting: int = 0
    saved_at: float | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class _Base:
    """The wish for a new snapshot."""

    document: Document
    number: int
    is_needed: bool


class SessionWriter:
    """Puts steps into the journal of a session's folder, in order, and writes snapshots.

    Nothing here waits for the disk but :meth:`flush` and :meth:`close`. What cannot be written is kept
    in memory and tried again each second.

    Parameters
    ----------
    folder
        The session's folder; made if it is not there.
    facts
        What is known of the session.
    on_saved
        Called in the writer's thread with the number of the last step that is safe.
    """

    def __init__(
        self,
        folder: Path,
        facts: SessionFacts,
        on_saved: Callable[[int], None] | None = None,
    ) -> None:
        self.folder = folder
        self._facts, self._on_saved = facts, on_saved
        self._generation, self._number = 0, 0
        self._journal: JournalFile | None = None
        self._damaged: Path | None = None
        self._queue: list[Record | _Base] = []
        self._state = SaveState()
        self._is_closing = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="session writer", daemon=True)

    # ---------------------------------------------------------------- beginning

    def begin(self, document: Document) -> None:
        """Begin a new session with what there is before its first step.

        Parameters
        ----------
        document
            Nobody may change it any more.
        """
        self._queue.append(_Base(document, 0, is_needed=True))
        self._thread.start()

    def go_on(self, found: Recovered, document: Document) -> None:
        """Go on with a session that was brought back.

        Parameters
        ----------
        found
            What :func:`recover` returned.
        document
            A copy of its document, which nobody may change any more; it becomes a new snapshot if the
            journal is damaged. The damaged journal is kept under another name.
        """
        self._generation, self._number = found.generation, found.number
        self._state = SaveState(found.number)
        path = journal_path(self.folder, found.generation)
        if found.is_whole and path.exists():
            self._journal = JournalFile.go_on(path, found.n_journal_bytes)
        else:
            self._damaged = path if path.exists() else None
            self._queue.append(_Base(document, found.number, is_needed=True))
        self._thread.start()

    # ---------------------------------------------------------------- what is written

    @property
    def state(self) -> SaveState:
        """How far the session is safe; may be asked from any thread."""
        with self._news:
            n_waiting = sum(isinstance(item, Record) for item in self._queue)
            s = self._state
            return SaveState(s.number, n_waiting, s.saved_at, s.problem)

    @property
    def n_journal_bytes(self) -> int:
        """Size of the journal."""
        journal = self._journal
        return 0 if journal is None else journal.n_bytes

    @property
    def number(self) -> int:
        """Number of the last step that was handed over."""
        return self._number

    def add(self, kind: str, header: Mapping[str, Plain], payload: bytes = b"") -> int:
        """Hand over a record; return its number. It is written soon, after all before it."""
        with self._news:
            self._number += 1
            stamped = {**header, "time": utc_now()}
            self._queue.append(Record(self._number, kind, stamped, payload))
            self._news.notify_all()
            return self._number

    def compact(self, document: Document) -> None:
        """Write a new snapshot, after which the journal begins anew.

        Parameters
        ----------
        document
            A copy of the document after the last step that was added; nobody may change it any more.
        """
        with self._news:
            self._queue.append(_Base(document, self._number, is_needed=False))
            self._news.notify_all()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all is written; tell whether it is."""
        with self._news:
            return self._news.wait_for(lambda: not self._queue, timeout_s)

    def close(self, timeout_s: float = 10.0) -> bool:
        """Write what waits, then stop; tell whether all was written."""
        written = self.flush(timeout_s)
        with self._news:
            self._is_closing = True
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._journal is not None:
            self._journal.close()
        return written

    # ---------------------------------------------------------------- the thread

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._queue or self._is_closing)
                if self._is_closing:
                    return
                items = list(self._queue)
            try:
                n_written = self._write_first(items)
                problem = ""
            except Exception as error:  # noqa: BLE001 - a writer that ends without a word loses work
                n_written, problem = 0, _in_words(error)
            self._tell(n_written, items, problem)

    def _tell(self, n_written: int, items: list[Record | _Base], problem: str) -> None:
        numbers = [item.number for item in items[:n_written]]
        with self._news:
            del self._queue[:n_written]
            number = max([self._state.number, *numbers])
            saved_at = time.monotonic() if n_written else self._state.saved_at
            self._state = SaveState(number, 0, saved_at, problem)
            self._news.notify_all()
            if problem and not self._is_closing:
                self._news.wait(_RETRY_S)
        if n_written and self._on_saved is not None:
            self._on_saved(number)

    def _write_first(self, items: list[Record | _Base]) -> int:
        """Write the records up to the next snapshot, or a snapshot; return how many items it was."""
        first = items[0]
        if isinstance(first, _Base):
            self._write_snapshot(first)
            return 1
        records: list[Record] = []
        for item in items:
            if isinstance(item, _Base):
                break
            records.append(item)
        if self._journal is None:
            raise MedAssistError("The session has not begun.")
        self._journal.append(records)
        for record in records:
            if record.kind == "saved":
                self._facts = with_saved(self._facts, record.header)
        return len(records)

    def _write_snapshot(self, base: _Base) -> None:
        """Write a new generation beside the one that counts, then let it count."""
        generation = self._generation + 1
        journal: JournalFile | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder.parent)
            maps = write_maps(self.folder, generation, base.document)
            begin = begin_record(base.number, self._facts.session, generation)
            journal = JournalFile.create(journal_path(self.folder, generation), begin)
            snapshot = Snapshot(self._facts, generation, base.number, utc_now(), base.document)
            self._keep_damaged()
            write_session(self.folder, snapshot, maps)
        except Exception:
            if journal is not None:
                journal.close()
            with suppress(OSError):
                remove_other_generations(self.folder, self._generation)
            if base.is_needed:
                raise
            return  # the generation before goes on; a fuller disk is told of at the next step
        if self._journal is not None:
            self._journal.close()
        self._journal, self._generation = journal, generation
        with suppress(OSError):
            remove_other_generations(self.folder, generation)

    def _keep_damaged(self) -> None:
        """Give a damaged journal another name beside its own, under which nothing removes it."""
        if self._damaged is None:
            return
        kept = self.folder / f"damaged-{utc_now().replace(':', '')}-{self._damaged.name}"
        try:
            os.link(self._damaged, kept)
        except OSError:  # a disk without links
            shutil.copy2(self._damaged, kept)
        self._damaged = None


def _in_words(error: Exception) -> str:
    if isinstance(error, MedAssistError):
        return error.message
    return (error.strerror if isinstance(error, OSError) else None) or repr(error)
