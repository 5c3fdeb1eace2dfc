"""What can be spoken of: what is open, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari_medassist.annotation.findings.template import Field, Template
from napari_medassist.app.windows import window_names
from napari_medassist.core.case import Case
from napari_medassist.voice.desk import Context, Need
from napari_medassist.voice.wording import NUMBERS, plain
from napari_medassist.voice.words import Word, Words

_CATEGORY = "category"
#: Values that a field is not filled with by voice: its number is the score, or it follows from others.
_NOT_SPOKEN = ("criteria", _CATEGORY)


def on_the_desk(
    words: Words,
    case: Case | None,
    template: Template | None,
    label_names: Sequence[str],
    *,
    has_clip: bool = False,
    has_worklist: bool = False,
) -> Context:
    """Return what can be spoken of.

    Parameters
    ----------
    words
        All words that are known.
    case
        What is open.
    template
        What the lesion table holds.
    label_names
        Names that labels of the open maps have.
    has_clip, has_worklist
        What else is there.
    """
    found = {
        Need.CLIP: has_clip,
        Need.WORKLIST: has_worklist,
        Need.IMAGE: case is not None and case.reference_volume() is not None,
    }
    if template is not None and found[Need.IMAGE]:
        found[Need.LESIONS] = True
        found[Need.SECTORS] = template.has_sector_map
        found[Need.PLACES] = not template.has_sector_map
        found[Need.CATEGORY] = template.has(_CATEGORY)
    structures = _with_names(words.slots.get("structure", ()), label_names)
    fields = () if template is None else tuple(_field_values(template, words))
    places = () if template is None else tuple(map(Word.of, template.places))
    spoken = words.with_slot("structure", structures).with_slot("field_value", fields)
    spoken = spoken.with_slot("place", places)
    spoken = spoken.with_slot("series", _series(words, case)).with_slot("window", _windows(words, case))
    return Context(frozenset(need for need, is_there in found.items() if is_there), spoken)


def _with_names(structures: Sequence[Word], names: Iterable[str]) -> tuple[Word, ...]:
    """Return structures with names that labels have; what cannot be said is left out."""
    known = {plain(text) for word in structures for text in word.says}
    known |= {plain(word.value) for word in structures}
    return (*structures, *(Word.of(name) for name in names if plain(name) not in known | {""}))


def _field_values(template: Template, words: Words) -> Iterable[Word]:
    for field in template.fields:
        if field.kind == "choice" and field.name not in _NOT_SPOKEN:
            yield from _values_of(field, words)


def _values_of(field: Field, words: Words) -> Iterable[Word]:
    """Yield each value of a field with all that is said for it: ``diffusion four``."""
    names = words.says("field", field.name)
    names = (field.title,) if names == (field.name,) else names
    for choice in field.choices:
        values = words.says("choice", choice.value)
        says = tuple(f"{name} {_spoken(value)}" for name in names for value in values)
        yield Word(f"{field.name}={choice.value}", says, choice.code)


def _spoken(value: str) -> str:
    """Return a value as it is said: numbers as words."""
    return NUMBERS[int(value)] if value.isdecimal() and int(value) < len(NUMBERS) else value


def _series(words: Words, case: Case | None) -> tuple[Word, ...]:
    roles = set() if case is None else {image.role for image in case.series}
    return tuple(word for word in words.slots.get("series", ()) if word.value in roles)


def _windows(words: Words, case: Case | None) -> tuple[Word, ...]:
    images = () if case is None else case.series
    names = {name for image in images for name in window_names(image)}
    return tuple(word for word in words.slots.get("window", ()) if word.value in names)
