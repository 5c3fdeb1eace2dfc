"""A microphone: what it gives, what is lost, and what can go wrong with it."""

from __future__ import annotations

import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.voice import capture
from napari_medassist.voice.capture import Microphone, devices
from napari_medassist.voice.sound import RATE_HZ


class Stream:
    """Stands for PortAudio's stream: the test says what it hears, and when."""

    newest: Stream

    def __init__(self, **wish: Any) -> None:
        self.wish, self.is_open, self.rate = wish, False, wish["samplerate"]
        Stream.newest = self

    def start(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def hears(self, samples: np.ndarray, *, overflow: bool = False, delay_s: float = 0.01) -> None:
        times = SimpleNamespace(inputBufferAdcTime=100.0, currentTime=100.0 + delay_s)
        status = SimpleNamespace(input_overflow=overflow)
        self.wish["callback"](samples[:, None].astype(np.float32), len(samples), times, status)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A sounddevice with a microphone of 48 kHz, and no sound of its own."""
    module: Any = ModuleType("sounddevice")
    known = [
        {"name": "speaker", "max_input_channels": 0, "default_samplerate": 48_000.0},
        {"name": "desk microphone", "max_input_channels": 2, "default_samplerate": 48_000.0},
    ]

    class PortAudioError(Exception):
        pass

    def query_devices(device: int | None = None, kind: str = "") -> Any:
        return known[1 if device is None else device] if kind else known

    module.PortAudioError, module.query_devices = PortAudioError, query_devices
    module.InputStream, module.default = Stream, SimpleNamespace(device=(1, 0))
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_only_what_hears_is_listed(library: ModuleType) -> None:
    assert library is not None
    [only] = devices()
    assert (only.number, only.name, only.rate_hz, only.is_default) == (
        1,
        "desk microphone",
        48_000,
        True,
    )


def test_blocks_come_at_16_khz_with_their_time_and_level(library: ModuleType) -> None:
    assert library is not None
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    with Microphone() as microphone:
        begin = time.monotonic()
        for k in range(10):
            Stream.newest.hears(tone[k * 4800 : (k + 1) * 4800], delay_s=0.25)
        assert microphone.level == pytest.approx(0.5 / np.sqrt(2), abs=0.01)
        microphone.close()
        assert not Stream.newest.is_open
        blocks = list(microphone.blocks())  # what was heard before is not lost
    samples = np.concatenate([block.samples for block in blocks])
    assert len(samples) == pytest.approx(RATE_HZ, abs=200)
    assert blocks[0].begin_s == pytest.approx(begin - 0.25, abs=0.1)
    assert microphone.n_lost == 0


def test_what_is_lost_is_counted(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert library is not None
    monkeypatch.setattr(capture, "_WAITING_S", 0.1)
    with Microphone() as microphone:
        Stream.newest.hears(np.zeros(512), overflow=True)
        for _ in range(5):
            Stream.newest.hears(np.zeros(512))
        assert microphone.n_lost == 1 + 3  # three places, six blocks


def test_a_microphone_that_is_pulled_out_is_told_after_what_it_heard(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert library is not None
    monkeypatch.setattr(capture, "_GONE_AFTER_S", 0.2)
    heard = []
    with Microphone() as microphone:
        Stream.newest.hears(np.ones(4800))
        with pytest.raises(FileProblem, match="sends no sound"):
            heard.extend(microphone.blocks())
    assert len(heard) == 1
    assert not Stream.newest.is_open


def test_no_microphone_no_library_and_no_package_are_told(
    library: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_wish: Any) -> Any:
        raise library.PortAudioError("Error querying device -1")

    with monkeypatch.context() as patch:
        patch.setattr(library, "query_devices", refuse)
        with pytest.raises(FileProblem, match="Connect a microphone"):
            Microphone().open()

    class Broken:
        def find_spec(self, name: str, *_more: Any) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.setattr(sys, "meta_path", [Broken()])
    with pytest.raises(InvalidSetting, match="libportaudio2"):
        devices()
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(InvalidSetting, match=r"pip install"):
        devices()


def test_a_microphone_is_chosen_by_its_name(library: ModuleType) -> None:
    assert capture.device_called("") is None
    assert capture.device_called("desk microphone") == 1
    with pytest.raises(InvalidSetting, match="'headset' is not connected"):
        capture.device_called("headset")
