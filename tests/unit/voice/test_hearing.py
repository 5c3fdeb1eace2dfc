from __future__ import annotations

import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.core.errors import FileProblem, MedAssistError
from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.capture import Block
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.hearing import Hearing, Understanding, Understood
from napari_medassist.voice.playback import FileSource
from napari_medassist.voice.push_to_talk import PushToTalk
from napari_medassist.voice.recognisers.outcome import Outcome
from napari_medassist.voice.sound import RATE_HZ, Samples

BLOCK = 512


class Given:
    """A source of given blocks: (begin on the clock, samples)."""

    def __init__(
        self, blocks: list[tuple[float, Samples]], problem: MedAssistError | None = None
    ) -> None:
        self.n_lost, self.level = 0, 0.0
        self._blocks, self._problem = blocks, problem

    def __enter__(self) -> Given:
        return self

    def __exit__(self, *_raised: object) -> None:
        pass

    def close(self) -> None:
        pass

    def blocks(self) -> Iterator[Block]:
        for begin_s, samples in self._blocks:
            yield Block(samples, begin_s)
        if self._problem is not None:
            raise self._problem


class Always:
    """A cutter that makes an utterance of every tenth block."""

    is_speaking = False

    def __init__(self) -> None:
        self._n = 0

    def push(self, block: Samples) -> list[Utterance]:
        first, self._n = self._n / RATE_HZ, self._n + len(block)
        is_tenth = (self._n // BLOCK) % 10 == 0
        return [Utterance(block, first, self._n / RATE_HZ, first)] if is_tenth else []

    def finish(self) -> list[Utterance]:
        return []


def _heard(source: Given, cutter: Any = None) -> tuple[list[Utterance], list[MedAssistError | None]]:
    said: list[Utterance] = []
    ends: list[MedAssistError | None] = []
    over = threading.Event()

    def end(problem: MedAssistError | None) -> None:
        ends.append(problem)
        over.set()

    hearing = Hearing(source, cutter or Always(), said.append, end)
    hearing.start()
    assert over.wait(20)
    assert hearing.stop()
    return said, ends


def test_times_follow_the_clock_of_the_sound_for_half_an_hour() -> None:
    """A device that runs 100 ppm fast is 180 ms off after 30 minutes; no label may be."""
    n = int(30 * 60 * RATE_HZ / BLOCK)
    true_s = 1000.0 + np.arange(n) * BLOCK / (RATE_HZ * (1 + 100e-6))
    silence = np.zeros(BLOCK, np.float32)
    said, ends = _heard(Given([(float(t), silence) for t in true_s]))
    assert ends == [None]
    off_s = np.array([one.begin_s for one in said]) - true_s[9::10]
    assert len(said) == n // 10
    assert np.abs(off_s).max() < 0.02


def test_lost_blocks_move_nothing_that_comes_after_them() -> None:
    silence = np.zeros(BLOCK, np.float32)
    blocks = [(k * 0.032 + (5.0 if k >= 30 else 0.0), silence) for k in range(60)]
    said, _ = _heard(Given(blocks))
    begins = [one.begin_s for one in said]
    assert begins == pytest.approx([9 * 0.032, 19 * 0.032, 29 * 0.032, 5 + 39 * 0.032, 5 + 49 * 0.032,
                                    5 + 59 * 0.032], abs=1e-6)  # fmt: skip


def test_what_was_said_before_the_device_vanished_is_handed_over() -> None:
    cutter = PushToTalk()
    cutter.hold(held=True)
    gone = FileProblem("The microphone sends no sound any more.")
    blocks = [(k * 0.032, np.ones(BLOCK, np.float32)) for k in range(40)]
    said, ends = _heard(Given(blocks, gone), cutter)
    assert len(said) == 1
    assert ends == [gone]


class Named:
    """A recogniser that takes its time."""

    name, phrases = "named", ("yes",)

    def recognise(self, samples: Samples) -> Outcome:
        if len(samples) == 1:
            raise RuntimeError("broken")
        return Outcome(Action.EXECUTE, "yes", 0.9)

    def write_down(self, samples: Samples) -> str:
        return f"{len(samples)} samples"


def _said(n: int) -> Utterance:
    return Utterance(np.zeros(n, np.float32), 1.0, 2.0, 1.0)


def test_utterances_are_understood_in_their_order_and_one_that_fails_is_told() -> None:
    found: list[Understood] = []
    failed: list[Exception] = []
    understanding = Understanding(found.append, failed.append)
    understanding.use(Named())
    for n in (10, 1, 30):
        understanding.take(_said(n))
    understanding.take(_said(40), is_dictation=True)
    understanding.close()
    assert [len(one.utterance.samples) for one in found] == [10, 30, 40]
    assert [one.outcome.text if one.outcome else one.text for one in found] == [
        "yes",
        "yes",
        "40 samples",
    ]
    assert [str(error) for error in failed] == ["broken"]
    assert understanding.n_waiting == 0


def _file(path: Path, seconds: float) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.full(int(seconds * RATE_HZ), 1000, "<i2").tobytes())
    return path


def test_a_file_is_heard_at_its_own_pace(tmp_path: Path) -> None:
    source = FileSource(_file(tmp_path / "a.wav", 0.6))
    start = time.monotonic()
    blocks = list(source.blocks())
    assert time.monotonic() - start >= 0.6
    assert sum(len(block.samples) for block in blocks) == pytest.approx(0.6 * RATE_HZ)
    assert blocks[0].begin_s == pytest.approx(start, abs=0.1)
    assert source.level == pytest.approx(1000 / 32768, rel=0.01)


def test_a_file_that_is_closed_ends(tmp_path: Path) -> None:
    source = FileSource(_file(tmp_path / "a.wav", 60))
    start = time.monotonic()
    for block in source.blocks():
        if block.begin_s > start:
            source.close()
    assert time.monotonic() - start < 5
