"""Many intervals from one bootstrap of the cases: each resample is drawn once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.statistics.paired import OF_COUNTS, OfSums
from napari_medassist.evaluation.statistics.resampling import (
    Interval,
    WeightedStatistic,
    interval_of,
    mean_of,
    resampled,
    share_of,
)

LEVEL = 0.95


def intervals(
    statistics: Mapping[str, WeightedStatistic], n_cases: int, *, n_resamples: int, seed: int = 0
) -> dict[str, Interval]:
    """Return each statistic with its interval, equal to what ``bootstrap`` gives for each alone."""
    drawn: dict[str, list[Float]] = {name: [] for name in statistics}
    for weights in resampled(n_cases, n_resamples, seed):
        for name, statistic in statistics.items():
            drawn[name].append(statistic(weights))
    once = np.ones((1, n_cases))
    return {
        name: interval_of(float(statistic(once)[0]), np.concatenate(drawn[name]), LEVEL)
        for name, statistic in statistics.items()
    }


def headline_intervals(model: ModelColumns, *, n_resamples: int) -> dict[str, Interval]:
    """Return the interval of every headline number of a model.

    Returns
    -------
    dict
        ``mean <metric>`` of every metric, ``dice_with_lesion``, the numbers of lesion totals
        (``micro_recall``...), and ``size <side> <stratum>``.
    """
    compared = model.compared
    statistics: dict[str, WeightedStatistic] = {
        f"mean {name}": mean_of([case.score(name) for case in compared]) for name in model.cohort.means
    }
    statistics["dice_with_lesion"] = mean_of([_dice_with_lesion(case) for case in compared])
    for name, of_sums in OF_COUNTS.items():
        statistics[name] = partial(_of_counts, of_sums=of_sums, counts=model.counts)
    is_compared = np.array([case.counts is not None for case in model.cases], dtype=bool)
    for side, sizes in zip(Side, model.sizes, strict=True):
        for place in range(sizes.shape[1]):
            n_lesions, n_right = sizes[is_compared, place].T
            statistics[f"size {side.value} {place}"] = share_of(n_right, n_lesions)
    return intervals(statistics, len(compared), n_resamples=n_resamples)


def _of_counts(weights: Float, *, of_sums: OfSums, counts: Float) -> Float:
    return of_sums(weights @ counts)


def _dice_with_lesion(case: CaseEvaluation) -> float:
    return case.dice if case.n_reference_lesions else np.nan
