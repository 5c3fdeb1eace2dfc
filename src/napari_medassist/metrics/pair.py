"""Two masks on one grid: the input of every voxel-level metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch, InvalidGeometry, InvalidImage
from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Index
from napari_medassist.metrics.surface import Mask, SurfaceDistances, surface_distances


@dataclass(frozen=True, eq=False)
class MaskPair:
    """A reference and a prediction, cropped to the box that holds both.

    What several metrics need (counts, surface distances) is computed once, on first use. Make it with
    :meth:`of`.

    Parameters
    ----------
    reference, prediction
        (z, y, x) bool crops of the same shape, C-contiguous.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    offset_zyx
        Index of the crop's first voxel in the full grid.
    shape_zyx
        Shape of the full grid.
    """

    reference: Mask
    prediction: Mask
    spacing_zyx_mm: Triple
    offset_zyx: Index
    shape_zyx: Index

    @classmethod
    def of(
        cls,
        reference: NDArray[np.bool_],
        prediction: NDArray[np.bool_],
        spacing_zyx_mm: Sequence[float],
    ) -> Self:
        """Make a pair from two masks of one grid.

        Parameters
        ----------
        reference, prediction
            (z, y, x) bool, same shape, any memory layout.
        spacing_zyx_mm
            Distance between neighbouring voxel centres along z, y, x, in mm, positive.

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
        box = _union_box(reference, prediction)
        z, y, x = (int(side.start) for side in box)
        depth, height, width = reference.shape
        return cls(
            np.ascontiguousarray(reference[box]),
            np.ascontiguousarray(prediction[box]),
            spacing,
            (z, y, x),
            (depth, height, width),
        )

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in ml."""
        return float(np.prod(self.spacing_zyx_mm)) / 1000

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
        return int(np.count_nonzero(self.reference & self.prediction))

    @cached_property
    def distances(self) -> SurfaceDistances | None:
        """Distances between the two borders; None unless both masks have voxels."""
        if not (self.n_reference and self.n_prediction):
            return None
        return surface_distances(self.reference, self.prediction, spacing_zyx_mm=self.spacing_zyx_mm)


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


def _require_masks(reference: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> None:
    for name, mask in (("reference", reference), ("prediction", prediction)):
        if mask.dtype != np.bool_ or mask.ndim != 3 or 0 in mask.shape:
            raise InvalidImage(
                f"The {name} mask must be bool with three axes (z, y, x), "
                f"it is {mask.dtype} of shape {mask.shape}."
            )
    if reference.shape != prediction.shape:
        raise GeometryMismatch(
            f"Different shapes (z, y, x): reference {reference.shape}, prediction {prediction.shape}.",
            cure="Resample one of them onto the other's grid on purpose.",
        )


def _union_box(first: Mask, second: Mask) -> tuple[slice, slice, slice]:
    """Return the smallest box that holds both masks; the first voxel if both are empty."""
    z = _extent(_occupied(first, (1, 2)) | _occupied(second, (1, 2)))
    plane = _occupied(first[z], (0,)) | _occupied(second[z], (0,))
    return z, _extent(_occupied(plane, (1,))), _extent(_occupied(plane, (0,)))


def _occupied(mask: Mask, over_axes: tuple[int, ...]) -> Mask:
    occupied: Mask = np.any(mask, axis=over_axes)
    return occupied


def _extent(occupied: Mask) -> slice:
    places = np.flatnonzero(occupied)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 1)
