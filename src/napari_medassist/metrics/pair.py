"""Two masks on one grid: the input of every voxel-level metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import hypot, prod
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch, InvalidGeometry, InvalidImage
from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Index
from napari_medassist.metrics.grid import NOWHERE, Mask, Sides, planes_a_slab
from napari_medassist.metrics.occupied import Box, Occupied, union_box
from napari_medassist.metrics.rules import SurfaceRule
from napari_medassist.metrics.surface import SurfaceDistances, surface_distances

#: Which masks of a pair have no voxel.
EmptySide = Literal["both", "reference_only", "prediction_only"]


@dataclass(frozen=True, eq=False)
class MaskPair:
    """A reference and a prediction, cropped to the box that holds both.

    What several metrics need (counts, surface distances) is computed once, on first use. Make it with
    :meth:`of` from masks of a whole grid; from masks that are cropped already it is made as it stands,
    with nothing looked for and nothing copied.

    Parameters
    ----------
    reference, prediction
        (z, y, x) bool crops of the same shape, any memory layout.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    offset_zyx
        Index of the crop's first voxel in the full grid.
    shape_zyx
        Shape of the full grid.
    rule
        What a surface is, and how its distances are reduced.
    reference_rows, prediction_rows
        (z, y) bool: no other row of a crop holds a voxel. None where that is not known.
    """

    reference: Mask
    prediction: Mask
    spacing_zyx_mm: Triple
    offset_zyx: Index
    shape_zyx: Index
    rule: SurfaceRule = field(default_factory=SurfaceRule)
    reference_rows: Mask | None = None
    prediction_rows: Mask | None = None

    @classmethod
    def of(
        cls,
        reference: NDArray[np.bool_],
        prediction: NDArray[np.bool_],
        spacing_zyx_mm: Sequence[float],
        *,
        rule: SurfaceRule | None = None,
    ) -> Self:
        """Make a pair from two masks of one grid.

        Parameters
        ----------
        reference, prediction
            (z, y, x) bool, same shape, any memory layout.
        spacing_zyx_mm
            Distance between neighbouring voxel centres along z, y, x, in mm, positive.
        rule
            What a surface is; see :class:`~napari_medassist.metrics.rules.SurfaceRule` for the default.

        Raises
        ------
        InvalidImage
            If an array is not bool or does not have three axes.
        GeometryMismatch
            If the shapes differ.
        InvalidGeometry
            If the spacing is not three finite, positive numbers.
        """
        _require_masks(reference, prediction)
        spacing = checked_spacing(spacing_zyx_mm)
        first, second = Occupied.of(reference), Occupied.of(prediction)
        box = union_box(first.box, second.box)
        z, y, x = (int(side.start) for side in box)
        depth, height, width = reference.shape
        return cls(
            np.ascontiguousarray(reference[box]),
            np.ascontiguousarray(prediction[box]),
            spacing,
            (z, y, x),
            (depth, height, width),
            rule or SurfaceRule(),
            first.rows[box[:2]],
            second.rows[box[:2]],
        )

    def under(self, rule: SurfaceRule) -> Self:
        """Return the same masks under another surface rule, with all that does not depend on it."""
        other = replace(self, rule=rule)
        kept = {"n_reference", "n_prediction", "n_overlap"}
        if _surface_of(rule) == _surface_of(self.rule):
            kept.add("distances")
        other.__dict__.update({name: value for name, value in vars(self).items() if name in kept})
        return other

    @property
    def box(self) -> Box:
        """Where the crop lies in the full grid."""
        parts = zip(self.offset_zyx, self.reference.shape, strict=True)
        z, y, x = (slice(start, start + size) for start, size in parts)
        return z, y, x

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in ml."""
        return prod(self.spacing_zyx_mm) / 1000

    @property
    def n_voxels(self) -> int:
        """Number of voxels of the full grid."""
        return prod(self.shape_zyx)

    @property
    def diagonal_mm(self) -> float:
        """Diagonal of the full grid in mm (in voxels if the rule says so): no distance is larger."""
        return hypot(*(n * s for n, s in zip(self.shape_zyx, self.unit_zyx, strict=True)))

    @property
    def unit_zyx(self) -> Triple:
        """What distances are measured in: the spacing in mm, or single voxels if the rule says so."""
        return (1.0, 1.0, 1.0) if self.rule.in_voxels else self.spacing_zyx_mm

    @property
    def empty_side(self) -> EmptySide | None:
        """Which masks have no voxel; None if both have some."""
        if self.n_reference and self.n_prediction:
            return None
        if self.n_reference:
            return "prediction_only"
        return "reference_only" if self.n_prediction else "both"

    @cached_property
    def n_reference(self) -> int:
        """Number of voxels of the reference."""
        return int(np.count_nonzero(self.reference))

    @cached_property
    def n_prediction(self) -> int:
        """Number of voxels of the prediction."""
        return int(np.count_nonzero(self.prediction))

    @cached_property
    def n_overlap(self) -> int:
        """Number of voxels that both have."""
        step = planes_a_slab(self.reference.shape)
        return sum(
            int(np.count_nonzero(self.reference[z : z + step] & self.prediction[z : z + step]))
            for z in range(0, self.reference.shape[0], step)
        )

    @cached_property
    def distances(self) -> SurfaceDistances | None:
        """Distances between the two surfaces under the rule; None unless both masks have one."""
        if self.empty_side:
            return None
        return surface_distances(
            self.reference,
            self.prediction,
            spacing_zyx_mm=self.spacing_zyx_mm,
            rule=self.rule,
            goes_on=self.goes_on,
        )

    @property
    def goes_on(self) -> Sides:
        """Where the masks go on beyond the crop: at the image's edges, if the rule says so."""
        if self.rule.array_edge_is_background:
            return NOWHERE
        parts = zip(self.offset_zyx, self.reference.shape, self.shape_zyx, strict=True)
        z, y, x = ((first == 0, first + n == whole) for first, n, whole in parts)
        return z, y, x


