"""Patterns of what may be said: ``lesion [pi rads {score}] ({side}|midline) {zone}``.

Words in square brackets may be left out, one of those in round ones is said, and what stands in braces
is a slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.words import Word

_TOKEN = re.compile(r"\{\w+\}|[\[\]()|]|[^\s\[\]()|{}]+|\S")
_CLOSING = {"[": "]", "(": ")"}


@dataclass(frozen=True)
class Said:
    """One way to say a pattern.

    Attributes
    ----------
    text
        The words.
    slots
        Slot -> the value that stands in it.
    """

    text: str
    slots: Mapping[str, str] = field(default_factory=dict)


def expand(pattern: str, slots: Mapping[str, Sequence[Word]]) -> tuple[Said, ...]:
    """Return all that a pattern may be said as; nothing if one of its slots has no word.

    Parameters
    ----------
    pattern
        E.g. ``[go to] slice {number}``.
    slots
        The words of each slot.

    Raises
    ------
    InvalidSetting
        If a bracket is not closed, or a slot stands twice.
    """
    tokens = _TOKEN.findall(pattern)
    names = [part[1:-1] for part in tokens if part[0] == "{" and len(part) > 1]
    if len(set(names)) != len(names):
        raise InvalidSetting(f"A slot stands twice in '{pattern}'.")
    reader = _Reader(tokens, pattern)
    node = reader.choice()
    reader.require_end()
    return tuple(
        Said(" ".join(part.text for part in parts if part.text), _merged(parts))
        for parts in _ways(node, slots)
    )


#: A pattern as it is read: alternatives, each a row of words, slots and further patterns.
_Choice = list[list["str | _Choice"]]


class _Reader:
    def __init__(self, tokens: list[str], pattern: str) -> None:
        self._tokens, self._pattern, self._place = tokens, pattern, 0

    def choice(self) -> _Choice:
        found: _Choice = [[]]
        while self._place < len(self._tokens) and self._tokens[self._place] not in "])":
            part = self._tokens[self._place]
            self._place += 1
            if part == "|":
                found.append([])
            elif part in _CLOSING:
                inner = self.choice()
                self._close(_CLOSING[part])
                found[-1].append(inner if part == "(" else [[], *inner])
            elif part in "{}":
                raise InvalidSetting(f"A brace is not closed in '{self._pattern}'.")
            else:
                found[-1].append(part)
        return found

    def require_end(self) -> None:
        if self._place < len(self._tokens):
            raise InvalidSetting(f"A bracket is closed that was not opened in '{self._pattern}'.")

    def _close(self, bracket: str) -> None:
        if self._place >= len(self._tokens) or self._tokens[self._place] != bracket:
            raise InvalidSetting(f"A bracket is not closed in '{self._pattern}'.")
        self._place += 1


def _ways(choice: _Choice, slots: Mapping[str, Sequence[Word]]) -> Iterator[tuple[Said, ...]]:
    for row in choice:
        for parts in product(*(tuple(_ways_of(item, slots)) for item in row)):
            yield tuple(said for part in parts for said in part)


def _ways_of(item: str | _Choice, slots: Mapping[str, Sequence[Word]]) -> Iterator[tuple[Said, ...]]:
    if not isinstance(item, str):
        yield from _ways(item, slots)
    elif item.startswith("{"):
        name = item[1:-1]
        for word in slots.get(name, ()):
            for text in word.says:
                yield (Said(text, {name: word.value}),)
    else:
        yield (Said(item),)


def _merged(parts: Sequence[Said]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.slots.items()}
