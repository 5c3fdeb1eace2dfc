"""How a segment or structure says which label value it had: its own number must run 1, 2, 3..."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NOTE = re.compile(r"Label value (\d+)$")


def value_note(value: int | None) -> str:
    """Return the description of a segment of a label value."""
    return f"Label value {value}"


def label_values(descriptions: Mapping[int, str]) -> dict[int, int]:
    """Return number -> label value: the noted one if every segment has one of its own, else its number.

    Parameters
    ----------
    descriptions
        Number of each segment or structure -> its description.
    """
    notes = {number: _NOTE.match(text) for number, text in descriptions.items()}
    values = {number: int(note.group(1)) for number, note in notes.items() if note}
    if len(set(values.values())) == len(descriptions) and 0 not in values.values():
        return values
    shift = 1 if 0 in descriptions else 0  # 0 is the background
    return {number: number + shift for number in descriptions}
