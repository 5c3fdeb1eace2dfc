"""Run long work in a thread, with a progress dialog that can cancel it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from qtpy.QtCore import QEventLoop, Qt, QThread, QTimer
from qtpy.QtWidgets import QProgressDialog, QWidget

from napari_medassist._plugin.readers import layers_at
from napari_medassist.app.jobs import Job
from napari_medassist.app.layer_data import LayerData
from napari_medassist.app.session import Session
from napari_medassist.core.progress import Progress

T = TypeVar("T")
_SHOW_AFTER_MS = 400
_LOOK_EVERY_MS = 150


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
