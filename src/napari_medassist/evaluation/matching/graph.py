"""The match graph: how much each reference lesion and each predicted lesion have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.lesion import Labels, LesionSet
from napari_medassist.metrics.grid import planes_a_slab

Flags = NDArray[np.bool_]

#: Looking through the boxes of two lesions costs as much as looking through so many voxels of an image,
#: whatever the size of the boxes...
_VOXELS_A_BOX = 4000
#: ...and is worth it up to as many voxels as the image has, taken so often.
_PASSES_WORTH_BOXES = 4


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
        shared = _shared_voxels(reference, prediction)
        touching = shared > 0
        if reference.reach is not None:
            shape = (len(reference), len(prediction))
            touching = _shared_in_slabs(reference.reach, prediction.labels, shape) > 0
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


def _shared_voxels(reference: LesionSet, prediction: LesionSet) -> NDArray[np.int64]:
    """Count within the boxes that two lesions share; with many such boxes, in one pass over both.

    Lesions are small and few boxes overlap: of 24x384x384 voxels with a few lesions it took 0.03 ms
    instead of 1.5 ms; of two lungs, whose boxes are the image, 12 ms instead of 117 ms.
    """
    shape = (len(reference), len(prediction))
    shared = np.zeros(shape, dtype=np.int64)
    if not shared.size:
        return shared
    first, second = _corners(reference), _corners(prediction)
    starts = np.maximum(first[0][:, None], second[0])
    sizes = np.minimum(first[1][:, None], second[1]) - starts
    pairs = np.argwhere((sizes > 0).all(axis=2))
    n_voxels = int(sizes[tuple(pairs.T)].prod(axis=1).sum())
    if n_voxels + len(pairs) * _VOXELS_A_BOX > _PASSES_WORTH_BOXES * reference.labels.size:
        return _shared_in_slabs(reference.labels, prediction.labels, shape)
    for row, column in pairs.tolist():
        start, size = starts[row, column].tolist(), sizes[row, column].tolist()
        box = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
        one, other = reference.labels[box], prediction.labels[box]
        shared[row, column] = sum(
            int(np.count_nonzero((one[z] == row + 1) & (other[z] == column + 1)))
            for z in _slabs(one.shape)
        )
    return shared


def _corners(lesions: LesionSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the lesions' boxes start and stop within the crop, (n, 3) each."""
    start, stop = ([getattr(n, name) for n in lesions] for name in ("start_zyx", "stop_zyx"))
    return np.subtract(start, lesions.offset_zyx), np.subtract(stop, lesions.offset_zyx)


def _shared_in_slabs(first: Labels, second: Labels, shape: tuple[int, int]) -> NDArray[np.int64]:
    rows, columns = shape
    counts = np.zeros(rows * columns, dtype=np.int64)
    if not counts.size:
        return counts.reshape(shape)
    for z in _slabs(first.shape):
        one, other = first[z], second[z]
        both = (one != 0) & (other != 0)
        cells = (one[both].astype(np.int64) - 1) * columns + (other[both].astype(np.int64) - 1)
        counts += np.bincount(cells, minlength=counts.size)
    return counts.reshape(shape)


def _slabs(shape_zyx: tuple[int, ...]) -> Iterator[slice]:
    depth, height, width = shape_zyx
    step = planes_a_slab((depth, height, width))
    return (slice(z, z + step) for z in range(0, depth, step))
