"""The lesions of one side of many cases in flat arrays, without their voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float
from napari_medassist.core.results import JudgedLesion

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FlatLesions:
    """The lesions of one side of all cases, in the order of the cases and of their ids.

    Parameters
    ----------
    case
        (n,) place of the case in the cohort, rising.
    n_voxels
        (n,) sizes.
    confidence
        (n,) 1 where it is not known.
    centroid_zyx
        (n, 3) mean voxel indices.
    n_dropped
        (n_cases,) components that were too small already when the images were compared.
    """

    case: Numbers
    n_voxels: Numbers
    confidence: Float
    centroid_zyx: Float
    n_dropped: Numbers

    @classmethod
    def of(cls, lesions: list[tuple[int, JudgedLesion]], n_dropped: list[int]) -> FlatLesions:
        """Pack lesions, each with the place of its case."""
        n = len(lesions)
        sure = (1.0 if n.confidence is None else n.confidence for _, n in lesions)
        return cls(
            np.fromiter((place for place, _ in lesions), np.int64, n),
            np.fromiter((lesion.n_voxels for _, lesion in lesions), np.int64, n),
            np.fromiter(sure, float, n),
            np.array([n.centroid_index_zyx for _, n in lesions], dtype=float).reshape(-1, 3),
            np.array(n_dropped, dtype=np.int64),
        )

    def __len__(self) -> int:
        """Return the number of lesions."""
        return self.case.size

    def sizes(self) -> Numbers:
        """Return the number of voxels of each lesion."""
        return self.n_voxels

    def confidences(self) -> Float:
        """Return how sure the prediction is of each lesion."""
        return self.confidence

    def centroids(self) -> Float:
        """Return the mean voxel index of each lesion, (n, 3), zyx."""
        return self.centroid_zyx

    def places_of(self, case: int) -> slice:
        """Return where the lesions of one case stand."""
        first, last = np.searchsorted(self.case, (case, case + 1))
        return slice(int(first), int(last))

    def chosen(self, which: NDArray[np.bool_] | slice) -> FlatLesions:
        """Return some of the lesions, by flags or by their places."""
        return FlatLesions(
            self.case[which],
            self.n_voxels[which],
            self.confidence[which],
            self.centroid_zyx[which],
            self.n_dropped,
        )
