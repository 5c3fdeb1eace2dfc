"""Which frame is due while a clip plays: the clip's own times, a clock, and nothing else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from napari_medassist.annotation.clips.ranges import ClipKey

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0)


@dataclass(frozen=True)
class Shown:
    """What has been shown since the start: frames that were, and frames that were passed over."""

    shown: int
    dropped: int
    seconds: float

    def in_words(self, speed: float) -> str:
        """Return the rate, and the frames that were dropped, in words."""
        rate = self.shown / self.seconds if self.seconds > 0 else 0.0
        words = f"{rate:.0f} frames a second at {speed:g}x"
        return f"{words}, {self.dropped} dropped to keep time" if self.dropped else words


class Playhead:
    """The frame that is due at a moment, true to the clip's times: frames are dropped, never slowed.

    Parameters
    ----------
    key
        The clip.
    clock
        Returns seconds; never falling.
    """

    def __init__(self, key: ClipKey, clock: Callable[[], float] = perf_counter) -> None:
        self._key, self._clock = key, clock
        self._began: float | None = None
        self._from_s = 0.0
        self._start_at = 0.0
        self._last_shown: int | None = None
        self._n_shown = self._n_dropped = 0
        self.speed = 1.0
        self.first, self.last, self.loops = 0, key.n_frames - 1, False

    @property
    def is_playing(self) -> bool:
        """True between :meth:`start` and :meth:`stop`."""
        return self._began is not None

    def set_speed(self, speed: float) -> None:
        """Play faster or slower from now on."""
        if self.is_playing:
            self._from_s, self._began = self._now_s(), self._clock()
        self.speed = speed

    def set_loop(self, first: int, last: int, *, loops: bool) -> None:
        """Play frames ``first`` to ``last`` only, over and over if ``loops``."""
        if self.is_playing:
            self._from_s, self._began = self._now_s(), self._clock()
        self.first, self.last, self.loops = first, last, loops

    def start(self, frame: int) -> None:
        """Play from a frame; from the first one if it is the last or lies outside."""
        begin = frame if self.first <= frame < self.last else self.first
        self._from_s = self._key.times_s[begin]
        self._began = self._start_at = self._clock()
        self._last_shown, self._n_shown, self._n_dropped = None, 0, 0

    def stop(self) -> None:
        """Stop."""
        self._began = None

    def due(self) -> int | None:
        """Return the frame that is due now; None if playing has come to its end."""
        now = self._now_s()
        if now >= self._end_s and not self.loops:
            return None
        begin, length = self._key.times_s[self.first], self._end_s - self._key.times_s[self.first]
        if now >= self._end_s and length > 0:
            now = begin + (now - begin) % length
        found = bisect_right(self._key.times_s, now) - 1
        return min(max(found, self.first), self.last)

    def count(self, frame: int) -> None:
        """Note that a frame is shown; those between it and the one before were dropped."""
        before = self._last_shown
        if frame == before:
            return
        self._n_shown += 1
        if before is not None:
            n = self.last - self.first + 1
            step = frame - before if frame > before else frame - before + n
            self._n_dropped += max(0, step - 1)
        self._last_shown = frame

    def following(self, frame: int, n: int) -> list[int]:
        """Return the frames that come after one, itself first, as many as ``n``."""
        found = list(range(frame, min(frame + n, self.last + 1)))
        if self.loops and len(found) < n:
            found += range(self.first, min(self.first + n - len(found), frame))
        return found

    def tally(self) -> Shown:
        """Return what was shown since the start."""
        return Shown(self._n_shown, self._n_dropped, self._clock() - self._start_at)

    @property
    def _end_s(self) -> float:
        """When the last frame has been shown for its time."""
        times = self._key.times_s
        if self.last + 1 < len(times):
            return times[self.last + 1]
        return times[self.last] + self._key.frame_s

    def _now_s(self) -> float:
        began = self._began
        return self._from_s if began is None else self._from_s + (self._clock() - began) * self.speed
