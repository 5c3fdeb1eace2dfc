"""Which lesions were found, and which predictions are true: the asymmetric many-to-many rule.

After Yan et al. (arXiv:2203.16415), reconstructed: with G the whole reference and P the whole
prediction, a reference lesion G_i is found if ``|G_i ∩ P| / |G_i|`` reaches a threshold, a predicted
lesion P_j is true if ``|P_j ∩ G| / |P_j|`` reaches one. Nothing is assigned one to one: a prediction
may find two lesions, and two predictions may both be right about one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Float
from napari_medassist.core.lesion import LesionSet
from napari_medassist.core.results import LesionCounts, LesionMatch


@dataclass(frozen=True, eq=False)
class Matching:
    """The match graph of two lesion sets and what was decided by it.

    Parameters
    ----------
    edges
        Every pair of lesions that share voxels, by reference id, then prediction id.
    reference_fractions, prediction_fractions
        Share of each lesion's voxels that the whole other mask covers, in the order of the ids.
    found, true
        The verdicts, in the order of the ids.
    """

    edges: tuple[LesionMatch, ...]
    reference_fractions: Float
    prediction_fractions: Float
    found: NDArray[np.bool_]
    true: NDArray[np.bool_]

    @property
    def counts(self) -> LesionCounts:
        """Found and missed, true and false lesions."""
        n_found, n_true = int(self.found.sum()), int(self.true.sum())
        return LesionCounts(
            tp_reference=n_found,
            fn=self.found.size - n_found,
            tp_prediction=n_true,
            fp=self.true.size - n_true,
        )


def match_asymmetric(
    reference: LesionSet,
    prediction: LesionSet,
    *,
    overlap_reference: float,
    overlap_prediction: float,
) -> Matching:
    """Judge each lesion by the share of it that the whole other mask covers.

    Parameters
    ----------
    reference, prediction
        Lesions of the two masks, on one crop of one grid.
    overlap_reference, overlap_prediction
        Smallest share at which a reference lesion is found, a predicted one true; inclusive.

    Raises
    ------
    GeometryMismatch
        If the two sets do not lie on the same crop.
    """
    table = overlap_table(reference, prediction)
    reference_fractions = table.sum(axis=1) / reference.sizes()
    prediction_fractions = table.sum(axis=0) / prediction.sizes()
    return Matching(
        edges=tuple(
            LesionMatch(int(i) + 1, int(j) + 1, int(table[i, j])) for i, j in np.argwhere(table)
        ),
        reference_fractions=reference_fractions,
        prediction_fractions=prediction_fractions,
        found=reference_fractions >= overlap_reference,
        true=prediction_fractions >= overlap_prediction,
    )


def overlap_table(reference: LesionSet, prediction: LesionSet) -> NDArray[np.int64]:
    """Count the voxels that each pair of lesions shares.

    Returns
    -------
    numpy.ndarray
        int64, shape (number of reference lesions, number of predicted lesions).

    Raises
    ------
    GeometryMismatch
        If the two sets do not lie on the same crop.
    """
    if reference.box != prediction.box or reference.shape_zyx != prediction.shape_zyx:
        raise GeometryMismatch("The two lesion sets do not lie on the same voxels.")
    rows, columns = len(reference), len(prediction)
    shared = np.flatnonzero((reference.labels != 0) & (prediction.labels != 0))
    row = reference.labels.ravel()[shared].astype(np.int64) - 1
    column = prediction.labels.ravel()[shared] - 1
    counts = np.bincount(row * columns + column, minlength=rows * columns)
    return counts.reshape(rows, columns)
