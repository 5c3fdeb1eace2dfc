"""Sound heard and understood while a window goes on: a thread for each."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from napari_medassist.core.errors import MedAssistError
from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.capture import Block
from napari_medassist.voice.recognisers.outcome import Outcome, Recogniser
from napari_medassist.voice.sound import RATE_HZ, Samples

_JOIN_S = 2.0


class Source(AbstractContextManager["Source"], Protocol):
    """Where sound comes from: a microphone, or a file that is played."""

    n_lost: int
    level: float

    def blocks(self) -> Iterator[Block]:
        """Yield what is heard until the source is closed."""
        ...

    def close(self) -> None:
        """Hear no more."""
        ...


class Cutter(Protocol):
    """Cuts a stream of sound into utterances."""

    @property
    def is_speaking(self) -> bool:
        """Whether an utterance has begun and not ended."""
        ...

    def push(self, block: Samples) -> list[Utterance]:
        """Take more of the stream, and return what has ended in it."""
        ...

    def finish(self) -> list[Utterance]:
        """Return what is being said when the stream ends."""
        ...


class Hearing:
    """Hears a source in a thread, and hands over what is said.

    Times of utterances are on the clock of ``time.monotonic``: they follow the source's clock from
    block to block, so that nothing adds up over an hour.

    Parameters
    ----------
    source
        Where sound comes from.
    cutter
        What cuts it.
    on_utterance
        Called in the thread.
    on_end
        Called in the thread when the source has ended, with the error if there was one.
    """

    def __init__(
        self,
        source: Source,
        cutter: Cutter,
        on_utterance: Callable[[Utterance], None],
        on_end: Callable[[MedAssistError | None], None],
    ) -> None:
        self._source, self._cutter = source, cutter
        self._on_utterance, self._on_end = on_utterance, on_end
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)
        self.heard_s = 0.0

    @property
    def level(self) -> float:
        """Root mean square of the newest block, 0 to 1."""
        return self._source.level

    @property
    def n_lost(self) -> int:
        """Blocks of sound that were lost."""
        return self._source.n_lost

    @property
    def is_speaking(self) -> bool:
        """Whether something is being said."""
        return self._cutter.is_speaking

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> bool:
        """Close the source, and wait until what was said last is handed over; tell whether it was."""
        self._source.close()
        self._thread.join(_JOIN_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        problem: MedAssistError | None = None
        n_samples, offset_s = 0, 0.0
        try:
            with self._source as source:
                for block in source.blocks():
                    offset_s = block.begin_s - n_samples / RATE_HZ
                    n_samples += len(block.samples)
                    self.heard_s = n_samples / RATE_HZ
                    self._hand_over(self._cutter.push(block.samples), offset_s)
        except MedAssistError as error:
            problem = error
        self._hand_over(self._cutter.finish(), offset_s)
        self._on_end(problem)

    def _hand_over(self, ended: list[Utterance], offset_s: float) -> None:
        for one in ended:
            self._on_utterance(one.later_by(offset_s))


@dataclass(frozen=True, eq=False)
class Understood:
    """An utterance, and what was made of it.

    Attributes
    ----------
    utterance
        What was said, on the clock of ``time.monotonic``.
    outcome
        What the recogniser made of it; None for a dictation.
    text
        Of a dictation.
    recogniser
        Its name.
    took_s
        How long that took.
    """

    utterance: Utterance
    outcome: Outcome | None
    text: str
    recogniser: str
    took_s: float


class Understanding:
    """Recognises utterances in a thread, one after the other; they wait until there is a recogniser.

    Parameters
    ----------
    on_understood
        Called in the thread.
    on_failure
        Called in the thread with what went wrong.
    """

    def __init__(
        self,
        on_understood: Callable[[Understood], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._on_understood, self._on_failure = on_understood, on_failure
        self._waiting: queue.Queue[tuple[Utterance, bool] | None] = queue.Queue()
        self._recogniser: Recogniser | None = None
        self._is_ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="understanding", daemon=True)
        self._thread.start()

    @property
    def n_waiting(self) -> int:
        """Utterances that are not understood yet."""
        return self._waiting.unfinished_tasks

    def use(self, recogniser: Recogniser) -> None:
        """Recognise with this one from the next utterance on."""
        self._recogniser = recogniser
        self._is_ready.set()

    def take(self, utterance: Utterance, *, is_dictation: bool = False) -> None:
        """Recognise an utterance, or write it down, when those before it are."""
        self._waiting.put((utterance, is_dictation))

    def close(self) -> None:
        """Understand nothing more."""
        self._waiting.put(None)
        self._is_ready.set()
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        while True:
            found = self._waiting.get()
            self._is_ready.wait()
            try:
                if found is None:
                    return
                if self._recogniser is not None:
                    self._on_understood(self._understood(self._recogniser, *found))
            except Exception as error:  # noqa: BLE001 - one utterance must not end all; it is told
                self._on_failure(error)
            finally:
                self._waiting.task_done()

    @staticmethod
    def _understood(recogniser: Recogniser, said: Utterance, is_dictation: bool) -> Understood:  # noqa: FBT001
        start = time.perf_counter()
        text = recogniser.write_down(said.samples) if is_dictation else ""
        outcome = None if is_dictation else recogniser.recognise(said.samples)
        return Understood(said, outcome, text, recogniser.name, time.perf_counter() - start)
