"""Masks cropped to what is in them, and where a map of confidences has its candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Index
from napari_medassist.evaluation.candidates import MapKind, Values, candidate_values, computable
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.grid import Mask
from napari_medassist.metrics.pair import MaskPair

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Foreground:
    """A mask, cropped to the smallest box that holds it.

    Parameters
    ----------
    mask
        (z, y, x) bool crop of its own, C-contiguous; of size 0 if the mask is empty.
    box
        Where the crop lies in the full grid.
    """

    mask: Mask
    box: Box

    @classmethod
    def of(cls, mask: Mask) -> Foreground:
        """Crop a (z, y, x) bool mask of a full grid."""
        z = _extent(np.any(mask, axis=(1, 2)))
        plane = np.any(mask[z], axis=0)
        box = (z, _extent(np.any(plane, axis=1)), _extent(np.any(plane, axis=0)))
        return cls(np.array(mask[box], order="C"), box)

    @property
    def is_empty(self) -> bool:
        """Whether it has no voxel."""
        return self.mask.size == 0

    def within(self, box: Box) -> Mask:
        """Return the mask in a box of the full grid that holds it."""
        if box == self.box:
            return self.mask
        wider = np.zeros([side.stop - side.start for side in box], dtype=bool)
        if not self.is_empty:
            wider[_relative(self.box, box)] = self.mask
        return wider


def paired(
    reference: Foreground, prediction: Foreground, spacing_zyx_mm: Triple, shape_zyx: Index
) -> MaskPair:
    """Return two masks of a full grid on the box that holds both, as ``MaskPair.of`` does."""
    box = _common_box(reference, prediction)
    z, y, x = (side.start for side in box)
    masks = reference.within(box), prediction.within(box)
    return MaskPair(*masks, spacing_zyx_mm, (z, y, x), shape_zyx)


def _common_box(one: Foreground, other: Foreground) -> Box:
    """Return the smallest box that holds two masks; the first voxel if both are empty."""
    boxes = [mask.box for mask in (one, other) if not mask.is_empty]
    if not boxes:
        return slice(0, 1), slice(0, 1), slice(0, 1)
    z, y, x = (
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )
    return z, y, x


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
    """

    def __init__(self, values: NDArray[Any], kind: MapKind) -> None:
        self.values: Values = computable(values)
        self.kind: MapKind = kind
        self._highest = _highest(self.values)

    def key(self, rule: ExtractionRule) -> tuple[object, ...]:
        """Return the settings that decide the candidates: where they are the same, so are these."""
        method = "detection_map" if self.kind == "detection" else rule.from_probability
        if method == "threshold":
            return method, rule.threshold
        if method == "detection_map":
            return method, rule.connectivity
        cut = rule.threshold if method == "static" else (rule.dynamic_factor, rule.max_candidates)
        return method, cut, rule.connectivity, rule.min_candidate_voxels

    def candidates(self, rule: ExtractionRule) -> Foreground:
        """Return all candidates together; raises ``InvalidImage`` as ``candidate_values`` does."""
        method, *_ = self.key(rule)
        if method == "threshold":
            box = self._box_at(rule.threshold)
            inside = self.values[box]
            mask = inside >= rule.threshold if rule.threshold > 0 else inside > 0
            return Foreground(np.ascontiguousarray(mask), box)
        if method == "static":
            box = self._box_at(rule.threshold)
            return _shifted(self._extracted(box, rule), box)
        return Foreground.of(candidate_values(self.values, rule, self.kind) > 0)

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
    z, y, x = (
        slice(own.start + outer.start, own.stop + outer.start)
        for own, outer in zip(found.box, origin, strict=True)
    )
    return Foreground(found.mask, (z, y, x))


def _relative(inner: Box, outer: Box) -> Box:
    z, y, x = (
        slice(own.start - around.start, own.stop - around.start)
        for own, around in zip(inner, outer, strict=True)
    )
    return z, y, x


def _extent(occupied: Mask) -> slice:
    places = np.flatnonzero(occupied)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)
