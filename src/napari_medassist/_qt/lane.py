"""Work of one kind beside the window: one piece at a time, always for the newest state of things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.work import Work
from napari_medassist.core.errors import Cancelled, MedAssistError
from napari_medassist.core.progress import Progress


@dataclass(frozen=True, eq=False)
class Errand:
    """One piece of work.

    Parameters
    ----------
    run
        Computes in another thread; touches no widget.
    accept
        Takes the result, in the window's thread.
    fail
        Is told of an error that a user can meet, likewise.
    """

    run: Callable[[Progress], Any]
    accept: Callable[[Any], None]
    fail: Callable[[MedAssistError], None]


class Lane:
    """Asked to work a hundred times while a slider is dragged, it works as often as time allows.

    What is to be done is looked up when it starts, not when it was asked for: what was asked for
    meanwhile becomes one piece of work, with the newest settings.

    Parameters
    ----------
    runner
        Runs the work.
    prepare
        Called in the window's thread when work can start; returns the errand, or None if there is
        nothing to do.
    """

    def __init__(self, runner: Runner, prepare: Callable[[], Errand | None]) -> None:
        self._runner = runner
        self._prepare = prepare
        self._current: object | None = None
        self._stopped: object | None = None
        self._is_wanted = False

    @property
    def is_busy(self) -> bool:
        """Whether something runs or is wanted."""
        return self._current is not None or self._is_wanted

    def ask(self) -> None:
        """Want the work to be done; at once if nothing runs, else when that has ended."""
        self._is_wanted = True
        if self._current is None:
            self._begin()

    def stop(self) -> None:
        """Want nothing any more; what runs stops at its next report, and its result is dropped."""
        self._is_wanted = False
        self._stopped = self._current

    def _begin(self) -> None:
        self._is_wanted = False
        errand = self._prepare()
        if errand is None:
            return
        token = self._current = object()

        def run(progress: Progress) -> Any:
            def report(done: int, total: int, message: str, /) -> None:
                if self._stopped is token:
                    raise Cancelled("Overtaken; nothing was changed.")
                progress(done, total, message)

            return errand.run(report)

        def accept(value: Any) -> None:
            try:
                if self._stopped is not token:
                    errand.accept(value)
            finally:
                self._go_on()

        faults: list[BaseException] = []

        def fail(error: BaseException) -> None:
            if not isinstance(error, MedAssistError):
                faults.append(error)
            elif self._stopped is not token:
                errand.fail(error)
            self._go_on()

        # Errors that a user can meet are told where the errand belongs; the runner shows the others.
        self._runner.start(Work("", run, accept, fail, lambda: bool(faults), is_quick=True))

    def _go_on(self) -> None:
        self._current = None
        if self._is_wanted:
            self._begin()
