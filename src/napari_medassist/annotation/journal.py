"""The journal: a file that grows by one checked record at each finished step.

The file begins with :data:`MAGIC`. Then follow records: length of the body and its checksum (CRC-32 of
the length and the body), both four bytes, little-endian; the body is the length of a JSON header (four
bytes), the header, and a payload compressed with zlib. The first record is of the kind ``begin`` and
tells version, session and generation. Every record has the number after the one before it. A changed
byte anywhere is noticed: nothing from there on is used.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from napari_medassist.annotation.document import Plain
from napari_medassist.core.errors import FileProblem, UnsupportedFormat

MAGIC = b"MEDASSIST JOURNAL\n"
VERSION = 1
_FRAME = struct.Struct("<II")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Record:
    """One entry of a journal.

    Parameters
    ----------
    number
        Its place in the session, rising by one.
    kind
        ``begin``, ``step``, ``undo``, ``redo`` or ``saved``.
    header
        What it says, plain values.
    payload
        Bytes that belong to it, not compressed.
    """

    number: int
    kind: str
    header: Mapping[str, Plain]
    payload: bytes = b""

    def framed(self) -> bytes:
        """Return it as it stands in the file."""
        content = {"number": self.number, "kind": self.kind, **self.header}
        header = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
        body = _LENGTH.pack(len(header)) + header + zlib.compress(self.payload, 1)
        length = _LENGTH.pack(len(body))
        return length + _LENGTH.pack(zlib.crc32(body, zlib.crc32(length))) + body


@dataclass(frozen=True)
class Damage:
    """Where a journal stops to make sense.

    Parameters
    ----------
    offset
        First byte that was not used.
    n_bytes
        How many bytes were not used.
    reason
        What is wrong there.
    """

    offset: int
    n_bytes: int
    reason: str

    def in_words(self) -> str:
        """Return it as one sentence."""
        return f"The journal {self.reason} at byte {self.offset}; {self.n_bytes} bytes were not used."


@dataclass(frozen=True)
class ReadJournal:
    """What a journal holds up to its first damage."""

    records: tuple[Record, ...]
    n_good_bytes: int
    damage: Damage | None = None


def begin_record(number: int, session: str, generation: int) -> Record:
    """Return the first record of a journal; ``number`` is that of the first step less one."""
    facts = {"version": VERSION, "session": session, "generation": generation}
    return Record(number, "begin", facts)


def read_journal(path: Path) -> ReadJournal:
    """Read a journal up to its first damaged record; never raises for damage.

    Raises
    ------
    FileProblem
        If the file is missing or cannot be read.
    UnsupportedFormat
        If a newer version of the program has written it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileProblem(f"The journal cannot be read ({error.strerror}).", path=path) from error
    if not content.startswith(MAGIC):
        return ReadJournal((), 0, Damage(0, len(content), "does not begin as one"))
    records: list[Record] = []
    offset = len(MAGIC)
    while offset < len(content):
        found = _record_at(content, offset)
        reason = found if isinstance(found, str) else _out_of_order(records, found[0])
        if isinstance(found, str) or reason:
            damage = Damage(offset, len(content) - offset, reason)
            return ReadJournal(tuple(records), offset, damage)
        record, offset = found
        records.append(record)
        _require_known_version(record, path)
    if not records:
        return ReadJournal((), offset, Damage(offset, 0, "is empty"))
    return ReadJournal(tuple(records), offset)


def _require_known_version(record: Record, path: Path) -> None:
    version = record.header.get("version")
    if record.kind == "begin" and version != VERSION:
        raise UnsupportedFormat(
            f"The journal has version {version}; this program reads {VERSION}.",
            path=path,
            cure="Open the session with the newer version that wrote it. Nothing was changed.",
        )


def _out_of_order(records: Sequence[Record], record: Record) -> str:
    if not records:
        return "" if record.kind == "begin" else "lacks its beginning"
    return "" if record.number == records[-1].number + 1 else "lacks a record"


def _record_at(content: bytes, offset: int) -> tuple[Record, int] | str:
    """Return the record at an offset and where the next one begins; or what is wrong."""
    if len(content) - offset < _FRAME.size:
        return "is cut short"
    length, checksum = _FRAME.unpack_from(content, offset)
    start = offset + _FRAME.size
    if length > len(content) - start:
        return "is cut short (or damaged)"
    body = memoryview(content)[start : start + length]
    if zlib.crc32(body, zlib.crc32(content[offset : offset + _LENGTH.size])) != checksum:
        return "is damaged"
    if length < _LENGTH.size:
        return "is damaged"
    try:
        (n_header,) = _LENGTH.unpack_from(body)
        end = _LENGTH.size + n_header
        header = json.loads(bytes(body[_LENGTH.size : end]))
        number, kind = int(header.pop("number")), str(header.pop("kind"))
        payload = zlib.decompress(body[end:])
    except (ValueError, KeyError, AttributeError, zlib.error, struct.error):
        return "is not understood"
    return Record(number, kind, header, payload), start + length


class JournalFile:
    """A journal that is being written. Use from one thread.

    Parameters
    ----------
    file
        The open file.
    n_bytes
        How many bytes of it are whole records, safe on the disk.
    """

    def __init__(self, file: BinaryIO, n_bytes: int) -> None:
        self._file = file
        self.n_bytes = n_bytes

    @classmethod
    def create(cls, path: Path, begin: Record) -> JournalFile:
        """Begin a new journal, safe on the disk when this returns; one of this name is replaced.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        file = path.open("wb", buffering=0)
        journal = cls(file, 0)
        try:
            journal._append(MAGIC + begin.framed())
        except OSError:
            journal.close()
            raise
        return journal

    @classmethod
    def go_on(cls, path: Path, n_good_bytes: int) -> JournalFile:
        """Open an undamaged journal to go on with it."""
        file = path.open("r+b", buffering=0)
        file.seek(n_good_bytes)
        return cls(file, n_good_bytes)

    def append(self, records: Sequence[Record]) -> None:
        """Write records; they are safe on the disk when this returns.

        Raises
        ------
        OSError
            If they cannot be written; the file then ends with the last whole record before them.
        """
        self._append(b"".join(record.framed() for record in records))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, content: bytes) -> None:
        try:
            left = memoryview(content)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._cut()
            raise
        self.n_bytes += len(content)

    def _cut(self) -> None:
        """Take away what was written in part; what cannot be cut is noticed when it is read."""
        self._file.seek(self.n_bytes)
        try:
            self._file.truncate(self.n_bytes)
        except OSError:
            return
