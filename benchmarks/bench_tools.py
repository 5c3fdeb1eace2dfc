"""A dab of our brush against one of napari's own, in a real window, on two grids.

It needs a display, e.g. of ``xvfb-run``. Ours first: the ratio of napari's own is how many times as
long it takes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_medassist._qt.annotation_panel.outline import Outline
from napari_medassist._qt.annotation_panel.strokes import Strokes
from napari_medassist.annotation.operations.interpolation import interpolate
from napari_medassist.annotation.operations.smart_edge import SmartEdge, edge_cost
from napari_medassist.app.annotating.tools import Annotated, Keep, Tool, ToolSettings
from timing import medians_ms, print_ratios

GRIDS = {
    "24x384x384": ((24, 384, 384), (3.0, 0.5, 0.5)),
    "300x512x512": ((300, 512, 512), (1.0, 0.7, 0.7)),
}
RADIUS_VOX = 10
REPEATS = 30


def press(layer: Any, index: tuple[int, ...], moves: int) -> None:
    """A press and some moves through the callbacks of the layer, as a canvas makes them."""
    event = SimpleNamespace(
        type="mouse_press",
        button=1,
        position=layer.data_to_world(index),
        dims_displayed=[1, 2],
        dims_point=layer.data_to_world(index),
        view_direction=None,
        modifiers=[],
    )
    running = [g for callback in list(layer.mouse_drag_callbacks) if (g := callback(layer, event))]
    for generator in running:
        next(generator, None)
    event.type = "mouse_move"
    for step in range(1, moves + 1):
        event.position = layer.data_to_world((index[0], index[1], index[2] + 5 * step))
        for generator in running:
            next(generator, None)
        QApplication.processEvents()
    event.type = "mouse_release"
    for generator in running:
        next(generator, None)
    QApplication.processEvents()


def compare_dabs(title: str, shape: tuple[int, ...], scale: tuple[float, ...]) -> None:
    """Time a press and a drag of ten moves, ours and napari's, on one grid."""
    viewer = napari.Viewer(show=True)
    viewer.add_image(np.random.default_rng(0).random(shape, dtype=np.float32), scale=scale)
    ours, theirs = (
        viewer.add_labels(np.zeros(shape, np.uint8), scale=scale, name=name)
        for name in ("ours", "napari")
    )
    theirs.mode, theirs.brush_size = "paint", 2 * RADIUS_VOX + 1
    settings = ToolSettings(radius_mm=(RADIUS_VOX + 0.5) * scale[1], keep=Keep.NOTHING)
    strokes = Strokes(
        lambda layer: Annotated(layer.data, scale), lambda: settings, lambda _m: None, Outline(viewer)
    )
    strokes.arm(ours, Tool.BRUSH)
    ours.selected_label = theirs.selected_label = 1
    QApplication.processEvents()

    def dab(layer: Any, moves: int) -> Any:
        # The same places for both, so that the same voxels are painted.
        places = iter(
            np.random.default_rng(moves).integers(40, min(shape[1:]) - 100, (1000, 2)).tolist()
        )

        def run() -> None:
            y, x = next(places)
            press(layer, (shape[0] // 2, y, x), moves)

        return run

    for name, moves in (("press", 0), ("drag of 10 moves", 10)):
        times = medians_ms({"ours": dab(ours, moves), "napari": dab(theirs, moves)}, repeats=REPEATS)
        counts = {
            layer.name: f"{np.count_nonzero(layer.data)} voxels painted" for layer in (ours, theirs)
        }
        print_ratios(f"{title}: {name}", times, counts)
    viewer.close()


def time_helpers() -> None:
    """Time what follows the cursor, and the interpolation of a large lesion."""
    y, x = np.indices((384, 384))
    plane = (np.hypot(y - 190, x - 190) < 60) * 300.0 + np.random.default_rng(0).normal(
        0, 20, (384, 384)
    )
    edge = SmartEdge(edge_cost(plane, (0.5, 0.5), 0.7), (0.5, 0.5))
    voxels = np.zeros((61, 512, 512), np.uint8)
    yy, xx = np.indices((512, 512))
    for z in range(0, 61, 10):
        voxels[z][np.hypot(yy - 256, xx - 250 + z) < 40 + z / 3] = 1
    edge.start_at((190, 130))
    times = medians_ms(
        {
            "smart edge: cost of a slice of 384x384": lambda: edge_cost(plane, (0.5, 0.5), 0.7),
            "smart edge: a click": lambda: edge.start_at((190, 130)),
            "smart edge: a move": lambda: edge.path_to((130, 190)),
            "interpolation: 54 slices of a lesion of 120 voxels": lambda: interpolate(
                voxels, 1, (1, 0.7, 0.7)
            ),
        },
        repeats=9,
    )
    print_ratios("What follows the cursor, and interpolation", times, {})


if __name__ == "__main__":
    for title, (shape, scale) in GRIDS.items():
        compare_dabs(title, shape, scale)
    time_helpers()
