"""Medical terms and commands that a grammar may lack, and that are heard beside it."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def medical_terms() -> tuple[str, ...]:
    """Return terms of anatomy, of findings, and words of commands."""
    return _lines("background.txt")


@cache
def pronunciations() -> dict[str, str]:
    """Return how medical words sound that general dictionaries lack: word -> ARPAbet phones."""
    lines = _lines("pronunciations.txt")
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}


def _lines(name: str) -> tuple[str, ...]:
    text = (resources.files(__package__) / "vocabulary" / name).read_text("utf-8")
    return tuple(line for line in text.splitlines() if line)
