"""Utterances that are said while a key is held."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.sound import RATE_HZ, Samples

#: What is heard shortly before the key goes down, and after it goes up, belongs to what is said: a
#: finger comes late and leaves early, and sound needs its way through the computer.
PRE_ROLL_S, POST_ROLL_S = 0.3, 0.25
_LEAST_S = 0.15
_LONGEST_S = 30.0


class PushToTalk:
    """Cuts a stream by a key, as :class:`~napari_medassist.voice.activity.Segmenter` does by speech.

    :meth:`hold` may be called from another thread than :meth:`push`.
    """

    def __init__(self) -> None:
        self._held = threading.Event()
        self._before: deque[Samples] = deque()
        self._said: list[Samples] = []
        self._n_seen = self._begin = self._n_after = 0

    @property
    def is_speaking(self) -> bool:
        """Whether the key is held, or what was said then is still taken."""
        return bool(self._said)

    def hold(self, *, held: bool) -> None:
        """Tell whether the key is held."""
        if held:
            self._held.set()
        else:
            self._held.clear()

    def push(self, block: Samples) -> list[Utterance]:
        """Take more of the stream, and return what has ended in it.

        Parameters
        ----------
        block
            float32 (n,), 16 kHz.
        """
        held = self._held.is_set()
        first, self._n_seen = self._n_seen, self._n_seen + len(block)
        if not self._said:
            if not held:
                self._remember(block)
                return []
            self._said = [*self._before, block]
            self._begin, self._n_after = first, 0
            self._before.clear()
            return []
        self._said.append(block)
        self._n_after = 0 if held else self._n_after + len(block)
        is_long = self._n_seen - self._begin >= _LONGEST_S * RATE_HZ
        if self._n_after >= POST_ROLL_S * RATE_HZ or is_long:
            return self._ended(is_cut=is_long)
        return []

    def finish(self) -> list[Utterance]:
        """Return what is being said when the stream ends."""
        return self._ended(is_cut=False) if self._said else []

    def _remember(self, block: Samples) -> None:
        self._before.append(block)
        while sum(map(len, self._before)) - len(self._before[0]) >= PRE_ROLL_S * RATE_HZ:
            self._before.popleft()

    def _ended(self, *, is_cut: bool) -> list[Utterance]:
        said, self._said = self._said, []
        samples = np.concatenate(said)
        end = self._n_seen - self._n_after
        if end - self._begin < _LEAST_S * RATE_HZ:
            return []
        first = self._n_seen - len(samples)
        times = (self._begin / RATE_HZ, end / RATE_HZ, first / RATE_HZ)
        return [Utterance(samples, *times, is_cut)]
