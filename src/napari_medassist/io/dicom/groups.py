"""Planes of one series that can lie in one grid; copies dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_medassist.io.dicom.planes import Plane

#: Direction cosines that differ by less are the same (0.1 mm over a field of view of 200 mm).
SAME_AXES = 5e-4
SAME_SPACING_MM = 1e-4


@dataclass(frozen=True)
class Group:
    """Planes of one size, spacing, orientation and frame of reference.

    Parameters
    ----------
    planes
        In no particular order.
    part, n_parts
        Which part of its series this is, of how many.
    warnings
        What was dropped or split.
    """

    planes: tuple[Plane, ...]
    part: int = 1
    n_parts: int = 1
    warnings: tuple[str, ...] = ()


def group_by_grid(planes: Sequence[Plane]) -> list[Group]:
    """Split the planes of a series by size, spacing, orientation and frame of reference.

    Parameters
    ----------
    planes
        All planes of one series.

    Returns
    -------
    list of Group
        The parts, each with a warning if there are several; copies of one image are dropped.
    """
    single, dropped = without_copies(planes)
    parts: list[list[Plane]] = []
    for plane in single:
        for part in parts:
            if shares_grid(part[0], plane):
                part.append(plane)
                break
        else:
            parts.append([plane])
    count = len(parts)
    return [
        Group(tuple(part), i, count, (*dropped, *_split_warning(part, i, count)))
        for i, part in enumerate(parts, start=1)
    ]


def shares_grid(first: Plane, second: Plane) -> bool:
    """Tell whether two planes can be slices of one grid."""
    a, b = first.header, second.header
    if (a.rows, a.columns, a.frame_of_reference_uid) != (b.rows, b.columns, b.frame_of_reference_uid):
        return False
    axes_a = (*first.row_lps, *first.column_lps)
    axes_b = (*second.row_lps, *second.column_lps)
    return _near(axes_a, axes_b, SAME_AXES) and _near(
        first.spacing_yx_mm, second.spacing_yx_mm, SAME_SPACING_MM
    )


def without_copies(planes: Sequence[Plane]) -> tuple[list[Plane], tuple[str, ...]]:
    """Drop images that were copied twice; say how many.

    A copy has the same SOP instance UID, frame *and* position: two images that share the identifier
    alone are kept, since one of them is wrongly labelled and which one is not known.
    """
    seen: dict[tuple[str, int, tuple[float, ...]], Plane] = {}
    for plane in planes:
        uid = plane.header.sop_instance_uid or str(plane.header.path)
        seen.setdefault((uid, plane.frame, plane.position_lps_mm), plane)
    n_copies = len(planes) - len(seen)
    if not n_copies:
        return list(seen.values()), ()
    warning = (
        f"{n_copies} of {len(planes)} images are copies (same SOP instance UID) and were left out."
    )
    return list(seen.values()), (warning,)


def _split_warning(part: Sequence[Plane], number: int, count: int) -> tuple[str, ...]:
    if count == 1:
        return ()
    first = part[0]
    normal = ", ".join(f"{v:.2f}" for v in np.asarray(first.normal_lps) + 0.0)
    warning = (
        f"The series mixes {count} sizes or orientations and was split: this is part {number}, "
        f"{len(part)} images of {first.header.rows} x {first.header.columns}, normal LPS ({normal})."
    )
    return (warning,)


def _near(a: Sequence[float], b: Sequence[float], tolerance: float) -> bool:
    return all(abs(x - y) <= tolerance for x, y in zip(a, b, strict=True))
