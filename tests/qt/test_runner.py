from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from qtpy.QtWidgets import QWidget

from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.work import Requests
from napari_medassist.core.errors import Cancelled, FileProblem
from napari_medassist.core.progress import Progress

pytestmark = pytest.mark.gui


@pytest.fixture
def runner(qtbot: Any) -> Any:
    parent = QWidget()
    qtbot.addWidget(parent)
    runner = Runner(parent)
    yield runner
    assert runner.close()


def counting(steps: int, seconds: float) -> Any:
    def run(progress: Progress) -> int:
        for step in range(steps):
            progress(step, steps, f"step {step}")
            time.sleep(seconds)
        return threading.get_ident()

    return run


def test_the_result_arrives_in_the_windows_thread(runner: Runner, qtbot: Any) -> None:
    found = []
    reports = []
    busy = []
    runner.progressed.connect(lambda *report: reports.append(report))
    runner.busy_changed.connect(busy.append)

    def accept(worked_in: int) -> None:
        found.append((worked_in, threading.get_ident()))

    runner.start(Requests().start("counting", counting(10, 0.05), accept))
    assert runner.is_busy
    assert not found
    qtbot.waitUntil(lambda: bool(found), timeout=5000)
    worked_in, accepted_in = found[0]
    assert accepted_in == threading.get_ident() != worked_in
    assert busy == [True, False]
    assert any(done > 0 and total == 10 for done, total, _ in reports)


def test_only_the_newest_request_of_a_kind_is_accepted(runner: Runner, qtbot: Any) -> None:
    requests, found = Requests(), []
    for name in ("first", "second", "third"):
        runner.start(requests.start(name, counting(4, 0.02), lambda _, name=name: found.append(name)))
    qtbot.waitUntil(lambda: not runner.is_busy, timeout=5000)
    assert found == ["third"]


def test_cancelled_work_stops_soon_and_says_so(runner: Runner, qtbot: Any) -> None:
    errors = []
    runner.start(Requests().start("long", counting(1000, 0.02), lambda _: None, errors.append))
    qtbot.wait(60)
    runner.cancel()
    qtbot.waitUntil(lambda: bool(errors), timeout=1000)
    assert isinstance(errors[0], Cancelled)


def test_an_error_of_the_data_becomes_a_message(
    runner: Runner, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, errors = [], []
    monkeypatch.setattr("napari_medassist._qt.messages.show_error", shown.append)

    def run(_progress: Progress) -> None:
        raise FileProblem("It is not there.", path="x.nii", cure="Look.")

    runner.start(Requests().start("reading", run, lambda _: None, errors.append))
    qtbot.waitUntil(lambda: bool(errors), timeout=5000)
    assert "It is not there" in shown[0]


def test_closing_waits_and_accepts_nothing(qtbot: Any) -> None:
    runner, found = Runner(), []
    runner.start(Requests().start("long", counting(20, 0.02), found.append))
    assert runner.close()
    qtbot.wait(50)
    assert not found


def test_a_widget_deleted_after_it_was_collected_does_not_crash() -> None:
    """In a process of its own: what went wrong was a segmentation fault."""
    program = """
import gc
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QWidget
from napari_medassist._qt.threads import Runner

app = QApplication([])
for _ in range(20):
    widget = QWidget()
    widget.runner, widget.me = Runner(widget), widget  # a cycle, as each panel is one
    widget.deleteLater()
    del widget
    gc.collect()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
"""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
