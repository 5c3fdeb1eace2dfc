"""What may stand in the slots of commands, from files: values, what is said for them, codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path

import yaml

from napari_medassist.core.labels import Code
from napari_medassist.io.yaml_nodes import NodeReader, read_yaml_text
from napari_medassist.voice.wording import plain

_CURE = "Correct the file; until then only the words that come with MedAssist are known."


@dataclass(frozen=True)
class Word:
    """What may be said in a slot.

    Attributes
    ----------
    value
        What it stands for, e.g. ``PZ``.
    says
        What is said for it, e.g. ``peripheral zone``; the first one is its name in lists.
    code
        Its code in a terminology, if it has one.
    """

    value: str
    says: tuple[str, ...]
    code: Code | None = None

    @classmethod
    def of(cls, text: str) -> Word:
        """Return the word that stands for itself."""
        return cls(text, (text,))


@dataclass(frozen=True)
class Words:
    """The words of a language of commands.

    Attributes
    ----------
    slots
        Slot -> its words.
    heard_as
        Phrase, as :func:`~napari_medassist.voice.wording.plain` writes it -> other texts that a
        recogniser has written for it.
    pronunciations
        Word -> spellings of how it sounds.
    """

    slots: Mapping[str, tuple[Word, ...]]
    heard_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pronunciations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def joined(self, other: Words) -> Words:
        """Return both; where both have a value in a slot, the other's words for it come too."""
        slots = {name: _joined(words, other.slots.get(name, ())) for name, words in self.slots.items()}
        slots |= {name: words for name, words in other.slots.items() if name not in slots}
        return Words(
            slots,
            _texts_joined(self.heard_as, other.heard_as),
            _texts_joined(self.pronunciations, other.pronunciations),
        )

    def with_slot(self, name: str, words: Iterable[Word]) -> Words:
        """Return them with other words in a slot."""
        return replace(self, slots={**self.slots, name: tuple(words)})

    def says(self, slot: str, value: str) -> tuple[str, ...]:
        """Return what is said for a value; the value itself where nothing else is known."""
        found = next((word.says for word in self.slots.get(slot, ()) if word.value == value), None)
        return (value,) if found is None else found

    def also_written(self, phrase: str) -> tuple[str, ...]:
        """Return other ways in which a recogniser may write a phrase."""
        key = plain(phrase)
        found = list(self.heard_as.get(key, ()))
        for word, spellings in self.pronunciations.items():
            inner = f" {key} "
            if f" {plain(word)} " in inner:
                found += [
                    inner.replace(f" {plain(word)} ", f" {spelling} ").strip() for spelling in spellings
                ]
        return tuple(dict.fromkeys(found))

    def with_heard(self, phrase: str, text: str) -> Words:
        """Return them with one more text that was written for a phrase."""
        key = plain(phrase)
        known = self.heard_as.get(key, ())
        added = known if text in known else (*known, text)
        return replace(self, heard_as={**self.heard_as, key: added})

    def to_yaml(self) -> str:
        """Return the text of a file that holds them."""
        slots = {
            name: {word.value: _plain_word(word) for word in words}
            for name, words in self.slots.items()
            if words
        }
        plain_words = {
            "words": slots,
            "heard_as": {phrase: list(texts) for phrase, texts in self.heard_as.items()},
            "pronunciations": {word: list(texts) for word, texts in self.pronunciations.items()},
        }
        kept = {name: entries for name, entries in plain_words.items() if entries}
        return yaml.safe_dump(kept, allow_unicode=True, sort_keys=False)


@cache
def built_in_words() -> Words:
    """Return the words that come with MedAssist."""
    place = resources.files(__package__) / "vocabulary" / "words.yaml"
    return parse_words(place.read_text("utf-8"), Path(place.name))


def read_words(path: Path) -> Words:
    """Read words from a YAML file.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no such file; the message names the line.
    """
    return parse_words(read_yaml_text(path, "vocabulary", _CURE), path)


def parse_words(text: str, path: Path) -> Words:
    """Return the words in a file's text.

    Raises
    ------
    CorruptFile
        If it holds none; the message names the line.
    """
    return _Reader(path, _CURE).words(text)


class _Reader(NodeReader):
    """Turns the nodes of a file into words."""

    def words(self, text: str) -> Words:
        known = ("words", "heard_as", "pronunciations")
        entries = self._entries(self._root(text), known, must=())
        slots = {
            slot: tuple(self._word(value, node) for value, node in self._pairs(words))
            for slot, words in self._pairs(entries.get("words"))
        }
        heard_as, pronunciations = (
            {key: tuple(map(self._spoken, self._items(node))) for key, node in self._pairs(found)}
            for found in (entries.get("heard_as"), entries.get("pronunciations"))
        )
        return Words(slots, {plain(key): texts for key, texts in heard_as.items()}, pronunciations)

    def _word(self, value: str, node: yaml.Node) -> Word:
        entries = self._entries(node, ("say", "code"), must=())
        says = tuple(map(self._spoken, self._items(entries["say"]))) if "say" in entries else (value,)
        if not says or not all(map(plain, says)):
            raise self._wrong(node, f"nothing is said for '{value}'")
        return Word(value, says, self._code(entries.get("code")))

    def _spoken(self, node: yaml.Node) -> str:
        found = self._text(node)
        if not plain(found):
            raise self._wrong(node, f"'{found}' cannot be said")
        return found

    def _pairs(self, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node, "entries are expected here")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self._text(key)
            if name in found:
                raise self._wrong(key, f"'{name}' stands twice")
            found[name] = value
        return list(found.items())


def _joined(words: tuple[Word, ...], others: tuple[Word, ...]) -> tuple[Word, ...]:
    found = {word.value: word for word in words}
    for other in others:
        before = found.get(other.value)
        if before is None:
            found[other.value] = other
        else:
            says = tuple(dict.fromkeys((*before.says, *other.says)))
            found[other.value] = Word(before.value, says, other.code or before.code)
    return tuple(found.values())


def _texts_joined(
    texts: Mapping[str, tuple[str, ...]], others: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    return {
        key: tuple(dict.fromkeys((*texts.get(key, ()), *others.get(key, ()))))
        for key in (*texts, *(k for k in others if k not in texts))
    }


def _plain_word(word: Word) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {} if word.says == (word.value,) else {"say": list(word.says)}
    if word.code is not None:
        found["code"] = [word.code.scheme, word.code.value, word.code.meaning]
    return found
