"""Lesion sizes: how well lesions of each size are found, and how well sizes agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, nan

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, JudgedLesion, LesionVerdict

#: Edges of the strata in ml: a ball of 5 mm, 7.5 mm, 10 mm and 15 mm in diameter holds about as much.
DEFAULT_EDGES_ML = (0.0, 0.065, 0.22, 0.52, 1.77, inf)


@dataclass(frozen=True)
class SizeStratum:
    """Lesions of one side within a range of volumes.

    Parameters
    ----------
    lower_ml, upper_ml
        The range, the lower end inclusive, the upper one not.
    n_lesions
        Lesions in it that count; ignored ones do not.
    n_right
        Those of them that were found (reference) or are true (prediction).
    """

    lower_ml: float
    upper_ml: float
    n_lesions: int
    n_right: int

    @property
    def share(self) -> float:
        """Recall of reference lesions, precision of predicted ones, in this range; NaN without any."""
        return self.n_right / self.n_lesions if self.n_lesions else nan


@dataclass(frozen=True)
class SizeAgreement:
    """How far the volumes of found lesions agree with those of their predictions (Bland and Altman).

    Differences are prediction - reference. Values are NaN where too few lesions were found.

    Parameters
    ----------
    n_lesions
        Found reference lesions.
    mean_difference_ml
        The bias.
    lower_limit_ml, upper_limit_ml
        Bias -/+ 1.96 standard deviations of the differences: the limits of agreement.
    mean_absolute_difference_ml
        Mean size of the differences.
    correlation
        Pearson's r between the two volumes.
    """

    n_lesions: int
    mean_difference_ml: float = nan
    lower_limit_ml: float = nan
    upper_limit_ml: float = nan
    mean_absolute_difference_ml: float = nan
    correlation: float = nan


def detection_by_size(
    cases: Iterable[CaseEvaluation],
    *,
    side: Side = Side.REFERENCE,
    edges_ml: Sequence[float] = DEFAULT_EDGES_ML,
) -> tuple[SizeStratum, ...]:
    """Count found, or true, lesions by volume.

    Parameters
    ----------
    cases
        One case or many; those that could not be compared have no lesions.
    side
        Reference lesions (how many were found), or predicted ones (how many are true).
    edges_ml
        Edges of the strata in ml, rising. Lesions outside of all strata are not counted.

    Raises
    ------
    InvalidSetting
        If there are fewer than two edges, or they do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_medassist.evaluation.case import evaluate
    >>> reference = np.zeros((4, 16, 16), dtype=np.uint8)
    >>> reference[1:3, 1:9, 1:9] = reference[1, 12:14, 12:14] = 1
    >>> prediction = reference.copy()
    >>> prediction[1, 12:14, 12:14] = 0
    >>> case = evaluate(reference, prediction, spacing_zyx_mm=(3, 1, 1))
    >>> [(s.n_lesions, s.n_right) for s in detection_by_size([case], edges_ml=(0, 0.1, 1))]
    [(1, 0), (1, 1)]
    """
    if len(edges_ml) < 2 or any(low >= high for low, high in pairwise(edges_ml)):
        raise InvalidSetting(f"Edges of size strata rise, and are two or more; got {tuple(edges_ml)}.")
    lesions = [lesion for case in cases for lesion in case.lesions_of(side)]
    counted = [lesion for lesion in lesions if lesion.verdict is not LesionVerdict.IGNORED]
    strata = []
    for low, high in pairwise(edges_ml):
        inside = [lesion for lesion in counted if low <= lesion.volume_ml < high]
        n_right = sum(not lesion.verdict.is_error for lesion in inside)
        strata.append(SizeStratum(float(low), float(high), len(inside), n_right))
    return tuple(strata)


def size_agreement(cases: Iterable[CaseEvaluation]) -> SizeAgreement:
    """Compare the volume of each found lesion with that of all predictions that belong to it.

    A prediction that belongs to several lesions counts with its whole volume for each of them.
    """
    volumes = np.array([pair for case in cases for pair in _volumes(case)]).reshape(-1, 2)
    if not len(volumes):
        return SizeAgreement(0)
    reference, prediction = volumes.T
    differences = prediction - reference
    bias = float(differences.mean())
    spread = 1.96 * float(differences.std(ddof=1)) if len(volumes) > 1 else nan
    varied = len(volumes) > 1 and bool(np.ptp(reference)) and bool(np.ptp(prediction))
    return SizeAgreement(
        n_lesions=len(volumes),
        mean_difference_ml=bias,
        lower_limit_ml=bias - spread,
        upper_limit_ml=bias + spread,
        mean_absolute_difference_ml=float(np.abs(differences).mean()),
        correlation=float(np.corrcoef(reference, prediction)[0, 1]) if varied else nan,
    )


def _volumes(case: CaseEvaluation) -> list[tuple[float, float]]:
    """Return the volume of each found lesion and of its predictions, in ml."""
    predicted = {lesion.id: lesion.volume_ml for lesion in case.lesions_of(Side.PREDICTION)}
    found = [n for n in case.lesions_of(Side.REFERENCE) if n.verdict is LesionVerdict.FOUND]
    return [(lesion.volume_ml, _total(lesion, predicted)) for lesion in found]


def _total(lesion: JudgedLesion, predicted: dict[int, float]) -> float:
    return sum(predicted[number] for number in lesion.matched_ids)
