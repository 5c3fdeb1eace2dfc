"""From a move of a slider to numbers and colours on the screen, in a real window.

A viewer is opened, a probability map is compared, and the sliders of the Compare tab are moved. The
clock runs from the move until napari has drawn the verdicts and the panel shows the numbers of the new
setting. Distances follow later; their time is told too. The processor time of the window's thread does
not depend on what else runs on the machine. Needs a screen::

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/bench_panel.py --out panel.json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtWidgets import QApplication
from scipy.ndimage import gaussian_filter

from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import cohort_dock_of, dock_of
from napari_medassist._qt.launch import new_window
from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.settings import Settings
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume

SHAPES = {"24x384x384": (24, 384, 384), "300x512x512": (300, 512, 512)}
SPACINGS = {"24x384x384": (3.0, 0.5, 0.5), "300x512x512": (1.0, 0.7, 0.7)}
N_LESIONS = 6
STROKES = 10
N_PAIRS, N_STEPS = 40, 15
_NAP_S = 0.001


def phantom(name: str) -> tuple[Volume, LabelMap, Volume]:
    """Return an image, a reference and a probability map that finds most lesions, shifted."""
    rng = np.random.default_rng(1)
    shape, geometry = SHAPES[name], Geometry(SHAPES[name], SPACINGS[name], (0.0, 0.0, 0.0))
    seeds = np.zeros(shape, dtype=np.float32)
    for _ in range(N_LESIONS):
        seeds[tuple(int(rng.integers(n // 4, 3 * n // 4)) for n in shape)] = 1
    sigma = [0.012 * n for n in (max(shape[0], 100), *shape[1:])]
    smooth = gaussian_filter(seeds, sigma)
    smooth /= smooth.max()
    reference = LabelMap(array=(smooth > 0.3).astype(np.uint8), geometry=geometry, name="reference")
    moved = np.roll(smooth, 3, axis=2)
    noise = gaussian_filter(rng.normal(size=[n // 4 + 1 for n in shape]).astype(np.float32), 1.5)
    grown = np.kron(noise, np.ones((4, 4, 4), dtype=np.float32))[: shape[0], : shape[1], : shape[2]]
    values = np.clip(moved + 0.15 * grown / grown.std() * (moved > 0.02), 0, 1).astype(np.float32)
    image = Volume(array=(100 * values).astype(np.float32), geometry=geometry, name="t2w", role="t2w")
    return image, reference, Volume(array=values, geometry=geometry, name="p", role="other")


def wait(until: Callable[[], bool], limit_s: float = 60.0) -> None:
    """Let the window work until something holds."""
    end = time.perf_counter() + limit_s
    while not until():
        QApplication.processEvents()
        time.sleep(_NAP_S)
        if time.perf_counter() > end:
            raise TimeoutError("The window did not come to rest.")


class Clock:
    """Times moves: until the first result under the new setting is drawn, and until it is complete."""

    def __init__(self, viewer: Any) -> None:
        self.bridge, self.panel = bridge_of(viewer), dock_of(viewer).evaluation_panel
        self._shown = self._drawn = self._refreshed = 0
        self.bridge.session.comparison_changed.connect(self._count)
        viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(self._count_drawn)
        for layer in self.bridge.verdicts.layers:
            layer.events.set_data.connect(self._count_refreshed)

    def _count(self, _compared: object) -> None:
        self._shown += 1

    def _count_drawn(self, _event: object) -> None:
        self._drawn += 1

    def _count_refreshed(self, _event: object) -> None:
        self._refreshed += 1

    def time(self, move: Callable[[], None]) -> tuple[float, float, float]:
        """Return milliseconds to numbers and colours, to the distances, and of the window's thread."""
        wait(lambda: not self.bridge.comparer.is_busy)
        drawn, refreshed, before = self._drawn, self._refreshed, self._shown
        start, used = time.perf_counter(), time.thread_time()
        move()
        wait(lambda: self._shown > before)
        QApplication.processEvents()
        if self._refreshed > refreshed:
            wait(lambda: self._drawn > drawn)
        quick, used = time.perf_counter() - start, time.thread_time() - used
        wait(lambda: not self.bridge.comparer.is_busy)
        return 1e3 * quick, 1e3 * (time.perf_counter() - start), 1e3 * used


def opened(name: str) -> tuple[Any, Clock]:
    """Return a window in which the phantom is compared."""
    image, reference, probabilities = phantom(name)
    viewer = new_window()
    bridge = bridge_of(viewer)
    case = Case("phantom", (image, probabilities), (reference,))
    bridge.add_layer_data(bridge.session.layers_of(case))
    dock = dock_of(viewer)
    dock.show_comparison()
    panel = dock.evaluation_panel
    panel.settings.header.setChecked(True)
    panel.choose("reference", "OTHER - p")
    panel.compare()
    return viewer, Clock(viewer)


