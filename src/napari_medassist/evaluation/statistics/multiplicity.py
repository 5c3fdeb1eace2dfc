"""Several tests at once: p-values that account for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_medassist.core.geometry import Float


def holm(p_values: Sequence[float] | Float) -> Float:
    """Return the p-values of a family of tests, adjusted by Holm's method.

    A family in which every adjusted value below 0.05 is called a difference holds a false one with a
    chance of at most 5 %, whether or not the tests depend on each other.

    Parameters
    ----------
    p_values
        Of each test; NaN where a test was not possible, which then does not count.

    Returns
    -------
    numpy.ndarray
        Not below the given ones, at most 1; NaN where they are.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(given))
    order = tested[np.argsort(given[tested], kind="stable")]
    n_left = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(n_left * given[order]), 1.0)
    return adjusted
