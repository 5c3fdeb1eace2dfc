"""What an image goes through before a network sees it; the same in training and in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_LOW, _HIGH = 0.5, 99.0  # percentiles that become 0 and 1
_CEILING = 1.3  # vessels and coils above it would stretch the rest
_POSITION_UNIT_MM = 50.0


@dataclass(frozen=True)
class RobustScale:
    """Percentiles to 0 and 1, what lies far above cut off, then mean 0 and standard deviation 1.

    Attributes
    ----------
    low, high
        Intensities that become 0 and 1.
    mean, deviation
        Of the intensities after that.
    """

    low: float
    high: float
    mean: float
    deviation: float

    @classmethod
    def of(cls, window: NDArray[np.generic]) -> Self:
        """Measure the window (z, y, x) that a network sees, or the middle one of several."""
        values = np.asarray(window, dtype=np.float32)
        low, high = np.percentile(values[:, ::2, ::2], [_LOW, _HIGH])
        unit = _between(values, float(low), float(high))
        return cls(float(low), float(high), float(unit.mean()), float(unit.std()))

    def apply(self, values: NDArray[np.generic]) -> Float32:
        """Return float32 of the same shape."""
        unit = _between(np.asarray(values, dtype=np.float32), self.low, self.high)
        return np.asarray((unit - self.mean) / (self.deviation + 1e-6), dtype=np.float32)


@dataclass(frozen=True)
class NonzeroScale:
    """Mean 0 and standard deviation 1 over all voxels that are not 0; those stay 0.

    This is MONAI's ``NormalizeIntensity(nonzero=True)``.

    Attributes
    ----------
    mean, deviation
        Of the voxels that are not 0.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, image: NDArray[np.generic]) -> Self:
        """Measure a whole image (z, y, x)."""
        found = np.asarray(image, dtype=np.float32)
        found = found[found != 0]
        if not found.size:
            return cls(0.0, 1.0)
        deviation = float(found.std(dtype=np.float64))
        return cls(float(found.mean(dtype=np.float64)), deviation or 1.0)

    def apply(self, values: NDArray[np.generic]) -> Float32:
        """Return float32 of the same shape."""
        image = np.asarray(values, dtype=np.float32)
        return np.where(image != 0, (image - self.mean) / self.deviation, 0).astype(np.float32)


@dataclass(frozen=True)
class WholeScale:
    """Mean 0 and standard deviation 1 over the whole image: nnU-Net's ``ZScoreNormalization``.

    Attributes
    ----------
    mean, deviation
        Of all voxels.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, image: NDArray[np.generic]) -> Self:
        """Measure a whole image (z, y, x)."""
        found = np.asarray(image, dtype=np.float64)
        return cls(float(found.mean()), max(float(found.std()), 1e-8))

    def apply(self, values: NDArray[np.generic]) -> Float32:
        """Return float32 of the same shape."""
        return ((np.asarray(values, dtype=np.float32) - self.mean) / self.deviation).astype(np.float32)


@dataclass(frozen=True)
class FixedScale:
    """Values cut off and scaled as they were in training: nnU-Net's ``CTNormalization``.

    Attributes
    ----------
    low, high
        Values are cut off here.
    mean, deviation
        What is taken away, and by what is divided, after that.
    """

    low: float
    high: float
    mean: float
    deviation: float

    def apply(self, values: NDArray[np.generic]) -> Float32:
        """Return float32 of the same shape."""
        cut = np.clip(np.asarray(values, dtype=np.float32), self.low, self.high)
        return ((cut - self.mean) / self.deviation).astype(np.float32)


Scale = RobustScale | NonzeroScale | WholeScale | FixedScale


def _between(values: Float32, low: float, high: float) -> Float32:
    unit = np.clip((values - low) / (high - low + 1e-6), 0.0, _CEILING)
    return np.asarray(unit, dtype=np.float32)


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
    return RobustScale.of(window).apply(window)


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