def moves(clock: Clock) -> dict[str, Iterable[Callable[[], None]]]:
    """Return what is timed, by name."""
    settings = clock.panel.settings
    shares = [12, 18, 26, 33, 41, 47, 55, 62, 70, 78, 83, 88]
    layer = next(n for n in clock.bridge.label_layers() if n.name == "reference")
    layer.visible, layer.brush_size = True, 5
    depth = layer.data.shape[0] // 2
    return {
        "cut-off": [lambda v=v: settings.cut_off.slider.setValue(v) for v in shares],
        "overlap s": [lambda v=v: settings.reference.slider.setValue(v) for v in shares],
        "stroke": [lambda x=x: layer.paint((depth, 40, 40 + 9 * x), 1) for x in range(STROKES)],
    }


def measure(name: str) -> dict[str, Any]:
    """Return the times of one size, in milliseconds."""
    viewer, clock = opened(name)
    clock.time(lambda: clock.panel.settings.cut_off.slider.setValue(45))  # the first one warms up
    results = {}
    for what, acts in moves(clock).items():
        times = [clock.time(act) for act in acts]
        quick, complete, used = ([t[i] for t in times] for i in range(3))
        results[what] = {
            "quick_median_ms": round(statistics.median(quick), 1),
            "quick_max_ms": round(max(quick), 1),
            "complete_median_ms": round(statistics.median(complete), 1),
            "window_cpu_median_ms": round(statistics.median(used), 1),
        }
    viewer.close()
    return results


def measure_steps(pairs: Path, folder: Path) -> dict[str, Any]:
    """Return the times from key to picture, in milliseconds, of stepping through real pairs.

    ``pairs`` holds the folders ``human``, ``ai`` and ``zones``.
    """
    for side in ("human", "ai", "zones"):
        (folder / side).mkdir()
        for path in sorted((pairs / "human").iterdir())[:N_PAIRS]:
            if (pairs / side / path.name).exists():
                (folder / side / path.name).symlink_to((pairs / side / path.name).resolve())
    viewer = new_window()
    settings = Settings(folder / "settings.json")
    browser = CohortBrowser(settings=settings, cache_dir=folder, marks_path=folder / "marks.json")
    bridge_of(viewer).session.set_cohort(browser)
    dock = cohort_dock_of(viewer)
    sources = CohortSources(
        reference=folder / "human", predictions={"ai": folder / "ai"}, zones=folder / "zones"
    )
    dock.open_cohort(sources)
    steps = _Steps(viewer, dock)
    steps.rest()
    times = [steps.time(browser.next_case() or browser.table.names[0]) for _ in range(N_STEPS + 3)]
    viewer.close()
    names = ("first_picture", "verdicts", "window_cpu")
    columns = zip(*times[3:], strict=True)  # the first ones make layers
    return {
        f"{n}_median_ms": round(statistics.median(c), 1) for n, c in zip(names, columns, strict=True)
    }


class _Steps:
    """Times steps from case to case."""

    def __init__(self, viewer: Any, dock: Any) -> None:
        self._dock, self._bridge = dock, bridge_of(viewer)
        self._shown, self._judged, self._drawn, self._drawn_before = "", 0, 0, 0
        dock.browser.opened.connect(self._on_opened)
        self._bridge.session.comparison_changed.connect(self._on_compared)
        viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(self._on_draw)

    def _on_opened(self, opened: Any) -> None:
        self._shown = "" if opened is None else opened.name
        self._drawn_before = self._drawn  # told last, once the layers hold the case

    def _on_compared(self, compared: Any) -> None:
        self._judged += compared is not None

    def _on_draw(self, _event: object) -> None:
        self._drawn += 1

    def rest(self) -> None:
        """Wait until nothing runs: neighbours are read ahead."""
        dock, comparer = self._dock, self._bridge.comparer
        wait(lambda: not (dock.runner.is_busy or dock.browser.is_running or comparer.is_busy), 300)

    def time(self, case: str) -> tuple[float, float, float]:
        """Return milliseconds to the first picture, to verdicts, and of the window's thread."""
        self.rest()
        judged, start, used = self._judged, time.perf_counter(), time.thread_time()
        self._dock.open_case(case)
        wait(lambda: self._shown == case and self._drawn > self._drawn_before)
        first, can_compare = time.perf_counter() - start, self._dock.browser.opened_case.can_be_compared
        if can_compare:
            wait(lambda: self._judged > judged)
            QApplication.processEvents()
        ends = first, time.perf_counter() - start, time.thread_time() - used
        return 1e3 * ends[0], 1e3 * ends[1], 1e3 * ends[2]


def main() -> None:
    """Measure all sizes and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--size", choices=SHAPES, action="append")
    parser.add_argument("--pairs", type=Path, help="folder of real pairs to step through")
    args = parser.parse_args()
    found: dict[str, Any] = {"n_processors": os.cpu_count(), "load_before": os.getloadavg()[0]}
    for name in args.size or SHAPES:
        found[name] = measure(name)
    if args.pairs is not None:
        with tempfile.TemporaryDirectory() as folder:
            found["step"] = measure_steps(args.pairs, Path(folder))
    found["load_after"] = os.getloadavg()[0]
    text = json.dumps(found, indent=2)
    if args.out is None:
        print(text)
    else:
        args.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
