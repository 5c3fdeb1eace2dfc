"""A list of cases with the state of each reader's reading, in a file that several may write at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from napari_medassist.app.reading.entries import Entry, Status
from napari_medassist.app.reading.listing import ListedCase, Listing, listed
from napari_medassist.app.reading.worklist_file import ENDING, Entries, read_content, write_content
from napari_medassist.core.errors import FileProblem, InvalidSetting, UnknownItem
from napari_medassist.io.lock import locked


class Worklist:
    """The cases of a list and the entries of its readers.

    Each change is written at once: under a lock the file is read again, the one entry that changes is
    put in, and the file is replaced whole. An entry belongs to one reader, so two readers never
    overwrite each other. Use from one thread.

    Parameters
    ----------
    path
        The file; see :func:`open_worklist` and :func:`make_worklist`.

    Attributes
    ----------
    warnings
        What should be known of the list, in sentences.

    Raises
    ------
    FileProblem
        If the file cannot be read, is damaged, or was written by a newer version; it is not touched.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: tuple[str, ...] = ()
        self._unsaved: dict[tuple[str, str], Entry] = {}
        self._take(*read_content(path))

    def _take(self, content: Mapping[str, Any], entries: Entries) -> None:
        folder = self.path.parent
        self.is_blinded: bool = content["blinded"]
        self.cases = tuple(
            ListedCase(case["case"], tuple(folder / part for part in case["paths"]))
            for case in content["cases"]
        )
        self._rows = {case.name: row for row, case in enumerate(self.cases)}
        self._entries = entries
        for (name, reader), entry in self._unsaved.items():
            self._entries.setdefault(name, {})[reader] = entry

    # ---------------------------------------------------------------- what is there

    @property
    def folder(self) -> Path:
        """The folder that the file and the readings lie in."""
        return self.path.parent

    def case_from(self, case: str | None, n: int) -> str:
        """Return the name of the case so many rows after one (before, if negative); the first for None.

        Raises
        ------
        InvalidSetting
            If there is none.
        """
        row = 0 if case is None else self.row_of(case) + n
        if not 0 <= row < len(self.cases):
            raise InvalidSetting("This is the last case." if n > 0 else "This is the first case.")
        return self.cases[row].name

    def row_of(self, case: str) -> int:
        """Return the place of a case in the list; raises ``UnknownItem`` if it is not listed."""
        if case not in self._rows:
            raise UnknownItem(f"The worklist has no case '{case}'.")
        return self._rows[case]

    def case(self, name: str) -> ListedCase:
        """Return a case by its name; raises ``UnknownItem`` if it is not listed."""
        return self.cases[self.row_of(name)]

    def entry(self, case: str, reader: str) -> Entry:
        """Return a reader's own entry of a case; an open one if there is none."""
        return self._entries.get(case, {}).get(reader, Entry())

    def others(self, case: str, reader: str) -> dict[str, Entry]:
        """Return the other readers' entries of a case, as far as a reader may know of them.

        In a blinded list there are none until the reader's own reading of the case is done (or the
        reader has given up blinding for it).
        """
        if not self.may_see(case, reader):
            return {}
        return {
            other: entry
            for other, entry in sorted(self._entries.get(case, {}).items())
            if other != reader
        }

    def may_see(self, case: str, reader: str) -> bool:
        """Tell whether a reader may see what others made of a case."""
        own = self.entry(case, reader)
        return not self.is_blinded or own.status is Status.DONE or bool(own.unblinded)

    def n_done(self, reader: str) -> int:
        """Return how many cases a reader has done."""
        return sum(self.entry(case.name, reader).status is Status.DONE for case in self.cases)

    def readers_done(self) -> tuple[str, ...]:
        """Return the readers who have set a case to done, by name."""
        readers = {reader for entries in self._entries.values() for reader in entries}
        return tuple(sorted(reader for reader in readers if self.n_done(reader)))

    def next_case(self, after: str | None, reader: str, passed_over: frozenset[str]) -> str | None:
        """Return the next case that a reader has neither done nor skipped, beginning anew at the end.

        Parameters
        ----------
        after
            The case to begin after; None for the start of the list.
        reader
            Who reads.
        passed_over
            Cases not to be offered, those that cannot be read.
        """
        start = 0 if after is None else self.row_of(after) + 1
        turned = (*self.cases[start:], *self.cases[:start])
        waiting = (Status.OPEN, Status.IN_PROGRESS)
        for case in turned:
            is_waiting = self.entry(case.name, reader).status in waiting
            if is_waiting and case.name not in passed_over and case.name != after:
                return case.name
        return None

    @property
    def is_saved(self) -> bool:
        """Whether all changes stand in the file."""
        return not self._unsaved

    # ---------------------------------------------------------------- changes

    def change(self, case: str, reader: str, **fields: Any) -> Entry:
        """Change a reader's entry of a case and write the file; return the entry.

        Parameters
        ----------
        case, reader
            Whose reading of what.
        **fields
            Fields of :class:`Entry`; ``when`` is set to now.

        Raises
        ------
        FileProblem
            If the file cannot be read or written; the change is held and written with the next one.
        InvalidSetting
            If there is no reader's name.
        """
        self.row_of(case)
        if not reader.strip():
            raise InvalidSetting("Who reads? The worklist needs the name of the reader.")
        entry = replace(self.entry(case, reader), when=datetime.now(UTC).isoformat(), **fields)
        self._entries.setdefault(case, {})[reader] = self._unsaved[case, reader] = entry
        self.save()
        return entry

    def save(self) -> None:
        """Write what could not be written before; raises as :meth:`change` does."""
        with locked(self.path, "worklist"):
            content, entries = read_content(self.path)
            for (case, reader), entry in self._unsaved.items():
                known = content["readings"].setdefault(case, {})
                known[reader] = {**known.get(reader, {}), **entry.to_plain()}
                entries.setdefault(case, {})[reader] = entry
            write_content(self.path, content)
        self._unsaved.clear()
        self._take(content, entries)

    def reload(self) -> bool:
        """Take over what others wrote meanwhile; tell whether that changed anything.

        Raises
        ------
        FileProblem
            If the file cannot be read any more; what is known stays.
        """
        before = self._entries, self.cases
        self._take(*read_content(self.path))
        return before != (self._entries, self.cases)


