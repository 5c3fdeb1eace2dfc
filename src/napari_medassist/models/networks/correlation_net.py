"""A network that finds how one image must be displaced to lie on another of other contrast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation writes it so

#: Displacements that are weighed up: so many steps to each side, a step in mm.
REACH, STEP_ZYX_MM = 3, (3.0, 4.0, 4.0)
_PLACES = 2  # features between such places, along each axis
#: How far neighbours speak for each other, in places; each on top of the one before.
_NEAR, _FAR = 0.8, 2.0


class _Block(nn.Sequential):
    """Convolution, group norm, leaky ReLU."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv3d(n_in, n_out, 3, stride, 1, bias=False),
            nn.GroupNorm(8, n_out),
            nn.LeakyReLU(0.2, inplace=True),
        )


class _Residual(nn.Module):
    """Two blocks, added to what went in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(_Block(width, width), _Block(width, width))

    def forward(self, image: Tensor) -> Tensor:
        """Map (n, width, z, y, x) to the same shape."""
        found: Tensor = image + self.blocks(image)
        return found


class Features(nn.Module):
    """What of an image may be compared with an image of other contrast: unit vectors.

    In plane, features are half as dense as voxels.
    """

    def __init__(self, widths: tuple[int, int], n_features: int) -> None:
        super().__init__()
        fine, coarse = widths
        self.first = nn.Sequential(_Block(4, fine), _Residual(fine))
        self.down = nn.Sequential(_Block(fine, coarse, stride=2), _Residual(coarse))
        self.up = nn.Conv3d(coarse, fine, 1)
        self.mixed = _Residual(fine)
        self.last = nn.Conv3d(fine, n_features, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Map (n, 1, z, y, x) to (n, features, z, y / 2, x / 2)."""
        n, _, z, y, x = image.shape
        quarters = image.view(n, z, y // 2, 2, x // 2, 2).permute(0, 3, 5, 1, 2, 4)
        fine = self.first(quarters.reshape(n, 4, z, y // 2, x // 2))
        raised = _to_size(self.up(self.down(fine)), fine.shape[2:])
        return F.normalize(self.last(self.mixed(fine + raised)), dim=1)


class Codes(nn.Module):
    """Replaces each vector by the nearest of a learned few (van den Oord et al. 2017).

    Limits what can be expressed, as Shen et al. (MICCAI 2022) do between two images.
    """

    def __init__(self, n_codes: int, n_features: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(F.normalize(torch.randn(n_codes, n_features), dim=1))
        self.off = torch.zeros(())

    def forward(self, vectors: Tensor) -> Tensor:
        """Map unit vectors (n, features, z, y, x) to codes; gradients pass as if nothing was done."""
        codes = F.normalize(self.codes, dim=1)
        with torch.no_grad():
            which = torch.einsum("kc,nczyx->nkzyx", codes, vectors).argmax(dim=1)
        chosen = codes[which].permute(0, 4, 1, 2, 3)
        self.off = (chosen - vectors.detach()).pow(2).sum(1).mean()
        self.off = self.off + 0.25 * (chosen.detach() - vectors).pow(2).sum(1).mean()
        return vectors + (chosen - vectors).detach()


class CorrelationNet(nn.Module):
    """Compares features of two images at many displacements and returns the mean of those that fit.

    Each image has an encoder of its own, since they differ in contrast. Their features are compared at
    343 displacements up to 9 mm along z and 12 mm in plane, as in FlowNet (Dosovitskiy et al., ICCV
    2015) and PDD-Net (Heinrich, MICCAI 2019); neighbours, the surroundings and the whole window speak
    for a displacement too, each with a weight that is learned.

    Parameters
    ----------
    widths
        Channels of the encoders on two levels, multiples of 8.
    n_features
        Length of the vectors that are compared.
    n_codes
        If not 0, vectors are replaced by so many learned ones before they are compared.
    """

    def __init__(
        self, widths: Sequence[int] = (32, 64), n_features: int = 16, n_codes: int = 0
    ) -> None:
        super().__init__()
        fine, coarse = widths
        self.of_fixed = Features((fine, coarse), n_features)
        self.of_moving = Features((fine, coarse), n_features)
        self.log_weights = nn.Parameter(torch.tensor([4.0, 6.0, 8.0, 8.0]).log())
        self.codes = Codes(n_codes, n_features) if n_codes else None
        self.register_buffer("displacements", _displacements(), persistent=False)
        self.displacements: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Map (n, 2, z, y, x) to displacements (n, 3, z, y, x), in mm along z, y, x.

        Parameters
        ----------
        images
            Normalised; the fixed one, then the moving one; z a multiple of 2, y and x of 4.
        """
        return self.displaced(self.matched(images), images.shape[2:])

    def matched(self, images: Tensor) -> Tensor:
        """Return how well displacements fit at each place: logits (n, 343, z / 2, y / 4, x / 4)."""
        fixed, moving = self.of_fixed(images[:, :1]), self.of_moving(images[:, 1:2])
        if self.codes is not None:
            fixed, moving = self.codes(fixed), self.codes(moving)
        one = correlation(fixed, moving)
        near = _smoothed(one, _NEAR)
        far = _smoothed(near, _FAR)
        everywhere = one.mean(dim=(2, 3, 4), keepdim=True)
        a, b, c, d = self.log_weights.exp()
        found: Tensor = a * one + b * near + c * far + d * everywhere
        return found

    def displaced(self, matched: Tensor, size: Sequence[int]) -> Tensor:
        """Return the mean displacement of each voxel, weighed by how well they fit."""
        mean = torch.einsum("kd,ndzyx->nkzyx", self.displacements, matched.softmax(dim=1))
        return _to_size(mean, size)


def correlation(fixed: Tensor, moving: Tensor) -> Tensor:
    """Return how alike features are at each displacement.

    Parameters
    ----------
    fixed, moving
        (n, features, z, y, x), each axis a multiple of 2.

    Returns
    -------
    Tensor
        (n, 343, z / 2, y / 2, x / 2): products, averaged over 2 x 2 x 2 features of each image;
        displacements in the order of :attr:`CorrelationNet.displacements`. Beyond the moving image
        nothing is alike.
    """
    before, after = REACH, REACH + 1
    padded = F.pad(moving, (before, after) * 3)
    pooled = F.avg_pool3d(padded, _PLACES, stride=1).contiguous()
    found: Tensor = _Correlation.apply(F.avg_pool3d(fixed, _PLACES), pooled)  # type: ignore[no-untyped-call]
    return found


class _Correlation(torch.autograd.Function):
    """Products at all displacements, without a copy of the features for each."""

    @staticmethod
    def forward(ctx: Any, fixed: Tensor, moving: Tensor) -> Tensor:
        ctx.save_for_backward(fixed, moving)
        n, _, *size = fixed.shape
        found = fixed.new_empty(n, (2 * REACH + 1) ** 3, *size)
        for number, window in enumerate(_windows(size)):
            found[:, number] = (fixed * moving[window]).sum(dim=1)
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        fixed, moving = ctx.saved_tensors
        of_fixed, of_moving = torch.zeros_like(fixed), torch.zeros_like(moving)
        for number, window in enumerate(_windows(fixed.shape[2:])):
            here = gradient[:, number : number + 1]
            of_fixed.addcmul_(here, moving[window])
            of_moving[window].addcmul_(here, fixed)
        return of_fixed, of_moving


def _windows(size: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Yield what of the padded moving features lies at the fixed ones' places, a displacement each."""
    for steps in product(range(2 * REACH + 1), repeat=3):
        parts = (slice(k, k + _PLACES * n, _PLACES) for k, n in zip(steps, size, strict=True))
        yield (slice(None), slice(None), *parts)


def _displacements() -> Tensor:
    """Return all displacements, (3, 343), in mm along z, y, x."""
    along = [torch.arange(-REACH, REACH + 1) * step for step in STEP_ZYX_MM]
    return torch.stack(torch.meshgrid(*along, indexing="ij")).reshape(3, -1).float()


def _smoothed(matched: Tensor, places: float) -> Tensor:
    """Return means over neighbours, weighed by a Gaussian; at the border, over those that are there."""
    z, y, x = (_gaussian(n, places).to(matched) for n in matched.shape[2:])
    made = y @ (matched @ x.T)
    n, d, depth, rows, columns = made.shape
    return (z @ made.reshape(n, d, depth, rows * columns)).view(n, d, depth, rows, columns)


def _gaussian(n: int, places: float) -> Tensor:
    at = torch.arange(n).float()
    weights = torch.exp(-((at[:, None] - at) ** 2) / (2 * places**2))
    return weights / weights.sum(dim=1, keepdim=True)


def _to_size(image: Tensor, size: Sequence[int] | torch.Size) -> Tensor:
    return F.interpolate(image, size=tuple(size), mode="trilinear", align_corners=False)
