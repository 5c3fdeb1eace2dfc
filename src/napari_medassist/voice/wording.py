"""Texts as they are compared and written, and words that must not be taken for each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip

#: Words that mean something else in each other's place: to take one for another is never a small error.
OPPOSED: tuple[tuple[str, ...], ...] = (
    ("left", "right"),
    ("upper", "middle", "lower"),
    ("superior", "inferior"),
    ("anterior", "posterior"),
    ("medial", "lateral"),
    ("proximal", "distal"),
    ("base", "mid", "apex"),
    ("head", "neck", "body", "tail"),
    ("peripheral", "transition", "central"),
    ("axial", "coronal", "sagittal"),
    ("next", "previous", "first", "last"),
    ("up", "down"),
    ("in", "out"),
    ("accept", "reject"),
    ("show", "hide"),
    ("start", "stop"),
    ("play", "pause"),
    ("larger", "smaller"),
    ("undo", "redo"),
    ("yes", "no"),
    ("with", "without"),
    ("artery", "vein", "duct"),
    # whose artery, vein or duct it is
    (
        "hepatic", "pancreatic", "splenic", "renal", "gastric", "cystic", "portal", "mesenteric",
        "pulmonary", "iliac", "femoral", "carotid", "coronary",
    ),
    NUMBERS[:11],
)  # fmt: skip
#: What is written for such a word by one who does not know that it may come.
_SOUNDS_LIKE = {
    "one": ("won",),
    "two": ("to", "too", "do"),
    "four": ("for", "fore", "forth"),
    "eight": ("ate",),
    "right": ("write", "rite", "ride", "wright"),
    "left": ("lift", "laughed"),
    "base": ("bass", "bays", "phase"),
    "in": ("inn",),
    "no": ("know",),
}
#: Scales whose numbers mean something else. BI-RADS is none of them: it sounds like PI-RADS.
_SCALES = ("PI-RADS", "Likert", "Gleason")
_SCALE_NAMES = frozenset(scale.casefold() for scale in _SCALES)
_TO_DIGITS = {word: str(k) for k, word in enumerate(NUMBERS)}
_TO_WORD = {digits: word for word, digits in _TO_DIGITS.items()}
_CLASS_OF = {word: k for k, words in enumerate(OPPOSED) for word in words}
_SAME = (
    (re.compile(r"\bp(?:i|y|ie|ye)[\s-]*rad(?:s|z)?\b"), "pi rads"),
    (re.compile(r"\bt[\s-]*(?:2|two)(?:w)?\b"), "t2"),
    *(
        (re.compile(rf"\b{r'[ .]?'.join(name)}\b"), name)
        for name in ("adc", "dwi", "dce", "ct", "isup")
    ),
    (re.compile(r"\bcentre\b"), "center"),
    (re.compile(r"\bcolou?r\b"), "color"),
    (re.compile(r"\bcoeliac\b"), "celiac"),
    (re.compile(r"\boe(?=so|de)"), "e"),
)


def plain(text: str) -> str:
    """Return a text as it is compared: small letters, numbers as words, nothing but words.

    Spellings that sound alike (PI-RADS, pirads, pie rads) become one.
    """
    found = text.lower()
    for pattern, same in _SAME:
        found = pattern.sub(same, found)
    words = re.findall(r"[^\W_]+(?:'[^\W_]+)?", found)
    return " ".join(_TO_WORD.get(word, word) for word in words)


def ways_to_write(text: str) -> tuple[str, ...]:
    """Return a phrase as a recogniser may write it: with digits, as a sentence."""
    with_digits = re.sub(r"\w+", lambda m: _TO_DIGITS.get(m[0], m[0]), text)
    found = []
    for way in dict.fromkeys((text, with_digits)):
        sentence = way[:1].upper() + way[1:]
        found += [way, sentence, f"{sentence}."]
    return tuple(dict.fromkeys(found))


def swapped(text: str) -> Iterator[str]:
    """Yield all texts that differ from a phrase in one word, and in what they mean."""
    words = text.split()
    for k, word in enumerate(words):
        number = _CLASS_OF.get(word.lower())
        if number is None:
            continue
        for other in OPPOSED[number]:
            if other != word.lower():
                yield " ".join([*words[:k], other, *words[k + 1 :]])


def on_other_scales(text: str) -> tuple[str, ...]:
    """Return a phrase that names a scale with each other one in its place."""
    words = text.split()
    return tuple(
        " ".join([*words[:k], other, *words[k + 1 :]])
        for k, word in enumerate(words)
        if word.casefold() in _SCALE_NAMES
        for other in _SCALES
        if other.casefold() != word.casefold()
    )


def meaningful(text: str) -> dict[int, tuple[str, ...]]:
    """Return the words of a plain text that have opposites, by the class of these."""
    found: dict[int, tuple[str, ...]] = {}
    for word in text.split():
        number = _CLASS_OF.get(word)
        if number is not None:
            found[number] = (*found.get(number, ()), word)
    return found


def contradicts(text: str, other: str) -> bool:
    """Tell whether a plain text names sides, levels, numbers... where another names others.

    What a recogniser adds (``eight picks`` for *apex*) contradicts nothing.
    """
    here, there = meaningful(text), meaningful(other)
    heard = set(other.split())
    return any(
        word not in heard and not heard.intersection(_SOUNDS_LIKE.get(word, ()))
        for kind in here.keys() & there.keys()
        for word in here[kind]
    )


def leaves_out(text: str, others: Sequence[str]) -> bool:
    """Tell whether a plain text names a side, level, number... that was not heard.

    That is so if one of the others says all but such words of it, as ``lesion right`` does of ``lesion
    right base``, and none of them has the word.
    """
    words = text.split()
    needed = {word for group in meaningful(text).values() for word in group}
    heard = {word for other in others for word in other.split()}
    unheard = {w for w in needed if w not in heard and not heard.intersection(_SOUNDS_LIKE.get(w, ()))}
    left = [word for word in words if word not in unheard]
    return bool(unheard) and any(_is_within(left, other.split(), words) for other in others)


def _is_within(least: Sequence[str], some: Sequence[str], most: Sequence[str]) -> bool:
    """Tell whether words hold all that must be there, and nothing else, in the same order."""
    return _is_part(least, some) and _is_part(some, most)


def _is_part(some: Sequence[str], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in some)


def without_loops(text: str) -> str:
    """Return a text without the repetitions that a recogniser falls into: ``a b a b a`` is ``a b``."""
    words = text.split()
    for n in range(1, len(words) // 2 + 1):
        block = [plain(word) for word in words[:n]]
        last = plain(words[-1])  # it may be cut short
        if block[(len(words) - 1) % n].startswith(last) and all(
            plain(word) == block[k % n] for k, word in enumerate(words[:-1])
        ):
            return " ".join(words[:n])
    return text


def beginnings(phrases: Sequence[str], least: int = 3) -> tuple[str, ...]:
    """Return first words that several phrases go on from in different ways, e.g. ``label``."""
    following: dict[str, set[str]] = {}
    for phrase in phrases:
        words = phrase.split()
        if len(words) > 1:
            following.setdefault(words[0], set()).add(words[1])
    return tuple(first for first, seconds in following.items() if len(seconds) >= least)
