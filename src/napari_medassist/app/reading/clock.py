"""How long a reader has actively worked on a case."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Without any input for so long, the reader is taken to have gone away.
IDLE_AFTER_S = 60.0


class ActiveTimer:
    """Counts seconds while there is input and the window is in front.

    Time counts from an input on for ``idle_after_s`` seconds at most; a longer pause counts as that
    much. While the window is not in front nothing counts.

    Parameters
    ----------
    clock
        Returns seconds that never go back.
    idle_after_s
        After how many seconds without input the time stands still.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, idle_after_s: float = IDLE_AFTER_S
    ) -> None:
        self.idle_after_s = idle_after_s
        self._clock = clock
        self._seconds = 0.0
        self._counted_to: float | None = None
        self._last_input = 0.0
        self._in_front = True

    @property
    def seconds(self) -> float:
        """Active seconds since :meth:`start`, on top of those that were there."""
        self._count()
        return self._seconds

    @property
    def is_running(self) -> bool:
        """Whether time counts at this moment."""
        idle_s = self._clock() - self._last_input
        return self._counted_to is not None and self._in_front and idle_s < self.idle_after_s

    def start(self, seconds: float = 0.0) -> None:
        """Begin with a case, on which some seconds were spent already."""
        self._seconds = seconds
        self._counted_to = self._last_input = self._clock()

    def stop(self) -> float:
        """End with a case and return its seconds."""
        self._count()
        self._counted_to = None
        return self._seconds

    def touch(self) -> None:
        """Tell of an input: a key, a click, the mouse over the window."""
        self._count()
        self._last_input = self._clock()
        if self._counted_to is not None:
            self._counted_to = self._last_input

    def set_in_front(self, in_front: bool) -> None:  # noqa: FBT001 - the one thing it is about
        """Tell whether the window is in front."""
        if in_front != self._in_front:
            self._count()
            self._in_front = in_front
            if in_front:
                self.touch()

    def _count(self) -> None:
        """Count what was active since it was counted last."""
        if self._counted_to is None:
            return
        now = self._clock()
        end = min(now, self._last_input + self.idle_after_s)
        if self._in_front and end > self._counted_to:
            self._seconds += end - self._counted_to
        self._counted_to = max(self._counted_to, now)


def in_words(seconds: float) -> str:
    """Return a time as minutes and seconds, with hours where there are some: ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
