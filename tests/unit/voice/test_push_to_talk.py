from __future__ import annotations

import numpy as np

from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.push_to_talk import POST_ROLL_S, PRE_ROLL_S, PushToTalk
from napari_medassist.voice.sound import RATE_HZ

BLOCK = 512
BLOCK_S = BLOCK / RATE_HZ


def _pushed(cutter: PushToTalk, first: int, n: int) -> list[Utterance]:
    """Push blocks whose samples are their own numbers."""
    found = []
    for k in range(first, first + n):
        found += cutter.push(np.arange(k * BLOCK, (k + 1) * BLOCK, dtype=np.float32))
    return found


def test_what_is_said_while_the_key_is_held_comes_with_what_lies_around_it() -> None:
    cutter = PushToTalk()
    assert _pushed(cutter, 0, 50) == []
    cutter.hold(held=True)
    assert _pushed(cutter, 50, 40) == []
    assert cutter.is_speaking
    cutter.hold(held=False)
    [said] = _pushed(cutter, 90, 20)
    assert not cutter.is_speaking
    assert said.begin_s == 50 * BLOCK_S
    assert said.end_s == 90 * BLOCK_S
    first = round(said.first_s * RATE_HZ)
    assert np.array_equal(said.samples, np.arange(first, first + len(said.samples)))
    assert PRE_ROLL_S <= said.begin_s - said.first_s < PRE_ROLL_S + BLOCK_S
    tail = said.first_s + len(said.samples) / RATE_HZ - said.end_s
    assert POST_ROLL_S <= tail < POST_ROLL_S + BLOCK_S


def test_a_touch_is_nothing_and_an_end_of_the_stream_ends_it() -> None:
    cutter = PushToTalk()
    cutter.hold(held=True)
    _pushed(cutter, 0, 2)
    cutter.hold(held=False)
    assert _pushed(cutter, 2, 20) == []
    cutter.hold(held=True)
    _pushed(cutter, 22, 20)
    [said] = cutter.finish()
    assert said.end_s == 42 * BLOCK_S
    assert cutter.finish() == []


def test_a_key_that_is_held_on_is_cut() -> None:
    cutter = PushToTalk()
    cutter.hold(held=True)
    found = _pushed(cutter, 0, int(65 / BLOCK_S))
    assert [one.is_cut for one in found] == [True, True]
    assert all(len(one.samples) < 31 * RATE_HZ for one in found)
