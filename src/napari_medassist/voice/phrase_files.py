"""Grammars in text files: one phrase a line."""

from __future__ import annotations

from pathlib import Path

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.text_files import read_text
from napari_medassist.voice.wording import plain


def read_phrases(path: Path) -> tuple[str, ...]:
    """Read a grammar; empty lines and those that begin with ``#`` are left out.

    Parameters
    ----------
    path
        A text file in UTF-8.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no text.
    InvalidSetting
        If it holds no phrase, or a line without a word.
    """
    text = read_text(path)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    phrases = tuple(line for line in lines if line and not line.startswith("#"))
    wordless = next((line for line in phrases if not plain(line)), None)
    if wordless is not None:
        raise InvalidSetting(f"'{wordless}' in {path.name} has no word.", cure="Remove the line.")
    if not phrases:
        raise InvalidSetting(f"{path.name} holds no phrase.", cure="Write one a line.")
    return phrases
