"""From a mask to numbered components under an extraction rule: merged, the small ones dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.lesion import Index, Labels
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.evaluation.runs import Runs

Mask = NDArray[np.bool_]

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
    labels
        (z, y, x) int32: 0 background, else the number of a component, in the order of first voxels.
    reach
        The components with the margin within which they were merged; None if nothing is merged.
    n_dropped
        Components that were too small; they have no number.
    """

    labels: Labels
    reach: Labels | None = None
    n_dropped: int = 0


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
    foreground = mask if mask.dtype == np.bool_ else mask != 0
    runs = Runs.of(foreground)
    labels = np.zeros(mask.shape, dtype=np.int32)
    if runs.starts.size * _VOXELS_A_RUN > mask.size:
        return labels, int(ndimage.label(foreground, neighbourhood(connectivity), output=labels))
    numbers, count = runs.numbered(connectivity)
    labels[foreground] = np.repeat(numbers, runs.lengths)
    return labels, count


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
    sizes = np.bincount(components.labels.ravel())[1:]
    kept = sizes * voxel_volume_mm3 >= rule.min_volume_mm3 * (1 - _ROUNDING)
    if kept.all():
        return components
    number = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    reach = None if components.reach is None else number[components.reach]
    return Components(number[components.labels], reach, n_dropped=int((~kept).sum()))


def merged(mask: Mask, rule: ExtractionRule, *, offset_zyx: Index, shape_zyx: Index) -> Components:
    """Return the components of a mask; those that meet when it is dilated are one (BraTS).

    Parameters
    ----------
    mask
        (z, y, x) bool crop of a grid.
    rule
        Its ``merge_steps``, ``merge_connectivity`` and ``connectivity`` count.
    offset_zyx, shape_zyx
        Where the crop begins in the grid, and the grid's shape: the dilation ends where the grid does.
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
    number = _by_first_voxel(np.where(mask, joined[inner], 0), count)
    reach = number[joined[inner]]
    return Components(np.where(mask, reach, np.int32(0)), reach)


def _by_first_voxel(labels: Labels, count: int) -> Labels:
    """Return new numbers for old ones (index 0 stays 0), in the order of first voxels."""
    old, first = np.unique(labels, return_index=True)
    first = first[old > 0]
    number = np.zeros(count + 1, dtype=np.int32)
    number[old[old > 0][np.argsort(first)]] = np.arange(1, first.size + 1)
    return number
