"""A session brought back from its folder: the snapshot, and all whole steps of the journal on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.annotation.action_bytes import from_plain
from napari_medassist.annotation.history import DEFAULT_LIMIT_BYTES, History
from napari_medassist.annotation.journal import ReadJournal, Record, read_journal
from napari_medassist.annotation.session_file import (
    SessionFacts,
    Snapshot,
    journal_path,
    read_snapshot,
    with_saved,
)
from napari_medassist.core.errors import FileProblem, MedAssistError


@dataclass(frozen=True, eq=False)
class Recovered:
    """A session as it was after the last step that could be read.

    Parameters
    ----------
    folder
        Where it lies.
    facts
        What is known of it.
    generation
        Of its snapshot.
    history
        The document, and the steps since the snapshot, which can be taken back.
    number
        Number of the last step.
    n_steps
        How many steps were made since the snapshot, counting undo and redo.
    last_time
        When the last one was made (ISO 8601, UTC).
    n_journal_bytes
        How much of the journal was used.
    told
        What the annotator should know: damage, and where; empty if all is well.
    """

    folder: Path
    facts: SessionFacts
    generation: int
    history: History
    number: int
    n_steps: int
    last_time: str
    n_journal_bytes: int
    told: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all that was written could be read, so that the journal can be gone on with."""
        return not self.told


def recover(folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> Recovered:
    """Bring a session back; its folder is only read.

    Parameters
    ----------
    folder
        The session's folder.
    limit_bytes
        Bound of the history, see :class:`History`.

    Raises
    ------
    FileProblem
        If there is no session.
    CorruptFile
        If ``session.json`` or a label map of the snapshot is damaged.
    UnsupportedFormat
        If a newer version of the program has written it.
    """
    snapshot = read_snapshot(folder)
    history = History(snapshot.document, limit_bytes)
    journal, told = _journal_of(folder, snapshot)
    if journal.damage is not None:
        told.append(journal.damage.in_words())
    facts, number, last = snapshot.facts, snapshot.number, snapshot.written
    n_steps = 0
    for record in journal.records[1:]:
        try:
            facts = _replay(history, record, facts)
        except MedAssistError as error:
            told.append(f"Step {record.number} could not be repeated: {error.message}")
            break
        number, last = record.number, str(record.header.get("time", last))
        n_steps += record.kind != "saved"
    return Recovered(
        folder,
        facts,
        snapshot.generation,
        history,
        number,
        n_steps,
        last,
        journal.n_good_bytes,
        tuple(told),
    )


def _journal_of(folder: Path, snapshot: Snapshot) -> tuple[ReadJournal, list[str]]:
    path = journal_path(folder, snapshot.generation)
    try:
        journal = read_journal(path)
    except FileProblem as error:
        if path.exists():
            raise
        return ReadJournal((), 0), [error.message]
    if not journal.records:
        return journal, []
    begin = journal.records[0]
    expected = (snapshot.facts.session, snapshot.generation, snapshot.number)
    if (begin.header.get("session"), begin.header.get("generation"), begin.number) != expected:
        return ReadJournal((), 0), ["The journal belongs to another session; it was not used."]
    return journal, []


def _replay(history: History, record: Record, facts: SessionFacts) -> SessionFacts:
    """Repeat one record on the document and the history."""
    if record.kind == "saved":
        return with_saved(facts, _entry(record.header))
    if record.kind == "step":
        history.do(from_plain(record.header["action"], record.payload))
    elif record.kind == "undo":
        _undo(history, record)
    else:
        _redo(history, record)
    return facts


def _undo(history: History, record: Record) -> None:
    """Take a step back; one from before the snapshot is not in the history any more."""
    if history.n_steps:
        history.undo()
    else:
        history.undo_unknown(from_plain(record.header["action"], record.payload))


def _redo(history: History, record: Record) -> None:
    if history.redo_title:
        history.redo()
    else:
        history.redo_unknown(from_plain(record.header["action"], record.payload))


def _entry(header: Mapping[str, object]) -> dict[str, object]:
    return {name: header[name] for name in ("map", "path", "time") if name in header}