def make_worklist(listing: Listing, path: Path, *, blinded: bool = False) -> Worklist:
    """Write a new worklist.

    Parameters
    ----------
    listing
        The cases.
    path
        The file, ``*.worklist.json``. Paths of cases are kept relative to it where they lie below it.
    blinded
        Whether readers see each other's work only when their own reading is done.

    Raises
    ------
    FileProblem
        If the file exists, or cannot be written.
    """
    cases = [
        {"case": case.name, "paths": [_kept_path(p, path.parent) for p in case.paths]}
        for case in listing.cases
    ]
    with locked(path, "worklist"):
        if path.exists():
            raise FileProblem(
                "This worklist exists already.", path=path, cure="Open it, or choose another name."
            )
        write_content(path, {"blinded": blinded, "cases": cases, "readings": {}})
    made = Worklist(path)
    made.warnings = listing.warnings
    return made


def open_worklist(place: Path, path: Path | None = None, *, blinded: bool = False) -> Worklist:
    """Open a worklist file; or that of a folder or table of cases, made if there is none yet.

    Parameters
    ----------
    place
        A worklist (``*.json``), a folder of cases, or a table; see
        :func:`~napari_medassist.app.reading.listing.listed`.
    path
        Where the worklist of a folder or table lies; by default in the folder, or beside the table.
    blinded
        Whether a list that is made is a blinded one; one that exists stays as it is.

    Raises
    ------
    FileProblem
        As :class:`Worklist`, :func:`make_worklist` and ``listed`` do.
    """
    place = place.expanduser()
    if place.suffix.lower() == ".json":
        return Worklist(place)
    path = path or default_path(place)
    if not path.exists():
        return make_worklist(listed(place), path, blinded=blinded)
    found, listing = Worklist(path), listed(place)
    known = {case.name for case in found.cases}
    new = sum(case.name not in known for case in listing.cases)
    if new:
        found.warnings = (f"{new} cases have come since the worklist was made; it is as it was.",)
    return found


def default_path(place: Path) -> Path:
    """Return where the worklist of a folder (in it) or of a table (beside it) lies."""
    if place.is_dir():
        return place / f"cases{ENDING}"
    return place.with_name(f"{place.stem}{ENDING}")


def table_of(worklist: Worklist, readers: Sequence[str] | None = None) -> list[dict[str, str]]:
    """Return a row for each case and reader, for a table file: all readers, blinded or not.

    Parameters
    ----------
    worklist
        The list.
    readers
        Whose entries; of everybody who has one by default.
    """
    entries = worklist._entries
    known = (
        sorted({reader for of_case in entries.values() for reader in of_case})
        if readers is None
        else list(readers)
    )
    return [
        {
            "case": case.name,
            "path": "|".join(map(str, case.paths)),
            "reader": reader,
            **{k: str(v) for k, v in worklist.entry(case.name, reader).to_plain().items()},
        }
        for case in worklist.cases
        for reader in known or [""]
    ]


def _kept_path(path: Path, folder: Path) -> str:
    """Return a path below a folder relative to it, any other one in full."""
    full, base = Path(os.path.abspath(path)), Path(os.path.abspath(folder))  # noqa: PTH100 - links stay
    return full.relative_to(base).as_posix() if full.is_relative_to(base) else str(full)
