"""A long scripted session in a real window: does memory come back to its level after the first case?

Strokes of the mouse in napari's canvas, in linked views and with the tools of the Annotate tab, undo
and redo now and then, cases closed and opened or replaced. Each time the simulated study is open again
and nothing was painted yet, the resident memory is noted, after ``gc.collect()`` and glibc's
``malloc_trim``. Ends with 1 if the last level is over 1.1 times the one after the first case. Needs a
screen, and Linux::

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/soak_session.py --strokes 1000

Prints a table for Markdown. With ``--others``, folders of other studies take turns with the simulated
one.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QPointF, Qt
from qtpy.QtTest import QTest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.mouse import Mouse, drag_over

from memory import PROCESS, _status_mb
from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of
from napari_medassist._qt.launch import new_window
from napari_medassist._qt.threads import read_with_dialog
from napari_medassist.app.annotating.tools import Tool
from napari_medassist.app.samples import sample_labels, sample_study
from napari_medassist.io.files import read, read_labels

ALLOWED = 1.1
_UNDO_EVERY, _REDO_EVERY = 10, 25


class Session:
    """A window, and what is done in it."""

    def __init__(self, others: list[Path], seed: int) -> None:
        self.viewer: Any = new_window()
        self.bridge: Any = bridge_of(self.viewer)
        self.dock = dock_of(self.viewer)
        self.mouse = Mouse(self.viewer)
        self.studies = [sample_study(), *others]
        self.chance = np.random.default_rng(seed)
        self.n_strokes = self.n_seen = self.n_answers = 0

    def show(self, place: int, *, replaces: bool) -> None:
        """Open a study: in the layers of the one before, or after that was closed."""
        study = self.studies[place]
        if replaces:
            case = read(study)
            if not place:
                for path in sample_labels():
                    case = case.with_labels(read_labels(path))
            self.bridge.replace_case(case)
        else:
            self.bridge.close_case()
            self.settle(0.2)
            for path in (study, *(() if place else sample_labels())):
                self.bridge.add_layer_data(read_with_dialog(path, self.bridge.session, None))
        self.settle(0.6)
        question = self.dock.saving.question
        if question is not None:  # earlier work: restored and put aside in turns
            self.n_answers += 1
            question.buttons()[self.n_answers % 2].click()
            self.settle(0.3)
        if not self.dock.views.views.is_shown:
            self.dock.views.toggle()
            self.settle(0.3)

    def settle(self, seconds: float) -> None:
        """Let the window come to rest."""
        QTest.qWait(round(seconds * 1000))

    def stroke(self) -> None:
        """Paint once, somewhere, on some label map, with one of the ways there are."""
        layers = [n for n in self.bridge.label_layers() if n.editable] or [new_labels(self.bridge)]
        if len(layers) < 3:  # one that the case did not bring
            layers.append(new_labels(self.bridge))
        layer: Labels = layers[int(self.chance.integers(len(layers)))]
        layer.visible = True
        self.viewer.layers.selection.active = layer
        layer.selected_label, layer.brush_size = int(self.chance.integers(1, 4)), 9
        depth, height, width = layer.data.shape
        z = int(self.chance.integers(1, depth - 1))
        y, x = (int(n * self.chance.uniform(0.4, 0.6)) for n in (height, width))
        self.mouse.go_to(layer, z)
        before = layer.data[z].copy()
        way = ("canvas", "view", "tool")[self.n_strokes % 3]
        if way == "tool":
            self.dock.tabs.setCurrentWidget(self.dock.annotation_panel)
            self.dock.annotation_panel.choose(Tool.BRUSH if self.n_strokes % 2 else Tool.RANGE_BRUSH)
            self.mouse.drag(layer, (z, y, x), (z, y + 4, x + 6), (z, y + 8, x + 12))
            self.dock.annotation_panel.choose(None)
        else:
            layer.mode = "paint" if self.n_strokes % 5 else "erase"
            views = self.dock.views.views.views
            if way == "view" and views:
                view = views[int(self.chance.integers(len(views)))]
                start = QPointF(view.width() * 0.5, view.height() * self.chance.uniform(0.4, 0.6))
                drag_over(view, start, start + QPointF(25, 15), Qt.MouseButton.LeftButton)
            else:
                self.mouse.drag(layer, (z, y, x), (z, y + 4, x + 6), (z, y + 8, x + 12))
            layer.mode = "pan_zoom"
        self.n_strokes += 1
        self.n_seen += bool((layer.data[z] != before).any())
        if self.n_strokes % _UNDO_EVERY == 0:
            self.bridge.recorder.undo()
            self.bridge.recorder.undo()
        if self.n_strokes % _REDO_EVERY == 0:
            self.bridge.recorder.redo()


def level_mb() -> float:
    """Return the resident memory in MB, after all that can be given back was given back."""
    for _ in range(3):
        gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return _status_mb("VmRSS")


def census(before: Counter[str] | None) -> Counter[str]:
    """Count Python's objects by type; print the types that grew."""
    now = Counter(f"{type(n).__module__}.{type(n).__qualname__}" for n in gc.get_objects())
    if before is not None:
        for name, n in (now - before).most_common(25):
            print(f"    {n:+7d} {name}")
    return now


def run(session: Session, options: argparse.Namespace) -> tuple[float, float]:
    """Paint and switch; print and return the level after the first case and the last one."""
    switches, closes = options.switches, options.close_every
    per_case = max(1, -(-options.strokes // switches))
    first = last = 0.0
    start, seen = perf_counter(), None
    session.show(0, replaces=False)
    print(f"opened, nothing painted: {level_mb():.1f} MB\n")
    print(
        "| switches | strokes | resident MB | ratio | seconds |\n|---:|---:|---:|---:|---:|", flush=True
    )

    def row(n_switches: int, level: float) -> None:
        passed = perf_counter() - start
        ratio = f"{level / first:.3f}"
        print(
            f"| {n_switches} | {session.n_strokes} | {level:.1f} | {ratio} | {passed:.0f} |",
            flush=True,
        )

    for number in range(switches):
        for _ in range(per_case):
            session.stroke()
        if number == 0:
            first = last = level_mb()
            row(0, first)
        # the simulated study is every other one; the first level is compared with its levels only
        place = 0 if number % 2 else (number // 2) % len(session.studies)
        session.show(place, replaces=not closes or bool(number % closes))
        session.settle(0.2)
        if place == 0:
            last = level_mb()
            row(number + 1, last)
            if options.counts:
                seen = census(seen)
    print(f"\n{session.n_seen} of {session.n_strokes} strokes were seen in the slice they began in")
    return first, last


def main() -> int:
    """Run, print, and tell whether memory came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=1000)
    parser.add_argument("--switches", type=int, default=50)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--close-every", type=int, default=4, help="0: cases are only replaced")
    parser.add_argument("--counts", action="store_true", help="count objects at checkpoints")
    options = parser.parse_args()
    if not PROCESS.exists():
        parser.error("memory is read from /proc, which is not here")
    session = Session(options.others, seed=0)
    first, last = run(session, options)
    is_back = last <= ALLOWED * first
    print(f"memory {'comes back' if is_back else 'DOES NOT come back'}: x {last / first:.3f}")
    session.bridge.recorder.recording.close()
    sys.stdout.flush()
    return 0 if is_back else 1


if __name__ == "__main__":
    os.environ["NAPARI_MEDASSIST_SESSIONS"] = tempfile.mkdtemp()
    os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp()
    os._exit(main())  # Qt's own end is no part of it
