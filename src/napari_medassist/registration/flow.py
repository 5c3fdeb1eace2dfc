"""A velocity that is followed for a unit of time becomes a displacement, by scaling and squaring."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own documentation writes it so

_SQUARINGS = 6


class Flow:
    """Follows velocities on a grid (Arsigny et al., MICCAI 2006).

    Parameters
    ----------
    shape_zyx, step_mm
        Voxels and their distances along z, y, x.
    """

    def __init__(self, shape_zyx: tuple[int, int, int], step_mm: tuple[float, float, float]) -> None:
        axes = [torch.linspace(-1, 1, n) if n > 1 else torch.zeros(1) for n in shape_zyx]
        self._base = torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], dim=-1)
        per_mm = [2 / (max(n - 1, 1) * mm) for n, mm in zip(shape_zyx, step_mm, strict=True)]
        self._per_mm = torch.tensor(per_mm[::-1])

    def followed(self, velocity_mm: Tensor) -> Tensor:
        """Return the displacement that a velocity leads to, (3, z, y, x), mm along z, y, x.

        Half of the time is followed by the same half: of a short time velocity and displacement are the
        same, and it is doubled six times. Beyond the grid the velocity at its face goes on.
        """
        moved: Tensor = velocity_mm / 2**_SQUARINGS
        for _ in range(_SQUARINGS):
            places = self._base + moved.permute(1, 2, 3, 0).flip(-1) * self._per_mm
            there = F.grid_sample(moved[None], places[None], padding_mode="border", align_corners=True)
            moved = moved + there[0]
        return moved
