"""What may be named in a comment: labels with their synonyms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_medassist.core.errors import CorruptFile, InvalidSetting
from napari_medassist.voice.text_files import read_text
from napari_medassist.voice.wording import plain

#: How a label is spoken in a comment; each of them is a phrase of the grammar.
_WAYS = ("{}", "the {}", "this is the {}", "here is the {}", "now the {}", "we see the {}", "label {}")


@dataclass(frozen=True)
class LabelVocabulary:
    """Labels, each with the words that it goes by.

    Parameters
    ----------
    words
        Label and what is said for it; the label itself counts too.

    Raises
    ------
    InvalidSetting
        If there is none, or two labels share a word.
    """

    words: dict[str, tuple[str, ...]]
    _label_of: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, str] = {}
        for label, synonyms in self.words.items():
            for word in (label, *synonyms):
                key = plain(word)
                if not key:
                    raise InvalidSetting(f"The label '{label}' has a synonym without a word.")
                if found.setdefault(key, label) != label:
                    raise InvalidSetting(
                        f"'{word}' is said for '{found[key]}' and for '{label}'.",
                        cure="Leave it to one of them.",
                    )
        if not found:
            raise InvalidSetting("There is no label.", cure="Give at least one.")
        object.__setattr__(self, "_label_of", found)

    @property
    def phrases(self) -> tuple[str, ...]:
        """All that is listened for."""
        return tuple(way.format(word) for word in self._label_of for way in _WAYS)

    @property
    def also_written(self) -> Mapping[str, tuple[str, ...]]:
        """Other ways in which a recogniser may write a phrase: none are known."""
        return {}

    def label_of(self, phrase: str) -> str:
        """Return the label that a phrase of :attr:`phrases` names."""
        said = plain(phrase)
        endings = [word for word in self._label_of if said == word or said.endswith(f" {word}")]
        return self._label_of[max(endings, key=len)]

    def named_in(self, text: str) -> tuple[str, ...]:
        """Return the labels that a text names, in the order of their first words; see ``places_in``."""
        return tuple(self.places_in(text))

    def places_in(self, text: str) -> dict[str, tuple[int, int]]:
        """Return the labels that a text names, with the first and last of its plain words that do so.

        Of words within one another the longest counts: *common bile duct* is not *bile duct*.
        """
        words = plain(text).split()
        found: dict[str, tuple[int, int]] = {}
        k = 0
        while k < len(words):
            here = [w for w in self._label_of if words[k : k + len(w.split())] == w.split()]
            if not here:
                k += 1
                continue
            longest = max(here, key=len)
            n = len(longest.split())
            found.setdefault(self._label_of[longest], (k, k + n - 1))
            k += n
        return found


def read_labels(path: Path) -> LabelVocabulary:
    """Read labels from a JSON file (``{"pancreas": ["the gland"], ...}``) or a text file.

    A text file has a label a line, with synonyms after an equals sign:
    ``bile duct = common bile duct, choledochus``.

    Parameters
    ----------
    path
        Ends in ``.json``, or is text in UTF-8.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no such file.
    InvalidSetting
        If it holds no label, or two labels share a word.
    """
    text = read_text(path)
    return LabelVocabulary(_of_json(text, path) if path.suffix == ".json" else _of_lines(text))


def _of_json(text: str, path: Path) -> dict[str, tuple[str, ...]]:
    try:
        plain_words = json.loads(text)
    except ValueError as error:
        raise CorruptFile(f"This is no JSON: {error}", path=path) from error
    is_right = isinstance(plain_words, dict) and all(
        isinstance(synonyms, list) and all(isinstance(word, str) for word in synonyms)
        for synonyms in plain_words.values()
    )
    if not is_right:
        raise CorruptFile(
            "Labels are an object: each with a list of its synonyms.",
            path=path,
            cure='E.g. {"bile duct": ["common bile duct"], "pancreas": []}',
        )
    return {label: tuple(synonyms) for label, synonyms in plain_words.items()}


def _of_lines(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        label, _, synonyms = (part.strip() for part in line.partition("="))
        if label and not label.startswith("#"):
            words = (word.strip() for word in synonyms.split(","))
            found[label] = (*found.get(label, ()), *(word for word in words if word))
    return found
