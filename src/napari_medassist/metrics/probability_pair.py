"""A reference mask and a map of probabilities on one grid: the input of metrics from probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch, InvalidImage
from napari_medassist.core.geometry import Float
from napari_medassist.metrics.grid import Mask


@dataclass(frozen=True, eq=False)
class ProbabilityPair:
    """A reference and how probable each voxel's being foreground was called. Make it with :meth:`of`.

    Parameters
    ----------
    reference
        (z, y, x) bool.
    probability
        (z, y, x) floating point, 0..1, same shape.
    """

    reference: Mask
    probability: NDArray[Any]

    @classmethod
    def of(cls, reference: NDArray[np.bool_], probability: NDArray[Any]) -> Self:
        """Make a pair from a mask and a map of one grid; neither is copied nor cropped.

        Parameters
        ----------
        reference
            (z, y, x) bool.
        probability
            (z, y, x) floating point, 0..1, same shape.

        Raises
        ------
        InvalidImage
            If the reference is no mask, or the map holds whole numbers, NaN, or values outside 0..1.
        GeometryMismatch
            If the shapes differ.
        """
        if reference.dtype != np.bool_ or reference.ndim != 3 or reference.size == 0:
            raise InvalidImage(
                "The reference mask must be bool with three axes (z, y, x), "
                f"it is {reference.dtype} of shape {reference.shape}."
            )
        if reference.shape != probability.shape:
            raise GeometryMismatch(
                f"Different shapes (z, y, x): reference {reference.shape}, "
                f"probabilities {probability.shape}.",
                cure="Resample one of them onto the other's grid on purpose.",
            )
        _require_probabilities(probability)
        return cls(reference, probability)

    @cached_property
    def n_reference(self) -> int:
        """Number of voxels of the reference."""
        return int(np.count_nonzero(self.reference))

    @property
    def n_voxels(self) -> int:
        """Number of voxels of the grid."""
        return int(self.reference.size)

    @cached_property
    def of_foreground(self) -> Float:
        """Probabilities of the reference's voxels, float64."""
        values: Float = self.probability[self.reference].astype(np.float64)
        return values

    @cached_property
    def of_background(self) -> Float:
        """Probabilities, where not 0, of the voxels outside of the reference, float64."""
        values: Float = self.probability[(self.probability > 0) & ~self.reference].astype(np.float64)
        return values

    @property
    def n_background(self) -> int:
        """Number of voxels outside of the reference, those with a probability of 0 included."""
        return self.n_voxels - self.n_reference


def _require_probabilities(probability: NDArray[Any]) -> None:
    if probability.dtype.kind != "f":
        raise InvalidImage(
            f"Probabilities are floating point numbers, the map is {probability.dtype}.",
            cure="Rescale it to 0..1 on purpose if it holds percentages or grey values.",
        )
    low, high = float(probability.min()), float(probability.max())
    if not (low >= 0 and high <= 1):  # NaN fails this too
        raise InvalidImage(
            f"Probabilities lie between 0 and 1, the map's values between {low:g} and {high:g}.",
            cure="Rescale it to 0..1 on purpose.",
        )
