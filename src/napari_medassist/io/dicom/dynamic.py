"""Dynamic studies whose time points came as series of their own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import replace

from napari_medassist.core.errors import InconsistentSeries
from napari_medassist.io.dicom.order import Ordered, TimeAxis, order_by_time
from napari_medassist.io.dicom.stacking import Stack

#: Fewer series than this are never joined.
FEWEST_TIME_POINTS = 3
#: Grids of the time points of one acquisition are equal but for rounding.
GRID_TOLERANCE_MM = 0.01

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
#: Words that speak of a dynamic acquisition. Repeated T2w series have the same grid and different times
#: as well, and must stay apart.
_DYNAMIC = re.compile(
    r"dyn|dce|twist|perf|contrast|(?<![a-z])(?:tt|time|phase|ph|pass)[ _=-]*\d", re.IGNORECASE
)


def join_dynamic(stacks: Sequence[Stack]) -> list[Stack]:
    """Join the series of one dynamic acquisition to one stack with a time axis.

    Joined are at least three series of the same grid, frame of reference, protocol, sequence and
    settings, whose descriptions speak of a dynamic acquisition and differ in numbers at most, and whose
    times differ. All other stacks are returned as they are, in their order.
    """
    candidates: dict[Hashable, list[Stack]] = defaultdict(list)
    for stack in stacks:
        if _may_be_time_point(stack):
            candidates[_protocol_key(stack)].append(stack)
    joined: dict[int, Stack] = {}
    absorbed: set[int] = set()
    for similar in candidates.values():
        for group in _same_grid(similar):
            dynamic = _join(group)
            if dynamic is not None:
                joined[id(group[0])] = dynamic
                absorbed.update(id(s) for s in group[1:])
    return [joined.get(id(s), s) for s in stacks if id(s) not in absorbed]


def common_description(descriptions: Sequence[str]) -> str:
    """Return what the descriptions begin with, without a cut number, ``TT=`` or trailing marks."""
    if len(set(descriptions)) == 1:
        return descriptions[0]
    start = descriptions[0]
    for text in descriptions[1:]:
        while not text.startswith(start):
            start = start[:-1]
    start = re.sub(r"[\d.]+$", "", start)
    return re.sub(r"[ _-]*(?:TT|t|time)?[ _=-]*$", "", start, flags=re.IGNORECASE) or descriptions[0]


def _may_be_time_point(stack: Stack) -> bool:
    plane = stack.first
    return (
        len(stack.planes) == 1
        and not stack.suffix
        and plane.diffusion.b_value_s_mm2 is None
        and bool(plane.header.series_uid)
        and bool(_DYNAMIC.search(plane.header.description))
    )


def _protocol_key(stack: Stack) -> Hashable:
    plane, header = stack.first, stack.first.header
    return (
        header.modality_code,
        header.frame_of_reference_uid,
        _NUMBER.sub("#", header.description.lower()),
        header.protocol,
        header.sequence_name,
        header.image_type,
        plane.echo_time_ms,
        header.flip_angle_deg,
        header.repetition_time_ms,
    )


def _same_grid(stacks: Sequence[Stack]) -> list[list[Stack]]:
    groups: list[list[Stack]] = []
    for stack in stacks:
        for group in groups:
            if group[0].geometry.is_same_grid(stack.geometry, tolerance_mm=GRID_TOLERANCE_MM):
                group.append(stack)
                break
        else:
            groups.append([stack])
    return groups


def _join(stacks: Sequence[Stack]) -> Stack | None:
    if len({s.first.header.series_uid for s in stacks}) < FEWEST_TIME_POINTS:
        return None
    found = _by_tag(stacks) or _by_description(stacks)
    if found is None:
        return None
    planes, times = found
    warnings = tuple(dict.fromkeys(w for s in stacks for w in s.warnings)) + times.warnings
    return replace(stacks[0], planes=planes, times=times, warnings=warnings)


def _by_tag(stacks: Sequence[Stack]) -> tuple[Ordered, TimeAxis] | None:
    """Order the time points by a time tag; None if none of them tells them apart."""
    places = list(zip(*(s.planes[0] for s in stacks), strict=True))
    try:
        planes, times = order_by_time(places)
    except InconsistentSeries:
        return None
    if any(len({p.header.series_uid for p in slices}) > 1 for slices in planes):
        return None  # the slices of two series would be mixed within a time point
    stated = _stated_numbers([slices[0].header.description for slices in planes])
    if stated and stated != sorted(stated):
        warning = f"The order by {times.source} is not that of the numbers in the descriptions."
        times = replace(times, warnings=(*times.warnings, warning))
    return planes, times


def _by_description(stacks: Sequence[Stack]) -> tuple[Ordered, TimeAxis] | None:
    """Order the time points by the one number in which their descriptions differ."""
    descriptions = [s.first.header.description for s in stacks]
    stated = _stated_numbers(descriptions)
    if not stated or len(set(stated)) < len(stated):
        return None
    pairs = sorted(zip(stated, stacks, strict=True), key=lambda pair: pair[0])
    planes = tuple(stack.planes[0] for _, stack in pairs)
    source = "SeriesDescription (0008,103E)"
    if all(re.search(r"\d ?s(?:ec)?(?![a-z])", text, re.IGNORECASE) for text in descriptions):
        first = pairs[0][0]
        return planes, TimeAxis(tuple(round(value - first, 6) for value, _ in pairs), source)
    return planes, TimeAxis(
        (), source, ("The order of the time points is known, their times are not.",)
    )


def _stated_numbers(descriptions: Sequence[str]) -> list[float]:
    """Return the one number in which the descriptions differ; an empty list if that is not one."""
    columns = list(zip(*([float(n) for n in _NUMBER.findall(d)] for d in descriptions), strict=True))
    varying = [column for column in columns if len(set(column)) > 1]
    return list(varying[0]) if len(varying) == 1 else []
