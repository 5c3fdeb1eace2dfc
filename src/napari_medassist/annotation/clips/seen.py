"""The pixels of a clip, as the tools that paint within a range see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.operations.change import Box, Mask
from napari_medassist.core.volume import Array

#: Weights of red, green and blue in brightness (ITU-R BT.601).
_BRIGHTNESS = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class SeenClip:
    """Frames that are asked for at the pixels of their masks; only the frames of a box are decoded.

    Parameters
    ----------
    frames
        (t, y, x) grey or (t, y, x, 3) RGB; may be lazy. Of colours the brightness counts.
    """

    frames: Array

    def values(self, box: Box) -> tuple[NDArray[Any], Mask]:
        """Return the grey values in a box (t, y, x), and True everywhere: masks lie on the pixels."""
        t, y, x = box
        found = np.stack([np.asarray(self.frames[n])[y, x] for n in range(t.start, t.stop)])
        if found.ndim == 4:
            found = np.rint(found @ np.asarray(_BRIGHTNESS)).astype(found.dtype)
        return found, np.ones(found.shape, bool)
