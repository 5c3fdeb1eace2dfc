"""The surface between voxels, in elements that know their area.

Around each corner where eight voxels meet lies a cube whose corners are those voxels' centres. Where
the eight are not alike the surface passes through the cube, and what passes is one element: it lies at
the cube's centre and has the area of the polygons that cut the cube's edges half-way between a voxel
inside and one outside. This is the definition of Nikolov S. et al., J Med Internet Res 23(7):e26151,
2021 (the surface-distance tool); the areas are derived here, not copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.lesion import Index
from napari_medassist.metrics.grid import NOWHERE, Indices, Mask, PaddedGrid, Sides, planes_a_slab

#: The corners of a cube (z, y, x); bit n of a code says whether corner n is inside.
_CORNERS: tuple[Index, ...] = tuple((z, y, x) for z, y, x in product((0, 1), repeat=3))
#: A part of the surface within a cube, as its area seen along z, y, x, in faces of the cube.
_Vector = tuple[float, float, float]


def element_shape(shape_zyx: Index, goes_on: Sides = NOWHERE) -> Index:
    """Return how many cubes there are along z, y, x around the voxels of a mask."""
    z, y, x = (n + 1 - sum(sides) for n, sides in zip(shape_zyx, goes_on, strict=True))
    return z, y, x


def element_places(mask: Mask, grid: PaddedGrid, goes_on: Sides = NOWHERE) -> tuple[Indices, Float]:
    """Return where the surface elements of a mask lie on a grid, rising, and their areas.

    Parameters
    ----------
    mask
        (z, y, x) bool.
    grid
        The grid of the cubes (:func:`element_shape`) with room around it.
    goes_on
        Sides where the mask goes on beyond the array, so that the array's edge is no surface.

    Returns
    -------
    tuple of numpy.ndarray
        Places on the grid, and areas in mm2.
    """
    shape = element_shape(mask.shape, goes_on)
    step = planes_a_slab(shape)
    areas = element_areas_mm2(grid.spacing_zyx_mm)
    places, sizes = [np.empty(0, dtype=np.intp)], [np.empty(0)]
    for start in range(0, shape[0], step):
        stop = min(start + step, shape[0])
        codes = _codes(_with_outside(mask, start, stop, goes_on))
        slab, window = grid.slab(stop - start)
        window[...] = (codes > 0) & (codes < 255)
        places.append(grid.places_in(slab, start))
        sizes.append(areas[codes[window]])
    return np.concatenate(places), np.concatenate(sizes)


def _with_outside(mask: Mask, start: int, stop: int, goes_on: Sides) -> Mask:
    """Return the voxel planes around some planes of cubes, with background where the mask ends."""
    (low, high), *in_plane = goes_on
    first, last = (start, stop + 1) if low else (start - 1, stop)
    outside_z = (int(first < 0), int(last > mask.shape[0] and not high))
    planes = mask[max(first, 0) : last]
    widths = [outside_z, *((int(not a), int(not b)) for a, b in in_plane)]
    return np.pad(planes, widths)


def _codes(block: Mask) -> NDArray[np.uint8]:
    """Return for each cube of a block which of its corners are inside, one bit a corner."""
    shape = tuple(n - 1 for n in block.shape)
    codes = np.zeros(shape, dtype=np.uint8)
    for bit, corner in enumerate(_CORNERS):
        part = block[tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))]
        codes |= part.view(np.uint8) << np.uint8(bit)
    return codes


@lru_cache(maxsize=64)
def element_areas_mm2(spacing_zyx_mm: Triple) -> Float:
    """Return the area of the surface in a cube for each of its 256 codes, in mm2.

    Of inside and outside, those corners that are fewer are cut off; corners that share an edge are cut
    off together, others each by itself.

    Parameters
    ----------
    spacing_zyx_mm
        Edge lengths of the cube.
    """
    z, y, x = spacing_zyx_mm
    faces = np.array([y * x, z * x, z * y])
    areas = np.zeros(256)
    for code in range(256):
        inside = {corner for bit, corner in enumerate(_CORNERS) if code >> bit & 1}
        fewer = inside if len(inside) <= 4 else set(_CORNERS) - inside
        for group in _groups(fewer):
            areas[code] += sum(float(np.linalg.norm(faces * part)) for part in _parts(group))
    areas.flags.writeable = False
    return areas


def _groups(corners: set[Index]) -> Iterator[set[Index]]:
    """Return corners in groups that hang together along edges of the cube."""
    left = set(corners)
    while left:
        group, front = set[Index](), {left.pop()}
        while front:
            group |= front
            front = {c for c in left for g in front if _edge(c, g) is not None}
            left -= front
        yield group


def _edge(one: Index, other: Index) -> int | None:
    """Return the axis of the edge between two corners; None if there is no edge."""
    axes = [axis for axis in range(3) if one[axis] != other[axis]]
    return axes[0] if len(axes) == 1 else None


def _parts(group: set[Index]) -> list[_Vector]:
    """Return the flat parts of the surface that cuts a group of corners off, each by its area vector.

    A part that is cut evenly from three faces has the vector (a, a, a), whatever its signs, which do
    not matter for its area.
    """
    degrees = {c: [a for g in group if (a := _edge(c, g)) is not None] for c in group}
    axes = {axis for found in degrees.values() for axis in found}
    most = max(len(found) for found in degrees.values())
    if len(group) == 1:
        return [_even(1 / 8)]
    if len(group) == 2:  # a ridge along its edge
        return [_across(axes, 1 / 2)]
    if len(group) == 3:  # three corners of a face: the cut is level at first and then slants
        return [_across(axes, 1 / 2), _even(3 / 8)]
    if len(axes) == 2:  # a whole face
        return [_across(axes, 1.0)]
    if most == 3:  # a corner and its three neighbours
        return [_even(3 / 4)]
    middle = _middle_axis(group, degrees)
    slants = [_across({axis}, 1 / 4) for axis in range(3) if axis != middle]
    return [_even(1 / 8), _even(3 / 8), *slants]


def _middle_axis(group: set[Index], degrees: dict[Index, list[int]]) -> int:
    """Return the axis of the middle one of three edges that follow each other."""
    one, other = (corner for corner in group if len(degrees[corner]) == 2)
    return next(axis for axis in range(3) if one[axis] != other[axis])


def _even(size: float) -> _Vector:
    return size, size, size


def _across(axes: set[int], size: float) -> _Vector:
    """Return a vector at right angles to some axes."""
    z, y, x = (0.0 if axis in axes else size for axis in range(3))
    return z, y, x
