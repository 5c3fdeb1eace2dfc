"""What an image says within a region: statistics of its own voxels, whatever grid the region is on."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.volume import Volume

Mask = NDArray[np.bool_]
#: Percentiles that are reported beside the median.
PERCENTILES = (10, 90)


@dataclass(frozen=True)
class RegionValues:
    """Statistics of an image in a region.

    Parameters
    ----------
    n
        Number of the image's voxels whose centres lie in the region.
    mean, sd, median, p10, p90, low, high
        In the unit of the image; SD of the sample (n - 1). Not a number where n is too small.
    unit
        Unit of the image; empty if unknown.
    coverage
        Share of the region that lies within the image, 0..1.
    """

    n: int
    mean: float
    sd: float
    median: float
    p10: float
    p90: float
    low: float
    high: float
    unit: str
    coverage: float

    def in_words(self) -> str:
        """Return them in one line; a region that the image does not cover whole is told."""
        if not self.n:
            return "no voxel of the image lies in the region"
        unit = f" {self.unit}" if self.unit else ""
        words = (
            f"mean {self.mean:.4g} +- {self.sd:.3g}{unit}, median {self.median:.4g} "
            f"({self.low:.4g} to {self.high:.4g}), {self.n} voxels"
        )
        return words if self.coverage > 0.999 else f"{words}; only {self.coverage:.0%} in the image"


def region_values(image: Volume, region: Mask, grid: Geometry, *, time: int = 0) -> RegionValues:
    """Return the statistics of an image within a region that may be on another grid.

    A voxel of the image counts if its centre lies in a voxel of the region: nothing is interpolated,
    and no voxel of the image counts twice.

    Parameters
    ----------
    image
        The image, (z, y, x) or (t, z, y, x).
    region
        (z, y, x) bool on ``grid``.
    grid
        The grid of the region.
    time
        Time point of an image with a time axis.

    Raises
    ------
    GeometryMismatch
        If the region does not have the shape of its grid.
    """
    if region.shape != grid.shape_zyx:
        raise GeometryMismatch(f"The region is {region.shape} voxels, its grid {grid.shape_zyx}.")
    places = np.argwhere(region)
    if not len(places):
        return statistics_of(np.zeros(0), image.acquisition.unit, 0.0)
    coverage = _coverage(image.geometry, grid, places)
    box = _box_in_image(image.geometry, grid, places)
    if any(part.start >= part.stop for part in box):
        return statistics_of(np.zeros(0), image.acquisition.unit, coverage)
    index = np.stack(np.meshgrid(*(np.arange(p.start, p.stop) for p in box), indexing="ij"), axis=-1)
    near = np.rint(grid.lps_to_index(image.geometry.index_to_lps(index))).astype(int)
    inside = ((near >= 0) & (near < grid.shape_zyx)).all(axis=-1)
    clipped = np.clip(near, 0, np.asarray(grid.shape_zyx) - 1)
    inside &= region[clipped[..., 0], clipped[..., 1], clipped[..., 2]]
    array = image.array if image.array.ndim == 3 else image.array[time]
    return statistics_of(np.asarray(array[box])[inside], image.acquisition.unit, coverage)


def statistics_of(values: NDArray[Any], unit: str, coverage: float) -> RegionValues:
    """Return the statistics of some values (n,)."""
    if not values.size:
        return RegionValues(0, nan, nan, nan, nan, nan, nan, nan, unit, coverage)
    exact = values.astype(np.float64)
    p10, median, p90 = (float(v) for v in np.percentile(exact, (PERCENTILES[0], 50, PERCENTILES[1])))
    return RegionValues(
        n=int(exact.size),
        mean=float(exact.mean()),
        sd=float(exact.std(ddof=1)) if exact.size > 1 else nan,
        median=median,
        p10=p10,
        p90=p90,
        low=float(exact.min()),
        high=float(exact.max()),
        unit=unit,
        coverage=coverage,
    )


def ellipse_region(
    grid: Geometry, centre_zyx: Triple, half_axes_zyx_mm: Triple, *, axis: int = 0
) -> Mask:
    """Return the voxels whose centres lie in an ellipse of one slice.

    Parameters
    ----------
    grid
        The grid.
    centre_zyx
        Centre as voxel index.
    half_axes_zyx_mm
        Half the lengths of the ellipse along z, y, x, in mm; the one along ``axis`` is not read.
    axis
        Axis across the slice.
    """
    squared = np.zeros(grid.shape_zyx)
    for a in range(3):
        offset = np.arange(grid.shape_zyx[a]) - centre_zyx[a]
        if a == axis:
            part = np.where(np.abs(offset) <= 0.5, 0.0, np.inf)
        else:
            part = (offset * grid.spacing_zyx_mm[a] / half_axes_zyx_mm[a]) ** 2
        squared = squared + part.reshape([-1 if i == a else 1 for i in range(3)])
    inside: Mask = squared <= 1
    return inside


def _coverage(geometry: Geometry, grid: Geometry, places: NDArray[np.intp]) -> float:
    index = np.rint(geometry.lps_to_index(grid.index_to_lps(places)))
    return float(((index >= 0) & (index < geometry.shape_zyx)).all(axis=-1).mean())


def _box_in_image(
    geometry: Geometry, grid: Geometry, places: NDArray[np.intp]
) -> tuple[slice, slice, slice]:
    """Return the box of the image that can hold voxels of the region."""
    low, high = places.min(axis=0) - 0.5, places.max(axis=0) + 0.5
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
    index = geometry.lps_to_index(grid.index_to_lps(corners))
    z, y, x = (
        slice(max(0, int(np.floor(a))), min(n, int(np.ceil(b)) + 1))
        for a, b, n in zip(index.min(axis=0), index.max(axis=0), geometry.shape_zyx, strict=True)
    )
    return z, y, x
