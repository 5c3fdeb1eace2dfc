"""How loud a recording is over its time, for a picture of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.progress import Progress, silent
from napari_medassist.voice.sound import RATE_HZ, sound_begin_s, sound_blocks

STEP_S = 0.02
_N = int(STEP_S * RATE_HZ)


@dataclass(frozen=True, eq=False)
class SoundShape:
    """Loudness over time.

    Attributes
    ----------
    begin_s
        When the sound begins, in seconds after the first frame of its video.
    levels
        (n,) root mean squares of successive :data:`STEP_S`; the loudest is 1.
    """

    begin_s: float
    levels: NDArray[np.float32]

    def between(self, from_s: float, to_s: float, n: int) -> NDArray[np.float32]:
        """Return the largest level in each of ``n`` equal parts of a time; 0 without sound."""
        edges = (np.linspace(from_s, to_s, n + 1) - self.begin_s) / STEP_S
        places = np.clip(np.floor(edges).astype(int), 0, len(self.levels))
        found = np.zeros(n, np.float32)
        for k, (first, last) in enumerate(pairwise(places.tolist())):
            inside = edges[k + 1] > 0 and edges[k] < len(self.levels)
            part = self.levels[first : max(last, first + 1)] if inside else self.levels[:0]
            found[k] = part.max(initial=0.0)
        return found


def sound_shape(path: Path, progress: Progress = silent) -> SoundShape:
    """Return how loud a recording is; it is read block by block.

    Raises
    ------
    FileProblem, UnsupportedFormat, CorruptFile
        If it cannot be read, or has no sound.
    """
    levels: list[NDArray[np.float32]] = []
    rest = np.zeros(0, np.float32)
    for block in sound_blocks(path):
        progress(0, 0, "Listening")
        joined = np.concatenate([rest, block])
        n = len(joined) // _N * _N
        parts = joined[:n].reshape(-1, _N)
        levels.append(np.sqrt((parts**2).mean(axis=1)))
        rest = joined[n:]
    whole = np.concatenate(levels) if levels else np.zeros(0, np.float32)
    loudest = float(whole.max(initial=0.0))
    return SoundShape(sound_begin_s(path), whole / loudest if loudest else whole)
