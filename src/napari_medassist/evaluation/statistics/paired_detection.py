"""Two models whose predictions have confidences: average precision, AUROC and FROC side by side.

These numbers do not follow from sums over cases, so the exchange of the permutation test is written as
weights: of all cases of both models together, each model's side counts the cases that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import nan

import numpy as np

from napari_medassist.core.geometry import Float
from napari_medassist.core.results import ScoredCase
from napari_medassist.evaluation.detection.curves import LUNA16_FP_PER_CASE
from napari_medassist.evaluation.statistics.paired import PairedComparison, Resampling
from napari_medassist.evaluation.statistics.paired_cases import by_name, require_same_reference
from napari_medassist.evaluation.statistics.permutation import exchanges, p_value_of
from napari_medassist.evaluation.statistics.resampling import (
    WeightedStatistic,
    auroc_of,
    average_precision_of,
    interval_of,
    resampled,
    sensitivity_at_fp_of,
)

#: From the scored cases of a model to a statistic of how much each of them weighs.
OfScored = Callable[[Sequence[ScoredCase]], WeightedStatistic]


def _froc(cases: Sequence[ScoredCase]) -> WeightedStatistic:
    return sensitivity_at_fp_of(cases, *LUNA16_FP_PER_CASE)


def _at_one(cases: Sequence[ScoredCase]) -> WeightedStatistic:
    return sensitivity_at_fp_of(cases, 1.0)


#: Numbers of predictions with confidences, of all of which higher is better. ``froc`` is the mean
#: sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false lesions per case, not interpolated.
OF_SCORED: Mapping[str, OfScored] = {
    "average_precision": average_precision_of,
    "auroc": auroc_of,
    "froc": _froc,
    "sensitivity_at_1_fp": _at_one,
}

#: Weights held at once.
_PORTION = 1_000_000


def compare_scored(
    first: Sequence[ScoredCase],
    second: Sequence[ScoredCase],
    *,
    how: Resampling | None = None,
    numbers: Mapping[str, OfScored] = OF_SCORED,
) -> Mapping[str, PairedComparison]:
    """Compare the detection curves of two models on the same cases.

    Parameters
    ----------
    first, second
        Scored cases, which belong together by name.
    how
        Numbers of resamples and of permutations.
    numbers
        What to compare.

    Returns
    -------
    Mapping
        One comparison a number. Cases that only one model has count as dropped.

    Raises
    ------
    InvalidSetting
        If a case name stands twice, or two cases differ in their number of reference lesions.
    """
    sides = [by_name(cases) for cases in (first, second)]
    names = sorted(set(sides[0]) & set(sides[1]))
    n_absent = len(set(sides[0]) | set(sides[1])) - len(names)
    pair = [[side[name] for name in names] for side in sides]
    require_same_reference(*pair)
    how = how or Resampling()
    both = [*pair[0], *pair[1]]
    return {name: _compared(of(both), len(names), n_absent, how) for name, of in numbers.items()}


def _compared(
    statistic: WeightedStatistic, n_cases: int, n_absent: int, how: Resampling
) -> PairedComparison:
    """Compare the first half of the cases with the second, by a statistic of all of them."""
    none, all_once = np.zeros((1, n_cases)), np.ones((1, n_cases))
    of_first = float(statistic(np.hstack([all_once, none]))[0]) if n_cases else nan
    of_second = float(statistic(np.hstack([none, all_once]))[0]) if n_cases else nan
    observed = of_first - of_second
    drawn = [
        _difference(statistic, weights, np.zeros_like(weights))
        for weights in resampled(n_cases, how.n_resamples, how.seed)
    ]
    p_value, n_tried = _permuted(statistic, n_cases, observed, how)
    return PairedComparison(
        first=of_first,
        second=of_second,
        difference=interval_of(observed, np.concatenate(drawn), how.level),
        p_value=p_value,
        n_cases=n_cases,
        n_dropped=n_absent,
        n_permutations=n_tried,
    )


def _difference(statistic: WeightedStatistic, kept: Float, exchanged: Float) -> Float:
    """Return first minus second, in portions; what each side keeps and what it got from the other."""
    rows = max(1, _PORTION // max(kept.shape[1], 1))
    parts = []
    for start in range(0, len(kept), rows):
        own, others = kept[start : start + rows], exchanged[start : start + rows]
        parts.append(statistic(np.hstack([own, others])) - statistic(np.hstack([others, own])))
    return np.concatenate(parts)


def _permuted(
    statistic: WeightedStatistic, n_cases: int, observed: float, how: Resampling
) -> tuple[float, int]:
    """Return the p-value and the number of exchanges in which the difference is defined."""
    if np.isnan(observed):
        return nan, 0
    chosen, exact = exchanges(n_cases, how.n_permutations, how.seed)
    exchanged = chosen.astype(np.float64)
    return p_value_of(_difference(statistic, 1 - exchanged, exchanged), observed, is_exact=exact)
