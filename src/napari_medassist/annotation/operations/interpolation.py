"""Interpolation between slices: what lies between outlines that were drawn on some slices only.

Shape-based interpolation (Raya and Udupa, IEEE Trans Med Imaging 1990;9:32-42): between two outlines
the signed distances to both, in mm, are mixed linearly, and the voxels with a negative mixture are
inside. Before that both outlines are moved so that their centres lie on the line between them, since
outlines that hardly overlap would vanish on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_medassist.annotation.operations.change import (
    ONLY_BACKGROUND,
    Change,
    Mask,
    Protection,
    Voxels,
    box_of_label,
    joined,
    nothing,
    plane_box,
    set_where,
)
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float, Triple


@dataclass(frozen=True, eq=False)
class _Part:
    """One connected outline of a slice: its number, mask (whole plane), centre (mm) and radius (mm)."""

    slice: int
    mask: Mask
    centre_mm: Float
    radius_mm: float


def interpolate(
    voxels: Voxels,
    value: int,
    spacing_zyx_mm: Triple,
    *,
    axis: int = 0,
    protection: Protection = ONLY_BACKGROUND,
    positions: Sequence[float] | None = None,
) -> Change:
    """Return the label on the slices between those that it was drawn on.

    Several lesions of one value are told apart: each outline is continued to the next slice that has an
    outline which overlaps it (or the mutually nearest one, if they lie closer than the sum of their
    radii). Slices that hold the label already are never changed.

    Parameters
    ----------
    voxels
        The label map (z, y, x).
    value
        The label.
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    axis
        Axis across the slices: 0 axial, 1 coronal, 2 sagittal.
    protection
        What must not be overwritten.
    positions
        Where each slice lies across the axis, rising, if they are not evenly apart: the times of a
        clip's frames.

    Raises
    ------
    InvalidSetting
        If the label is on one slice only, or on none.
    """
    box = box_of_label(voxels, value)
    crop = voxels[box]
    planes = [_plane(crop, value, axis, i) for i in range(crop.shape[axis])]
    drawn = [i for i, plane in enumerate(planes) if plane.any()]
    if len(drawn) < 2:
        raise InvalidSetting(
            "The label is drawn on one slice only.", cure="Draw it on a second slice, farther on."
        )
    in_plane = np.asarray([s for a, s in enumerate(spacing_zyx_mm) if a != axis])
    parts = {i: _parts(planes[i], i, in_plane) for i in drawn}
    links = _links(parts, drawn)
    changes = []
    for start, end in links:
        for index in range(start[0].slice + 1, end[0].slice):
            if index in parts:
                continue
            first = box[axis].start
            share = _share(first + start[0].slice, first + index, first + end[0].slice, positions)
            mask = _between(start, end, share, in_plane)
            offset = first + index
            whole_plane = _placed(mask, voxels, box, axis)
            changes.append(
                set_where(voxels, plane_box(voxels, axis, offset), whole_plane, value, protection)
            )
    change = joined(voxels, changes)
    if not change.n_voxels:
        return nothing(voxels, "There is no empty slice between outlines that belong together.")
    filled = len(np.unique(change.indices()[axis]))
    note = f"{filled} slice{'s' * (filled != 1)} filled between {len(drawn)} drawn ones."
    return Change(change.box, change.mask, change.values, note + _open_ends(links, parts, drawn))


def _share(start: int, index: int, end: int, positions: Sequence[float] | None) -> float:
    """Return the share of the way from a slice to another."""
    if positions is not None and positions[end] > positions[start]:
        return (positions[index] - positions[start]) / (positions[end] - positions[start])
    return (index - start) / (end - start)


def _plane(crop: Voxels, value: int, axis: int, index: int) -> Mask:
    plane = crop[tuple(index if a == axis else slice(None) for a in range(3))]
    found: Mask = plane == value
    return found


def _parts(plane: Mask, index: int, spacing_mm: Float) -> list[_Part]:
    numbers, n = ndimage.label(plane, structure=np.ones((3, 3)))
    found = []
    for number in range(1, n + 1):
        mask = numbers == number
        points = np.argwhere(mask)
        area_mm2 = len(points) * float(np.prod(spacing_mm))
        found.append(
            _Part(index, mask, points.mean(axis=0) * spacing_mm, float(np.sqrt(area_mm2 / np.pi)))
        )
    return found


def _links(parts: dict[int, list[_Part]], drawn: list[int]) -> list[tuple[list[_Part], list[_Part]]]:
    """Return groups of outlines that belong together, and on which later slice they go on."""
    links = []
    for position, index in enumerate(drawn[:-1]):
        waiting = parts[index]
        for later in drawn[position + 1 :]:
            groups = _matched(waiting, parts[later])
            links += groups
            gone_on = {id(part) for group, _ in groups for part in group}
            waiting = [part for part in waiting if id(part) not in gone_on]
            if not waiting:
                break
    return [link for link in links if link[1][0].slice - link[0][0].slice > 1]


def _matched(first: list[_Part], second: list[_Part]) -> list[tuple[list[_Part], list[_Part]]]:
    """Group outlines of two slices: those that overlap, and mutually nearest ones that are near."""
    n = len(first)
    pairs = [
        (i, j) for i, a in enumerate(first) for j, b in enumerate(second) if (a.mask & b.mask).any()
    ]
    lonely_i = [i for i in range(n) if all(i != pair[0] for pair in pairs)]
    lonely_j = [j for j in range(len(second)) if all(j != pair[1] for pair in pairs)]
    pairs += _near_pairs(first, second, lonely_i, lonely_j)
    if not pairs:
        return []
    rows, columns = np.asarray(pairs).T
    size = n + len(second)
    graph = coo_array((np.ones(len(pairs)), (rows, columns + n)), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    return [
        (
            [part for i, part in enumerate(first) if group[i] == number],
            [part for j, part in enumerate(second) if group[n + j] == number],
        )
        for number in np.unique(group[rows])
    ]


def _near_pairs(
    first: list[_Part], second: list[_Part], lonely_i: list[int], lonely_j: list[int]
) -> list[tuple[int, int]]:
    if not lonely_i or not lonely_j:
        return []
    apart = np.asarray(
        [[np.linalg.norm(first[i].centre_mm - second[j].centre_mm) for j in lonely_j] for i in lonely_i]
    )
    found = []
    for row, i in enumerate(lonely_i):
        column = int(apart[row].argmin())
        j = lonely_j[column]
        is_near = apart[row, column] <= first[i].radius_mm + second[j].radius_mm
        if is_near and int(apart[:, column].argmin()) == row:
            found.append((i, j))
    return found


def _between(start: list[_Part], end: list[_Part], share: float, spacing_mm: Float) -> Mask:
    """Return the outline at a share of the way, on the plane of the outlines."""
    masks = [np.logical_or.reduce([part.mask for part in group]) for group in (start, end)]
    centres = [np.argwhere(mask).mean(axis=0) for mask in masks]
    # Whole voxels: a distance that is itself interpolated would make the outline shrink.
    apart = np.rint(centres[1] - centres[0]).astype(int)
    done = np.rint(share * apart).astype(int)
    margin = int(np.abs(apart).max()) + 1  # room to be moved within, with outside around
    mixed: Float = np.zeros(np.asarray(masks[0].shape) + 2 * margin)
    for mask, move, weight in zip(masks, (done, done - apart), (1 - share, share), strict=True):
        moved = np.roll(np.pad(mask, margin), move, axis=(0, 1))
        mixed += weight * _signed_mm(moved, spacing_mm)
    inside: Mask = mixed[margin:-margin, margin:-margin] < 0
    return inside


def _signed_mm(mask: Mask, spacing_mm: Float) -> Float:
    """Return the distance to the outline, half a voxel beyond the last inner one; inside negative."""
    half = float(spacing_mm.min()) / 2
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    inside = ndimage.distance_transform_edt(mask, sampling=spacing_mm)
    signed: Float = np.where(mask, half - inside, outside - half)
    return signed


def _placed(mask: Mask, voxels: Voxels, box: tuple[slice, ...], axis: int) -> Mask:
    """Return a mask of the box's plane in the whole plane, with the slice's axis."""
    others = [a for a in range(3) if a != axis]
    plane = np.zeros([voxels.shape[a] for a in others], dtype=bool)
    plane[box[others[0]], box[others[1]]] = mask
    return np.expand_dims(plane, axis)


def _open_ends(
    links: list[tuple[list[_Part], list[_Part]]], parts: dict[int, list[_Part]], drawn: list[int]
) -> str:
    """Tell of outlines before a gap for which there is nothing to go on to."""
    before_gap = [a for a, b in pairwise(drawn) if b - a > 1]
    linked = {id(part) for start, _ in links for part in start}
    n = sum(id(part) not in linked for index in before_gap for part in parts[index])
    return f" {n} outline{'s' * (n != 1)} had none to go on to." if n else ""
