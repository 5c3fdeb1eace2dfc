"""Playing a clip of 1920 x 1080 at 25 frames a second: frames shown, against two peers.

The peers: PyAV that decodes to RGB and shows nothing, and napari with the frames as one numpy array
whose slider a timer moves every 40 ms. What is counted are frames that the canvas has drawn. Needs a
screen::

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/bench_clip.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import napari
import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from napari_medassist._plugin.readers import layers_at
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of

RATE = 25
SECONDS = 6.0
NUMPY_FRAMES = 40


def make_clip(path: Path, width: int, height: int, seconds: float) -> None:
    """Encode moving noise, as ultrasound is; a key frame every 12."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (height, 2 * width), np.uint8)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = 12
        for number in range(round(seconds * RATE)):
            grey = noise[:, 4 * number % width :][:, :width] // 2
            frame = av.VideoFrame.from_ndarray(np.dstack([grey] * 3), format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def decoded_rate(path: Path) -> float:
    """Return how many frames PyAV alone decodes to RGB in a second."""
    began, n = time.perf_counter(), 0
    with av.open(path) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")
            n += 1
    return n / (time.perf_counter() - began)


class Drawn:
    """Counts frames that the canvas has drawn, and the longest time between two rounds of the loop."""

    def __init__(self, viewer: Any) -> None:
        self._viewer, self._before, self.n = viewer, -1, 0
        self.longest_ms, self._last = 0.0, time.perf_counter()
        viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(self._count)
        self._clock = QTimer()
        self._clock.timeout.connect(self._look)
        self._clock.start(1)

    def _count(self, _event: Any) -> None:
        step = self._viewer.dims.current_step[0]
        self.n += step != self._before
        self._before = step

    def _look(self) -> None:
        now = time.perf_counter()
        self.longest_ms = max(self.longest_ms, 1000 * (now - self._last))
        self._last = now


def wait(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Let the window work."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and not until():
        QApplication.processEvents()
        time.sleep(0.0005)


def opened() -> Any:
    """Return a window of 1600 x 1000."""
    viewer = napari.Viewer(show=False)
    viewer.window._qt_window.resize(1600, 1000)
    viewer.window._qt_window.show()
    return viewer


def ours(path: Path) -> tuple[float, float, str]:
    """Return the frames drawn in a second, the longest stop of the window, and what the tab says."""
    viewer = opened()
    bridge = bridge_of(viewer)
    panel = dock_of(viewer).clip_panel
    bridge.add_layer_data(layers_at(path))
    wait(30, lambda: panel.player is not None)
    wait(2)
    panel.player.go_to(0)
    wait(1)
    drawn = Drawn(viewer)
    panel.player.start()
    wait(SECONDS - 1)
    panel.player.stop()
    found = drawn.n / (SECONDS - 1), drawn.longest_ms, panel.form.message.text()
    bridge.close_case()
    viewer.close()
    return found


def plain_napari(path: Path) -> tuple[float, float]:
    """Return the same of napari with a numpy array: nothing is decoded while it plays."""
    with av.open(path) as container:
        pairs = zip(range(NUMPY_FRAMES), container.decode(video=0), strict=False)
        stack = np.stack([frame.to_ndarray(format="rgb24") for _, frame in pairs])
    viewer = opened()
    dock_of(viewer)  # a window with as much in it
    viewer.add_image(stack, rgb=True)
    wait(2)
    drawn, timer = Drawn(viewer), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    began = time.perf_counter()

    def step() -> None:
        viewer.dims.set_current_step(0, int((time.perf_counter() - began) * RATE) % NUMPY_FRAMES)

    timer.timeout.connect(step)
    timer.start(1000 // RATE)
    wait(SECONDS - 1)
    timer.stop()
    found = drawn.n / (SECONDS - 1), drawn.longest_ms
    viewer.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(1920, 1080))
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        make_clip(path, *size, SECONDS)
        decoded = decoded_rate(path)
        plain, plain_stop = plain_napari(path)
        rate, stop, told = ours(path)
    print(f"{size[0]} x {size[1]}, {RATE} frames a second")
    print(f"PyAV alone, no window      {decoded:6.1f} frames/s")
    print(f"napari, numpy array        {plain:6.1f} frames/s   longest stop {plain_stop:5.0f} ms")
    print(f"clip tab, decoded on the way {rate:4.1f} frames/s   longest stop {stop:5.0f} ms   {told}")
    print(f"clip tab / napari numpy    {rate / plain:6.2f}")


if __name__ == "__main__":
    main()
