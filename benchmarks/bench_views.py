"""Linked views against one plain napari canvas: scrolling, a dab of the brush, opening a study.

Three series are shown side by side and scrolled slice by slice; the clock runs until everything is
drawn. Plain napari shows the first series and the label map alone, in the same window, and nothing
records what is painted; with linked views each dab goes into the history and the journal. With
``--canvases`` the same is done with a napari canvas a series, the way other plugins link views. With
``--study`` a study is opened and hung, against SimpleITK's reading of its series and napari's bare
start. Needs a screen::

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/bench_views.py --canvases
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
import SimpleITK as sitk
from napari.components import ViewerModel
from napari.layers import Layer
from napari.qt import QtViewer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_medassist._qt.bridge import Bridge, bridge_of
from napari_medassist._qt.launch import open_paths
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist._qt.views.main_canvas import canvas_of
from napari_medassist.app.hanging.protocol import Choice, Layout
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume

GRID = Geometry((20, 384, 384), (3.0, 0.5, 0.5))
ROLES = ("t2w", "adc", "high-b")
LAYOUT = Layout("side by side", tuple((Choice(role),) for role in ROLES))
REPEATS = 40


def phantom() -> Case:
    """Return three series and an empty label map on one grid."""
    rng = np.random.default_rng(0)
    series = tuple(
        Volume(array=rng.random(GRID.shape_zyx).astype(np.float32), geometry=GRID, name=r, role=r)
        for r in ROLES
    )
    return Case("phantom", series).with_labels(LabelMap.on(series[0], name="labels"))


def settle(seconds: float = 0.4) -> None:
    """Let the window come to rest."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def median_ms(act: Callable[[int], None]) -> float:
    """Return the median time of an act and of drawing what follows from it."""
    times = []
    for number in range(REPEATS):
        start = time.perf_counter()
        act(number)
        QApplication.processEvents()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def scroll_and_dab(viewer: Any, layer: Any, others: list[Any]) -> tuple[float, float]:
    """Return the times of a step through the slices, and of a dab."""

    def step(number: int) -> None:
        for model in (viewer, *others):
            model.dims.set_point(0, float(number % 20) * 3.0)

    def dab(number: int) -> None:
        layer.paint((10, 100 + 4 * number, 100 + 4 * number), 1)
        for model in others:
            model.layers[-1].refresh()

    layer.brush_size = 10
    median_ms(step)
    scrolled = median_ms(step)
    viewer.dims.set_point(0, 30.0)
    settle()
    return scrolled, median_ms(dab)


def measure_canvases(viewer: Any, case: Case) -> tuple[float, float]:
    """Return the times with a napari canvas for each series."""
    holder, models = canvas_of(viewer), []
    holder.setOrientation(Qt.Orientation.Horizontal)
    for volume in case.series[1:]:
        model = ViewerModel()
        model.add_image(volume.array, scale=GRID.spacing_zyx_mm, interpolation2d="linear")
        model.add_layer(Layer.create(*viewer.layers[-1].as_layer_data_tuple()))
        holder.addWidget(QtViewer(model))
        model.reset_view()
        models.append(model)
    settle()
    return scroll_and_dab(viewer, viewer.layers[-1], models)


def require_recorded(bridge: Bridge) -> None:
    """Make sure that what was measured was written down too."""
    recording = bridge.recorder.recording
    if recording.history.n_steps < REPEATS or not recording.flush():
        raise SystemExit("the dabs were not recorded: nothing was measured")


def measure_study(study: Path) -> None:
    """Print what it takes to open and hang a study."""
    start = time.perf_counter()
    reader = sitk.ImageSeriesReader()
    for folder in sorted({path.parent for path in study.rglob("*.dcm")}):
        for uid in reader.GetGDCMSeriesIDs(str(folder)):
            reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), uid))
            reader.Execute()
    read = time.perf_counter() - start
    start = time.perf_counter()
    bare = napari.Viewer()
    settle(0.05)
    started = time.perf_counter() - start
    bare.close()
    start = time.perf_counter()
    viewer = open_paths([study])
    linked = linked_views_of(bridge_of(viewer))
    while not linked.is_shown:
        QApplication.processEvents()
    settle(0.05)
    ours = time.perf_counter() - start
    print(f"open: SimpleITK {read:.2f} s + bare napari {started:.2f} s; ours {ours:.2f} s")
    print(f"  ratio {ours / (read + started):.2f}")
    viewer.close()


def main() -> None:
    """Measure, and print times and ratios to plain napari."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--canvases", action="store_true")
    parser.add_argument("--study", type=Path)
    options = parser.parse_args()
    case, found = phantom(), {}
    for name in ("plain napari", "linked views", *["napari canvases"] * options.canvases):
        viewer = napari.Viewer()
        viewer.window.resize(1500, 900)
        bridge = bridge_of(viewer) if name == "linked views" else None
        for item in case_layers(case):
            viewer.add_layer(Layer.create(*item))
        viewer.reset_view()
        settle()
        if bridge is not None:
            linked_views_of(bridge).show(LAYOUT)
            settle()
        if name == "napari canvases":
            found[name] = measure_canvases(viewer, case)
        else:
            found[name] = scroll_and_dab(viewer, viewer.layers[-1], [])
        if bridge is not None:
            require_recorded(bridge)
            linked_views_of(bridge).close()
        viewer.close()
    plain = found["plain napari"]
    for name, (scroll, dab) in found.items():
        print(
            f"{name:<16} scroll {scroll:6.1f} ms x {scroll / plain[0]:.2f}"
            f"   dab {dab:6.1f} ms x {dab / plain[1]:.2f}"
        )
    if options.study:
        measure_study(options.study)


if __name__ == "__main__":
    os.environ["NAPARI_MEDASSIST_SESSIONS"] = tempfile.mkdtemp()
    main()
