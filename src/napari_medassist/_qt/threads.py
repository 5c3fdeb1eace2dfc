"""Run work in threads: behind a dialog that can cancel it, or while the window goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from qtpy.QtCore import QEventLoop, QObject, Qt, QThread, QTimer, Signal
from qtpy.QtWidgets import QProgressDialog, QWidget

from napari_medassist._plugin.readers import layers_at
from napari_medassist._qt.messages import show_failure
from napari_medassist.app.browser.work import Work
from napari_medassist.app.jobs import Job
from napari_medassist.app.layer_data import LayerData
from napari_medassist.app.session import Session
from napari_medassist.core.errors import Cancelled
from napari_medassist.core.progress import Progress

T = TypeVar("T")
_SHOW_AFTER_MS = 400
_LOOK_EVERY_MS = 150
_RUNNER_LOOKS_EVERY_MS = 100


class _Worker(QThread):
    """Runs a function and keeps what it reported last, and what it returned or raised."""

    def __init__(self, function: Callable[[Progress], Any]) -> None:
        super().__init__()
        self.job = Job(self._keep)
        self.report = (0, 0, "")
        self.result: Any = None
        self.error: BaseException | None = None
        self._function = function

    def _keep(self, done: int, total: int, message: str) -> None:
        self.report = (done, total, message)

    def run(self) -> None:
        """Work; called by Qt in the new thread, so it must not touch widgets."""
        try:
            self.result = self._function(self.job.progress)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self.error = error


def run_with_dialog(title: str, function: Callable[[Progress], T], parent: QWidget | None) -> T:
    """Run a function in a thread, keep the window alive meanwhile, and return what it returns.

    A dialog with the progress and a cancel button appears if it takes longer than a blink.

    Parameters
    ----------
    title
        What the dialog says.
    function
        The work; it is given the :class:`~napari_medassist.core.progress.Progress` to report to.
    parent
        The window that the dialog belongs to.

    Raises
    ------
    Exception
        Whatever the function raises; ``Cancelled`` if the user stopped it.
    """
    dialog = QProgressDialog(title, "Cancel", 0, 0, parent)
    dialog.setWindowTitle("MedAssist")
    dialog.setWindowModality(Qt.WindowModality.ApplicationModal)
    dialog.setMinimumDuration(_SHOW_AFTER_MS)
    dialog.setAutoReset(False)
    worker = _Worker(function)
    loop = QEventLoop()

    def show() -> None:
        done, total, message = worker.report
        dialog.setMaximum(total)
        dialog.setLabelText(f"{title}\n{message}")
        dialog.setValue(done)

    # The dialog looks at the work now and then: a redraw at each of a thousand files would take longer
    # than reading them.
    clock = QTimer()
    clock.timeout.connect(show)
    clock.start(_LOOK_EVERY_MS)
    dialog.canceled.connect(worker.job.cancel)
    worker.finished.connect(loop.quit)
    worker.start()
    loop.exec()
    worker.wait()
    clock.stop()
    dialog.close()
    dialog.deleteLater()
    if worker.error is not None:
        raise worker.error
    result: T = worker.result
    return result


def read_with_dialog(path: Path, session: Session, parent: QWidget | None) -> list[LayerData]:
    """Read a file or folder in a thread and return its layers, in the frame of the open case.

    Raises
    ------
    MedAssistError
        Whatever reading raises; ``Cancelled`` if the user stopped it.
    """
    return run_with_dialog(
        f"Reading {path.name}",
        lambda progress: layers_at(path, progress, session.layers_of),
        parent,
    )


class _Task(threading.Thread):
    """One request: what it reported last, and what came of it.

    A daemon, not a QRunnable: Qt would wait for its own threads while it deletes a window, and they for
    the interpreter that the deletion holds.
    """

    def __init__(
        self, work: Work[Any], places: threading.Semaphore, on_end: Callable[[_Task], None]
    ) -> None:
        super().__init__(name=work.title, daemon=True)
        self.work = work
        self._places = places
        self.job = Job(self._keep)
        self.report = (0, 0, work.title)
        self.value: Any = None
        self.error: BaseException | None = None
        self._on_end = on_end

    def _keep(self, done: int, total: int, message: str) -> None:
        self.report = (done, total, message)

    def run(self) -> None:
        """Work, once there is a place; called in the new thread, so it must not touch widgets."""
        with self._places:
            try:
                self.value = self.work.run(self.job.progress)
            except BaseException as error:  # noqa: BLE001 - told in the window's thread
                self.error = error
        self._on_end(self)


class _Tasks(list[_Task]):
    """The tasks of a runner that run or wait."""

    def cancel_all(self, _destroyed: object = None) -> None:
        """Ask all of them to stop at their next report."""
        for task in self:
            task.job.cancel()


class Runner(QObject):
    """Runs requests in threads while the window goes on; their results arrive in its thread.

    Requests of one kind overtake each other by themselves (see
    :class:`~napari_medassist.app.browser.work.Requests`); this only carries them.

    Signals
    -------
    progressed
        Emits done, total and a message of the oldest request that is not quick, about ten times a
        second while there is one.
    busy_changed
        Emits whether there is such a request.

    Parameters
    ----------
    parent
        Whoever shows the results.
    threads
        How many requests run at the same time.
    """

    progressed = Signal(int, int, str)
    busy_changed = Signal(bool)
    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None, *, threads: int = 3) -> None:
        super().__init__(parent)
        self._places = threading.Semaphore(threads)
        self._tasks = _Tasks()
        self._was_busy = False
        self._clock = QTimer(self)
        self._clock.setInterval(_RUNNER_LOOKS_EVERY_MS)
        self._clock.timeout.connect(self._look)
        self._ended.connect(self._take, Qt.ConnectionType.QueuedConnection)
        # A method, which Qt holds weakly. A function that was collected before the widget was deleted
        # would be called all the same, and crash.
        self.destroyed.connect(self._tasks.cancel_all)

    @property
    def is_busy(self) -> bool:
        """Whether a request runs or waits."""
        return bool(self._tasks)

    def start(self, work: Work[Any]) -> None:
        """Run a request in a thread; its ``accept`` or ``fail`` is called in this one."""
        task = _Task(work, self._places, self._tell)
        self._tasks.append(task)
        task.start()
        if not work.is_quick:
            self._clock.start()
            self._look()

    def cancel(self) -> None:
        """Ask all requests to stop at their next report."""
        self._tasks.cancel_all()

    def close(self, wait_ms: int = 5000) -> bool:
        """Stop everything and wait for it; nothing is accepted any more. Tell whether all ended."""
        self._clock.stop()
        self.cancel()
        tasks, until = list(self._tasks), time.monotonic() + wait_ms / 1000
        self._tasks.clear()
        for task in tasks:
            task.join(max(0.0, until - time.monotonic()))
        return not any(task.is_alive() for task in tasks)

    def _tell(self, task: _Task) -> None:
        with suppress(RuntimeError):  # Qt has deleted the runner: nobody waits for the result
            self._ended.emit(task)

    def _take(self, task: _Task) -> None:
        if task not in self._tasks:
            return
        self._tasks.remove(task)
        self._look()
        if task.error is None:
            task.work.accept(task.value)
            return
        task.work.fail(task.error)
        is_late = not task.work.is_current()
        if not is_late and not isinstance(task.error, Cancelled):
            show_failure(task.error)

    def _look(self) -> None:
        slow = [task for task in self._tasks if not task.work.is_quick and task.work.is_current()]
        if slow:
            self.progressed.emit(*slow[0].report)
        else:
            self._clock.stop()
        if bool(slow) is not self._was_busy:
            self._was_busy = bool(slow)
            self.busy_changed.emit(self._was_busy)
