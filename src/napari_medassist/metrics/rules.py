"""The choices behind a surface distance, by name: tools differ in all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_medassist.core.errors import InvalidSetting

Border = Literal["erosion_6", "surface_elements"]
Aggregation = Literal["max_directed", "pooled"]


@dataclass(frozen=True, kw_only=True)
class SurfaceRule:
    """How the borders of two masks are found and their distances reduced.

    Parameters
    ----------
    border
        ``erosion_6``: the voxels that a 6-neighbour erosion removes, each counting alike.
        ``surface_elements``: the surface between voxels, each element weighted by its area.
    array_edge_is_background
        Whether the outside of the array counts as background, so that a mask that touches the edge of
        the image has a border there.
    aggregation
        Of percentiles: ``max_directed`` takes the percentile of each direction and the larger of the
        two; ``pooled`` puts the distances of both directions together first.
    percentile
        Of ``hd_percentile_mm``; ``hd95_mm`` is at 95 and ``hd_mm`` at 100 whatever stands here.
    tolerance_mm
        Of the normalised surface Dice.
    boundary_width_mm
        Of the boundary IoU: how deep into the mask the boundary reaches.
    in_voxels
        True measures in voxels and ignores the spacing, as some tools do by default.
    """

    border: Border = "erosion_6"
    array_edge_is_background: bool = True
    aggregation: Aggregation = "max_directed"
    percentile: float = 95.0
    tolerance_mm: float = 1.0
    boundary_width_mm: float = 2.0
    in_voxels: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.percentile <= 100:
            raise InvalidSetting(f"percentile lies between 0 and 100, not at {self.percentile}.")
        for name in ("tolerance_mm", "boundary_width_mm"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InvalidSetting(f"{name} is a distance in mm, not {getattr(self, name)}.")
        if self.border not in ("erosion_6", "surface_elements"):
            raise InvalidSetting(f"border is erosion_6 or surface_elements, not '{self.border}'.")
        if self.aggregation not in ("max_directed", "pooled"):
            raise InvalidSetting(f"aggregation is max_directed or pooled, not '{self.aggregation}'.")
