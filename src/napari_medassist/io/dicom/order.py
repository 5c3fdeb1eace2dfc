"""The time axis: images at one position in the order in which they were taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_medassist.core.errors import InconsistentSeries
from napari_medassist.core.geometry import Float
from napari_medassist.io.dicom.planes import Plane
from napari_medassist.io.dicom.timing import TIME_TAGS, TimeTag, has_all, unwrap_midnight

Ordered = tuple[tuple[Plane, ...], ...]


@dataclass(frozen=True)
class TimeAxis:
    """When the time points were taken.

    Parameters
    ----------
    times_s
        Seconds from the first, rising; empty if the file tells the order only.
    source
        The tag that they were sorted by, e.g. ``"AcquisitionTime (0008,0032)"``.
    warnings
        What is doubtful about them.
    """

    times_s: tuple[float, ...]
    source: str
    warnings: tuple[str, ...] = ()


def order_by_time(places: Sequence[Sequence[Plane]]) -> tuple[Ordered, TimeAxis]:
    """Sort the images of each position by the first tag that tells them all apart.

    Parameters
    ----------
    places
        The positions, each with the same number of images.

    Returns
    -------
    planes
        ``planes[t][z]``.
    times
        The time axis: each time point is dated by its earliest slice.

    Raises
    ------
    InconsistentSeries
        If no tag tells the images of each position apart.
    """
    images = [plane.times for place in places for plane in place]
    for tag in TIME_TAGS:
        if has_all(tag.keyword, images):
            values = _values(places, tag)
            if (np.diff(np.sort(values, axis=1), axis=1) > 0).all():
                return _ordered(places, values, tag)
    first = places[0][0].header
    raise InconsistentSeries(
        f"{len(places[0])} different images lie at each of {len(places)} positions, and no time, "
        "b-value, gradient direction, echo time or image type tells them apart.",
        path=first.path.parent,
        cure="Export the series anew, each image set as a series of its own.",
    )


def _values(places: Sequence[Sequence[Plane]], tag: TimeTag) -> Float:
    """Return the times, shape (positions, images a position), in seconds or as an index."""
    values = [[plane.times[tag.keyword] for plane in place] for place in places]
    if tag.kind == "tm":
        flat = unwrap_midnight([v for row in values for v in row])
        return np.reshape(flat, (len(places), -1))
    return np.asarray(values, dtype=np.float64)


def _ordered(
    places: Sequence[Sequence[Plane]], values: Float, tag: TimeTag
) -> tuple[Ordered, TimeAxis]:
    order = np.argsort(values, axis=1)
    n_times = values.shape[1]
    planes = tuple(tuple(place[order[z, t]] for z, place in enumerate(places)) for t in range(n_times))
    points = np.take_along_axis(values, order, axis=1).min(axis=0)
    times = _time_axis(points - points[0], tag, planes[0][0].header.temporal_resolution_s)
    return planes, times


def _time_axis(points: Float, tag: TimeTag, resolution_s: float | None) -> TimeAxis:
    axis = TimeAxis(tuple(round(float(t), 6) for t in points), tag.label)
    if tag.kind != "index":
        return axis
    if resolution_s:
        seconds = tuple(round(t * resolution_s, 6) for t in axis.times_s)
        return replace(axis, times_s=seconds, source=f"{tag.label} x TemporalResolution (0020,0110)")
    return TimeAxis((), tag.label, ("The order of the time points is known, their times are not.",))
