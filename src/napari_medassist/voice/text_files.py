"""Text files that a user writes: grammars and vocabularies."""

from __future__ import annotations

from pathlib import Path

from napari_medassist.core.errors import CorruptFile, FileProblem


def read_text(path: Path) -> str:
    """Read a text in UTF-8, with or without a byte order mark.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no such text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorruptFile("This is no text in UTF-8.", path=path) from error
    except OSError as error:
        raise FileProblem(f"The file cannot be read: {error.strerror}.", path=path) from error
