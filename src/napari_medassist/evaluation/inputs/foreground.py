"""Masks cropped to what is in them, and where a map of confidences has its candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Index
from napari_medassist.evaluation.extraction.candidates import (
    Candidates,
    MapKind,
    Values,
    candidate_values,
    computable,
    detections,
)
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.grid import Mask
from napari_medassist.metrics.occupied import NO_BOX, Box, Occupied, row_blocks, union_box
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.rules import SurfaceRule


@dataclass(frozen=True, eq=False)
class Foreground:
    """A mask, cropped to the smallest box that holds it.

    Parameters
    ----------
    mask
        (z, y, x) bool crop; of size 0 if the mask is empty.
    box
        Where the crop lies in the full grid.
    rows
        (z, y) bool: no other row of the crop holds a voxel; None if that is not known.
    whole
        The mask on the full grid, where it is there anyhow.
    """

    mask: Mask
    box: Box
    rows: Mask | None = None
    whole: Mask | None = None

    @classmethod
    def of(cls, mask: Mask) -> Foreground:
        """Crop a (z, y, x) bool mask of a full grid."""
        found = Occupied.of(mask)
        return cls(np.array(mask[found.box], order="C"), found.box, found.rows[found.box[:2]])

    @classmethod
    def of_labels(
        cls, values: NDArray[Any], occupied: Occupied, labels: Sequence[int] | None
    ) -> Foreground:
        """Return where a label map has a chosen label.

        Parameters
        ----------
        values
            (z, y, x) whole numbers from 0 on, of any type. Single bytes of 0 and 1 are the mask as they
            stand: they are not copied.
        occupied
            Where they are not 0.
        labels
            The chosen ones; None for all but 0.
        """
        box = occupied.box
        if occupied.is_binary and (labels is None or 1 in labels) and values.strides[2] == 1:
            whole = values.view(np.bool_)
            return cls(whole[box], box, occupied.rows[box[:2]], whole)

        def is_chosen(held: NDArray[Any]) -> Mask:
            chosen: Mask = held != 0 if labels is None else np.isin(held, labels)
            return chosen

        return cls.where(is_chosen, values, occupied)

    @classmethod
    def where(
        cls, is_inside: Callable[[NDArray[Any]], Mask], values: NDArray[Any], occupied: Occupied
    ) -> Foreground:
        """Return where the values of an image fulfil a condition, which 0 never does.

        Parameters
        ----------
        is_inside
            The condition, for an array of values.
        values
            (z, y, x).
        occupied
            Where they are not 0; nothing else is looked at.
        """
        inside, rows = values[occupied.box], occupied.rows[occupied.box[:2]]
        mask = np.zeros(inside.shape, dtype=bool)
        for block in row_blocks(rows, inside.shape[2] * inside.itemsize):
            mask[block] = is_inside(inside[block])
        held = Occupied.of_mask(mask, rows)
        if held.is_empty:
            return cls(mask[NO_BOX], NO_BOX, rows[NO_BOX[:2]])
        cropped = cls(mask[held.box], held.box, held.rows[held.box[:2]])
        return _shifted(cropped, occupied.box)

    @property
    def is_empty(self) -> bool:
        """Whether it has no voxel."""
        return self.mask.size == 0

    def within(self, box: Box) -> Mask:
        """Return the mask in a box of the full grid that holds it."""
        if self.whole is not None:
            return self.whole[box]
        if box == self.box:
            return self.mask
        wider = np.zeros([side.stop - side.start for side in box], dtype=bool)
        if not self.is_empty:
            inner = wider[_relative(self.box, box)]
            # Of a nearly empty mask most memory is never touched, and so never fetched nor cleared.
            rows = np.any(self.mask, axis=2) if self.rows is None else self.rows
            for block in row_blocks(rows, inner.shape[2]):
                inner[block] = self.mask[block]
        return wider

    def rows_within(self, box: Box) -> Mask | None:
        """Return which rows of such a box may hold a voxel; None if that is not known."""
        if self.rows is None:
            return None
        wider = np.zeros([side.stop - side.start for side in box[:2]], dtype=bool)
        if not self.is_empty:
            wider[_relative(self.box, box)[:2]] = self.rows
        return wider


def paired(
    reference: Foreground,
    prediction: Foreground,
    spacing_zyx_mm: Triple,
    shape_zyx: Index,
    rule: SurfaceRule | None = None,
) -> MaskPair:
    """Return two masks of a full grid on the box that holds both, as ``MaskPair.of`` does."""
    box = union_box(reference.box, prediction.box)
    z, y, x = (side.start for side in box)
    return MaskPair(
        reference.within(box),
        prediction.within(box),
        spacing_zyx_mm,
        (z, y, x),
        shape_zyx,
        rule or SurfaceRule(),
        reference.rows_within(box),
        prediction.rows_within(box),
    )


class ConfidenceMap:
    """A predicted map whose candidates are asked for again and again.

    The highest value of each plane, row and column is kept (a few kilobytes), so that only the box
    above a cut-off is looked at. The values themselves are not copied unless their precision is one
    that is not computed with.

    Parameters
    ----------
    values
        (z, y, x), 0..1.
    kind
        Probabilities, or one confidence a candidate.
    occupied
        Where the values are not 0, if that is known.
    """

    def __init__(self, values: NDArray[Any], kind: MapKind, occupied: Occupied | None = None) -> None:
        self.values: Values = computable(values)
        self.kind: MapKind = kind
        self._known_occupied = occupied

    def key(self, rule: ExtractionRule) -> tuple[object, ...]:
        """Return the settings that decide the voxels of candidates: the same ones, the same voxels."""
        method = "detection_map" if self.kind == "detection" else rule.from_probability
        if method == "threshold":
            return method, rule.threshold
        if method == "detection_map":
            return (method,)
        cut = rule.threshold if method == "static" else (rule.dynamic_factor, rule.max_candidates)
        return method, cut, rule.connectivity, rule.min_candidate_voxels

    def candidates(self, rule: ExtractionRule) -> Foreground:
        """Return all candidates together; whether a detection map is one, :meth:`told_apart` checks."""
        method, *_ = self.key(rule)
        if method == "threshold":
            box = self._box_at(rule.threshold)
            inside = self.values[box]
            mask = inside >= rule.threshold if rule.threshold > 0 else inside > 0
            return Foreground(np.ascontiguousarray(mask), box)
        if method == "static":
            box = self._box_at(rule.threshold)
            return _shifted(self._extracted(box, rule), box)
        if method == "detection_map":
            return Foreground.where(lambda held: held > 0, self.values, self._occupied)
        return Foreground.of(candidate_values(self.values, rule, self.kind) > 0)

    def told_apart(self, pair: MaskPair, rule: ExtractionRule) -> Candidates:
        """Return the candidates one by one, on the crop of a pair that they are the prediction of.

        Raises
        ------
        InvalidImage
            If a candidate of a detection map has more than one value.
        """
        values, (method, *_) = self.values[pair.box], self.key(rule)
        if method != "detection_map":
            return Candidates(values)
        rows = pair.prediction_rows
        return detections(values, pair.prediction, rule.connectivity, box=pair.box, rows=rows)

    @cached_property
    def _occupied(self) -> Occupied:
        known = self._known_occupied
        return Occupied.of(self.values) if known is None else known

    @cached_property
    def _highest(self) -> tuple[Values, Values, Values]:
        return _highest(self.values)

    def _extracted(self, box: Box, rule: ExtractionRule) -> Foreground:
        return Foreground.of(candidate_values(self.values[box], rule, self.kind) > 0)

    def _box_at(self, cut_off: float) -> Box:
        z, y, x = (_extent((h >= cut_off) & (h > 0)) for h in self._highest)
        return z, y, x


def _highest(values: Values) -> tuple[Values, Values, Values]:
    """Return the highest value of each plane along z, y and x, going through the values once."""
    along_z: Values = np.zeros(values.shape[0], dtype=values.dtype)
    plane: Values = np.zeros(values.shape[1:], dtype=values.dtype)
    for z, slice_ in enumerate(values):
        along_z[z] = slice_.max()
        np.maximum(plane, slice_, out=plane)
    return along_z, plane.max(axis=1), plane.max(axis=0)


def _shifted(found: Foreground, origin: Box) -> Foreground:
    if found.is_empty:
        return found
    z, y, x = (
        slice(own.start + outer.start, own.stop + outer.start)
        for own, outer in zip(found.box, origin, strict=True)
    )
    return Foreground(found.mask, (z, y, x), found.rows)


def _relative(inner: tuple[slice, ...], outer: tuple[slice, ...]) -> tuple[slice, ...]:
    return tuple(
        slice(own.start - around.start, own.stop - around.start)
        for own, around in zip(inner, outer, strict=True)
    )


def _extent(occupied: Mask) -> slice:
    places = np.flatnonzero(occupied)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)
