"""The slice that shows the worst error of a case, cropped around its lesions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.core.results import JudgedLesion, LesionVerdict
from napari_medassist.evaluation.case import Comparison

#: What is shown around the lesions, and how much of the body at least.
MARGIN_MM, LEAST_MM = 14.0, 70.0


@dataclass(frozen=True, eq=False)
class LesionShape:
    """A lesion as it lies in a slice.

    Parameters
    ----------
    mask
        (y, x) pixels of the cropped slice.
    side, verdict
        Whose it is, and what became of it.
    volume_ml
        Of the whole lesion.
    """

    mask: NDArray[np.bool_]
    side: Side
    verdict: LesionVerdict
    volume_ml: float


@dataclass(frozen=True, eq=False)
class SliceView:
    """A cropped axial slice, seen from the feet: the patient's right is on the left.

    Parameters
    ----------
    z
        Index of the slice on the canonical grid, from 0 at the lowest.
    n_slices
        Number of slices.
    spacing_yx_mm
        Size of a pixel.
    shapes
        The lesions in it.
    shape_yx
        Size of the crop in pixels.
    grey
        (y, x) uint8 image; None if there is none.
    zones
        (y, x) label values of the zones; None if there are none.
    """

    z: int
    n_slices: int
    spacing_yx_mm: tuple[float, float]
    shapes: tuple[LesionShape, ...]
    shape_yx: tuple[int, int]
    grey: NDArray[np.uint8] | None = None
    zones: NDArray[np.uint8] | None = None


def worst_slice(comparison: Comparison) -> int | None:
    """Return the slice in which a case errs most; None if there is no lesion at all.

    That is where its largest missed or false lesion has most voxels; without any, where the two masks
    differ most.
    """
    sets = (comparison.reference, comparison.prediction)
    by_side = {lesions.side: lesions for lesions in sets}
    errors = [lesion for lesion in comparison.evaluation.lesions if lesion.verdict.is_error]
    if errors:
        worst = max(errors, key=lambda lesion: lesion.volume_ml)
        lesions = by_side[worst.side]
        return _fullest(lesions.labels == worst.id, lesions.offset_zyx[0])
    if not any(len(lesions) for lesions in sets):
        return None
    first, second = (_per_slice(lesions) for lesions in sets)
    overlap = _shared_per_slice(*sets)
    differing = first + second - 2 * overlap
    return int(np.argmax(differing if differing.any() else first + second))


def view_of(
    comparison: Comparison,
    z: int,
    spacing_yx_mm: tuple[float, float],
    *,
    grey: NDArray[np.uint8] | None = None,
    zones: NDArray[Any] | None = None,
) -> SliceView:
    """Return a slice with the lesions in it, cropped.

    Parameters
    ----------
    comparison
        The case.
    z
        The slice.
    spacing_yx_mm
        Size of a pixel.
    grey, zones
        (y, x): the whole slice of an image, and of the zones.
    """
    judged = {(lesion.side, lesion.id): lesion for lesion in comparison.evaluation.lesions}
    n_slices, height, width = comparison.reference.shape_zyx
    slices = [(s, slice_labels(s, z)) for s in (comparison.reference, comparison.prediction)]
    shown = np.logical_or.reduce([labels > 0 for _, labels in slices])
    if zones is not None:
        shown = shown | (zones > 0)
    box = _crop(shown, spacing_yx_mm)
    shapes = [
        _shape(labels[box] == number, judged[lesions.side, int(number)])
        for lesions, labels in slices
        for number in np.unique(labels[box])
        if number
    ]
    rows, columns = box
    return SliceView(
        z=z,
        n_slices=n_slices,
        spacing_yx_mm=spacing_yx_mm,
        shapes=tuple(shapes),
        shape_yx=(len(range(height)[rows]), len(range(width)[columns])),
        grey=None if grey is None else grey[box],
        zones=None if zones is None else zones[box].astype(np.uint8),
    )


def slice_labels(lesions: LesionSet, z: int) -> NDArray[np.int32]:
    """Return the lesion ids of one slice of the full grid, (y, x)."""
    full = np.zeros(lesions.shape_zyx[1:], dtype=np.int32)
    place = z - lesions.offset_zyx[0]
    if 0 <= place < lesions.labels.shape[0]:
        full[lesions.box[1:]] = lesions.labels[place]
    return full


def _shape(mask: NDArray[np.bool_], lesion: JudgedLesion) -> LesionShape:
    return LesionShape(mask, lesion.side, lesion.verdict, lesion.volume_ml)


def _fullest(mask: NDArray[np.bool_], first_slice: int) -> int:
    return first_slice + int(np.argmax(mask.sum(axis=(1, 2))))


def _per_slice(lesions: LesionSet) -> NDArray[np.int64]:
    counts = np.zeros(lesions.shape_zyx[0], dtype=np.int64)
    counts[lesions.box[0]] = (lesions.labels > 0).sum(axis=(1, 2))
    return counts


def _shared_per_slice(first: LesionSet, second: LesionSet) -> NDArray[np.int64]:
    return np.array(
        [
            np.count_nonzero((slice_labels(first, z) > 0) & (slice_labels(second, z) > 0))
            for z in range(first.shape_zyx[0])
        ],
        dtype=np.int64,
    )


def _crop(shown: NDArray[np.bool_], spacing_yx_mm: tuple[float, float]) -> tuple[slice, slice]:
    """Return the box around what is shown, with a margin and of a least size, within the image."""
    ranges = []
    for axis, spacing in enumerate(spacing_yx_mm):
        present = np.flatnonzero(shown.any(axis=1 - axis))
        size = shown.shape[axis]
        low, high = (present[0], present[-1] + 1) if present.size else (0, size)
        wanted = max((high - low) + 2 * MARGIN_MM / spacing, LEAST_MM / spacing)
        start = round(max(0.0, min((low + high - wanted) / 2, size - wanted)))
        ranges.append(slice(start, min(size, start + round(wanted))))
    return ranges[0], ranges[1]
