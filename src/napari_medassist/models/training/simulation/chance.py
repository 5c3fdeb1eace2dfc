"""One seed, all the chance of one sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

Array = NDArray[np.float32]
Shape = tuple[int, int, int]


class Chance:
    """Random numbers and random fields; the same seed gives the same ones in the same order.

    Parameters
    ----------
    seed
        Any whole number from 0.
    shape_zyx
        Shape of the fields.
    """

    def __init__(self, seed: int, shape_zyx: Shape) -> None:
        self.numbers = np.random.default_rng(seed)
        self.shape_zyx = shape_zyx
        self._torch = torch.Generator().manual_seed(seed % 2**31)

    def between(self, low: float, high: float) -> float:
        """Draw evenly."""
        return float(self.numbers.uniform(low, high))

    def normal(self, mean: float, spread: float, *, limit: float = np.inf) -> float:
        """Draw from a normal distribution, cut at ``mean`` plus or minus ``limit``."""
        return mean + float(np.clip(self.numbers.normal(0.0, spread), -limit, limit))

    def happens(self, probability: float) -> bool:
        """Toss a coin that lands on True with the given probability."""
        return bool(self.numbers.random() < probability)

    def sign(self) -> int:
        """Draw -1 or 1."""
        return 1 if self.happens(0.5) else -1

    def pick(self, n: int, weights: Sequence[float] | None = None) -> int:
        """Draw one of 0..n-1."""
        return int(self.numbers.choice(n, p=weights))

    def field(self, cells_zyx: Shape) -> Array:
        """Draw a smooth field of standard normal noise, laid over ``cells_zyx`` support points."""
        cells = tuple(max(2, n) for n in cells_zyx)
        noise = torch.randn((1, 1, *cells), generator=self._torch)
        if cells == self.shape_zyx:
            return np.asarray(noise[0, 0], dtype=np.float32)
        smooth = F.interpolate(noise, size=self.shape_zyx, mode="trilinear", align_corners=True)
        return np.asarray(smooth[0, 0], dtype=np.float32)

    def noise(self) -> Array:
        """Draw standard normal noise, each voxel by itself."""
        return self.field(self.shape_zyx)

    def texture(self) -> Array:
        """Draw a texture of several scales, as tissue has, with a spread of about 1."""
        z, y, x = self.shape_zyx
        wide = self.field((z * 2 // 5, y // 6, x // 6))
        middle = self.field((z * 3 // 5, y // 3, x // 3))
        fine = self.field((z, y * 2 // 3, x * 2 // 3))
        mixed = 0.5 * wide + 0.7 * middle + 0.8 * fine + 0.5 * self.noise()
        return np.asarray(mixed / 1.3, dtype=np.float32)
