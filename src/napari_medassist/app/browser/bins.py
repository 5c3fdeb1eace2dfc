"""The bins of a histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_N_BINS = 30


@dataclass(frozen=True, eq=False)
class Bins:
    """Neighbouring bins; the last one holds its upper edge too.

    Parameters
    ----------
    edges
        Rising, one more than there are bins.
    """

    edges: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], *, whole: bool = False) -> Bins:
        """Return bins for some values, those that are not finite left out.

        Parameters
        ----------
        values
            One a case.
        whole
            Whether they are whole numbers: each has a bin of its own then, as far as there is room.
        """
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        if whole and high - low < _N_BINS:
            return cls(np.arange(low - 0.5, high + 1.0))
        if low >= 0 and high <= 1:  # a share: bins of the same width in every plot
            low, high = 0.0, 1.0
        return cls(np.linspace(low, high if high > low else low + 1.0, _N_BINS + 1))

    def counts(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how many finite values lie in each bin."""
        found, _ = np.histogram(values[np.isfinite(values)], self.edges)
        return found.astype(np.int64, copy=False)
