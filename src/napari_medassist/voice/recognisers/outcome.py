"""What every recogniser gives, whatever it does inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from napari_medassist.voice.deciding import Action
from napari_medassist.voice.sound import LONGEST_PHRASE_S, RATE_HZ, Samples, loudness_db
from napari_medassist.voice.timed_words import TimedWord

_SILENCE_DB = -60.0
_LEAST_S = 0.1


@dataclass(frozen=True)
class Outcome:
    """What was made of an utterance.

    Attributes
    ----------
    action
        Whether to execute, to ask, or to ignore.
    text
        The likeliest phrase of the grammar; empty if there is none.
    confidence
        The probability that it was said, 0 to 1.
    alternative
        The phrase after it; empty if there is none.
    written
        What the recogniser would write down, bound to no grammar.
    written_with_hint
        The same, knowing the words of the grammar.
    why
        Why it is not executed, in a few words; empty if it is.
    word_times
        When the words of both texts were said, where they may say more than the phrase and the
        recogniser can tell; else empty.
    """

    action: Action
    text: str = ""
    confidence: float = 0.0
    alternative: str = ""
    written: str = ""
    written_with_hint: str = ""
    why: str = ""
    word_times: tuple[tuple[TimedWord, ...], tuple[TimedWord, ...]] = ((), ())


class Phrases(Protocol):
    """What is listened for."""

    @property
    def phrases(self) -> tuple[str, ...]:
        """All that may be said."""
        ...

    @property
    def also_written(self) -> Mapping[str, tuple[str, ...]]:
        """Phrase, as ``wording.plain`` writes it -> other ways in which it may be written."""
        ...


class Recogniser(Protocol):
    """Tells which phrase of a grammar was said."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def phrases(self) -> tuple[str, ...]:
        """The phrases that it knows."""
        ...

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words of the phrases that it cannot hear; phrases with them are passed over."""
        ...

    def recognise(self, samples: Samples) -> Outcome:
        """Return what is made of one utterance, float32 (n,), 16 kHz."""
        ...

    def write_down(self, samples: Samples) -> str:
        """Return what was said, bound to no grammar."""
        ...

    def for_phrases(
        self, phrases: Sequence[str], also_written: Mapping[str, Sequence[str]] | None = None
    ) -> Recogniser:
        """Return a recogniser of other phrases that shares the model with this one."""
        ...


def no_phrase(samples: Samples) -> Outcome | None:
    """Return what is made of silence, or of what is too short or too long for a phrase; else None."""
    seconds = len(samples) / RATE_HZ
    if seconds < _LEAST_S or loudness_db(samples) < _SILENCE_DB:
        return Outcome(Action.IGNORE, why="nothing was said")
    if seconds > LONGEST_PHRASE_S:
        return Outcome(Action.IGNORE, why=f"longer than {LONGEST_PHRASE_S:g} s: no command")
    return None
