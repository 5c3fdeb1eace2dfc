"""Windows that slide over an image, and how what a network says in each is blended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]

#: Width of the Gaussian that weighs a window's voxels, in shares of the window; MONAI's and nnU-Net's.
_SIGMA = 0.125


def starts(n: int, window: int, overlap: float = 0.5) -> tuple[int, ...]:
    """Return where windows begin along an axis of n voxels: evenly, from its first voxel to its last.

    They overlap at least as much as asked for. nnU-Net places its windows so too.
    """
    if n <= window:
        return (0,)
    step = max(1, int(window * (1 - overlap)))
    gaps = -(-(n - window) // step)
    return tuple(round(k * (n - window) / gaps) for k in range(gaps + 1))


def boxes(shape: Shape, window: Shape, overlap: float = 0.5) -> tuple[Box, ...]:
    """Return all windows over an image that is at least as large as one."""
    axes = [starts(n, w, overlap) for n, w in zip(shape, window, strict=True)]

    def all_boxes() -> Iterator[Box]:
        for z, y, x in product(*axes):
            yield (
                slice(z, z + window[0]),
                slice(y, y + window[1]),
                slice(x, x + window[2]),
            )

    return tuple(all_boxes())


def gaussian_weights(window: Shape) -> Float32:
    """Return weights (z, y, x) that fall toward the window's edges, nowhere 0."""
    axes = []
    for n in window:
        places = np.arange(n) - (n - 1) / 2
        axes.append(np.exp(-0.5 * (places / (_SIGMA * n)) ** 2))
    weights = axes[0][:, None, None] * axes[1][:, None] * axes[2]
    return np.asarray(np.maximum(weights, 1e-3 * weights.max()), dtype=np.float32)


def blended(
    shape: Shape, window: Shape, run: Callable[[Box], Float32], overlap: float = 0.5
) -> Float32:
    """Return the weighted mean of what a network says in overlapping windows.

    Parameters
    ----------
    shape
        Voxels of the image, at least those of the window.
    window
        Voxels of the window.
    run
        Returns (classes, z, y, x) of a window.
    overlap
        Share of a window that the next one sees too.

    Returns
    -------
    ndarray
        float32 (classes, z, y, x).
    """
    weights, total = gaussian_weights(window), np.zeros(shape, dtype=np.float32)
    found: Float32 | None = None
    for box in boxes(shape, window, overlap):
        logits = run(box)
        if found is None:
            found = np.zeros((len(logits), *shape), dtype=np.float32)
        found[(slice(None), *box)] += logits * weights
        total[box] += weights
    if found is None:
        raise ValueError("There is no window.")
    return np.asarray(found / total, dtype=np.float32)
