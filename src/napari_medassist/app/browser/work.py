"""Work for another thread: what to run there, and what to do with its result in the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from napari_medassist.core.errors import Cancelled
from napari_medassist.core.progress import Progress, silent

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Work(Generic[T]):
    """One request: computed in any thread, accepted in the thread of the window.

    Who shows windows does this and no more::

        value = work.run(progress)   # in a worker thread; may raise
        work.accept(value)           # in the window's thread
        work.fail(error)             # instead, if run raised; also in the window's thread

    A request that was overtaken by a newer one stops at its next report of progress (it raises
    ``Cancelled``), and ``accept`` and ``fail`` of it do nothing.

    Parameters
    ----------
    title
        What is being done, for a progress bar.
    run
        Computes; touches nothing that the window's thread reads.
    accept
        Takes the value over and signals what changed.
    fail
        Is told why there is no value; ``Cancelled`` if the user stopped it.
    is_current
        Whether no newer request has overtaken it.
    is_quick
        Whether it takes about a frame, so that no progress needs to be shown.
    """

    title: str
    run: Callable[[Progress], T]
    accept: Callable[[T], None]
    fail: Callable[[BaseException], None]
    is_current: Callable[[], bool]
    is_quick: bool = False

    def run_here(self, progress: Progress = silent) -> T:
        """Compute and accept at once, in this thread: for scripts and tests.

        Raises
        ------
        Exception
            Whatever ``run`` raises, after ``fail`` was told.
        """
        try:
            value = self.run(progress)
        except BaseException as error:
            self.fail(error)
            raise
        self.accept(value)
        return value


@dataclass(eq=False)
class Requests:
    """Requests of one kind, of which only the newest counts. Safe to ask from any thread."""

    _newest: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(
        self,
        title: str,
        run: Callable[[Progress], T],
        accept: Callable[[T], None],
        fail: Callable[[BaseException], None] = lambda _error: None,
        *,
        is_quick: bool = False,
    ) -> Work[T]:
        """Return a new request; all earlier ones of this kind are late from now on."""
        number = self.overtake()

        def is_current() -> bool:
            return self._newest == number

        def accept_newest(value: T) -> None:
            if is_current():
                accept(value)

        def fail_newest(error: BaseException) -> None:
            if is_current():
                fail(error)

        def run_while_newest(progress: Progress) -> T:
            return run(_stopping(progress, is_current))

        return Work(title, run_while_newest, accept_newest, fail_newest, is_current, is_quick)

    def overtake(self) -> int:
        """Let all requests so far be late; return the number of the next one."""
        with self._lock:
            self._newest += 1
            return self._newest


def _stopping(progress: Progress, is_current: Callable[[], bool]) -> Progress:
    """Return a progress that also stops work which was overtaken."""

    def report(done: int, total: int, message: str, /) -> None:
        if not is_current():
            raise Cancelled("Overtaken by a newer request; nothing was changed.")
        progress(done, total, message)

    return report
