"""A U-Net for slices that are thicker than their pixels are wide."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation writes it so

Triple = tuple[int, int, int]
_IN_PLANE: Triple = (1, 3, 3)
_CUBE: Triple = (3, 3, 3)


class _Block(nn.Sequential):
    """Convolution, group norm, leaky ReLU."""

    def __init__(self, n_in: int, n_out: int, kernel: Triple, stride: Triple = (1, 1, 1)) -> None:
        padding: Triple = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
        super().__init__(
            nn.Conv3d(n_in, n_out, kernel, stride, padding, bias=False),
            nn.GroupNorm(min(8, n_out // 4), n_out),
            nn.LeakyReLU(0.01, inplace=True),
        )


class AnisotropicUNet(nn.Module):
    """U-Net whose first two levels look within slices only, where a through-plane step is 3 pixels.

    Chosen over MONAI's DynUNet of the same widths: a training step, and a prediction, took about half
    the time on one thread of a CPU (1.2 against 2.8 s on 16 x 96 x 96 voxels), since the layers at full
    resolution look within slices only and nothing is upsampled by transposed convolutions.

    Parameters
    ----------
    n_inputs, n_classes
        Channels of the input and of the logits.
    widths
        Channels of the levels, finest first. Level 1 halves y and x, level 2 too, level 3 halves all
        three axes, further ones y and x.
    """

    def __init__(
        self, n_inputs: int = 4, n_classes: int = 3, widths: Sequence[int] = (12, 24, 56, 96, 144)
    ) -> None:
        super().__init__()
        strides: list[Triple] = [(1, 1, 1), (1, 2, 2), (1, 2, 2), (2, 2, 2)]
        strides += [(1, 2, 2)] * (len(widths) - len(strides))
        self.down = nn.ModuleList()
        before = n_inputs
        for level, (width, stride) in enumerate(zip(widths, strides, strict=True)):
            first = _Block(before, width, _IN_PLANE if level < 2 else _CUBE, stride)
            self.down.append(nn.Sequential(first, _Block(width, width, _CUBE if level else _IN_PLANE)))
            before = width
        finer, coarser = widths[:-1], widths[1:]
        self.narrow = nn.ModuleList(nn.Conv3d(c, f, 1) for f, c in zip(finer, coarser, strict=True))
        self.up = nn.ModuleList(
            _Block(2 * width, width, _IN_PLANE if level < 2 else _CUBE)
            for level, width in enumerate(finer)
        )
        self.heads = nn.ModuleList(nn.Conv3d(width, n_classes, 1) for width in widths[:3])

    def levels(self, image: Tensor) -> list[Tensor]:
        """Return the logits at full resolution, at half and at a quarter (in plane): for training."""
        features = self._features(image)
        return [head(feature) for head, feature in zip(self.heads, features, strict=False)]

    def forward(self, image: Tensor) -> Tensor:
        """Map (n, inputs, z, y, x) to logits (n, classes, z, y, x)."""
        logits: Tensor = self.heads[0](self._features(image)[0])
        return logits

    def _features(self, image: Tensor) -> list[Tensor]:
        skips = []
        for block in self.down:
            image = block(image)
            skips.append(image)
        features = []
        for level in reversed(range(len(self.up))):
            skip = skips[level]
            raised = F.interpolate(self.narrow[level](image), size=skip.shape[2:], mode="nearest")
            image = self.up[level](torch.cat([raised, skip], dim=1))
            features.append(image)
        return features[::-1]
