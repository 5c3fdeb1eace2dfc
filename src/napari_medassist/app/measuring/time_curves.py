"""How the signal of a dynamic series rises and falls: at a patient point, and in a lesion."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from numpy.typing import ArrayLike

from napari_medassist.app.measuring.region_values import Mask, region_values
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Volume


@dataclass(frozen=True)
class TimeCurve:
    """The signal over time.

    Parameters
    ----------
    name
        Where it was read: "point", or the name of a lesion.
    times_s
        Seconds from the first time point, rising; the number of the time point (0, 1, ...) where the
        file tells no times.
    values
        One a time point, in the unit of the image; not a number where there is none.
    unit
        Unit of the values; empty if unknown.
    has_times
        Whether ``times_s`` are seconds.
    n_voxels
        Number of voxels that each value is the mean of.
    """

    name: str
    times_s: tuple[float, ...]
    values: tuple[float, ...]
    unit: str
    has_times: bool
    n_voxels: int

    @property
    def peak(self) -> int:
        """Time point of the highest value; -1 if there is no value."""
        return int(np.nanargmax(self.values)) if any(map(isfinite, self.values)) else -1

    @property
    def enhancement(self) -> float:
        """Highest value relative to the first, less 1; not a number where the first is not above 0."""
        if self.peak < 0 or not self.values[0] > 0:
            return nan
        return self.values[self.peak] / self.values[0] - 1

    def in_words(self) -> str:
        """Return when the peak is, and how far above the first time point, in one line."""
        if self.peak < 0:
            return f"{self.name}: the series does not reach there"
        when = self.times_s[self.peak]
        told = f"{when:.0f} s" if self.has_times else f"time point {when:.0f}"
        rise = f", {self.enhancement:+.0%} to the first" if isfinite(self.enhancement) else ""
        voxels = f" ({self.n_voxels} voxels)" if self.n_voxels > 1 else ""
        return f"{self.name}{voxels}: peak at {told}{rise}"


def dynamic_series(case: Case) -> tuple[Volume, ...]:
    """Return the series of a case that have a time axis, DCE first."""
    found = [volume for volume in case.volumes() if volume.array.ndim == 4]
    return tuple(sorted(found, key=lambda volume: volume.role != "dce"))


def curve_at(image: Volume, point_lps_mm: ArrayLike, progress: Progress = silent) -> TimeCurve | None:
    """Return the signal of the voxel that holds a patient point; None outside of the image.

    Parameters
    ----------
    image
        A series (t, z, y, x).
    point_lps_mm
        LPS (x, y, z) in mm.
    progress
        Told of each time point; may raise ``Cancelled``.
    """
    index = np.rint(image.geometry.lps_to_index(point_lps_mm)).astype(int)
    if (index < 0).any() or (index >= image.geometry.shape_zyx).any():
        return None
    z, y, x = (int(i) for i in index)
    values = []
    for time in range(image.array.shape[0]):
        progress(time, image.array.shape[0], "Reading the time curve")
        values.append(float(np.asarray(image.array[time])[z, y, x]))
    return _curve(image, "point", values, 1)


def curve_in(
    image: Volume, name: str, region: Mask, grid: Geometry, progress: Progress = silent
) -> TimeCurve:
    """Return the mean signal in a region, of the image's own voxels.

    Parameters
    ----------
    image
        A series (t, z, y, x).
    name
        What the region is called.
    region
        (z, y, x) bool on ``grid``.
    grid
        The grid of the region; it may be another than that of the image.
    progress
        Told of each time point; may raise ``Cancelled``.

    Raises
    ------
    GeometryMismatch
        If the region does not have the shape of its grid.
    """
    found = []
    for time in range(image.array.shape[0]):
        progress(time, image.array.shape[0], "Reading the time curve")
        found.append(region_values(image, region, grid, time=time))
    return _curve(image, name, [part.mean for part in found], found[0].n)


def _curve(image: Volume, name: str, values: list[float], n_voxels: int) -> TimeCurve:
    told = image.acquisition.times_s
    has_times = len(told) == len(values)
    times = tuple(told) if has_times else tuple(float(n) for n in range(len(values)))
    return TimeCurve(name, times, tuple(values), image.acquisition.unit, has_times, n_voxels)
