"""How alike two images are, with a gradient: for optimising a deformation in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor

#: Bins of mutual information, and the width of a bin's Gaussian in bins.
_BINS, _BIN_WIDTH = 24, 0.5
_LEAST_VARIANCE = 1e-5
#: Windows of the fixed image with hardly more than noise in them tell little: half as much here.
_TELLING_VARIANCE = 1e-3


class LocalCorrelation:
    """Mean squared local correlation with a fixed image: 1 for alike or inverted, 0 for unlike.

    Parameters
    ----------
    fixed
        (z, y, x), about 0 to 1.
    window
        Odd numbers of voxels along z, y, x.
    weight
        (z, y, x), not negative: how much each voxel counts.
    """

    def __init__(self, fixed: Tensor, window: tuple[int, int, int], weight: Tensor) -> None:
        self._means = [_mean_over(n, width) for n, width in zip(fixed.shape, window, strict=True)]
        self._fixed = fixed
        self._mean = self._smoothed(fixed)
        self._variance = (self._smoothed(fixed * fixed) - self._mean**2).clamp_min(0)
        # By the fixed image alone: what weighed the moved one too would pull its bright parts in.
        weight = weight * self._variance / (self._variance + _TELLING_VARIANCE)
        self._weight = weight / weight.sum().clamp_min(1e-6)

    def __call__(self, moved: Tensor) -> Tensor:
        """Return the correlation of an image (z, y, x), about 0 to 1."""
        b, bb, ab = self._smoothed(torch.stack([moved, moved * moved, self._fixed * moved]))
        of_moved = (bb - b * b).clamp_min(0) + _LEAST_VARIANCE
        alike = (ab - self._mean * b) ** 2 / ((self._variance + _LEAST_VARIANCE) * of_moved)
        found: Tensor = (self._weight * alike).sum()
        return found

    def _smoothed(self, values: Tensor) -> Tensor:
        """Return means over windows: axis by axis, each a product with a banded matrix."""
        z, y, x = self._means
        values = torch.matmul(values, x.T)
        values = torch.matmul(y, values)
        return torch.einsum("vz,...zyx->...vyx", z, values)


def _mean_over(n: int, width: int) -> Tensor:
    """Return (n, n): each row the mean over a window; at the ends over what is there of it."""
    place = torch.arange(n)
    near = ((place[:, None] - place).abs() <= width // 2).float()
    return near / near.sum(dim=1, keepdim=True)


def mutual_information(fixed: Tensor, moved: Tensor, weight: Tensor) -> Tensor:
    """Return mutual information in nats, from a joint histogram with Gaussian bins (Parzen windows).

    Parameters
    ----------
    fixed, moved
        (z, y, x), 0 to 1.
    weight
        (z, y, x), not negative.
    """
    counted = weight.reshape(-1) > 0
    share = weight.reshape(-1)[counted]
    share = share / share.sum()
    centres = torch.linspace(0, 1, _BINS, dtype=fixed.dtype, device=fixed.device)
    sharpness = 0.5 / (_BIN_WIDTH / (_BINS - 1)) ** 2

    def bins(values: Tensor) -> Tensor:
        away = values.reshape(-1)[counted][:, None].clamp(0, 1) - centres
        found = torch.exp(-sharpness * away**2)
        return found / found.sum(dim=1, keepdim=True)

    joint = bins(fixed).T @ (share[:, None] * bins(moved))
    expected = joint.sum(dim=1, keepdim=True) * joint.sum(dim=0, keepdim=True)
    eps = 1e-10
    return (joint * ((joint + eps) / (expected + eps)).log()).sum()
