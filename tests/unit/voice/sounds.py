"""Sound files of given samples."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from napari_medassist.voice.sound import RATE_HZ


def write_sound(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    """Write samples (n,), -1 to 1, as a WAV file of one channel."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.clip(samples * 32767, -32768, 32767).astype("<i2").tobytes())
    return path