def checked_spacing(spacing_zyx_mm: Sequence[float]) -> Triple:
    """Return the spacing as three floats.

    Raises
    ------
    InvalidGeometry
        If it is not three finite, positive numbers.
    """
    values = np.asarray(spacing_zyx_mm)
    if values.shape != (3,) or values.dtype.kind not in "iuf":
        raise InvalidGeometry(f"Spacing needs three numbers (z, y, x) in mm, got {spacing_zyx_mm}.")
    if not np.isfinite(values).all() or values.min() <= 0:
        raise InvalidGeometry(
            f"Spacing must be finite and positive, got {tuple(values.tolist())} mm (z, y, x)."
        )
    z, y, x = (float(v) for v in values)
    return z, y, x


def _surface_of(rule: SurfaceRule) -> tuple[object, ...]:
    """Return the settings that surface distances depend on; the others say how they are reduced."""
    return rule.border, rule.array_edge_is_background, rule.in_voxels


def _require_masks(reference: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> None:
    for name, mask in (("reference", reference), ("prediction", prediction)):
        if mask.dtype != np.bool_ or mask.ndim != 3 or 0 in mask.shape:
            raise InvalidImage(
                f"The {name} mask must be bool with three axes (z, y, x), "
                f"it is {mask.dtype} of shape {mask.shape}."
            )
    require_same_shape(reference.shape, prediction.shape)


def require_same_shape(reference: tuple[int, ...], prediction: tuple[int, ...]) -> None:
    """Raise ``GeometryMismatch`` unless two shapes (z, y, x) are the same."""
    if reference != prediction:
        raise GeometryMismatch(
            f"Different shapes (z, y, x): reference {reference}, prediction {prediction}.",
            cure="Resample one of them onto the other's grid on purpose.",
        )
