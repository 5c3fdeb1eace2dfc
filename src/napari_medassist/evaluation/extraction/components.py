"""From a mask to numbered components under an extraction rule: merged, the small ones dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.geometry import Float
from napari_medassist.core.lesion import Index, Labels
from napari_medassist.evaluation.extraction.runs import Runs
from napari_medassist.evaluation.rules import ExtractionRule

Mask = NDArray[np.bool_]
Numbers = NDArray[np.integer]

#: scipy counts in squared steps: faces, edges, corners.
_SCIPY_CONNECTIVITY = {6: 1, 18: 2, 26: 3}
#: With fewer voxels a run, as in noise, going through the voxels is faster than going through the runs.
_VOXELS_A_RUN = 70
#: Volumes are products of decimal numbers: equal ones may differ by this much, relatively.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Components:
    """Numbered components of a mask.

    Parameters
    ----------
    runs
        The runs of the mask.
    numbers
        (n,) the number of the component that each run belongs to, in the order of the components' first
        voxels; 0 where the component was dropped.
    count
        Number of components.
    reach
        (z, y, x) the components with the margin within which they were merged; None if none are.
    n_dropped
        Components that were too small; they have no number.
    """

    runs: Runs
    numbers: Numbers
    count: int
    reach: Labels | None = None
    n_dropped: int = 0

    @classmethod
    def of(cls, mask: Mask, connectivity: int, rows: Mask | None = None) -> Components:
        """Find the connected components of a (z, y, x) mask.

        Parameters
        ----------
        mask
            Bool, any memory layout.
        connectivity
            6, 18 or 26.
        rows
            (z, y) bool: no other row of the mask holds a voxel. They are looked for if not given.
        """
        runs = Runs.of(mask, rows)
        if runs.starts.size * _VOXELS_A_RUN <= mask.size:
            return cls(runs, *runs.numbered(connectivity))
        labels = np.zeros(mask.shape, dtype=np.int32)
        count = int(ndimage.label(mask, neighbourhood(connectivity), output=labels))
        return cls(runs, labels[tuple(runs.first_voxels.T)], count)

    def labels(self, shape_zyx: Index) -> Labels:
        """Return an image of the mask's shape: 0 background, else the number of a component.

        It has as few bytes a voxel as the highest number needs.
        """
        smallest = np.min_scalar_type(self.count)
        return self.runs.painted(self.numbers.astype(smallest, copy=False), shape_zyx)

    def sizes(self) -> NDArray[np.int64]:
        """Return the number of voxels of each component."""
        sizes = np.bincount(self.numbers, self.runs.lengths, self.count + 1)
        return sizes[1:].astype(np.int64)


def neighbourhood(connectivity: int) -> Mask:
    """Return the (3, 3, 3) neighbourhood of a connectivity of 6, 18 or 26."""
    structure: Mask = ndimage.generate_binary_structure(3, _SCIPY_CONNECTIVITY[connectivity])
    return structure


def connected(mask: NDArray[Any], connectivity: int) -> tuple[Labels, int]:
    """Return the connected components of what is not zero, as labels, and their number.

    Parameters
    ----------
    mask
        (z, y, x).
    connectivity
        6, 18 or 26.

    Returns
    -------
    labels : numpy.ndarray
        (z, y, x) int32; numbers from 1 in the order of the components' first voxels.
    count : int
        Number of components.
    """
    found = Components.of(mask if mask.dtype == np.bool_ else mask != 0, connectivity)
    depth, height, width = mask.shape
    numbers = found.numbers.astype(np.int32, copy=False)
    return found.runs.painted(numbers, (depth, height, width)), found.count


def large_enough(components: Components, rule: ExtractionRule, voxel_volume_mm3: float) -> Components:
    """Drop the components below the smallest volume of a rule, and number the others anew.

    Parameters
    ----------
    components
        What to choose from.
    rule
        Its ``min_volume_mm3`` counts; a component of exactly that volume is kept.
    voxel_volume_mm3
        Volume of a voxel in mm3.
    """
    if not rule.min_volume_mm3:
        return components
    kept = reaches_volume(components.sizes(), voxel_volume_mm3, rule.min_volume_mm3)
    if kept.all():
        return components
    number = _new_numbers(components.count, np.flatnonzero(kept) + 1)
    reach = None if components.reach is None else number[components.reach]
    return Components(
        components.runs,
        number[components.numbers],
        count=int(kept.sum()),
        reach=reach,
        n_dropped=int((~kept).sum()),
    )


def reaches_volume(
    sizes: NDArray[np.integer], voxel_volumes_mm3: float | Float, min_volume_mm3: float
) -> Mask:
    """Tell which lesions reach a smallest volume; exactly that suffices.

    Parameters
    ----------
    sizes
        (n,) number of voxels of each.
    voxel_volumes_mm3
        Volume of a voxel: one for all, or (n,) one for each.
    min_volume_mm3
        The smallest volume of an extraction rule.
    """
    reached: Mask = sizes * voxel_volumes_mm3 >= min_volume_mm3 * (1 - _ROUNDING)
    return reached


def merged(
    mask: Mask,
    rule: ExtractionRule,
    *,
    offset_zyx: Index,
    shape_zyx: Index,
    rows: Mask | None = None,
) -> Components:
    """Return the components of a mask; those that meet when it is dilated are one (BraTS).

    Parameters
    ----------
    mask
        (z, y, x) bool crop of a grid.
    rule
        Its ``merge_steps``, ``merge_connectivity`` and ``connectivity`` count.
    offset_zyx, shape_zyx
        Where the crop begins in the grid, and the grid's shape: the dilation ends where the grid does.
    rows
        As for :meth:`Components.of`.
    """
    ends = np.add(offset_zyx, mask.shape)
    before = np.minimum(rule.merge_steps, offset_zyx)
    after = np.minimum(rule.merge_steps, np.subtract(shape_zyx, ends))
    padded = np.pad(mask, list(zip(before, after, strict=True)))
    grown = ndimage.binary_dilation(
        padded, neighbourhood(rule.merge_connectivity), iterations=rule.merge_steps
    )
    joined, count = connected(grown, rule.connectivity)
    inner = tuple(slice(b, b + n) for b, n in zip(before, mask.shape, strict=True))
    joined = joined[inner]
    runs = Runs.of(mask, rows)
    of_run = joined[tuple(runs.first_voxels.T)]
    old, first = np.unique(of_run, return_index=True)
    number = _new_numbers(count, old[np.argsort(first)])
    return Components(runs, number[of_run], old.size, reach=number[joined])


def _new_numbers(count: int, kept: NDArray[np.integer]) -> Numbers:
    """Return new numbers for old ones: 1, 2, ... for those that are kept, in their order, else 0."""
    number = np.zeros(count + 1, dtype=np.min_scalar_type(kept.size))
    number[kept] = np.arange(1, kept.size + 1)
    return number
