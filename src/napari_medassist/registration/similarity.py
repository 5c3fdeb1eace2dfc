"""How alike two images are, with a gradient: for optimising a deformation in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation writes it so

#: Bins of mutual information, and the width of a bin's Gaussian in bins.
_BINS, _BIN_WIDTH = 24, 0.5
_LEAST_VARIANCE = 1e-5
#: Windows of the fixed image with hardly more than noise in them tell little: half as much here.
_TELLING_VARIANCE = 1e-3


def local_correlation(
    fixed: Tensor, moved: Tensor, window: tuple[int, int, int], weight: Tensor
) -> Tensor:
    """Return the mean squared local correlation: 1 for alike, also in inverted contrast, 0 for unlike.

    Parameters
    ----------
    fixed, moved
        (z, y, x), about 0 to 1.
    window
        Odd numbers of voxels along z, y, x.
    weight
        (z, y, x), not negative: how much each voxel counts.
    """

    def mean(values: Tensor) -> Tensor:
        # Axis by axis: the same mean for a small part of the work.
        for axis, n in enumerate(window):
            size = [n if k == axis else 1 for k in range(3)]
            padding = [n // 2 if k == axis else 0 for k in range(3)]
            values = F.avg_pool3d(values, size, 1, padding, count_include_pad=False)
        return values

    parts = torch.stack([fixed, moved, fixed * fixed, moved * moved, fixed * moved])
    a, b, aa, bb, ab = mean(parts)
    of_fixed, of_moved = (aa - a * a).clamp_min(0), (bb - b * b).clamp_min(0)
    alike = (ab - a * b) ** 2 / ((of_fixed + _LEAST_VARIANCE) * (of_moved + _LEAST_VARIANCE))
    # By the fixed image alone: what weighed the moved one too would pull its bright parts in.
    weight = weight * of_fixed / (of_fixed + _TELLING_VARIANCE)
    found: Tensor = (weight * alike).sum() / weight.sum().clamp_min(1e-6)
    return found


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
