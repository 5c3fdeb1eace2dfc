"""Sounds: read from files, brought to the rate that recognisers listen at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import CorruptFile, FileProblem, UnsupportedFormat

Samples = NDArray[np.float32]

#: What recognisers listen at.
RATE_HZ = 16_000
#: A phrase takes no longer; what does is talk.
LONGEST_PHRASE_S = 12.0
_FULL = 32768.0
#: Time stamps of a container are rounded; a jump that is longer is a gap.
_GAP_S = 0.05


def read_sound(path: Path, longest_s: float | None = None) -> Samples:
    """Read the sound of an audio or video file: one channel at 16 kHz.

    Parameters
    ----------
    path
        WAV, FLAC, MP3, MP4 and whatever else FFmpeg reads, at any rate, of any number of channels
        (their mean is taken).
    longest_s
        No more than this is read.

    Returns
    -------
    numpy.ndarray
        float32 (n,), -1 to 1.

    Raises
    ------
    FileProblem
        If there is no such file.
    UnsupportedFormat
        If it has no sound.
    CorruptFile
        If it cannot be decoded.
    """
    parts: list[Samples] = []
    n_wanted = None if longest_s is None else int(longest_s * RATE_HZ)
    n = 0
    for part in sound_blocks(path):
        parts.append(part)
        n += len(part)
        if n_wanted is not None and n >= n_wanted:
            break
    if not n:
        raise CorruptFile("The file has a track of sound that holds nothing.", path=path)
    return np.concatenate(parts)[:n_wanted]


def sound_blocks(path: Path) -> Iterator[Samples]:
    """Yield the sound of a file block by block; see :func:`read_sound`.

    Where a recording has a gap (its time stamps jump), silence as long is yielded: what comes after it
    keeps its time.
    """
    _require_file(path)
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise UnsupportedFormat(
                    "The file has no sound.", path=path, cure="Give one with a track of sound."
                )
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
            due_s: float | None = None
            for frame in container.decode(container.streams.audio[0]):
                begin_s = None if frame.pts is None else float(frame.time)
                if begin_s is not None and due_s is not None and begin_s - due_s > _GAP_S:
                    yield np.zeros(round((begin_s - due_s) * RATE_HZ), dtype=np.float32)
                if begin_s is not None:
                    due_s = begin_s + frame.samples / frame.sample_rate
                frame.pts = None  # the resampler would fill gaps, too, in its own way
                yield from map(_samples, resampler.resample(frame))
            yield from map(_samples, resampler.resample(None))
    except av.FFmpegError as error:
        raise CorruptFile(
            f"The sound cannot be read: {error}",
            path=path,
            cure="Convert it to WAV, or record it again.",
        ) from error


def sound_begin_s(path: Path) -> float:
    """Return when the sound of a video begins, in seconds after its first frame; 0 for a sound alone.

    Raises
    ------
    FileProblem
        If there is no such file.
    CorruptFile
        If it cannot be read.
    """
    _require_file(path)
    try:
        with av.open(str(path)) as container:
            first = (container.streams.audio[:1], container.streams.video[:1])
            begins = [_begin_s(streams) for streams in first if streams]
    except av.FFmpegError as error:
        raise CorruptFile(f"The file cannot be read: {error}", path=path) from error
    return begins[0] - begins[1] if len(begins) == 2 else 0.0


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise FileProblem("There is no such file.", path=path, cure="Check the name.")


def _begin_s(streams: Any) -> float:
    [stream] = streams
    return 0.0 if stream.start_time is None else float(stream.start_time * stream.time_base)


def loudness_db(samples: Samples) -> float:
    """Return the level of the loudest tenth of a second, in dB of full scale; -inf for silence."""
    n = RATE_HZ // 10
    whole = samples[: len(samples) // n * n] if len(samples) >= n else samples
    blocks = whole.reshape(-1, min(n, max(1, len(whole))))
    power = float((blocks.astype(np.float64) ** 2).mean(axis=1).max(initial=0.0))
    return 10 * float(np.log10(power)) if power else -np.inf


def _samples(frame: av.AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray().ravel() / np.float32(_FULL), dtype=np.float32)
