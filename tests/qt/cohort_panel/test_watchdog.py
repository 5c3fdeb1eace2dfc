"""The window must go on while a cohort is compared: the event loop is watched all the time."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer

from napari_medassist.app.browser import opening
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.settings import Settings
from tests.unit.app.browser.small_cohorts import browser_of, random_pair
from tests.unit.app.cohort.cohorts import save

pytestmark = [pytest.mark.gui, pytest.mark.calm]

N_CASES = 150
LONGEST_MS = 100.0
#: How long the last case waits at most for the table to have grown.
PATIENCE_S = 60.0
_THREADS = Path("/proc/self/task")


def waited_s() -> dict[str, float]:
    """Time that each thread of ours was ready to run and no processor was free, since it began."""
    waits = {}
    for thread in _THREADS.iterdir() if _THREADS.exists() else ():
        try:
            waits[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
        except OSError:  # it has just ended
            continue
    return waits


class Watchdog:
    """A timer that should fire every few milliseconds; what it misses was blocked.

    Time in which other programs held all processors is not the window's fault, and is taken off: that
    of the two threads of ours that waited longest: the window's, and one that may have held the
    interpreter's lock meanwhile.
    """

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._last = time.perf_counter(), waited_s()
        self._timer.start(5)

    def _tick(self) -> None:
        now = time.perf_counter(), waited_s()
        waits = sorted(total - self._last[1].get(thread, 0.0) for thread, total in now[1].items())
        blocked = now[0] - self._last[0] - sum(waits[-2:])
        self.gaps_ms.append(1e3 * blocked)
        self._last = now

    def stop(self) -> float:
        self._timer.stop()
        return max(self.gaps_ms)


@pytest.fixture
def cohort(tmp_path: Path) -> CohortSources:
    rng = np.random.default_rng(1)
    for number in range(N_CASES):
        for folder, voxels in zip(("ref", "ai"), random_pair(rng), strict=True):
            save(tmp_path / folder / f"case_{number}.nii.gz", voxels)
    return CohortSources(reference=tmp_path / "ref", predictions={"ai": tmp_path / "ai"})


def hold_last_case(monkeypatch: pytest.MonkeyPatch, released: threading.Event) -> None:
    """Let the last of the cases not end before an event: a fast machine needs less than one look."""
    evaluated = opening.evaluate_cohort

    def held(pairs: Any, *, running: Any, **options: Any) -> Any:
        n_ended = 0

        def on_case(row: int, records: Any) -> None:
            nonlocal n_ended
            n_ended += 1
            if n_ended == N_CASES:
                released.wait(PATIENCE_S)
            running.on_case(row, records)

        return evaluated(pairs, running=replace(running, on_case=on_case), **options)

    monkeypatch.setattr(opening, "evaluate_cohort", held)


def note_growth(browser: Any, released: threading.Event) -> Callable[[], None]:
    """Return a slot that sets the event once some cases are in the table and some are not."""

    def look() -> None:
        if 0 < browser.table.n_waiting < N_CASES:
            released.set()

    return look


def test_the_window_never_stops_while_a_cohort_is_compared(
    viewer: Any,
    bridge: Any,
    qtbot: Any,
    cohort: CohortSources,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from napari_medassist._qt.cohort_panel.panel import CohortPanel

    has_grown = threading.Event()
    hold_last_case(monkeypatch, has_grown)
    settings = Settings(tmp_path / "settings.json")
    browser = browser_of(tmp_path, settings=settings, workers=2)
    panel = CohortPanel(bridge, browser, settings)
    qtbot.addWidget(panel)
    panel.resize(1200, 400)
    panel.show()
    qtbot.wait(300)
    gc.collect()
    look = note_growth(browser, has_grown)
    browser.cases_changed.connect(look)
    watchdog = Watchdog()
    panel.open_cohort(cohort)
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=120_000)
    qtbot.wait(300)
    longest = watchdog.stop()
    assert has_grown.is_set(), "the table did not grow while cases were compared"
    assert panel.browser.table.n_waiting == 0
    assert longest < LONGEST_MS
    assert panel.runner.close()
