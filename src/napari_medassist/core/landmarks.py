"""Pairs of landmarks: the same place of the anatomy in two images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_medassist.core.geometry import Float, Triple


@dataclass(frozen=True)
class LandmarkPair:
    """A place that was found in both images.

    Parameters
    ----------
    name
        What it is called.
    fixed_lps_mm, moving_lps_mm
        Where it lies in the fixed and in the moving image, LPS (x, y, z) in mm.
    """

    name: str
    fixed_lps_mm: Triple
    moving_lps_mm: Triple


def landmark_places(pairs: Sequence[LandmarkPair]) -> tuple[Float, Float]:
    """Return the places of pairs in the fixed and in the moving image, (n, 3) each."""
    fixed = np.array([pair.fixed_lps_mm for pair in pairs], dtype=np.float64).reshape(-1, 3)
    moving = np.array([pair.moving_lps_mm for pair in pairs], dtype=np.float64).reshape(-1, 3)
    return fixed, moving
