"""Painting with the recorder on against napari alone, undo of a 3D fill, and how soon a step is safe.

It needs a display, e.g. of ``xvfb-run``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import napari
import numpy as np
from napari.layers import Labels

from bench_tools import GRIDS, press
from napari_medassist._qt.bridge import bridge_of
from napari_medassist.annotation.action_bytes import to_plain
from napari_medassist.annotation.document import Document
from napari_medassist.annotation.history import History
from napari_medassist.annotation.map_about import about_map
from napari_medassist.annotation.recovery import recover
from napari_medassist.annotation.session_file import SessionFacts, copy_of
from napari_medassist.annotation.session_writer import SessionWriter
from napari_medassist.annotation.voxel_edit import Dab, voxel_edit
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.orientation import SourceGrid
from napari_medassist.core.volume import Volume
from timing import medians_ms, print_ratios

REPEATS = 30


def compare_strokes(title: str, shape: tuple[int, int, int], scale: tuple[float, ...]) -> None:
    """Time a press and a drag of ten moves on two layers of one viewer: recorded, and napari alone."""
    geometry = Geometry(shape, (scale[0], scale[1], scale[2]))
    image = Volume(np.random.default_rng(0).random(shape, dtype=np.float32), geometry)
    viewer = napari.Viewer(show=True)
    bridge = bridge_of(viewer)
    bridge.add_layer_data(case_layers(Case("benchmark", (image,))))
    recorded = bridge.add_labels(LabelMap.on(image, name="recorded"))
    plain = Labels(np.zeros(shape, np.uint8), scale=recorded.scale, translate=recorded.translate)
    viewer.add_layer(plain)
    key = bridge.recorder.key_of(plain)
    bridge.recorder._forget(key)
    viewer.dims.set_point(0, float(recorded.data_to_world((shape[0] // 2, 0, 0))[0]))
    centre = (shape[0] // 2, shape[1] // 2, shape[2] // 2)

    def drag(layer: Any) -> None:
        viewer.layers.selection.active = layer
        layer.mode, layer.brush_size = "paint", 21
        layer.selected_label = 1 + layer.selected_label % 2
        press(layer, centre, moves=10)

    times = medians_ms(
        {"napari alone": lambda: drag(plain), "recorded": lambda: drag(recorded)}, repeats=REPEATS
    )
    print_ratios(f"A drag of ten moves, {title}", times, {})
    bridge.recorder.recording.close()
    viewer.close()


def time_undo_of_a_fill(shape: tuple[int, int, int]) -> None:
    """Time undo and redo of a filled ellipsoid: computing only, and napari's own way."""
    voxels = np.zeros(shape, np.uint8)
    z, y, x = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in shape)]
    mask = (z / 60) ** 2 + (y / 90) ** 2 + (x / 90) ** 2 < 1
    history = History(Document({"a": voxels}))
    box = tuple(slice(0, n) for n in shape)
    edit = voxel_edit("Fill", "a", voxels, [Dab(box, mask, voxels[mask], 1)])
    assert edit is not None
    history.do(edit)
    theirs = Labels(np.zeros(shape, np.uint8))
    theirs.data_setitem(np.nonzero(mask), 1, refresh=False)
    theirs.refresh = lambda *_args, **_kwargs: None  # drawing is no part of it
    times = medians_ms(
        {
            "ours": lambda: (history.undo(), history.redo()),
            "napari": lambda: (theirs.undo(), theirs.redo()),
        },
        repeats=7,
    )
    print_ratios(
        f"Undo and redo of a fill of {edit.n_voxels:,} voxels in {shape}",
        times,
        {"ours": f"{edit.n_bytes:,} bytes in memory; one of the two takes half of the time"},
    )


def time_safety(shape: tuple[int, int, int]) -> None:
    """Time from a finished stroke to the disk, and what the first one waits for."""
    grid = SourceGrid.of(Geometry(shape, (1.0, 1.0, 1.0)))
    about = {"a": about_map("lesions", LabelScheme(), grid)}
    history = History(Document({"a": np.zeros(shape, np.uint8)}, {}, about))
    folder = Path(tempfile.mkdtemp()) / "session"
    writer = SessionWriter(folder, SessionFacts("benchmark"))
    start = perf_counter()
    writer.begin(copy_of(history.document))
    waits, first = [], 0.0
    for n in range(50):
        box = (slice(n, n + 1), slice(100, 121), slice(100, 200))
        voxels = history.document.maps["a"]
        edit = voxel_edit("Brush", "a", voxels, [Dab(box, None, voxels[box], 1)])
        assert edit is not None
        history.do(edit)
        begun = perf_counter()
        plain, content = to_plain(edit)
        writer.add("step", {"action": plain}, content)
        writer.flush()
        waits.append((perf_counter() - begun) * 1000)
        first = first or (perf_counter() - start) * 1000
    n_bytes = writer.n_journal_bytes
    writer.compact(copy_of(history.document))
    begun = perf_counter()
    writer.flush()
    snapshot = (perf_counter() - begun) * 1000
    writer.close()
    begun = perf_counter()
    recover(folder)
    print(f"\nA stroke to the disk, {shape}")
    print(f"  the first one, with the snapshot before it {first:7.1f} ms")
    print(f"  each other: median {median(waits[1:]):.1f} ms, longest {max(waits[1:]):.1f} ms")
    print(f"  {n_bytes / 50:.0f} bytes of journal a stroke; a new snapshot {snapshot:.0f} ms")
    print(f"  brought back in {(perf_counter() - begun) * 1000:.0f} ms")


if __name__ == "__main__":
    import os

    os.environ["NAPARI_MEDASSIST_SESSIONS"] = tempfile.mkdtemp()
    for name, (grid_shape, grid_scale) in GRIDS.items():
        compare_strokes(name, grid_shape, grid_scale)  # type: ignore[arg-type]
    time_undo_of_a_fill((300, 512, 512))
    time_safety((300, 512, 512))
    sys.stdout.flush()
    os._exit(0)  # a window that was closed beside another may fall over when Qt ends
