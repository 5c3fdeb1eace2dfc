"""Two label maps compared class by class, each class within the box that holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import GeometryMismatch, InvalidImage
from napari_medassist.metrics.pair import MaskPair, checked_spacing
from napari_medassist.metrics.registry import voxel_scores
from napari_medassist.metrics.rules import SurfaceRule

Box = tuple[slice, slice, slice]


def multi_label_scores(
    reference: NDArray[Any],
    prediction: NDArray[Any],
    spacing_zyx_mm: Sequence[float],
    *,
    labels: Iterable[int] | None = None,
    names: Sequence[str] | None = None,
    rule: SurfaceRule | None = None,
) -> dict[int, dict[str, float]]:
    """Return voxel-level metrics of every class of two label maps.

    Parameters
    ----------
    reference, prediction
        (z, y, x) whole numbers from 0 on, same shape; 0 is background.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    labels
        Which classes; those that occur in either map by default. One that does not occur is empty on
        both sides.
    names
        Which metrics; those that are computed by default if not given.
    rule
        What a surface is.

    Returns
    -------
    dict
        Class -> metric name -> value, NaN where undefined; classes in rising order.

    Raises
    ------
    GeometryMismatch
        If the shapes differ.
    InvalidImage
        If an array does not hold whole numbers from 0 on, or has not three axes.
    InvalidGeometry
        If the spacing is not three finite, positive numbers.
    UnknownItem
        If there is no metric of a name.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.zeros((4, 8, 8), dtype=np.uint8)
    >>> reference[1:3, 1:4, 1:4], reference[1:3, 5:7, 5:7] = 1, 2
    >>> prediction = np.where(reference == 2, 0, reference)
    >>> scores = multi_label_scores(reference, prediction, (3, 0.5, 0.5))
    >>> scores[1]["dice"], scores[2]["dice"]
    (1.0, 0.0)
    """
    pairs = class_pairs(reference, prediction, spacing_zyx_mm, labels=labels, rule=rule)
    return {label: voxel_scores(pair, names) for label, pair in pairs}


def class_pairs(
    reference: NDArray[Any],
    prediction: NDArray[Any],
    spacing_zyx_mm: Sequence[float],
    *,
    labels: Iterable[int] | None = None,
    rule: SurfaceRule | None = None,
) -> Iterator[tuple[int, MaskPair]]:
    """Go through the classes of two label maps, each with its masks cropped to the box that holds them.

    The maps are gone through once each to find all boxes; see :func:`multi_label_scores`.
    """
    spacing = checked_spacing(spacing_zyx_mm)
    for name, values in (("reference", reference), ("prediction", prediction)):
        _require_label_map(values, name)
    if reference.shape != prediction.shape:
        raise GeometryMismatch(
            f"Different shapes (z, y, x): reference {reference.shape}, prediction {prediction.shape}.",
            cure="Resample one of them onto the other's grid on purpose.",
        )
    depth, height, width = reference.shape
    shape, rule = (depth, height, width), rule or SurfaceRule()
    boxes = [_boxes(values) for values in (reference, prediction)]
    wanted = set(boxes[0]) | set(boxes[1]) if labels is None else set(labels)
    for label in sorted(wanted):
        box = _around([found[label] for found in boxes if label in found])
        first, second = (np.ascontiguousarray(v[box] == label) for v in (reference, prediction))
        z, y, x = (int(side.start) for side in box)
        yield label, MaskPair(first, second, spacing, (z, y, x), shape, rule)


def _boxes(values: NDArray[Any]) -> dict[int, Box]:
    found = ndimage.find_objects(values)
    return {label: box for label, box in enumerate(found, start=1) if box is not None}


def _around(boxes: list[Box]) -> Box:
    """Return the box around boxes; the first voxel if there is none."""
    if not boxes:
        return slice(0, 1), slice(0, 1), slice(0, 1)
    z, y, x = (
        slice(min(s.start for s in sides), max(s.stop for s in sides))
        for sides in zip(*boxes, strict=True)
    )
    return z, y, x


def _require_label_map(values: NDArray[Any], name: str) -> None:
    if values.ndim != 3 or values.size == 0:
        raise InvalidImage(f"The {name} needs three axes (z, y, x), its shape is {values.shape}.")
    if values.dtype.kind not in "iu":
        raise InvalidImage(f"The {name} needs whole numbers, its array is {values.dtype}.")
    if values.dtype.kind == "i" and values.min() < 0:
        raise InvalidImage(f"The {name} holds negative values; labels are 0 and above.")
