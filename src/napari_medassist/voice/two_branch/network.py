"""The network: a branch for sound, one for the picture, and what joins them (imports torch)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

WIDTH = 64
_SOUND, _PICTURE = (16, 32, 64, WIDTH), (16, 32, 64, 64, WIDTH)


class TwoBranch(nn.Module):
    """Labels a frame from sound and picture.

    Each branch is convolutions of 3 x 3 with batch normalisation and pooling, then a mean over space.
    What a branch cannot tell because its input is missing counts as zero; heads of their own keep each
    branch able to work alone.

    Parameters
    ----------
    n_labels
        How many labels there are.
    """

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        self.sound, self.picture = _branch(_SOUND), _branch(_PICTURE)
        self.joined = nn.Sequential(
            nn.Linear(2 * WIDTH, WIDTH), nn.ReLU(), nn.Dropout(0.5), nn.Linear(WIDTH, n_labels)
        )
        self.from_sound, self.from_picture = nn.Linear(WIDTH, n_labels), nn.Linear(WIDTH, n_labels)

    def forward(
        self, sounds: Any, pictures: Any, has_sound: Any, has_picture: Any
    ) -> tuple[Any, Any, Any]:
        """Return logits (n, labels): of both, of the sound alone, of the picture alone.

        Parameters
        ----------
        sounds
            (n, 1, 40, 148).
        pictures
            (n, 1, 128, 128).
        has_sound, has_picture
            (n,) 1 where there is one, else 0.
        """
        heard = self.sound(sounds) * has_sound[:, None]
        seen = self.picture(pictures) * has_picture[:, None]
        both = self.joined(torch.cat([heard, seen], dim=1))
        return both, self.from_sound(heard), self.from_picture(seen)


def _branch(widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    before = 1
    for width in widths:
        layers += [
            nn.Conv2d(before, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
