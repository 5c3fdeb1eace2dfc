"""Seeded random fields: the texture, the unevenness and the noise of the simulated images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def smooth_noise(
    rng: np.random.Generator, shape: Sequence[int], spacing_mm: Sequence[float], scale_mm: float
) -> Image:
    """Return smooth noise of mean 0 and standard deviation 1.

    White noise on a coarse lattice is interpolated by cubic B-splines, one axis after the other.

    Parameters
    ----------
    rng
        Source of the random numbers.
    shape, spacing_mm
        The grid, any number of axes.
    scale_mm
        Distance of the lattice's nodes: about the size of the blobs, in mm.
    """
    nodes = [int(np.ceil((n - 1) * d / scale_mm)) + 4 for n, d in zip(shape, spacing_mm, strict=True)]
    field: NDArray[np.float64] = rng.standard_normal(nodes)
    for n, d, n_nodes in zip(shape, spacing_mm, nodes, strict=True):
        weights = _spline_weights(np.arange(n) * d / scale_mm + 1.0, n_nodes)
        # Contracting the first axis puts the new one last: after all axes the order is back.
        field = np.tensordot(field, weights, axes=(0, 1))
    return ((field - field.mean()) / field.std()).astype(np.float32)


def threads(noise: Image, width: float) -> Image:
    """Return thin curved sheets, 0..1: where the noise passes through zero.

    Seen in a slice they look like the septa of fat and muscle.

    Parameters
    ----------
    noise
        Smooth noise of standard deviation 1.
    width
        Half width of a sheet, in units of the noise.
    """
    return np.exp(-np.square(noise / np.float32(width)))


def rician(rng: np.random.Generator, signal: Image, sigma: float) -> Image:
    """Return the magnitude of a signal with complex Gaussian noise, as in MR.

    Parameters
    ----------
    signal
        Noise-free magnitude, any shape.
    sigma
        Standard deviation of the noise of either channel, in units of the signal.
    """
    real = signal + sigma * rng.standard_normal(signal.shape)
    return np.hypot(real, sigma * rng.standard_normal(signal.shape)).astype(np.float32)


def _spline_weights(position: NDArray[np.float64], n_nodes: int) -> NDArray[np.float64]:
    """Return the (positions, nodes) weights of the uniform cubic B-spline."""
    t = np.abs(position[:, None] - np.arange(n_nodes)[None, :])
    inner = 2 / 3 - t**2 + t**3 / 2
    outer = np.clip(2 - t, 0, None) ** 3 / 6
    return np.where(t < 1, inner, outer)
