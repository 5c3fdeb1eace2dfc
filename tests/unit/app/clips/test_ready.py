"""Frames decoded ahead in a thread: there at once, bounded, and one that fails stops nothing."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np

from napari_medassist.app.clips.ready import ReadyFrames
from napari_medassist.core.errors import CorruptFile
from napari_medassist.io.lazy import frames_of, made_when_seen

SIZE = (30, 1000, 1400, 3)  # 4.2 MB a frame


def frames() -> tuple[ReadyFrames, Counter[int]]:
    asked: Counter[int] = Counter()

    def make(number: int) -> np.ndarray:
        asked[number] += 1
        if number == 2:
            raise CorruptFile("Frame 2 is damaged.")
        return np.full(SIZE[1:], number, np.uint8)

    return ReadyFrames(made_when_seen(make, SIZE, np.uint8)), asked


def wait_for(ready: ReadyFrames, due: int) -> int | None:
    end = time.monotonic() + 10
    while ready.newest_ready(due, None) != due and time.monotonic() < end:
        time.sleep(0.002)
    return ready.newest_ready(due, None)


def test_frames_ahead_are_decoded_once_and_a_damaged_one_is_told():
    ready, asked = frames()
    ready.want([0, 1, 2, 3])
    assert wait_for(ready, 3) == 3
    assert ready.frame(3)[0, 0, 0] == 3
    assert (asked[3], asked[4]) == (1, 0)
    assert "Frame 2 is damaged" in ready.damaged[2]
    assert ready.newest_ready(2, 0) == 1
    assert ready.newest_ready(3, 3) is None
    ready.rest()
    assert ready.frame(1)[0, 0, 0] == 1  # not kept any more: decoded here
    assert asked[1] == 2


def test_what_is_kept_is_bounded():
    ready, _ = frames()
    ready.room = 5
    for first in range(3, 26):
        ready.want([first, first + 1, first + 2])
        wait_for(ready, first + 2)
    assert 3 <= len(ready._ready) <= 6
    ready.rest()


def test_a_lazy_array_gives_its_frames_and_other_arrays_themselves():
    ready, _ = frames()
    assert frames_of(ready._source) is ready._source
    plain = np.zeros(3)
    assert frames_of(plain) is plain
