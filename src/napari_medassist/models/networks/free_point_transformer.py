"""A network that moves points of one surface's space to another's, without pairs of points."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FreePointTransformer(nn.Module):
    """Two point sets, each summed up by the same PointNet, tell where any point is moved to.

    After Baum, Hu and Barratt (MICCAI workshops 2020; Medical Image Analysis 2021), with these changes:
    no transformation nets within PointNet; half the widths; and the points that are moved need not be
    those of the surface, so that what lies within an organ is moved by the same network. The part of
    the first layer that sees the two sets is computed once for all points.

    Parameters
    ----------
    encoder, head
        Widths of the layers of the PointNet, and of what moves a point.
    """

    def __init__(
        self,
        encoder: Sequence[int] = (64, 64, 128, 512),
        head: Sequence[int] = (512, 256, 128, 64),
    ) -> None:
        super().__init__()
        self.encoder = _layers(3, encoder)
        self.of_sets = nn.Linear(2 * encoder[-1], head[0])
        self.of_point = nn.Conv1d(3, head[0], 1, bias=False)
        self.rest = nn.Sequential(nn.ReLU(), _layers(head[0], head[1:]), nn.Conv1d(head[-1], 3, 1))
        last = self.rest[-1]
        nn.init.normal_(last.weight, std=1e-3)  # type: ignore[arg-type]
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def forward(self, source: Tensor, target: Tensor, points: Tensor) -> Tensor:
        """Return how far points are moved.

        Parameters
        ----------
        source, target
            Points on both surfaces, (n, 3, any number), in one frame, in units of about half an organ.
        points
            Points in the source's space, (n, 3, p).

        Returns
        -------
        Tensor
            (n, 3, p), in the same units.
        """
        both = torch.cat([self.encoder(source).amax(-1), self.encoder(target).amax(-1)], dim=1)
        moved: Tensor = self.rest(self.of_sets(both)[..., None] + self.of_point(points))
        return moved


def _layers(n_in: int, widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Conv1d(n_in, width, 1), nn.ReLU()]
        n_in = width
    return nn.Sequential(*layers)
