"""Long work: its progress, its cancellation, and late results that are dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable

from napari_medassist.core.errors import Cancelled

ProgressSink = Callable[[int, int, str], None]


class Job:
    """One run of long work, seen from both sides: the work reports to it, the user cancels it.

    Parameters
    ----------
    sink
        Is told of the progress; called in the thread of the work.
    """

    def __init__(self, sink: ProgressSink | None = None) -> None:
        self._sink = sink
        self._cancelled = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """True after :meth:`cancel`."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self._cancelled.set()

    def progress(self, done: int, total: int, message: str, /) -> None:
        """Report progress; this is what the work is given.

        Raises
        ------
        Cancelled
            If the user has cancelled.
        """
        if self.is_cancelled:
            raise Cancelled("Stopped at your wish; nothing was changed.")
        if self._sink is not None:
            self._sink(done, total, message)


class Generation:
    """Numbers requests, so that the answer to an old one is recognised and dropped."""

    def __init__(self) -> None:
        self._current = 0

    def next(self) -> int:
        """Start a new request; answers to all earlier ones are late from now on."""
        self._current += 1
        return self._current

    def is_current(self, number: int) -> bool:
        """Tell whether a request is still the newest."""
        return number == self._current
