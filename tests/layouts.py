"""Arrays of every number type in every memory layout, for passes that go by the memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

NUMBERS = ("bool", "u1", "i1", "u2", ">u2", "i4", "i8", "f2", "f4", ">f4", "f8", "longdouble")
LAYOUTS = ("as it is", "fortran", "every other", "backwards", "part", "read-only", "y fastest")


def laid_out(values: NDArray[Any], layout: str) -> NDArray[Any]:
    """Return the same (z, y, x) values in another memory layout."""
    match layout:
        case "fortran":
            return np.asfortranarray(values)
        case "every other":
            wide = np.zeros([2 * n for n in values.shape], dtype=values.dtype)
            wide[::2, ::2, ::2] = values
            return wide[::2, ::2, ::2]
        case "backwards":
            return np.ascontiguousarray(values[:, ::-1, ::-1])[:, ::-1, ::-1]
        case "part":
            wide = np.ones([n + 3 for n in values.shape], dtype=values.dtype)
            wide[1:-2, 2:-1, 3:] = values
            return wide[1:-2, 2:-1, 3:]
        case "read-only":
            copy = values.copy()
            copy.setflags(write=False)
            return copy
        case "y fastest":
            return np.ascontiguousarray(values.transpose(0, 2, 1)).transpose(0, 2, 1)
        case _:
            return values


@st.composite
def sparse_values(draw: st.DrawFn, highest: int = 3) -> NDArray[np.int64]:
    """Draw (z, y, x) whole numbers from 0 on: a few boxes, a little noise, or nothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = np.zeros([rng.integers(1, n) for n in (6, 18, 26)], dtype=np.int64)
    for _ in range(draw(st.integers(0, 4))):
        start = [rng.integers(0, n) for n in values.shape]
        stop = [a + rng.integers(1, max(2, n // 2)) for a, n in zip(start, values.shape, strict=True)]
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        values[box] = rng.integers(1, highest + 1)
    if draw(st.booleans()):
        values[rng.random(values.shape) < 0.03] = highest
    return values
