"""The file of a worklist: plain JSON with a version; what we do not know in it stays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari_medassist.app.reading.entries import Entry
from napari_medassist.core.errors import CorruptFile, FileProblem, UnsupportedFormat
from napari_medassist.io.atomic import replacing

ENDING = ".worklist.json"
FORMAT, VERSION = "napari-medassist worklist", 1


_ENCODER = json.JSONEncoder(ensure_ascii=False)
#: Case -> reader -> entry.
Entries = dict[str, dict[str, Entry]]


def read_content(path: Path) -> tuple[dict[str, Any], Entries]:
    """Return the content of a worklist, checked, and the entries in it.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no worklist, or a damaged one.
    UnsupportedFormat
        If a newer version wrote it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileProblem(
            f"The worklist cannot be read ({error.strerror or error}).", path=path
        ) from error
    except ValueError as error:
        raise _damaged(path, f"it is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CorruptFile("This is no worklist.", path=path, cure="Choose another file.")
    version = content.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise UnsupportedFormat(
            f"The worklist is of version {version}, this program knows {VERSION}.",
            path=path,
            cure="Update napari-medassist; the file was not touched.",
        )
    return content, _checked(content, path)


def write_content(path: Path, content: dict[str, Any]) -> None:
    """Replace a worklist whole, a line a case and a line an entry.

    Raises
    ------
    WriteFailed
        If that is not possible; what stood there is unchanged.
    """
    parts = {"format": FORMAT, "version": VERSION, **content}
    told = {key: _line(value) for key, value in parts.items()}
    told["cases"] = _lines("[", (_line(case) for case in content["cases"]), "]", 2)
    told["readings"] = _lines("{", (_lines_of_case(*n) for n in content["readings"].items()), "}", 2)
    text = _lines("{", (f"{_line(key)}: {value}" for key, value in told.items()), "}", 1)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _lines_of_case(case: str, entries: dict[str, Any]) -> str:
    lines = (f"{_line(reader)}: {_line(entry)}" for reader, entry in entries.items())
    return f"{_line(case)}: " + _lines("{", lines, "}", 3)


def _lines(start: str, parts: Iterable[str], end: str, depth: int) -> str:
    inner = ",\n".join(" " * depth + part for part in parts)
    return f"{start}\n{inner}\n{' ' * (depth - 1)}{end}" if inner else start + end


def _line(value: Any) -> str:
    return _ENCODER.encode(value)


def _checked(content: dict[str, Any], path: Path) -> Entries:
    try:
        if not isinstance(content["blinded"], bool):
            raise TypeError("'blinded' is neither true nor false")
        names = [case["case"] for case in content["cases"]]
        if len(set(names)) != len(names) or not all(isinstance(n, str) and n for n in names):
            raise ValueError("a case stands twice, or has no name")
        for case in content["cases"]:
            if not all(isinstance(part, str) for part in case["paths"]):
                raise TypeError(f"the paths of '{case['case']}' are no texts")
        return {
            case: {reader: Entry.of_plain(plain) for reader, plain in entries.items()}
            for case, entries in content["readings"].items()
        }
    except Exception as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from error


def _damaged(path: Path, why: str) -> CorruptFile:
    return CorruptFile(
        f"The worklist is damaged ({why}).",
        path=path,
        cure="It was not touched. Repair it in a text editor, or move it away and open the folder or "
        "table anew; the label maps under 'readings' are kept.",
    )
