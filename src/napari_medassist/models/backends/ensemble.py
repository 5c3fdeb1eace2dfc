"""Several networks that answer as one: the mean of their logits, as nnU-Net joins its folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_medassist.models.backends.base import Backend, Float32, Tick


class Ensemble:
    """Networks of the same input and output.

    Parameters
    ----------
    members
        At least one.
    """

    def __init__(self, members: Sequence[Backend]) -> None:
        self._members = tuple(members)

    @property
    def name(self) -> str:
        """What runs the networks, and how many they are."""
        return f"{self._members[0].name}, mean of {len(self._members)} networks"

    def run(self, window: Float32, tick: Tick) -> Float32:
        """Return the mean of the logits."""
        total = self._members[0].run(window, tick)
        for member in self._members[1:]:
            total = total + member.run(window, tick)
        return np.asarray(total / len(self._members), dtype=np.float32)
