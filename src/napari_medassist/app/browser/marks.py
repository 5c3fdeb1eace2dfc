"""What readers mark cases as, kept in a file that two programs may write at once."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.io.atomic import replacing
from napari_medassist.io.lock import locked

MARKS_FILE = "marks.json"

MarkKind = Literal["label_error", "ambiguous", "model_failure", "other"]
#: What each kind is called.
MARK_TITLES: Mapping[str, str] = {
    "label_error": "label error",
    "ambiguous": "ambiguous",
    "model_failure": "model failure",
    "other": "other",
}
_VERSION = 1


@dataclass(frozen=True)
class Mark:
    """What a reader says of a case.

    Parameters
    ----------
    kind
        ``label_error`` (the reference is wrong), ``ambiguous``, ``model_failure`` or ``other``.
    note
        Free text.
    when
        Time in UTC, ISO 8601.
    reader
        Who marked it.
    model
        The model whose case was looked at; empty if there is only one.
    """

    kind: MarkKind
    note: str = ""
    when: str = ""
    reader: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(MarkKind):
            raise InvalidSetting(f"A mark is one of {', '.join(MARK_TITLES)}; not '{self.kind}'.")

    @property
    def title(self) -> str:
        """What the kind is called, followed by the note."""
        title = MARK_TITLES[self.kind]
        return f"{title}: {' '.join(self.note.split())}" if self.note.strip() else title

    @classmethod
    def now(cls, kind: MarkKind, note: str = "", *, reader: str = "", model: str = "") -> Mark:
        """Return a mark made at this moment by the user of this computer, or by a named reader."""
        return cls(kind, note, datetime.now(UTC).isoformat(), reader or user_name(), model)


@dataclass(frozen=True)
class _Entry:
    """A mark, or that there is none any more, and since when."""

    when: str
    mark: Mark | None


@dataclass(frozen=True)
class MarkNews:
    """What a file of marks held when it was read."""

    entries: Mapping[str, _Entry]


class Marks:
    """The marks of a cohort, in a file.

    Each change is written at once: the file is read again, the newest entry of each case wins, and
    the file is replaced whole. A lock keeps two programs from doing so at the same moment. Use from
    one thread.

    Parameters
    ----------
    path
        The file; made at the first mark. None keeps the marks in memory only.

    Attributes
    ----------
    problem
        Why there are no marks although there is a file: it cannot be read, or is no file of marks; then
        it was set aside under another name. It is never overwritten.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.problem = ""
        self._entries: dict[str, _Entry] = {}
        try:
            self.reload()
        except FileProblem as error:
            self.problem = str(error)

    def __len__(self) -> int:
        """Return the number of marked cases."""
        return len(self.all())

    def get(self, case: str) -> Mark | None:
        """Return the mark of a case, or None."""
        entry = self._entries.get(case)
        return None if entry is None else entry.mark

    def all(self) -> dict[str, Mark]:
        """Return all marks by case."""
        return {case: entry.mark for case, entry in self._entries.items() if entry.mark is not None}

    def set(self, case: str, mark: Mark) -> None:
        """Mark a case and write the file; an earlier mark of it is replaced.

        Raises
        ------
        FileProblem
            If the file cannot be read or written; the mark is still held in memory.
        """
        self._change(case, _Entry(mark.when or _now(), mark))

    def remove(self, case: str) -> None:
        """Take the mark of a case away; raises as :meth:`set` does."""
        self._change(case, _Entry(_now(), None))

    def reload(self) -> None:
        """Take over what another program wrote meanwhile; raises ``FileProblem`` if that fails."""
        if self.path is not None:
            self._entries = _merged(self._entries, self._read(self.path))

    def read_news(self) -> MarkNews:
        """Read the file; may be called in any thread. Raises ``FileProblem`` if that fails."""
        return MarkNews({} if self.path is None else self._read(self.path))

    def take(self, news: MarkNews) -> bool:
        """Take over what was read; tell whether that changed anything."""
        before = self._entries
        self._entries = _merged(before, news.entries)
        return self._entries != before

    def _change(self, case: str, entry: _Entry) -> None:
        self._entries[case] = entry
        if self.path is None:
            return
        with locked(self.path, "marks"):
            self.reload()
            self._entries[case] = entry  # the user's hand counts, even if another clock goes fast
            _write(self.path, self._entries)

    def _read(self, path: Path) -> dict[str, _Entry]:
        try:
            return _parsed(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise FileProblem(
                f"The marks cannot be read ({error.strerror or error}).", path=path
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, InvalidSetting):
            aside = path.with_name(f"{path.stem}.broken-{time.time_ns()}{path.suffix}")
            path.rename(aside)
            self.problem = f"The file of marks could not be understood; it was kept as {aside.name}."
            return {}


def read_marks(path: Path) -> dict[str, Mark]:
    """Return the marks of a file, by case; none if there is no such file. Nothing is changed.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no file of marks.
    """
    try:
        entries = _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FileProblem(
            f"The marks cannot be read ({error.strerror or error}).", path=path
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSetting) as error:
        raise CorruptFile(
            "The file of marks could not be understood.", path=path, cure="Move it out of the folder."
        ) from error
    return {case: entry.mark for case, entry in entries.items() if entry.mark is not None}


def user_name() -> str:
    """Return the name under which the user is logged in; empty if the system does not tell."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _merged(first: Mapping[str, _Entry], second: Mapping[str, _Entry]) -> dict[str, _Entry]:
    """Return the newer entry of each case; of equal age, the second."""
    merged = dict(first)
    for case, entry in second.items():
        known = merged.get(case)
        if known is None or entry.when >= known.when:
            merged[case] = entry
    return merged


def _parsed(text: str) -> dict[str, _Entry]:
    content = json.loads(text)
    if content["version"] != _VERSION:
        raise ValueError("another version")
    return {
        str(case): _Entry(str(entry["when"]), None if entry["mark"] is None else Mark(**entry["mark"]))
        for case, entry in content["cases"].items()
    }


def _write(path: Path, entries: Mapping[str, _Entry]) -> None:
    content = {
        "version": _VERSION,
        "cases": {case: asdict(entry) for case, entry in sorted(entries.items())},
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
