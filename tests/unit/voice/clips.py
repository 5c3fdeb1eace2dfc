"""Videos with sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from napari_medassist.voice.sound import RATE_HZ

FPS = 25
_BLOCK = 1024


def spoken_clip(path: Path, sound: np.ndarray | None, seconds: float) -> Path:
    """Write an MP4 of grey frames, each a little brighter, with a sound at 16 kHz if one is given."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("h264", rate=FPS)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        audio = None if sound is None else container.add_stream("aac", rate=RATE_HZ)
        for number in range(int(seconds * FPS)):
            grey = np.full((64, 96, 3), 40 + number % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for first in range(0, 0 if sound is None else len(sound), _BLOCK):
            numbers = (sound[first : first + _BLOCK][None] * 32767).astype("<i2")
            block = av.AudioFrame.from_ndarray(numbers, format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE_HZ, first, Fraction(1, RATE_HZ)
            container.mux(audio.encode(block))
        if audio is not None:
            container.mux(audio.encode())
    return path
