"""A clip of three minutes with spoken comments, labelled in the tab Clip: what of it is right.

Frames are simulated, voices synthetic and held out. What is seen changes with what is named; sentences
that name nothing lie between. Needs a screen, the speech model, espeak-ng, flite and hibari-tts::

    PYTHONPATH=training xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/bench_spoken_clip.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib import resources
from itertools import pairwise
from pathlib import Path

import av
import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from bench_transcribe import Said, recording
from napari_medassist._plugin.readers import layers_at
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of
from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.app import settings
from napari_medassist.voice.labels import read_labels
from napari_medassist.voice.timeline import Comment, frame_ranges, intervals
from simulated_eus import LABELS, frame
from voice_corpus import RATE, Sound

_FRAMES_PER_S = 10
_SOUND_BLOCK = 1024


def make_clip(path: Path, sound: Sound, said: Sequence[Said], seed: int) -> None:
    """Write frames that show what is named, until something else is, with the sound."""
    rng = np.random.default_rng(seed)
    named = [one for one in said if one.label]
    changes = [0.0, *((a.end_s + b.begin_s) / 2 for a, b in pairwise(named))]
    seen = {k: [frame(one.label, rng) for _ in range(3)] for k, one in enumerate(named)}
    with av.open(path, "w") as container:
        video = container.add_stream("libx264", rate=_FRAMES_PER_S)
        height, width = seen[0][0].shape
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        heard = container.add_stream("aac", rate=RATE)
        for number in range(round(len(sound) / RATE * _FRAMES_PER_S)):
            k = int(np.searchsorted(changes, number / _FRAMES_PER_S, side="right")) - 1
            shown = np.dstack([seen[k][number % 3]] * 3)
            picture = av.VideoFrame.from_ndarray(shown, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, _FRAMES_PER_S)
            container.mux(video.encode(picture))
        container.mux(video.encode())
        for begin in range(0, len(sound), _SOUND_BLOCK):
            part = np.clip(32767 * sound[begin : begin + _SOUND_BLOCK], -32768, 32767).astype("<i2")
            block = av.AudioFrame.from_ndarray(part[None], format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE, begin, Fraction(1, RATE)
            container.mux(heard.encode(block))
        container.mux(heard.encode())


def compared(found: Sequence[FrameRange], true: Sequence[FrameRange], key: ClipKey) -> dict[str, float]:
    """Return how far the ranges in the tab are from those of what was said."""
    here, there = (_labels(ranges, key.n_frames) for ranges in (found, true))
    sure = _labels([one for one in found if not one.note], key.n_frames)
    both = [one for one in true if not one.note and _overlapping(one, found) is not None]
    off_s = [
        abs(at(key, one) - at(key, other))
        for one in both
        if (other := _overlapping(one, found)) is not None
        for at in (ClipKey.start_s, ClipKey.end_s)
    ]
    undisputed = _labels([one for one in true if not one.note], key.n_frames) != ""
    return {
        "ranges": len(found),
        "true ranges": len(true),
        "of these found with their label": sum(_overlapping(one, found) is not None for one in true),
        "frames whose label is undisputed": int(undisputed.sum()),
        "labelled right, %": 100 * float((here == there)[undisputed].mean()),
        "of the surely labelled ones, right, %": 100 * float((sure == there)[sure != ""].mean()),
        "frames that nothing was said of and that got a label, %": 100
        * float((here != "")[there == ""].mean()),
        "ends off, median, ms": 1000 * float(np.median(off_s)),
        "ends off, 95 %, ms": 1000 * float(np.percentile(off_s, 95)),
        "doubtful ranges": sum(bool(one.note) for one in found),
    }


def _labels(ranges: Sequence[FrameRange], n_frames: int) -> np.ndarray:
    found = np.full(n_frames, "", dtype=object)
    for one in ranges:
        found[one.first : one.last + 1] = one.label
    return found


def _overlapping(one: FrameRange, others: Sequence[FrameRange]) -> FrameRange | None:
    """Return the range of the same label that overlaps most."""
    same = [other for other in others if other.label == one.label]
    shared = [min(one.last, other.last) - max(one.first, other.first) + 1 for other in same]
    return same[int(np.argmax(shared))] if shared and max(shared) > 0 else None


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Let the window work until something holds."""
    end = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError(f"It did not hold in {seconds} s.")
        QApplication.processEvents()
        time.sleep(0.01)


def main() -> None:
    """Make a clip for each voice, label it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["flite-slt", "hibari"])
    parser.add_argument("--picture", type=Path, help="a picture of the window")
    options = parser.parse_args()
    place = Path(str(resources.files("napari_medassist.voice") / "vocabulary" / "eus-example.json"))
    words = {
        word: label
        for label, more in read_labels(place).words.items()
        if label in LABELS
        for word in (label, *more)
    }
    viewer = napari.Viewer(show=True)
    bridge, dock = bridge_of(viewer), dock_of(viewer)
    panel = dock.clip_panel
    with tempfile.TemporaryDirectory() as folder:
        settings.settings_path = lambda: Path(folder) / "none.json"  # not the user's own
        for seed, voice in enumerate(options.voices):
            sound, said = recording(seed, voice, words)
            path = Path(folder) / f"{voice}.mp4"
            make_clip(path, sound, said, seed)
            viewer.layers.clear()
            bridge.add_layer_data(layers_at(path))
            dock.tabs.setCurrentWidget(panel)
            wait_for(lambda: panel.work is not None, 120)
            key = panel.work.key
            panel.comments.read_words(place)
            start = time.perf_counter()
            panel.comments.take_sound()
            seconds = time.perf_counter() - start
            named = [
                Comment(one.begin_s, one.end_s, one.label, is_sure=True, confidence=1.0)
                for one in said
                if one.label
            ]
            true = frame_ranges(intervals(named, len(sound) / RATE), key)
            figures = compared(tuple(panel.work.rows().values()), true, key)
            told = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            print(f"{voice}: {len(named)} comments, {told}; {seconds:.0f} s", flush=True)
            if options.picture is not None:
                wait_for(lambda: True, 1)
                QApplication.processEvents()
                viewer.screenshot(str(options.picture), canvas_only=False)
    viewer.close()


if __name__ == "__main__":
    main()
