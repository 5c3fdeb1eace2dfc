"""The match graph: how much each reference lesion and each predicted lesion have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.lesion import Labels, LesionSet

Flags = NDArray[np.bool_]


class PredictedLesions(Protocol):
    """What a matching rule asks of the predicted lesions, in the order of their ids."""

    def __len__(self) -> int:
        """Return the number of lesions."""

    def sizes(self) -> NDArray[np.int64]:
        """Return the number of voxels of each lesion."""

    def confidences(self) -> Float:
        """Return how sure the prediction is of each lesion."""

    def centroids(self) -> Float:
        """Return the mean voxel index of each lesion, (n, 3), zyx, in the full grid."""


@dataclass(frozen=True, eq=False)
class MatchGraph:
    """Two lesion sets and what they share. Rows are reference lesions, columns are predicted ones.

    Parameters
    ----------
    reference, prediction
        The lesions.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    shared
        (rows, columns) int64: voxels that each pair shares.
    touching
        (rows, columns) bool: whether the prediction touches the reference lesion, or the margin around
        it where the extraction gave it one.
    """

    reference: LesionSet
    prediction: PredictedLesions
    spacing_zyx_mm: Triple
    shared: NDArray[np.int64]
    touching: Flags

    @classmethod
    def of(cls, reference: LesionSet, prediction: LesionSet, spacing_zyx_mm: Triple) -> MatchGraph:
        """Compare two lesion sets of one crop of one grid.

        Raises
        ------
        GeometryMismatch
            If the two sets do not lie on the same crop.
        """
        if reference.box != prediction.box or reference.shape_zyx != prediction.shape_zyx:
            raise GeometryMismatch("The two lesion sets do not lie on the same voxels.")
        shape = (len(reference), len(prediction))
        shared = _shared_voxels(reference.labels, prediction.labels, shape)
        touching = shared > 0
        if reference.reach is not None:
            touching = _shared_voxels(reference.reach, prediction.labels, shape) > 0
        return cls(reference, prediction, spacing_zyx_mm, shared, touching)

    @property
    def sizes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Voxels of the reference lesions as a column, of the predicted ones as a row."""
        return self.reference.sizes()[:, None], self.prediction.sizes()[None, :]

    @property
    def union(self) -> NDArray[np.int64]:
        """(rows, columns) int64: voxels that either of a pair has."""
        rows, columns = self.sizes
        return rows + columns - self.shared

    @property
    def iou(self) -> Float:
        """(rows, columns): intersection over union of each pair."""
        return self.shared / self.union

    @property
    def dice(self) -> Float:
        """(rows, columns): Dice similarity of each pair."""
        rows, columns = self.sizes
        similarity: Float = 2 * self.shared / (rows + columns)
        return similarity


def _shared_voxels(first: Labels, second: Labels, shape: tuple[int, int]) -> NDArray[np.int64]:
    rows, columns = shape
    places = np.flatnonzero((first != 0) & (second != 0))
    row = first.ravel()[places].astype(np.int64) - 1
    column = second.ravel()[places] - 1
    return np.bincount(row * columns + column, minlength=rows * columns).reshape(rows, columns)
