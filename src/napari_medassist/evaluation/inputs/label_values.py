"""Which values a label map holds, counted where there are any and in slabs, without a copy of it."""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage
from napari_medassist.metrics.occupied import Occupied

#: About so many voxels are counted at a time.
_AT_A_TIME = 1 << 20


def count_values(values: NDArray[Any]) -> dict[int, int]:
    """Return the number of voxels of each value that occurs, in rising order, 0 included.

    Parameters
    ----------
    values
        (z, y, x) whole numbers from 0 on, or bool.
    """
    box = Occupied.of(values).box
    found = _counted(values[box])
    n_background = values.size - sum(n for value, n in found.items() if value)
    if n_background:
        found[0] = n_background
    return dict(sorted(found.items()))


def _counted(values: NDArray[Any]) -> Counter[int]:
    small = values.dtype.itemsize <= 2
    step = max(1, _AT_A_TIME // max(1, prod(values.shape[1:])))
    found: Counter[int] = Counter()
    for z in range(0, len(values), step):
        part = values[z : z + step].ravel()
        if small:
            numbers = np.bincount(part)
            occurring = np.flatnonzero(numbers)
            numbers = numbers[occurring]
        else:
            occurring, numbers = np.unique(part, return_counts=True)
        found.update(dict(zip(occurring.tolist(), numbers.tolist(), strict=True)))
    return found


def require_label_values(values: NDArray[Any], name: str) -> None:
    """Raise :class:`InvalidImage` unless an array holds whole numbers from 0 on.

    Parameters
    ----------
    values
        Of any shape.
    name
        What the message calls it.
    """
    if values.dtype.kind not in "iub":
        raise InvalidImage(
            f"The {name} needs whole numbers, its array is {values.dtype}.",
            cure="Round it on purpose first.",
        )
    if values.dtype.kind == "i" and values.size and values.min() < 0:
        raise InvalidImage(f"The {name} holds negative values; labels are 0 and above.")
