"""Verdicts as they are drawn: on the voxels of the reference, or resampled where those lie askew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from napari_medassist.app.display import DisplayFrame, resample
from napari_medassist.app.live_comparison import ComparedLabels
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.verdict_map import VerdictCrop


@dataclass(frozen=True, eq=False)
class DrawnVerdicts:
    """The verdicts of both sides on a grid that a frame can draw.

    Parameters
    ----------
    grid
        The grid that is drawn.
    crops
        The verdicts of each side, where it has lesions.
    """

    grid: Geometry
    crops: Mapping[Side, VerdictCrop]


#: The last drawing of each comparison, so that it can be made in another thread beforehand.
_DRAWN: WeakKeyDictionary[ComparedLabels, tuple[DisplayFrame, DrawnVerdicts]] = WeakKeyDictionary()


def drawn_verdicts(compared: ComparedLabels, frame: DisplayFrame) -> DrawnVerdicts:
    """Return the verdicts of a comparison as they are drawn in a frame; resampled once a comparison."""
    known = _DRAWN.get(compared)
    if known is None or known[0] != frame:
        known = _DRAWN[compared] = frame, _drawn(compared, frame)
    return known[1]


def _drawn(compared: ComparedLabels, frame: DisplayFrame) -> DrawnVerdicts:
    geometry = compared.reference.geometry
    if frame.places_labels(geometry):
        return DrawnVerdicts(geometry, compared.crops)
    grid = frame.covering_grid(geometry)
    return DrawnVerdicts(
        grid, {side: _resampled(crop, geometry, grid) for side, crop in compared.crops.items()}
    )


def _resampled(crop: VerdictCrop, geometry: Geometry, grid: Geometry) -> VerdictCrop:
    full = np.zeros(geometry.shape_zyx, dtype=np.uint8)
    full[crop.box] = crop.values
    return VerdictCrop(resample(full, geometry, grid, nearest=True, outside=0), (0, 0, 0))
