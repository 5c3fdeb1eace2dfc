"""A Whisper model that listens to an utterance, and writes it down."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.voice.extra import CURE
from napari_medassist.voice.sound import RATE_HZ, Samples
from napari_medassist.voice.timed_words import TimedWord
from napari_medassist.voice.whisper.decoder import Heard, TextDecoder
from napari_medassist.voice.whisper.weights import read_decoder

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

#: Short sounds are lengthened to this; Whisper's own 30 s cost nine times as much and hear no better.
LEAST_S = 8.0
#: Whisper hears no more at once.
MOST_S = 30.0
_HOP = 160
#: Of what the encoder gives.
_STEP_S = 0.02
_LONGEST_TEXT = 60
_FILES = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the encoder made of an utterance: for the library, and for the decoder here."""

    storage: Any
    heard: Heard


class Listener:
    """A model in a folder of CTranslate2's format (as faster-whisper reads it).

    Parameters
    ----------
    folder
        Holds ``model.bin``, ``config.json`` and ``tokenizer.json``.
    language
        What is spoken, for a model of several languages, e.g. ``de``.
    n_threads
        Of the encoder.

    Raises
    ------
    InvalidSetting
        If faster-whisper is not installed, or the model does not know the language.
    FileProblem
        If a file is missing.
    """

    def __init__(self, folder: Path, language: str = "en", n_threads: int | None = None) -> None:
        for name in _FILES:
            if not (folder / name).is_file():
                raise FileProblem(
                    f"A speech model needs {', '.join(_FILES)}; {name} is missing.",
                    path=folder,
                    cure="Choose a folder in the format of faster-whisper.",
                )
        self._whisper = _loaded(folder, n_threads or os.cpu_count() or 1)
        self._tokens = self._whisper.hf_tokenizer
        self._decoder = TextDecoder(read_decoder(folder / "model.bin"))
        self._before_text = self._start_tokens(language)
        self.end = self._number("<|endoftext|>")

    @property
    def decoder(self) -> TextDecoder:
        """Scores texts."""
        return self._decoder

    def encode(self, samples: Samples) -> Encoded:
        """Listen to an utterance.

        Parameters
        ----------
        samples
            float32 (n,), 16 kHz mono, -1 to 1; what is beyond 30 s is not heard.
        """
        import ctranslate2

        seconds = min(MOST_S, max(LEAST_S, len(samples) / RATE_HZ))
        n_frames = 2 * int(np.ceil(seconds * RATE_HZ / _HOP / 2))
        wanted = np.zeros((n_frames + 1) * _HOP, dtype=np.float32)
        kept = samples[: len(wanted)]
        wanted[: len(kept)] = kept
        features = self._whisper.feature_extractor(wanted, padding=0)[:, :n_frames]
        stored = ctranslate2.StorageView.from_array(np.ascontiguousarray(features[None], np.float32))
        found = self._whisper.model.encode(stored)
        return Encoded(found, self._decoder.hear(np.array(found, dtype=np.float32)[0]))

    def tokens_of(self, text: str) -> list[int]:
        """Return the tokens of a text; one begins with a space, as Whisper writes it."""
        return list(self._tokens.encode(f" {text}", add_special_tokens=False).ids)

    def prompt(self, text: str = "") -> list[int]:
        """Return what the decoder reads first: a text that came before, and the start."""
        if not text:
            return list(self._before_text)
        room = self._decoder.longest // 2 - 1
        return [self._number("<|startofprev|>"), *self.tokens_of(text)[-room:], *self._before_text]

    def write_down(self, encoded: Encoded, prompt: Sequence[int], n_tokens: int = _LONGEST_TEXT) -> str:
        """Return the likeliest text, token by token; not more of these than ``n_tokens``."""
        [found] = self._whisper.model.generate(
            encoded.storage,
            [list(prompt)],
            beam_size=1,
            max_length=min(self._decoder.longest, len(prompt) + n_tokens),
            suppress_blank=True,
        )
        text: str = self._tokens.decode(found.sequences_ids[0])
        return text.strip()

    def word_times(self, encoded: Encoded, text: str, seconds: float) -> tuple[TimedWord, ...]:
        """Return when each word of a text was said, by where the model looks as it writes it.

        Times are steps of 20 ms from the beginning of the utterance, which is ``seconds`` long.
        """
        tokens = self.tokens_of(text)
        if not tokens:
            return ()
        n_frames = int(min(seconds, MOST_S) * RATE_HZ) // _HOP
        [found] = self._whisper.model.align(
            encoded.storage, self._before_text[:-1], [tokens], [n_frames], median_filter_width=7
        )
        begins: dict[int, float] = {}
        for token, step in found.alignments:
            begins.setdefault(token, step * _STEP_S)
        pieces = [self._tokens.decode([token]) for token in tokens]
        firsts = [k for k, piece in enumerate(pieces) if k == 0 or piece.startswith(" ")]
        edges = [*firsts, len(tokens)]
        times = [min(seconds, begins.get(k, seconds)) for k in edges]
        return tuple(
            TimedWord("".join(pieces[a:b]).strip(), begin, max(begin, end))
            for a, b, begin, end in zip(edges, edges[1:], times, times[1:], strict=False)
        )

    @cached_property
    def silence(self) -> Encoded:
        """What it hears in faint noise: how much it likes a text without any sound for it."""
        noise = np.random.default_rng(0).normal(0, 1e-3, int(LEAST_S * RATE_HZ))
        return self.encode(noise.astype(np.float32))

    def _start_tokens(self, language: str) -> list[int]:
        start, plain = self._number("<|startoftranscript|>"), self._number("<|notimestamps|>")
        if not self._whisper.model.is_multilingual:
            if language != "en":
                raise InvalidSetting(
                    f"This model understands English, not '{language}'.",
                    cure="Choose a model of several languages.",
                )
            return [start, plain]
        spoken = self._tokens.token_to_id(f"<|{language}|>")
        if spoken is None:
            raise InvalidSetting(f"This model does not know the language '{language}'.")
        return [start, int(spoken), self._number("<|transcribe|>"), plain]

    def _number(self, token: str) -> int:
        return int(self._tokens.token_to_id(token))


def _loaded(folder: Path, n_threads: int) -> WhisperModel:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise InvalidSetting(
            "Speech needs faster-whisper, which is not installed.",
            cure=CURE,
        ) from error
    return WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=n_threads, local_files_only=True
    )


def log_sum(values: NDArray[np.float64]) -> float:
    """Return the logarithm of summed probabilities that are given as logarithms."""
    most = values.max()
    return float(most + np.log(np.exp(values - most).sum())) if np.isfinite(most) else -np.inf
