"""What an image goes through before a network sees it; the same in training and in use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_LOW, _HIGH = 0.5, 99.0  # percentiles that become 0 and 1
_CEILING = 1.3  # vessels and coils above it would stretch the rest
_POSITION_UNIT_MM = 50.0


def normalise_mr(window: NDArray[np.generic]) -> Float32:
    """Bring a window of an MR image to mean 0 and standard deviation 1, robust to bright spots.

    Parameters
    ----------
    window
        Intensities, shape (z, y, x), any real type; the whole window that the network will see.

    Returns
    -------
    ndarray
        float32 of the same shape. A constant window becomes 0.
    """
    values = np.asarray(window, dtype=np.float32)
    low, high = np.percentile(values[:, ::2, ::2], [_LOW, _HIGH])
    scaled = np.clip((values - low) / (high - low + 1e-6), 0.0, _CEILING)
    return np.asarray((scaled - scaled.mean()) / (scaled.std() + 1e-6), dtype=np.float32)


def position_channels(
    shape_zyx: tuple[int, int, int], spacing_zyx_mm: tuple[float, float, float]
) -> Float32:
    """Return where each voxel lies, counted from the window's centre.

    A network without them cannot tell the left of the pelvis from its middle where its receptive field
    is small; a prostate is usually imaged near the centre.

    Returns
    -------
    ndarray
        float32 of shape (3, z, y, x): offsets along z, y and x in units of 50 mm.
    """
    axes = [
        ((np.arange(n) - (n - 1) / 2) * step / _POSITION_UNIT_MM).astype(np.float32)
        for n, step in zip(shape_zyx, spacing_zyx_mm, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"))
