"""What an annotator does to the open case: one history, and a journal of it on the disk."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from napari_medassist.annotation.action_bytes import to_plain
from napari_medassist.annotation.actions import Action, Together, parts_of
from napari_medassist.annotation.document import Document, Plain, Voxels
from napari_medassist.annotation.history import DEFAULT_LIMIT_BYTES, History
from napari_medassist.annotation.map_edit import MapEdit
from napari_medassist.annotation.recovery import Recovered, recover
from napari_medassist.annotation.session_file import SESSION_FILE, SessionFacts, copy_of, utc_now
from napari_medassist.annotation.session_lock import SessionLock, holder
from napari_medassist.annotation.session_writer import SessionWriter
from napari_medassist.annotation.voxel_edit import VoxelEdit
from napari_medassist.app.annotating.session_place import identities, place_of
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidSetting, MedAssistError

#: The journal is folded into a new snapshot when it is larger.
COMPACT_AT_BYTES = 32 * 1024**2
_CURRENT = "current"
#: Stands for what no label map file holds: findings, ranges and other tables.
_NO_MAP = ""
#: A window that closes waits so long for a disk that is slow or full.
_CLOSE_S = 5.0


@dataclass(frozen=True)
class Saving:
    """How safe the work is, for a line of text.

    Parameters
    ----------
    text
        In a few words; empty if nothing was done yet.
    is_well
        False if something is not safe on the disk and will not be soon.
    """

    text: str
    is_well: bool = True


class Recording:
    """Edits of the open case, in one history; each is written down as it is made. Use from one thread.

    Nothing is written before the first edit: to look at a case leaves no trace.

    Signals
    -------
    changed
        Something was done, undone, redone or told, or a case was opened or closed.
    applied
        Emits the action that undo, redo or :meth:`do` has applied to the document.

    Parameters
    ----------
    home
        Folder of all sessions; by default what ``session_place.sessions_folder`` returns.
    limit_bytes
        Bound of the history in memory.

    Attributes
    ----------
    reader
        Whose sessions those of the next cases are; empty where cases are not read by name.
    """

    changed = Signal()
    applied = Signal(object)

    def __init__(self, home: Path | None = None, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._home, self._limit = home, limit_bytes
        self.history = History(Document(), limit_bytes)
        self.case: Case | None = None
        self.waiting: Recovered | None = None
        self.reader = ""
        self.read_only = ""
        self.told: tuple[str, ...] = ()
        self._place = Path()
        self._lock: SessionLock | None = None
        self._writer: SessionWriter | None = None
        self._pending: list[tuple[str, Action]] = []
        self._problem = ""
        self._kept_at: int | None = None
        self._unsaved: set[str] = set()

    @property
    def document(self) -> Document:
        """What has been annotated."""
        return self.history.document

    @property
    def folder(self) -> Path:
        """Where the session of the open case lies, or will."""
        return self._place / _CURRENT

    @property
    def has_begun(self) -> bool:
        """Whether something was done to the open case."""
        return self._writer is not None or bool(self._pending)

    # ---------------------------------------------------------------- a case comes and goes

    def open(self, case: Case) -> None:
        """Begin with a case; :attr:`waiting` then holds earlier work on it."""
        self.close()
        self.case = case
        self._place = place_of(case, self._home, self.reader)
        if self._place.is_dir() and self._may_write() and (self.folder / SESSION_FILE).exists():
            self._look_for_work()
        self.changed.emit()

    def close(self) -> bool:
        """Write what waits, and forget the case; tell whether all was written."""
        written = self._writer is None or self._writer.close(_CLOSE_S)
        if written and self._writer is not None and self._writer.number == self._kept_at:
            self._put_aside()
        if self._lock is not None:
            self._lock.give_back()
        self.history = History(Document(), self._limit)
        self.case, self.waiting, self._lock, self._writer = None, None, None, None
        self.read_only, self.told, self._problem, self._pending = "", (), "", []
        self._kept_at, self._unsaved = None, set()
        self.changed.emit()
        return written

    def __del__(self) -> None:
        """Stop the writer of a window that is gone without closing its case.

        Nobody is told: this may run in any thread, and what listened may be half gone.
        """
        writer, lock = getattr(self, "_writer", None), getattr(self, "_lock", None)
        if writer is not None:
            writer.close(_CLOSE_S)
        if lock is not None:
            lock.give_back()

    def know(self, key: str, about: Mapping[str, Plain], voxels: Voxels) -> None:
        """Tell of a label map that is there: its array, which is changed in place from now on."""
        self.document.maps[key] = voxels
        self.document.about[key] = dict(about)

    def know_findings(self, findings: Mapping[str, Mapping[str, Plain]]) -> None:
        """Tell of findings that are there already, from elsewhere; this is no step."""
        self.document.findings.update({key: dict(plain) for key, plain in findings.items()})
        self.changed.emit()

    def note_kept(self) -> None:
        """Say that all that was done is safe elsewhere.

        Unless more is done, the session is put aside when the case is closed, and not offered again.
        """
        self._kept_at = None if self._writer is None else self._writer.number

    def restore(self) -> Recovered:
        """Take the earlier work up again; whoever shows label maps then shows those of the document.

        Raises
        ------
        InvalidSetting
            If there is none.
        """
        found = self.waiting
        if found is None or self._writer is not None:
            raise InvalidSetting("There is no earlier work to restore.")
        self.waiting, self.told = None, found.told
        self.history = found.history
        self._unsaved = {*found.history.document.maps, _NO_MAP}
        self._writer = SessionWriter(self.folder, found.facts)
        self._writer.go_on(found, copy_of(found.history.document))
        self.changed.emit()
        return found

    def start_anew(self) -> Path | None:
        """Put the earlier work aside; return where it is kept."""
        self.waiting = None
        kept = self._put_aside()
        self.changed.emit()
        return kept

    def _put_aside(self) -> Path | None:
        if not self.folder.is_dir():
            return None
        kept = self._place / f"kept-{utc_now().replace(':', '').replace('+0000', 'Z')}"
        self.folder.rename(kept)
        return kept

    # ---------------------------------------------------------------- edits

    def do(self, action: Action) -> None:
        """Apply an action to the document, and record it.

        Raises
        ------
        InvalidSetting
            If it does not fit, cannot be written, or the case is read-only.
        """
        if self.read_only:
            raise InvalidSetting(self.read_only)
        _require_writable(action)
        action.apply_to(self.document)
        self.record(action)
        self.applied.emit(action)

    def record(self, action: Action) -> None:
        """Record an action that the caller has applied to the document, or is just applying."""
        self.history.record(action)
        self._unsaved |= _touched(action)
        self._write("step", action)
        self.changed.emit()

    def undo(self) -> Action | None:
        """Take the last step back, whatever it was; return the action that did so, or None.

        Raises
        ------
        InvalidSetting
            If the document was changed by something that did not tell.
        """
        return self._applied("undo", self.history.undo())

    def redo(self) -> Action | None:
        """Do the step again that was taken back last; as :meth:`undo`."""
        return self._applied("redo", self.history.redo())

    def _applied(self, kind: str, action: Action | None) -> Action | None:
        if action is not None:
            self._unsaved |= _touched(action)
            self._write(kind, action)
            self.applied.emit(action)
            self.changed.emit()
        return action

    def note_saved(self, key: str, path: Path) -> None:
        """Remember to which file a label map was saved; when all are, the work is not offered again."""
        if self._writer is None:
            return
        self._writer.add("saved", {"map": key, "path": str(path)})
        self._unsaved.discard(key)
        if not self._unsaved & {_NO_MAP, *self.document.maps}:
            self.note_kept()

    # ---------------------------------------------------------------- safety

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until all is written; tell whether it is."""
        return self._writer is None or self._writer.flush(timeout_s)

    def tend(self) -> None:
        """Fold a long journal into a new snapshot. Call it now and then, never during a stroke."""
        if self._writer is not None and self._writer.n_journal_bytes > COMPACT_AT_BYTES:
            state = self._writer.state
            if not state.n_waiting and not state.problem:
                self._writer.compact(copy_of(self.document))

    def saving(self) -> Saving:
        """Return how safe the work is."""
        if self.read_only:
            return Saving(self.read_only, is_well=False)
        if self._problem:
            return Saving(f"Not saved: {self._problem}", is_well=False)
        if self._writer is None:
            return Saving("")
        state = self._writer.state
        if state.problem:
            n = state.n_waiting
            steps = f"{n} step{'s' * (n != 1)}"
            return Saving(f"Not saved: {state.problem} ({steps} kept in memory)", is_well=False)
        if state.n_waiting:
            return Saving("Saving...")
        if state.saved_at is None:
            return Saving("Saved")
        return Saving(f"Saved {_ago(time.monotonic() - state.saved_at)}")

    # ---------------------------------------------------------------- the disk

    def _look_for_work(self) -> None:
        try:
            found = recover(self.folder, self._limit)
        except (OSError, MedAssistError) as error:
            self.told = (f"Earlier work on this case cannot be read and is kept as it is: {error}",)
            return
        self.waiting = found if found.number > 0 else None

    def _may_write(self) -> bool:
        """Take the lock if it is free; say who holds it if not."""
        if self._lock is None:
            self._lock = SessionLock(self._place)
        if self._lock.is_mine:
            return True
        try:
            if self._lock.take():
                return True
            self.read_only = f"Read-only: the case is open in another window, of {holder(self._place)}."
        except OSError as error:
            self._problem = f"{error.strerror or error} ({self._place})"
        return False

    def _write(self, kind: str, action: Action) -> None:
        if self.case is None or self.read_only:
            return
        if self._writer is None:
            self._pending.append((kind, action))
            if any(_is_work(a) for _, a in self._pending):
                self._begin()
            return
        self._add(kind, action)

    def _add(self, kind: str, action: Action) -> None:
        if self._writer is not None:
            plain, content = to_plain(action)
            self._writer.add(kind, {"action": plain}, content)

    def _begin(self) -> None:
        """Begin the session's folder: with the state before the steps that were made so far."""
        case = self.case
        if case is None:
            return
        self._problem = ""
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            if not self._may_write():
                return
            if self.folder.exists():  # nobody answered whether to restore it
                self.start_anew()
        except OSError as error:
            self._problem = f"{error.strerror or error} ({self._place})"
            return
        base = copy_of(self.document)
        for _, action in reversed(self._pending):
            _take_back(base, action)
        facts = SessionFacts(uuid.uuid4().hex, case.name, identities(case))
        self._writer = SessionWriter(self.folder, facts)
        self._writer.begin(base)
        for kind, action in self._pending:
            self._add(kind, action)
        self._pending.clear()


def _take_back(base: Document, action: Action) -> None:
    """Take an action back that may not have been written into the voxels yet."""
    if isinstance(action, VoxelEdit):
        if action.key in base.maps:
            action.put_before(base.maps[action.key])
    elif isinstance(action, Together):
        for part in reversed(action.actions):
            _take_back(base, part)
    else:
        action.inverse().apply_to(base)


def _touched(action: Action) -> set[str]:
    """Return the keys of the label maps that an action changes."""
    kinds = (VoxelEdit, MapEdit)
    return {part.key if isinstance(part, kinds) else _NO_MAP for part in parts_of(action)}


def _is_work(action: Action) -> bool:
    """Tell whether an action is worth a session: an empty label map alone is not."""
    if isinstance(action, MapEdit) and action.before is None and action.content is not None:
        return not action.content.is_empty
    return True


def _require_writable(action: Action) -> None:
    try:
        json.dumps(to_plain(action)[0], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidSetting(f"'{action.title}' cannot be written to a file ({error}).") from error


def _ago(seconds: float) -> str:
    if seconds < 60:
        return f"{int(seconds)} s ago"
    return f"{int(seconds // 60)} min ago"
