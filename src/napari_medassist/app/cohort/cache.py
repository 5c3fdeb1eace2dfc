"""Results that are kept: JSON lines in a folder, one a case and convention, appended as they finish."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from napari_medassist.core.errors import WriteFailed

_FILE = "results.jsonl"


class ResultCache:
    """A file of results by key, that is only ever appended to.

    A line is written at once and whole, so that a run that is killed loses at most the case that it
    was writing; a torn line is passed over when the file is read again. Only the places of the lines
    are held in memory.

    Parameters
    ----------
    folder
        Where the file lies; made if it does not exist.

    Raises
    ------
    WriteFailed
        If the folder cannot be made or the file not opened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / _FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = self.path.open("ab", buffering=0)
            self._reader = self.path.open("rb")
            self._places = self._read_index()
        except OSError as error:
            raise WriteFailed(
                f"The results cannot be kept here ({error.strerror or error}).",
                path=folder,
                cure="Choose another folder with --cache, or --no-cache.",
            ) from error

    def __enter__(self) -> Self:
        """Return the cache, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._writer.close()
        self._reader.close()

    def __len__(self) -> int:
        """Return the number of results."""
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        """Tell whether there is a result of a key."""
        return key in self._places

    def get(self, key: str) -> str:
        """Return the result of a key, in JSON.

        Raises
        ------
        KeyError
            If there is none.
        """
        start, length = self._places[key]
        self._reader.seek(start)
        return json.dumps(json.loads(self._reader.read(length))["result"], separators=(",", ":"))

    def put(self, key: str, result: str) -> None:
        """Append a result.

        Parameters
        ----------
        key
            Letters, digits and hyphens.
        result
            JSON in one line.

        Raises
        ------
        WriteFailed
            If the disk is full.
        """
        line = f'{{"key":"{key}","result":{result}}}\n'.encode()
        try:
            if self._writer.write(line) != len(line):
                raise OSError("the disk is full")
        except OSError as error:
            raise WriteFailed(
                f"A result could not be kept ({error.strerror or error}).",
                path=self.path,
                cure="Make room and start again; what was kept before is not computed again.",
            ) from error
        self._places[key] = (self._writer.tell() - len(line), len(line))

    def _read_index(self) -> dict[str, tuple[int, int]]:
        places, start, line = {}, 0, b"\n"
        for line in self._reader:
            key = _key_of(line)
            if key is not None:
                places[key] = (start, len(line))
            start += len(line)
        if not line.endswith(b"\n"):
            self._writer.write(b"\n")  # ends a line that was torn, so that the next one begins anew
        return places


def _key_of(line: bytes) -> str | None:
    """Return the key of a line; None if it is torn."""
    try:
        content = json.loads(line)
        key = content["key"]
    except (ValueError, KeyError, TypeError):
        return None
    return key if isinstance(key, str) and "result" in content else None
