"""A sound file heard as a microphone is: at its own pace, on the same clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.capture import Block, sounddevice
from napari_medassist.voice.sound import RATE_HZ, read_sound, sound_blocks


class FileSource:
    """Hears a file.

    Parameters
    ----------
    path
        A sound, or a video with sound.
    in_real_time
        Whether it takes as long as the file does; else it goes as fast as it is taken.

    Attributes
    ----------
    n_lost
        Always 0: a file waits.
    level
        Root mean square of the newest block, 0 to 1.
    """

    def __init__(self, path: Path, *, in_real_time: bool = True) -> None:
        self.path = path
        self.n_lost, self.level = 0, 0.0
        self._in_real_time = in_real_time
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Hear no more."""
        self._closed.set()

    def blocks(self) -> Iterator[Block]:
        """Yield the file block by block.

        Raises
        ------
        FileProblem, UnsupportedFormat, CorruptFile
            If it cannot be read, or has no sound.
        """
        start, n_samples = time.monotonic(), 0
        for samples in sound_blocks(self.path):
            begin_s = start + n_samples / RATE_HZ
            n_samples += len(samples)
            if self._in_real_time:  # a block is heard when its last sample was
                self._closed.wait(max(0.0, start + n_samples / RATE_HZ - time.monotonic()))
            if self._closed.is_set():
                return
            self.level = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
            yield Block(samples, begin_s)


def play(path: Path) -> None:
    """Let a sound file be heard, and go on at once.

    Raises
    ------
    InvalidSetting
        If sounddevice or PortAudio is not installed, or there is no loudspeaker.
    FileProblem, UnsupportedFormat, CorruptFile
        If the file cannot be read.
    """
    samples, library = read_sound(path), sounddevice()
    try:
        library.play(samples, RATE_HZ)
    except library.PortAudioError as error:
        raise InvalidSetting(
            f"Nothing can be played: {error}", cure="Connect a loudspeaker or headphones."
        ) from error
