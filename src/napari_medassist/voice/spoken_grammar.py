"""All that may be said now: the phrases of the commands that have what they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Context
from napari_medassist.voice.patterns import expand
from napari_medassist.voice.wording import plain
from napari_medassist.voice.words import Word


@dataclass(frozen=True)
class Spoken:
    """What a phrase means.

    Attributes
    ----------
    text
        The phrase.
    command
        What it asks for.
    slots
        What was said in it.
    """

    text: str
    command: CommandSpec
    slots: Slots


@dataclass(frozen=True)
class SpokenGrammar:
    """What may be said.

    Attributes
    ----------
    meanings
        Phrase, as :func:`~napari_medassist.voice.wording.plain` writes it -> what it means.
    also_written
        Such a phrase -> other ways in which a recogniser may write it.
    """

    meanings: Mapping[str, Spoken]
    also_written: Mapping[str, tuple[str, ...]]

    @property
    def phrases(self) -> tuple[str, ...]:
        """All phrases."""
        return tuple(spoken.text for spoken in self.meanings.values())

    def meaning_of(self, phrase: str) -> Spoken | None:
        """Return what a phrase means; None if it is not in the grammar."""
        return self.meanings.get(plain(phrase))

    def by_title(self) -> Mapping[str, tuple[str, ...]]:
        """Return what commands do, each with all phrases for it."""
        found: dict[str, tuple[str, ...]] = {}
        for spoken in self.meanings.values():
            title = spoken.command.title
            found[title] = (*found.get(title, ()), spoken.text)
        return found


def spoken_grammar(commands: Iterable[CommandSpec], context: Context) -> SpokenGrammar:
    """Return what may be said in a context.

    Parameters
    ----------
    commands
        The commands.
    context
        What is there; a command without what it needs is left out.

    Raises
    ------
    InvalidSetting
        If two commands, or two values of a slot, are said by the same phrase.
    """
    found: dict[str, Spoken] = {}
    for command in commands:
        if not context.has.issuperset(command.needs):
            continue
        own = {name: tuple(map(Word.of, texts)) for name, texts in command.slots.items()}
        words = {**context.words.slots, **own}
        for pattern, fixed in command.patterns.items():
            for said in expand(pattern, words):
                spoken = Spoken(said.text, command, {**fixed, **said.slots})
                other = found.setdefault(plain(said.text), spoken)
                if (other.command, dict(other.slots)) != (command, dict(spoken.slots)):
                    raise InvalidSetting(
                        f"'{said.text}' is said for two things: {_told(other)}, and {_told(spoken)}.",
                        cure="Change the vocabulary so that each has words of its own.",
                    )
    also = {key: context.words.also_written(spoken.text) for key, spoken in found.items()}
    return SpokenGrammar(found, {key: texts for key, texts in also.items() if texts})


def _told(spoken: Spoken) -> str:
    values = ", ".join(spoken.slots.values())
    return f"{spoken.command.name} ({values})" if values else spoken.command.name
