"""Phrases scored by a Whisper model against what was heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Self

from napari_medassist.models.places import weights_path
from napari_medassist.models.registry import find_card
from napari_medassist.voice.deciding import Action, Judge, judge_for
from napari_medassist.voice.evidence import Grammar, Guess, guess
from napari_medassist.voice.phrase_book import PhraseBook
from napari_medassist.voice.recognisers.outcome import Outcome, no_phrase
from napari_medassist.voice.sound import RATE_HZ, Samples
from napari_medassist.voice.timed_words import TimedWord
from napari_medassist.voice.whisper.listener import Encoded, Listener
from napari_medassist.voice.wording import without_loops

DEFAULT = "whisper-tiny-en"
#: Words of a text that may name two labels; for shorter ones no time is spent.
_SENTENCE = 4
#: Samples that the model hears at once.
_WINDOW = 30 * RATE_HZ


class WhisperRecogniser:
    """Scores every phrase of a grammar, and says nothing that was not likely enough.

    Parameters
    ----------
    phrases
        The grammar.
    folder
        A model in the format of faster-whisper; by default ``whisper-tiny-en``, which
        ``napari-medassist models install whisper-tiny-en`` fetches once.
    also_written
        Phrase, as :func:`~napari_medassist.voice.wording.plain` writes it -> other texts that the model
        may write for it, e.g. those that a user's corrections have shown.
    language
        What is spoken, for a model of several languages.
    n_threads
        Of the encoder; all processors by default.

    Raises
    ------
    FileProblem
        If the model is not here.
    CorruptFile
        If it is not the expected one.
    InvalidSetting
        If a package is missing, or there is no phrase.
    """

    def __init__(
        self,
        phrases: Sequence[str],
        folder: Path | None = None,
        *,
        also_written: Mapping[str, Sequence[str]] | None = None,
        language: str = "en",
        n_threads: int | None = None,
    ) -> None:
        self.name = DEFAULT if folder is None else folder.name
        self._listener = Listener(folder or default_folder(), language, n_threads)
        self._judge: Judge = judge_for(DEFAULT)
        self._listen_for(phrases, also_written)

    def for_phrases(
        self, phrases: Sequence[str], also_written: Mapping[str, Sequence[str]] | None = None
    ) -> Self:
        """Return a recogniser of other phrases that shares the model with this one."""
        other = copy(self)
        other._listen_for(phrases, also_written)
        return other

    def _listen_for(
        self, phrases: Sequence[str], also_written: Mapping[str, Sequence[str]] | None
    ) -> None:
        self._book = PhraseBook(phrases, self._listener, also_written)
        self._grammar = Grammar(
            self._book.plain, self._book.twins, self._book.silent, self._book.background
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """No word: it spells what it does not know."""
        return ()

    @property
    def phrases(self) -> tuple[str, ...]:
        """The phrases that it knows."""
        return self._book.phrases

    def recognise(self, samples: Samples) -> Outcome:
        """Return what is made of one utterance.

        Parameters
        ----------
        samples
            float32 (n,), 16 kHz mono, -1 to 1.
        """
        none = no_phrase(samples)
        if none is not None:
            return none
        encoded, seconds = self._listener.encode(samples), len(samples) / RATE_HZ
        scores = self._book.scores(encoded, seconds)
        found = guess(self._grammar, scores)
        if found is None:
            one, two = scores.written
            times = self._word_times(encoded, scores.written, seconds)
            why = "like no phrase"
            return Outcome(Action.IGNORE, written=one, written_with_hint=two, why=why, word_times=times)
        confidence = self._judge.confidence(found.features)
        action = self._judge.decide(found, confidence)
        phrases, second = self._book.phrases, found.second
        return Outcome(
            action,
            phrases[found.phrase],
            confidence,
            phrases[second] if second != found.phrase else "",
            *scores.written,
            _why(action, found),
            self._word_times(
                encoded,
                scores.written,
                seconds,
                n_known=len(phrases[found.phrase].split()) if action is Action.EXECUTE else 0,
            ),
        )

    def write_down(self, samples: Samples) -> str:
        """Return what was said, bound to no grammar; see :meth:`recognise`."""
        parts = []
        for begin in range(0, len(samples), _WINDOW):
            part = samples[begin : begin + _WINDOW]
            n_tokens = 8 + 7 * len(part) // RATE_HZ
            encoded, prompt = self._listener.encode(part), self._listener.prompt()
            parts.append(without_loops(self._listener.write_down(encoded, prompt, n_tokens)))
        return " ".join(part for part in parts if part)

    def _word_times(
        self, encoded: Encoded, written: tuple[str, str], seconds: float, n_known: int = 0
    ) -> tuple[tuple[TimedWord, ...], tuple[TimedWord, ...]]:
        """Return when words were said, of texts that may name more than the ``n_known`` words do."""
        least = max(_SENTENCE, n_known + 2)
        one, two = (
            self._listener.word_times(encoded, text, seconds) if len(text.split()) >= least else ()
            for text in written
        )
        return one, two


def default_folder() -> Path:
    """Return the folder of the default model after its files were checked.

    Raises
    ------
    FileProblem
        If it is not here.
    CorruptFile
        If a file is not the expected one.
    """
    card = find_card(DEFAULT)
    folder, *_ = (weights_path(card, file).parent for file in card.weights)
    return folder


def _why(action: Action, found: Guess) -> str:
    if action is Action.EXECUTE:
        return ""
    if action is Action.IGNORE:
        return "not like a phrase"
    if found.is_contradicted:
        return "something else was heard too"
    return "not sure enough"
