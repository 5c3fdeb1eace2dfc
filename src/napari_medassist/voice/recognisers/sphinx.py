"""Phrases heard by PocketSphinx, a light recogniser that needs no model file; it only ever asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.extra import CURE
from napari_medassist.voice.recognisers.outcome import Outcome, no_phrase
from napari_medassist.voice.sound import RATE_HZ, Samples
from napari_medassist.voice.terms import medical_terms, pronunciations
from napari_medassist.voice.wording import beginnings, plain, swapped

if TYPE_CHECKING:
    from pocketsphinx import Decoder

NAME = "pocketsphinx"
#: Share of what it asks about that was right, on the synthetic voices that nothing is reported on.
RIGHT_WHEN_ASKED = 0.8
_GRAMMAR, _FREE = "grammar", "free"
_FULL = 32767
#: Narrower than its own, with which what is like no phrase takes more than twice as long.
_BEAMS = {"beam": 1e-36, "wbeam": 1e-24, "pbeam": 1e-36}


class SphinxRecogniser:
    """Hears phrases, their twins and other medical terms; a phrase that it hears is asked about.

    It has no probability that tells a phrase from talk, so nothing is executed without a yes.

    Parameters
    ----------
    phrases
        The grammar.
    also_written
        Phrase, as :func:`~napari_medassist.voice.wording.plain` writes it -> other texts that sound
        like it.

    Raises
    ------
    InvalidSetting
        If pocketsphinx is not installed, or no phrase can be heard.
    """

    def __init__(
        self, phrases: Sequence[str], also_written: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.name = NAME
        self._decoder, self._is_free_ready = _loaded(), False
        self._phrases = tuple({plain(phrase): phrase for phrase in phrases}.values())
        also = also_written or {}
        ways = {
            way: phrase for phrase in self._phrases for way in map(plain, also.get(plain(phrase), ()))
        }
        ways |= {plain(phrase): phrase for phrase in self._phrases}  # a phrase stands for itself first
        twins = {plain(twin) for phrase in self._phrases for twin in swapped(phrase)} - set(ways)
        self._learn(
            {word for text in (*ways, *twins, *medical_terms()) for word in plain(text).split()}
        )
        self._heard_as = {way: phrase for way, phrase in ways.items() if self._can_hear(way)}
        unheard = set(self._phrases) - set(self._heard_as.values())
        words = {word for phrase in unheard for word in plain(phrase).split()}
        self._unknown = tuple(sorted(word for word in words if not self._can_hear(word)))
        if not self._heard_as:
            raise InvalidSetting(
                f"pocketsphinx can hear no phrase (unknown words: {', '.join(self._unknown)}).",
                cure="Add pronunciations to the vocabulary, or choose whisper-tiny-en.",
            )
        self._decoder.add_jsgf_string(_GRAMMAR, self._jsgf(twins))

    def for_phrases(
        self, phrases: Sequence[str], also_written: Mapping[str, Sequence[str]] | None = None
    ) -> Self:
        """Return a recogniser of other phrases; this model is read in a tenth of a second."""
        return type(self)(phrases, also_written)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Words of the grammar whose sound is not known; phrases with them are not heard."""
        return self._unknown

    @property
    def phrases(self) -> tuple[str, ...]:
        """The phrases that it was given."""
        return self._phrases

    def recognise(self, samples: Samples) -> Outcome:
        """Return what is made of one utterance, float32 (n,), 16 kHz: asked about, or ignored."""
        none = no_phrase(samples)
        if none is not None:
            return none
        text = self._hear(_GRAMMAR, samples)
        phrase = self._heard_as.get(text)
        if phrase is None:
            return Outcome(Action.IGNORE, written=text, why="not like a phrase")
        why = "pocketsphinx is never sure enough"
        return Outcome(Action.ASK, phrase, RIGHT_WHEN_ASKED, written=text, why=why)

    def write_down(self, samples: Samples) -> str:
        """Return what was said, bound to no grammar; its language is everyday English."""
        if not self._is_free_ready:
            self._decoder.add_lm_file(_FREE, str(_model() / "en-us.lm.bin"))
            self._is_free_ready = True
        return self._hear(_FREE, samples)

    def _hear(self, search: str, samples: Samples) -> str:
        decoder = self._decoder
        decoder.activate_search(search)
        decoder.start_utt()
        sound = (np.clip(samples, -1, 1) * _FULL).astype("<i2").tobytes()
        decoder.process_raw(sound, full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return "" if found is None else str(found.hypstr)

    def _can_hear(self, text: str) -> bool:
        return all(self._decoder.lookup_word(word) is not None for word in text.split())

    def _learn(self, words: set[str]) -> None:
        known = pronunciations()
        new = [word for word in sorted(words) if word in known and not self._can_hear(word)]
        for word in new:
            self._decoder.add_word(word, known[word], word == new[-1])

    def _jsgf(self, twins: set[str]) -> str:
        """Return a grammar of phrases, twins, and other terms, alone and after common first words."""
        others = [*twins, *map(plain, medical_terms())]
        terms = dict.fromkeys(t for t in others if t not in self._heard_as and self._can_hear(t))
        first = [word for word in map(plain, beginnings(self._phrases)) if self._can_hear(word)]
        before = f"[{' | '.join(first)}] " if first else ""
        other = f" | {before}<other>" if terms else ""
        return (
            "#JSGF V1.0;\ngrammar medassist;\n"
            f"<own> = {' | '.join(self._heard_as)};\n"
            + (f"<other> = {' | '.join(terms)};\n" if terms else "")
            + f"public <said> = <own>{other};\n"
        )


def _model() -> Path:
    from pocketsphinx import get_model_path

    return Path(get_model_path()) / "en-us"


def _loaded() -> Decoder:
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise InvalidSetting("pocketsphinx is not installed.", cure=CURE) from error
    return Decoder(
        hmm=str(_model() / "en-us"),
        dict=str(_model() / "cmudict-en-us.dict"),
        lm=None,
        samprate=RATE_HZ,
        cmn="batch",  # what was said before changes nothing
        loglevel="FATAL",
        **_BEAMS,
    )
