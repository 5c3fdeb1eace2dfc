"""Distances between the surfaces of two masks, computed once and then reduced by the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.metrics.borders import border, border_places
from napari_medassist.metrics.grid import NOWHERE, Indices, Mask, PaddedGrid, Sides
from napari_medassist.metrics.nearest import distances_both_ways
from napari_medassist.metrics.rules import Aggregation, SurfaceRule
from napari_medassist.metrics.surface_elements import element_places, element_shape

__all__ = ["Mask", "SurfaceDistances", "border", "surface_distances"]

#: Spacings come from headers in single precision and from products of matrices: two steps of 0.5 mm may
#: be 1.00000001 mm. On real cases that alone moved a surface Dice at 1 mm from 0.57 to 0.53.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Directed:
    """Distances from each point of one surface to the nearest point of another.

    Parameters
    ----------
    distances_mm
        One value a point, in mm.
    areas_mm2
        What each point stands for; None if all count alike.
    """

    distances_mm: Float
    areas_mm2: Float | None = None

    @property
    def weight(self) -> float:
        """Number of points, or their total area in mm2."""
        return float(self.distances_mm.size if self.areas_mm2 is None else self.areas_mm2.sum())

    @property
    def weighted_sum(self) -> float:
        """Sum of the distances, each times its area."""
        if self.areas_mm2 is None:
            return float(self.distances_mm.sum())
        return float(self.distances_mm @ self.areas_mm2)

    def percentile_mm(self, percentile: float) -> float:
        """Return a percentile in mm.

        Points that count alike are interpolated linearly. Of points with areas it is the distance that
        the given share of the area does not exceed.
        """
        if percentile == 100:
            return float(self.distances_mm.max())
        if self.areas_mm2 is None:
            return float(np.percentile(self.distances_mm, percentile))
        order = np.argsort(self.distances_mm)
        covered = np.cumsum(self.areas_mm2[order])
        place = np.searchsorted(covered / covered[-1], percentile / 100)
        return float(self.distances_mm[order[min(int(place), order.size - 1)]])

    def weight_within(self, tolerance_mm: float) -> float:
        """Return the number, or the area, of the points not farther away than a tolerance.

        A distance that exceeds it by rounding only is not farther away.
        """
        near = self.distances_mm <= tolerance_mm * (1 + ROUNDING)
        return float(np.count_nonzero(near) if self.areas_mm2 is None else self.areas_mm2[near].sum())


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances between two surfaces, in both directions.

    Parameters
    ----------
    from_reference, from_prediction
        From each point of the one surface to the other.
    """

    from_reference: Directed
    from_prediction: Directed

    @property
    def from_reference_mm(self) -> Float:
        """One value a point of the reference's surface, in mm."""
        return self.from_reference.distances_mm

    @property
    def from_prediction_mm(self) -> Float:
        """One value a point of the prediction's surface, in mm."""
        return self.from_prediction.distances_mm

    def percentile_mm(self, percentile: float, aggregation: Aggregation = "max_directed") -> float:
        """Return a percentile Hausdorff distance in mm; 100 is the Hausdorff distance."""
        if aggregation == "pooled":
            return self._pooled().percentile_mm(percentile)
        return max(
            self.from_reference.percentile_mm(percentile),
            self.from_prediction.percentile_mm(percentile),
        )

    def pooled_mean_mm(self) -> float:
        """Return the mean over the points of both surfaces together, in mm."""
        total = self.from_reference.weighted_sum + self.from_prediction.weighted_sum
        return total / (self.from_reference.weight + self.from_prediction.weight)

    def mean_of_means_mm(self) -> float:
        """Return the mean of the two directed means, in mm."""
        sides = (self.from_reference, self.from_prediction)
        return sum(side.weighted_sum / side.weight for side in sides) / 2

    def share_within(self, tolerance_mm: float) -> float:
        """Return the share of both surfaces not farther from the other one than a tolerance, 0..1."""
        sides = (self.from_reference, self.from_prediction)
        return sum(s.weight_within(tolerance_mm) for s in sides) / sum(s.weight for s in sides)

    def _pooled(self) -> Directed:
        one, other = self.from_reference, self.from_prediction
        distances = np.concatenate([one.distances_mm, other.distances_mm])
        if one.areas_mm2 is None or other.areas_mm2 is None:
            return Directed(distances)
        return Directed(distances, np.concatenate([one.areas_mm2, other.areas_mm2]))


def surface_distances(
    reference: Mask,
    prediction: Mask,
    *,
    spacing_zyx_mm: Sequence[float],
    rule: SurfaceRule | None = None,
    goes_on: Sides = NOWHERE,
) -> SurfaceDistances | None:
    """Measure the distances between the surfaces of two masks, exactly.

    Parameters
    ----------
    reference, prediction
        (z, y, x) bool, same shape.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    rule
        What the surface is; the voxels that a 6-neighbour erosion removes by default.
    goes_on
        Sides where the masks go on beyond the array, so that they have no surface there.

    Returns
    -------
    SurfaceDistances or None
        None if a mask has no surface. With ``rule.in_voxels`` the distances are in voxels.
    """
    rule = rule or SurfaceRule()
    z, y, x = (1.0, 1.0, 1.0) if rule.in_voxels else (float(s) for s in spacing_zyx_mm)
    by_elements = rule.border == "surface_elements"
    shape = element_shape(reference.shape, goes_on) if by_elements else reference.shape
    grid = PaddedGrid.around(shape, (z, y, x))
    find = element_places if by_elements else _alike
    (first, first_areas), (second, second_areas) = (
        find(mask, grid, goes_on) for mask in (reference, prediction)
    )
    if not (first.size and second.size):
        return None
    there, back = distances_both_ways(first, second, grid)
    return SurfaceDistances(Directed(there, first_areas), Directed(back, second_areas))


def _alike(mask: Mask, grid: PaddedGrid, goes_on: Sides) -> tuple[Indices, None]:
    return border_places(mask, grid, goes_on), None
