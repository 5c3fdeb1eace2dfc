"""What derived objects give back: label maps, probability images, and what to tell of them."""

from __future__ import annotations

from dataclasses import dataclass

from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume


@dataclass(frozen=True)
class Derived:
    """What one file held.

    Parameters
    ----------
    labels
        Label maps, canonical (z, y, x), on the grid of their image where that is there.
    maps
        Probability images (0..1, role ``probability``).
    warnings
        What a reader should know; each names the file.
    """

    labels: tuple[LabelMap, ...] = ()
    maps: tuple[Volume, ...] = ()
    warnings: tuple[str, ...] = ()
