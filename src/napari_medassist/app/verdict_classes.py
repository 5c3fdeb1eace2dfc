"""What a lesion is coloured by: its verdict, and whether it was split or merged."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion
from napari_medassist.evaluation.verdict_map import CLASS_SCHEME, MERGED, SPLIT, VALUE_OF

__all__ = ["CLASS_SCHEME", "MERGED", "RANK_OF_CLASS", "SPLIT", "class_of", "classes_of", "n_partners"]

#: What covers what where lesions of both sides overlap, by value: what matters most stays visible.
RANK_OF_CLASS = np.array([0, 2, 6, 5, 1, 4, 3], dtype=np.uint8)


def class_of(lesion: JudgedLesion, n_partners: int) -> int:
    """Return the class of a lesion.

    Parameters
    ----------
    lesion
        The lesion with its verdict.
    n_partners
        Lesions of the other side that are a hit together with it.
    """
    if lesion.verdict.is_error or n_partners < 2:
        return VALUE_OF[lesion.verdict]
    return SPLIT if lesion.side is Side.REFERENCE else MERGED


def n_partners(evaluation: CaseEvaluation, side: Side) -> Counter[int]:
    """Count of each lesion of a side, by id, the lesions that are a hit together with it."""
    hits = (match for match in evaluation.matches if match.is_match)
    if side is Side.REFERENCE:
        return Counter(match.reference_id for match in hits)
    return Counter(match.prediction_id for match in hits)


def classes_of(evaluation: CaseEvaluation, side: Side) -> NDArray[np.uint8]:
    """Return the class of each lesion of a side, in the order of the ids."""
    partners = n_partners(evaluation, side)
    lesions = evaluation.lesions_of(side)
    return np.array([class_of(lesion, partners[lesion.id]) for lesion in lesions], dtype=np.uint8)
