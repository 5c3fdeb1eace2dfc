"""Which voxels a finding stands for: a whole label, or one connected part of it.

A lesion is a label value, as the tool "new lesion" gives each one a value of its own; or, for maps in
which all lesions share one value, a connected part (26 neighbours) of a label. A part is found again
by a point within it: the voxel that lies deepest, the first of equals. If that voxel was erased, the
nearest part of the label within 10 mm takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label

from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.core.geometry import Geometry, Triple

Voxels = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]
#: A part whose own point was erased is looked for so far away.
SEARCH_MM = 10.0
_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


class LesionRule(StrEnum):
    """What counts as one lesion."""

    LABEL = "Each label"
    PART = "Each separate part"


@dataclass(frozen=True)
class Lesion:
    """A lesion of a label map that may become a finding.

    Parameters
    ----------
    label
        Its value.
    anchor_lps_mm
        The point by which a part is found again; None for a whole label.
    n_voxels
        Its voxels.
    n_parts
        Of how many separate parts it consists.
    """

    label: int
    anchor_lps_mm: Triple | None
    n_voxels: int
    n_parts: int


@dataclass(frozen=True, eq=False)
class Region:
    """Voxels of a finding: a mask of a box of the grid, and the box."""

    mask: Mask
    box: tuple[slice, slice, slice]
    n_parts: int

    def index_zyx(self) -> NDArray[np.intp]:
        """Return the voxels' indices in the grid, (n, 3)."""
        start = np.asarray([part.start for part in self.box], dtype=np.intp)
        index: NDArray[np.intp] = np.argwhere(self.mask) + start
        return index

    def whole(self, shape_zyx: tuple[int, int, int]) -> Mask:
        """Return the mask on the grid."""
        full: Mask = np.zeros(shape_zyx, dtype=bool)
        full[self.box] = self.mask
        return full


def lesions_in(voxels: Voxels, grid: Geometry, rule: LesionRule) -> tuple[Lesion, ...]:
    """Return the lesions of a label map, by rising value, then in the order of their first voxels.

    Parameters
    ----------
    voxels
        (z, y, x) labels.
    grid
        Their grid.
    rule
        What counts as one.
    """
    found = []
    for value, box in enumerate(find_objects(voxels), start=1):
        if box is None:
            continue
        mask = voxels[box] == value
        if rule is LesionRule.LABEL:
            n_parts = int(label(mask, _NEIGHBOURS)[1])
            found.append(Lesion(value, None, int(mask.sum()), n_parts))
            continue
        parts = _parts(Region(mask, box, 0))
        found += [Lesion(value, _deepest(part, grid), int(part.mask.sum()), 1) for part in parts]
    return tuple(found)


def region_of(finding: Finding, voxels: Voxels, grid: Geometry) -> Region | None:
    """Return the voxels of a finding; None if there are none any more.

    Parameters
    ----------
    finding
        The finding.
    voxels
        (z, y, x): its label map.
    grid
        The grid of the map.
    """
    region = _label_region(voxels, finding.label) if finding.label > 0 else None
    if region is None or finding.anchor_lps_mm is None:
        return region
    anchor = grid.lps_to_index(finding.anchor_lps_mm)
    index = tuple(int(i) for i in np.rint(anchor))
    parts = _parts(region)
    for part in parts:
        if _holds(part, index):
            return part
    distances = [_distance_mm(part, grid, finding.anchor_lps_mm) for part in parts]
    nearest = int(np.argmin(distances))
    return parts[nearest] if distances[nearest] <= SEARCH_MM else None


def is_in(finding: Finding, lesion: Lesion, voxels: Voxels, grid: Geometry) -> bool:
    """Tell whether a finding of the same map stands for a lesion already."""
    if finding.label != lesion.label:
        return False
    if finding.anchor_lps_mm is None or lesion.anchor_lps_mm is None:
        return True
    region = region_of(finding, voxels, grid)
    index = tuple(int(i) for i in np.rint(grid.lps_to_index(lesion.anchor_lps_mm)))
    return region is not None and _holds(region, index)


def stands_for(
    finding: Finding, voxels: Voxels, grid: Geometry, point_lps_mm: NDArray[np.float64]
) -> bool:
    """Tell whether the voxel at a point (LPS mm) of its label map belongs to a finding."""
    region = region_of(finding, voxels, grid)
    index = tuple(int(i) for i in np.rint(grid.lps_to_index(point_lps_mm)))
    return region is not None and _holds(region, index)


def _label_region(voxels: Voxels, value: int) -> Region | None:
    mask = voxels == value
    kept = [np.flatnonzero(mask.any(axis=tuple(b for b in range(3) if b != a))) for a in range(3)]
    if not kept[0].size:
        return None
    z, y, x = (slice(int(k[0]), int(k[-1]) + 1) for k in kept)
    crop = mask[z, y, x]
    return Region(crop, (z, y, x), int(label(crop, _NEIGHBOURS)[1]))


def _parts(region: Region) -> list[Region]:
    numbered, _ = label(region.mask, _NEIGHBOURS)
    found = []
    for number, box in enumerate(find_objects(numbered), start=1):
        z, y, x = (
            slice(outer.start + inner.start, outer.start + inner.stop)
            for outer, inner in zip(region.box, box, strict=True)
        )
        found.append(Region(numbered[box] == number, (z, y, x), 1))
    return found


def _deepest(part: Region, grid: Geometry) -> Triple:
    depth = distance_transform_edt(np.pad(part.mask, 1), sampling=grid.spacing_zyx_mm)[1:-1, 1:-1, 1:-1]
    inner = np.unravel_index(int(depth.argmax()), depth.shape)
    index = [int(i) + b.start for i, b in zip(inner, part.box, strict=True)]
    x, y, z = (float(v) for v in grid.index_to_lps(index))
    return x, y, z


def _holds(part: Region, index: tuple[int, ...]) -> bool:
    inside = all(b.start <= i < b.stop for i, b in zip(index, part.box, strict=True))
    return inside and bool(part.mask[tuple(i - b.start for i, b in zip(index, part.box, strict=True))])


def _distance_mm(part: Region, grid: Geometry, point_lps_mm: Triple) -> float:
    offsets = grid.index_to_lps(part.index_zyx()) - np.asarray(point_lps_mm)
    return float(np.linalg.norm(offsets, axis=1).min())
