"""The permutation test of two models on the same cases: what is exchanged, and the p-value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float

#: Rounding must not turn an exchange that changes nothing into a smaller difference.
_ROUNDING = 1e-12


def exchanges(n_cases: int, n_permutations: int, seed: int) -> tuple[NDArray[np.int8], bool]:
    """Return which cases are exchanged, (permutations, cases) of 0 and 1, and whether these are all.

    Parameters
    ----------
    n_cases
        Number of cases.
    n_permutations
        How many to draw; if there are not more, all of them are returned.
    seed
        Of the random numbers.
    """
    if n_cases < 60 and 2**n_cases <= n_permutations:
        numbers = np.arange(2**n_cases)[:, None]
        return ((numbers >> np.arange(n_cases)) & 1).astype(np.int8), True
    rng = np.random.default_rng(seed + 1)
    return rng.integers(0, 2, size=(n_permutations, n_cases), dtype=np.int8), False


def p_value_of(differences: Float, observed: float, *, is_exact: bool) -> tuple[float, int]:
    """Return the share of exchanges whose difference is as large as the observed one, and their number.

    Parameters
    ----------
    differences
        The difference after each exchange; NaN where it is not defined, which is left out.
    observed
        The difference as it is; large in either direction.
    is_exact
        Whether all exchanges were tried. Of some only, the result as it is counts as one more: no
        p-value is 0.
    """
    size = np.abs(differences)
    n_as_large = int((size >= abs(observed) - _ROUNDING).sum())
    n_defined = int(np.isfinite(size).sum())
    missing = 0 if is_exact else 1
    return (n_as_large + missing) / (n_defined + missing), n_defined
