"""Slices in order, checked to form one regular grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_medassist.core.errors import InconsistentSeries
from napari_medassist.core.geometry import Float, Geometry, Triple
from napari_medassist.io.dicom.order import TimeAxis, order_by_time
from napari_medassist.io.dicom.planes import Plane
from napari_medassist.io.dicom.splitting import Part, by_place

#: How far a slice may lie from its place in the regular grid. Positions are rounded in real headers.
PLACE_TOLERANCE_MM = 0.1
#: The same as a part of the slice distance, for fine grids.
PLACE_TOLERANCE_PART = 0.1
#: Slices that step sideways by less, over the whole stack, are drawn along the normal.
UPRIGHT_TOLERANCE_MM = 0.005


@dataclass(frozen=True)
class Stack:
    """Planes of one image in order: ``planes[t][z]``, z rising along the normal, t in time.

    Parameters
    ----------
    planes
        Time points, each with all its slices.
    geometry
        The stored grid: z = slice, y = row, x = column.
    times
        When the time points were taken; None for a single one.
    suffix, warnings
        As in :class:`~napari_medassist.io.dicom.splitting.Part`.
    """

    planes: tuple[tuple[Plane, ...], ...]
    geometry: Geometry
    times: TimeAxis | None = None
    suffix: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def first(self) -> Plane:
        """The first slice of the first time point."""
        return self.planes[0][0]


def stack(part: Part) -> Stack:
    """Put the planes of an image in order and find its grid.

    Raises
    ------
    InconsistentSeries
        If slices are missing, irregular or shifted sideways, or if several images at one position
        cannot be told apart.
    """
    places = by_place(part.planes)
    geometry, warnings = regular_grid([place[0] for place in places])
    _require_equal_counts(places)
    times = None
    ordered: tuple[tuple[Plane, ...], ...] = (tuple(place[0] for place in places),)
    if len(places[0]) > 1:
        ordered, times = order_by_time(places)
        warnings = (*warnings, *times.warnings)
    return Stack(ordered, geometry, times, part.suffix, (*part.warnings, *warnings))


def regular_grid(slices: Sequence[Plane]) -> tuple[Geometry, tuple[str, ...]]:
    """Return the stored grid of slices that rise along their normal, and warnings.

    Parameters
    ----------
    slices
        One plane a position, sorted.

    Raises
    ------
    InconsistentSeries
        If the slices do not follow each other in equal steps.
    """
    positions = np.asarray([p.position_lps_mm for p in slices])
    normal = slices[0].normal_lps
    if len(slices) == 1:
        step, warnings = _single_step(slices[0])
        step_lps = step * normal
    else:
        _require_regular(positions, normal, slices[0].header.path.parent)
        step_lps, warnings = _step(positions, normal)
    return _geometry(slices, step_lps), warnings


def _geometry(slices: Sequence[Plane], step_lps: Float) -> Geometry:
    first = slices[0]
    spacing_z = float(np.linalg.norm(step_lps))
    columns = np.stack([first.row_lps, first.column_lps, step_lps / spacing_z], axis=1)
    rows: list[Triple] = [(float(a), float(b), float(c)) for a, b, c in columns]
    return Geometry(
        shape_zyx=(len(slices), first.header.rows, first.header.columns),
        spacing_zyx_mm=(spacing_z, *first.spacing_yx_mm),
        origin_lps_mm=first.position_lps_mm,
        direction_lps=(rows[0], rows[1], rows[2]),
    )


def _single_step(plane: Plane) -> tuple[float, tuple[str, ...]]:
    """Return how thick a single slice is drawn: nothing else tells its extent along z."""
    if plane.slice_thickness_mm is not None:
        return plane.slice_thickness_mm, ()
    if plane.spacing_between_slices_mm is not None:
        return plane.spacing_between_slices_mm, ()
    return 1.0, ("A single slice whose thickness is not stated; it is drawn 1 mm thick.",)


def _step(positions: Float, normal: Float) -> tuple[Float, tuple[str, ...]]:
    """Return the vector from slice to slice; along the normal unless the slices really are sheared."""
    span = positions[-1] - positions[0]
    steps = len(positions) - 1
    upright = float(span @ normal) * normal
    sideways_mm = float(np.linalg.norm(span - upright))
    if sideways_mm <= UPRIGHT_TOLERANCE_MM:
        return upright / steps, ()
    tilt_deg = float(np.degrees(np.arctan2(sideways_mm, span @ normal)))
    if tilt_deg < 0.05:
        return span / steps, ()
    warning = (
        f"The slices are tilted by {tilt_deg:.1f} degrees (gantry tilt); the grid is kept sheared."
    )
    return span / steps, (warning,)


def _require_regular(positions: Float, normal: Float, folder: Path) -> None:
    depths = positions @ normal
    _require_no_gap(depths, normal, folder)
    steps = len(positions) - 1
    ideal = positions[0] + np.arange(steps + 1)[:, None] * (positions[-1] - positions[0]) / steps
    off_mm = np.linalg.norm(positions - ideal, axis=1)
    spacing = (depths[-1] - depths[0]) / steps
    if off_mm.max() <= min(PLACE_TOLERANCE_MM, PLACE_TOLERANCE_PART * spacing):
        return
    worst = int(off_mm.argmax())
    between = np.diff(depths)
    raise InconsistentSeries(
        f"The {steps + 1} slices are not equally spaced (steps from {between.min():.2f} to "
        f"{between.max():.2f} mm along the normal {_vector(normal)}; the slice at "
        f"{depths[worst]:.2f} mm lies {off_mm[worst]:.2f} mm from its place in a regular grid).",
        path=folder,
        cure="Export the series anew; it is not shown, since distances in it would be wrong.",
    )


def _require_no_gap(depths: Float, normal: Float, folder: Path) -> None:
    between = np.diff(depths)
    spacing = float(np.sort(between)[(len(between) - 1) // 2])  # lower median: gaps make steps longer
    gaps = np.flatnonzero(between > 1.5 * spacing)
    whole = np.abs(between / spacing - np.round(between / spacing)) < PLACE_TOLERANCE_PART
    if not len(gaps) or not whole[gaps].all():
        return
    n_missing = [round(float(between[i] / spacing)) - 1 for i in gaps]
    where = "; ".join(
        f"{n} between {depths[i]:.2f} and {depths[i + 1]:.2f} mm"
        for i, n in list(zip(gaps, n_missing, strict=True))[:10]
    )
    more = f"; and {len(gaps) - 10} further gaps" if len(gaps) > 10 else ""
    raise InconsistentSeries(
        f"{sum(n_missing)} slices are missing in {len(gaps)} places ({where}{more}; LPS mm along the "
        f"normal {_vector(normal)}; {len(depths)} slices of {spacing:.2f} mm are there).",
        path=folder,
        cure="Copy the series anew from its source; shown as it is, it would lie wrongly.",
    )


def _require_equal_counts(places: Sequence[Sequence[Plane]]) -> None:
    counts = Counter(len(place) for place in places)
    if len(counts) == 1:
        return
    usual = counts.most_common(1)[0][0]
    normal = places[0][0].normal_lps
    odd = [
        f"{len(place)} at {np.asarray(place[0].position_lps_mm) @ normal:.2f} mm"
        for place in places
        if len(place) != usual
    ]
    raise InconsistentSeries(
        f"Most positions hold {usual} image(s), but there are {', '.join(odd[:10])} (LPS mm along the "
        f"normal {_vector(normal)}).",
        path=places[0][0].header.path.parent,
        cure="Images are missing or doubled: copy the series anew from its source.",
    )


def _vector(vector: Float) -> str:
    return "({:.2f}, {:.2f}, {:.2f})".format(*(np.asarray(vector) + 0.0))
