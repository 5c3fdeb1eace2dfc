"""From whole images to a pair of masks on the box that holds both, looking at occupied rows only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Index
from napari_medassist.metrics.grid import Mask
from napari_medassist.metrics.occupied import Box, Occupied, row_blocks, union_box
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.rules import SurfaceRule


@dataclass(frozen=True, eq=False)
class CroppedMask:
    """A mask on a box of its grid; outside of the box it is empty.

    Parameters
    ----------
    mask
        (z, y, x) bool.
    rows
        (z, y) bool: no other row holds a voxel.
    is_tight
        Whether each of those rows holds a voxel.
    """

    mask: Mask
    rows: Mask
    is_tight: bool


def labelled(
    values: NDArray[Any], occupied: Occupied, labels: Sequence[int] | None, box: Box
) -> CroppedMask:
    """Return where a label map has a chosen label.

    An array of 0 and 1 in single bytes is the mask itself: it is not copied.

    Parameters
    ----------
    values
        (z, y, x) whole numbers from 0 on, of any type.
    occupied
        Where they are not 0.
    labels
        The chosen ones; None for all but 0.
    box
        The part of the grid to return; it holds all that is not 0.
    """
    inside, rows = values[box], occupied.rows[box[:2]]
    if occupied.is_binary and (labels is None or 1 in labels) and inside.strides[2] == 1:
        return CroppedMask(inside.view(np.bool_), rows, is_tight=True)
    mask = np.zeros(inside.shape, dtype=bool)
    for block in row_blocks(rows, inside.shape[2] * inside.itemsize):
        held = inside[block]
        mask[block] = held != 0 if labels is None else np.isin(held, labels)
    return CroppedMask(mask, rows, is_tight=labels is None and values.dtype.kind != "f")


def above_zero(values: NDArray[Any], rows: Mask | None = None) -> CroppedMask:
    """Return where a crop of a map of confidences is above 0.

    Parameters
    ----------
    values
        (z, y, x), 0..1.
    rows
        (z, y) bool: no other row is above 0. They are looked for if not given.
    """
    if rows is None:
        rows = Occupied.of(values).rows
    mask = np.zeros(values.shape, dtype=bool)
    for block in row_blocks(rows, values.shape[2] * values.itemsize):
        mask[block] = values[block] > 0
    return CroppedMask(mask, rows, is_tight=False)


def pair_on_smallest_box(
    reference: CroppedMask,
    prediction: CroppedMask,
    box: Box,
    *,
    shape_zyx: Index,
    spacing_zyx_mm: Triple,
    rule: SurfaceRule,
) -> tuple[MaskPair, Box]:
    """Make a pair of two masks on one box, after cropping both to what they hold.

    Parameters
    ----------
    reference, prediction
        The masks.
    box
        Where they lie in the full grid; the smallest box around both if both are tight.
    shape_zyx
        Shape of the full grid.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    rule
        What a surface is.

    Returns
    -------
    pair : MaskPair
        The masks; of size 1 at the first voxel of the grid if both are empty.
    inner : tuple of slice
        The part of the box that was kept.
    """
    z, y, x = (int(side.start) for side in box)
    inner: Box = (slice(None), slice(None), slice(None))
    sides = [(side.mask, side.rows) for side in (reference, prediction)]
    if not (reference.is_tight and prediction.is_tight):
        held = [Occupied.of_mask(*side) for side in sides]
        inner = union_box(held[0].box, held[1].box)
        is_empty = all(side.is_empty for side in held)
        z, y, x = (
            (0, 0, 0) if is_empty else (a + b.start for a, b in zip((z, y, x), inner, strict=True))
        )
        sides = [
            (mask[inner], found.rows[inner[:2]]) for (mask, _), found in zip(sides, held, strict=True)
        ]
    (first, first_rows), (second, second_rows) = sides
    pair = MaskPair(first, second, spacing_zyx_mm, (z, y, x), shape_zyx, rule, first_rows, second_rows)
    return pair, inner
