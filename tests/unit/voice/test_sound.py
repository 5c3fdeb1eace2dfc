"""Sound files of all kinds, and what is wrong with some."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from napari_medassist.app.samples import sample_path
from napari_medassist.core.errors import CorruptFile, FileProblem, UnsupportedFormat
from napari_medassist.voice.sound import RATE_HZ, loudness_db, read_sound, sound_begin_s


def tone(rate: int, seconds: float = 0.5, hz: float = 440.0) -> np.ndarray:
    return np.asarray(0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate))


def write_wav(path: Path, channels: np.ndarray, rate: int, width: int = 2) -> Path:
    """Write channels (n, samples), -1 to 1."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(width)
        out.setframerate(rate)
        numbers = np.round(channels.T * 32767).astype("<i2")
        out.writeframes(numbers.tobytes())
    return path


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 192_000])
def test_every_rate_becomes_16_khz(tmp_path: Path, rate: int) -> None:
    samples = read_sound(write_wav(tmp_path / "a.wav", tone(rate)[None], rate))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(RATE_HZ / 2, abs=40)
    spectrum = np.abs(np.fft.rfft(samples[2000:6000]))
    assert spectrum.argmax() * RATE_HZ / 4000 == pytest.approx(440, abs=4)
    assert np.abs(samples[2000:6000]).max() == pytest.approx(0.5, abs=0.03)


def test_two_channels_become_their_mean(tmp_path: Path) -> None:
    one = tone(RATE_HZ)
    same = read_sound(write_wav(tmp_path / "a.wav", np.stack([one, one]), RATE_HZ))
    against = read_sound(write_wav(tmp_path / "b.wav", np.stack([one, -one]), RATE_HZ))
    assert np.abs(same).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(against).max() < 0.001


def test_the_sound_of_a_video_is_read_and_one_without_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match="no sound"):
        read_sound(sample_path("ultrasound"))
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        numbers = np.round(tone(48_000, 1.0) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(numbers, format="s16", layout="mono")
        frame.sample_rate = 48_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    samples = read_sound(path)
    assert len(samples) == pytest.approx(RATE_HZ, abs=2500)
    assert loudness_db(samples) == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=1.0)


def write_video(path: Path, *, sound_begins_s: float) -> Path:
    """Write a second of frames, and a tone that begins later than they do."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for _ in range(40):
            black = np.zeros((48, 64, 3), dtype=np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        container.mux(video.encode(None))
        numbers = np.round(tone(RATE_HZ, 1.0) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(numbers, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, round(sound_begins_s * RATE_HZ)
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


@pytest.mark.parametrize("begins_s", [0.0, 1.5])
def test_sound_that_begins_after_the_picture_is_told(tmp_path: Path, begins_s: float) -> None:
    path = write_video(tmp_path / "clip.mkv", sound_begins_s=begins_s)
    assert sound_begin_s(path) == pytest.approx(begins_s, abs=0.01)
    assert sound_begin_s(write_wav(tmp_path / "a.wav", tone(RATE_HZ)[None], RATE_HZ)) == 0
    with pytest.raises(FileProblem):
        sound_begin_s(tmp_path / "gone.mp4")


def test_no_more_is_read_than_is_wanted(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(RATE_HZ, 3.0)[None], RATE_HZ)
    assert len(read_sound(path, longest_s=0.25)) == RATE_HZ // 4


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"gone\.wav"):
        read_sound(tmp_path / "gone.wav")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF" + bytes(60))
    with pytest.raises(CorruptFile, match=r"broken\.wav"):
        read_sound(broken)
    empty = write_wav(tmp_path / "empty.wav", np.zeros((1, 0)), RATE_HZ)
    with pytest.raises(CorruptFile, match=r"empty\.wav"):
        read_sound(empty)


def test_silence_has_no_level() -> None:
    assert loudness_db(np.zeros(RATE_HZ, np.float32)) == -np.inf
    quiet = np.zeros(RATE_HZ, np.float32)
    quiet[8000:9600] = 0.1
    assert loudness_db(quiet) == pytest.approx(-20, abs=0.1)
    assert loudness_db(np.full(10, 0.1, np.float32)) == pytest.approx(-20, abs=0.1)


def test_what_comes_after_a_gap_keeps_its_time(tmp_path: Path) -> None:
    """A recorder that was paused leaves a jump in the time stamps, and no samples for it."""
    path, block = tmp_path / "gap.mkv", 1024
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for k in range(int(4 * RATE_HZ / block)):
            is_late = k * block >= 2 * RATE_HZ
            level = 12_000 if 2.5 <= k * block / RATE_HZ < 3 else 0
            frame = av.AudioFrame.from_ndarray(np.full((1, block), level, "<i2"), "s16", "mono")
            frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            frame.pts = k * block + (3 * RATE_HZ if is_late else 0)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = read_sound(path)
    assert len(found) / RATE_HZ == pytest.approx(7, abs=0.1)
    loud = np.flatnonzero(np.abs(found) > 0.1) / RATE_HZ
    assert (loud[0], loud[-1]) == pytest.approx((5.5, 6.0), abs=0.1)
