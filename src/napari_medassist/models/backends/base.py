"""The interface of what runs a network."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
#: Is called several times a second while a network runs; it may raise to stop it.
Tick = Callable[[], None]


class Backend(Protocol):
    """One network, ready to run.

    Attributes
    ----------
    name
        What runs it, for records.
    """

    @property
    def name(self) -> str:
        """What runs the network, with its version."""
        ...

    def run(self, window: Float32, tick: Tick) -> Float32:
        """Return logits.

        Parameters
        ----------
        window
            Input of shape (1, channels, ...) in the network's axis order.
        tick
            Called while the network runs; what it raises stops the run and is passed on.

        Returns
        -------
        ndarray
            float32 (1, classes, ...).
        """
        ...


def default_threads() -> int:
    """Return how many threads a network may use: the processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
