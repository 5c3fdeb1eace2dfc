"""Lesions: the connected components of a mask, measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import UnknownItem
from napari_medassist.core.geometry import Triple

Index = tuple[int, int, int]
#: Whole numbers, none below 0; one byte a voxel suffices for up to 255 lesions.
Labels = NDArray[np.integer[Any]]


class Side(StrEnum):
    """Which of the two compared masks a lesion belongs to."""

    REFERENCE = "reference"
    PREDICTION = "prediction"


@dataclass(frozen=True)
class Lesion:
    """One connected component of a mask.

    Parameters
    ----------
    id
        1, 2, ... within its side, in the order in which their first voxels follow along z, y, x.
    side
        The mask that it belongs to.
    n_voxels
        Number of voxels.
    volume_ml
        Volume in millilitres.
    centroid_index_zyx
        Mean voxel index along z, y, x; fractional.
    start_zyx, stop_zyx
        Bounding box in voxel indices, half-open.
    centroid_lps_mm
        The centroid in the patient, LPS (x, y, z) in mm; None where only arrays were given.
    confidence
        How sure the prediction is of it, 0..1; None where it comes from a mask.
    """

    id: int
    side: Side
    n_voxels: int
    volume_ml: float
    centroid_index_zyx: Triple
    start_zyx: Index
    stop_zyx: Index
    centroid_lps_mm: Triple | None = None
    confidence: float | None = None


@dataclass(frozen=True, eq=False)
class LesionSet:
    """All lesions of one mask, with the voxels that each one has.

    Only the box around them is kept, so that a set costs little whatever the size of the image.

    Parameters
    ----------
    side
        The mask that they belong to.
    lesions
        In the order of their ids, which run from 1.
    labels
        (z, y, x) crop of the grid: 0 background, else a lesion's id. As few bytes a voxel as the
        highest id needs; read-only.
    offset_zyx
        Index of the crop's first voxel in the full grid.
    shape_zyx
        Shape of the full grid.
    connectivity
        6, 18 or 26: the neighbours that hold a lesion together.
    n_dropped
        Number of components that were too small to count; they have no lesion and no label.
    reach
        Like ``labels``, with a lesion's id also in the margin within which a prediction still touches
        it; None where there is no margin. Read-only.
    """

    side: Side
    lesions: tuple[Lesion, ...]
    labels: Labels
    offset_zyx: Index
    shape_zyx: Index
    connectivity: int
    n_dropped: int = 0
    reach: Labels | None = None

    def __post_init__(self) -> None:
        self.labels.setflags(write=False)
        if self.reach is not None:
            self.reach.setflags(write=False)

    def __len__(self) -> int:
        """Return the number of lesions."""
        return len(self.lesions)

    def __iter__(self) -> Iterator[Lesion]:
        """Go through the lesions in the order of their ids."""
        return iter(self.lesions)

    def get(self, lesion_id: int) -> Lesion:
        """Return the lesion of an id.

        Raises
        ------
        UnknownItem
            If there is none.
        """
        if not 1 <= lesion_id <= len(self):
            raise UnknownItem(f"There is no {self.side} lesion {lesion_id}; there are {len(self)}.")
        return self.lesions[lesion_id - 1]

    def sizes(self) -> NDArray[np.int64]:
        """Return the number of voxels of each lesion, in the order of the ids."""
        return np.array([lesion.n_voxels for lesion in self.lesions], dtype=np.int64)

    def confidences(self) -> NDArray[np.float64]:
        """Return the confidence of each lesion, in the order of the ids; 1 where it is not known."""
        return np.array([1.0 if n.confidence is None else n.confidence for n in self.lesions])

    def centroids(self) -> NDArray[np.float64]:
        """Return the mean voxel index of each lesion, (n, 3), zyx, in the order of the ids."""
        return np.array([lesion.centroid_index_zyx for lesion in self.lesions]).reshape(-1, 3)

    def painted(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a map of the full grid in which each lesion has a value of its own.

        Parameters
        ----------
        values
            One value a lesion, in the order of the ids.

        Returns
        -------
        numpy.ndarray
            (z, y, x) uint8; 0 outside of the lesions.
        """
        full = np.zeros(self.shape_zyx, dtype=np.uint8)
        by_id = np.concatenate([np.zeros(1, dtype=np.uint8), values])
        full[self.box] = by_id[self.labels]
        return full

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Where the crop lies in the full grid."""
        z, y, x = (
            slice(start, start + size)
            for start, size in zip(self.offset_zyx, self.labels.shape, strict=True)
        )
        return z, y, x
