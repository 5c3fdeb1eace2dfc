"""Whether a frame of ultrasound shows tissue at all: a gate before frames are learned from.

A probe without contact shows reverberation near its face and darkness below. So the score of a frame
is the share of the sector's pixels in which something is seen. It says nothing of what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Array

#: Something is seen where a pixel is brighter than this share of the clip's bright pixels.
SEEN_SHARE, BRIGHT_PERCENTILE = 0.1, 99.0
#: A frame is poor if its score is below this share of the clip's median.
POOR_SHARE = 0.5
_WEIGHTS = (0.299, 0.587, 0.114)
_N_LOOKED_AT = 40
#: Every so many rows and columns are looked at: the share does not need all of them.
_STEP = 4


@dataclass(frozen=True, eq=False)
class FrameQuality:
    """How much of each frame shows something.

    Attributes
    ----------
    score
        (t,) share of the sector in which something is seen, 0 to 1.
    is_poor
        (t,) whether that is less than half of the clip's median.
    """

    score: NDArray[np.float64]
    is_poor: NDArray[np.bool_]


def frame_quality(frames: Array, progress: Progress = silent) -> FrameQuality:
    """Return how much of each frame shows something.

    Parameters
    ----------
    frames
        (t, y, x) grey or (t, y, x, 3) RGB; read one by one.
    progress
        Told of each frame; may raise ``Cancelled``.
    """
    n = int(frames.shape[0])
    looked_at = np.unique(np.linspace(0, n - 1, min(n, _N_LOOKED_AT)).astype(int))
    some = np.stack([_grey(frames[int(k)]) for k in looked_at])
    bright = float(np.percentile(some, BRIGHT_PERCENTILE))
    sector = some.max(axis=0) > SEEN_SHARE * bright
    if not sector.any():
        return FrameQuality(np.zeros(n), np.ones(n, bool))
    score = np.zeros(n)
    for k in range(n):
        progress(k, n, "Looking at frames")
        score[k] = float((_grey(frames[k])[sector] > SEEN_SHARE * bright).mean())
    return FrameQuality(score, score < POOR_SHARE * float(np.median(score)))


def _grey(frame: NDArray[np.generic]) -> NDArray[np.float32]:
    pixels = np.asarray(frame)[::_STEP, ::_STEP].astype(np.float32)
    return pixels @ np.asarray(_WEIGHTS, np.float32) if pixels.ndim == 3 else pixels
