"""The microphone and the recogniser beside a window: their threads, and signals in its own."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from qtpy.QtCore import QObject, Qt, QTimer, Signal

from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.work import Requests
from napari_medassist.app.voicing.choices import Choices, Mode
from napari_medassist.app.voicing.recognisers import Recognisers
from napari_medassist.core.errors import MedAssistError
from napari_medassist.voice.activity import Endpoints, Segmenter, Utterance
from napari_medassist.voice.capture import Microphone, device_called
from napari_medassist.voice.desk import Moment
from napari_medassist.voice.hearing import Cutter, Hearing, Source, Understanding, Understood
from napari_medassist.voice.push_to_talk import PushToTalk
from napari_medassist.voice.recognisers.outcome import Phrases, Recogniser
from napari_medassist.voice.sound import LONGEST_PHRASE_S

_TRAIL_EVERY_MS = 40
_TRAIL_S = 40.0


class _Held:
    """What goes on in threads; it is let go with the window, whoever forgets to close it."""

    def __init__(self) -> None:
        self.hearing: Hearing | None = None
        self.understanding: Understanding | None = None

    def let_go(self, _destroyed: object = None) -> None:
        """Close the microphone, and understand nothing more."""
        hearing, self.hearing = self.hearing, None
        understanding, self.understanding = self.understanding, None
        if hearing is not None:
            hearing.stop()
        if understanding is not None:
            understanding.close()


class Listening(QObject):
    """Listens, and tells what was understood.

    Signals
    -------
    understood
        Emits an :class:`~napari_medassist.voice.hearing.Understood` and the
        :class:`~napari_medassist.voice.desk.Moment` when it began to be said.
    failed
        Emits what went wrong, in words.
    changed
        Listening has begun or ended, or another grammar is ready.

    Parameters
    ----------
    now
        Returns where the reader is.
    parent
        Whoever shows what is understood.
    """

    understood = Signal(object, object)
    failed = Signal(str)
    changed = Signal()
    _came = Signal(object)
    _went_wrong = Signal(object)
    _ended = Signal(object, object)

    def __init__(self, now: Callable[[], Moment], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._recognisers = Recognisers()
        self._held = _Held()
        self._push: PushToTalk | None = None
        self._requests, self._runner = Requests(), Runner(self, threads=1)
        self.grammar: Phrases | None = None
        self.is_dictating = False
        self._trail: deque[tuple[float, Moment]] = deque(maxlen=int(_TRAIL_S * 1000 / _TRAIL_EVERY_MS))
        self._clock = QTimer(self)
        self._clock.setInterval(_TRAIL_EVERY_MS)
        self._clock.timeout.connect(self._remember)
        queued = Qt.ConnectionType.QueuedConnection
        self._came.connect(self._take, queued)
        self._went_wrong.connect(self._tell, queued)
        self._ended.connect(self._take_end, queued)
        self.destroyed.connect(self._held.let_go)  # a method: Qt holds it weakly

    # ---------------------------------------------------------------- state

    @property
    def is_listening(self) -> bool:
        """Whether the microphone is open."""
        return self._held.hearing is not None

    @property
    def is_getting_ready(self) -> bool:
        """Whether a recogniser is being made."""
        return self._runner.is_busy

    @property
    def is_speaking(self) -> bool:
        """Whether something is being said."""
        return self._held.hearing is not None and self._held.hearing.is_speaking

    @property
    def is_understanding(self) -> bool:
        """Whether something that was said is not understood yet."""
        return self._held.understanding is not None and self._held.understanding.n_waiting > 0

    @property
    def level(self) -> float:
        """Root mean square of what is heard now, 0 to 1."""
        return 0.0 if self._held.hearing is None else self._held.hearing.level

    @property
    def n_lost(self) -> int:
        """Blocks of sound that were lost since the microphone was opened."""
        return 0 if self._held.hearing is None else self._held.hearing.n_lost

    # ---------------------------------------------------------------- acts

    def get_ready(self, grammar: Phrases, choices: Choices) -> None:
        """Understand these phrases from now on; those of before until that is ready."""
        if grammar == self.grammar and self._recognisers.known(grammar, choices) is not None:
            return
        work = self._requests.start(
            f"Making ready for {len(grammar.phrases)} phrases",
            lambda _progress: self._recognisers.make(grammar, choices),
            lambda recogniser: self._use(grammar, recogniser),
            is_quick=True,
        )
        self._runner.start(work)
        self.changed.emit()

    def start(self, choices: Choices, source: Source | None = None) -> None:
        """Open the microphone.

        Parameters
        ----------
        choices
            Which one, and when it is listened to.
        source
            What is heard in its place.

        Raises
        ------
        MedAssistError
            If a package or the microphone is missing.
        """
        if self._held.hearing is not None:
            return
        push = PushToTalk() if choices.mode is Mode.PUSH else None
        cutter: Cutter = push or Segmenter(endpoints=Endpoints(longest_s=LONGEST_PHRASE_S))
        if source is None:
            microphone = Microphone(device_called(choices.device))
            microphone.open()
            source = microphone
        self._push = push
        self._required_understanding()
        hearing = Hearing(source, cutter, self._hand_over, lambda problem: self._tell_end(problem))
        self._held.hearing = hearing
        self._trail.clear()
        self._remember()
        self._clock.start()
        hearing.start()
        self.changed.emit()

    def stop(self) -> None:
        """Close the microphone; what was said before is still understood."""
        hearing, self._held.hearing, self._push = self._held.hearing, None, None
        if hearing is not None:
            hearing.stop()
            self._clock.stop()
            self.changed.emit()

    def hold(self, *, held: bool) -> None:
        """Tell whether the key is held that is held while one speaks."""
        if self._push is not None:
            self._push.hold(held=held)

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._runner.close()
        self._held.let_go()

    def moment_at(self, time_s: float) -> Moment:
        """Return where the reader was: at the newest remembered time before this one."""
        times = [at for at, _ in self._trail]
        place = bisect_right(times, time_s) - 1
        return self._trail[max(place, 0)][1] if times else self._now()

    # ---------------------------------------------------------------- in other threads

    def _hand_over(self, utterance: Utterance) -> None:
        if self._held.understanding is not None:
            self._held.understanding.take(utterance, is_dictation=self.is_dictating)

    def _tell_end(self, problem: MedAssistError | None) -> None:
        with suppress(RuntimeError):  # the window is gone
            self._ended.emit(self._held.hearing, problem)

    def _emit_understood(self, understood: Understood) -> None:
        with suppress(RuntimeError):
            self._came.emit(understood)

    def _emit_failure(self, error: Exception) -> None:
        with suppress(RuntimeError):
            self._went_wrong.emit(error)

    # ---------------------------------------------------------------- in the window's thread

    def _required_understanding(self) -> Understanding:
        if self._held.understanding is None:
            self._held.understanding = Understanding(self._emit_understood, self._emit_failure)
        return self._held.understanding

    def _use(self, grammar: Phrases, recogniser: Recogniser) -> None:
        self._required_understanding().use(recogniser)
        self.grammar = grammar
        self.changed.emit()
        if recogniser.unknown:
            self.failed.emit(
                f"{recogniser.name} does not know how {', '.join(recogniser.unknown)} sounds: phrases "
                "with these words are not heard. Add pronunciations to the vocabulary."
            )

    def _take(self, understood: Understood) -> None:
        self.understood.emit(understood, self.moment_at(understood.utterance.begin_s))

    def _tell(self, error: Exception) -> None:
        self.failed.emit(str(error))

    def _take_end(self, hearing: Hearing | None, problem: MedAssistError | None) -> None:
        if hearing is not self._held.hearing:
            return
        if problem is not None:
            self.failed.emit(str(problem))
        self.stop()

    def _remember(self) -> None:
        self._trail.append((time.monotonic(), self._now()))
