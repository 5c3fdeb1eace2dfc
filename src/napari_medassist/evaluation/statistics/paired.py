"""Two models on the same cases: how far apart, how sure, and whether chance would do as much.

Whatever is compared is a function of sums over cases, such as a pooled recall or a mean. The interval
of the difference comes from a bootstrap that draws the same cases for both; the p-value from a
permutation test that exchanges the two models' results within cases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation, LesionCounts
from napari_medassist.evaluation.statistics.paired_cases import by_name, require_same_reference
from napari_medassist.evaluation.statistics.permutation import exchanges, p_value_of
from napari_medassist.evaluation.statistics.resampling import Interval, interval_of, quotient, resampled

#: From sums over cases, (..., columns), to one value a row; NaN where undefined.
OfSums = Callable[[Float], Float]

_PORTION = 1000


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """How intervals and p-values are drawn; the same settings give the same ones.

    Parameters
    ----------
    n_resamples
        Of the bootstrap.
    level
        Share of the resamples within the interval.
    n_permutations
        Exchanges to try; if there are not more than these, each is tried once and the test is exact.
    seed
        Of the random numbers.
    """

    n_resamples: int = 2000
    level: float = 0.95
    n_permutations: int = 9999
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise InvalidSetting(f"The level of an interval lies between 0 and 1, not at {self.level}.")
        if self.n_resamples < 1 or self.n_permutations < 1:
            raise InvalidSetting("Intervals and p-values need at least one resample.")


_USUAL = Resampling()


@dataclass(frozen=True)
class PairedComparison:
    """A number of two models on the same cases.

    Parameters
    ----------
    first, second
        The number of each.
    difference
        First minus second, with its bootstrap interval over cases.
    p_value
        Share of the exchanges whose difference is at least as large, in either direction; NaN if the
        difference is not defined.
    n_cases
        Cases that the numbers were taken over.
    n_dropped
        Cases left out because the number is not defined in them for one model or both. Where a model
        misses a lesion, distances are not defined: then look at the counts.
    n_permutations
        Number of exchanges that were tried; all of them if they are few.
    """

    first: float
    second: float
    difference: Interval
    p_value: float
    n_cases: int
    n_dropped: int
    n_permutations: int


def compare_means(
    first: Sequence[float] | Float, second: Sequence[float] | Float, *, how: Resampling = _USUAL
) -> PairedComparison:
    """Compare the means of a metric over the cases where both models have a value.

    Parameters
    ----------
    first, second
        One value a case, in the same order; NaN (or infinite) where the metric is not defined.
    how
        Numbers of resamples and of permutations.

    Raises
    ------
    InvalidSetting
        If the numbers of cases differ.

    Examples
    --------
    >>> result = compare_means([0.9, 0.8, 0.7, 0.6], [0.7, 0.6, 0.5, float("nan")])
    >>> round(result.difference.value, 6), result.p_value, result.n_cases, result.n_dropped
    (0.2, 0.25, 3, 1)
    """
    columns = [np.asarray(values, dtype=np.float64) for values in (first, second)]
    _require_same_length(*columns)
    defined = np.isfinite(columns[0]) & np.isfinite(columns[1])
    one, other = (np.stack([c[defined], np.ones(int(defined.sum()))], axis=1) for c in columns)
    return compare_sums(one, other, statistic=_mean, n_dropped=int((~defined).sum()), how=how)


def compare_sums(
    first: Float,
    second: Float,
    *,
    statistic: OfSums,
    n_dropped: int = 0,
    how: Resampling = _USUAL,
) -> PairedComparison:
    """Compare a function of sums over cases, such as a pooled recall.

    Parameters
    ----------
    first, second
        (cases, columns): what each case adds to the sums, the cases in the same order.
    statistic
        From sums (..., columns) to values (...), NaN where undefined.
    n_dropped
        Cases that were left out before; told in the result.
    how
        Numbers of resamples and of permutations.

    Raises
    ------
    InvalidSetting
        If the numbers of cases differ.
    """
    _require_same_length(first, second)
    of_first, of_second = (float(statistic(c.sum(axis=0)[None])[0]) for c in (first, second))
    observed = of_first - of_second
    drawn = np.concatenate(
        [
            statistic(weights @ first) - statistic(weights @ second)
            for weights in resampled(len(first), how.n_resamples, how.seed)
        ]
    )
    p_value, n_tried = _permutation_test(first, second, statistic, observed, how)
    return PairedComparison(
        first=of_first,
        second=of_second,
        difference=interval_of(observed, drawn, how.level),
        p_value=p_value,
        n_cases=len(first),
        n_dropped=n_dropped,
        n_permutations=n_tried,
    )


def compare_cohorts(
    first: CohortEvaluation, second: CohortEvaluation, *, how: Resampling = _USUAL
) -> Mapping[str, PairedComparison]:
    """Compare the evaluations of two models on the same references.

    Parameters
    ----------
    first, second
        Evaluations under one convention. Cases belong together by name.
    how
        Numbers of resamples and of permutations.

    Returns
    -------
    Mapping
        ``mean <metric>`` for every metric of both, over the cases where both have a value;
        ``micro_recall``, ``micro_precision``, ``micro_f1`` and ``fp_per_case`` from lesion totals.
        Cases that are missing or not compared on one side count as dropped, everywhere.

    Raises
    ------
    InvalidSetting
        If a case name stands twice, the conventions differ, or the references do.
    """
    if first.convention != second.convention:
        raise InvalidSetting("The two models were compared with their references in different ways.")
    sides = [by_name(cohort.compared) for cohort in (first, second)]
    names = sorted(set(sides[0]) & set(sides[1]))
    n_absent = len({case.case for cohort in (first, second) for case in cohort.cases}) - len(names)
    cases = [[side[name] for name in names] for side in sides]
    require_same_reference(*cases)
    counts = [_count_columns(side) for side in cases]
    results = {
        name: compare_sums(*counts, statistic=statistic, n_dropped=n_absent, how=how)
        for name, statistic in OF_COUNTS.items()
    }
    for metric in sorted(set(first.means) & set(second.means)):
        values = [np.array([case.score(metric) for case in side]) for side in cases]
        missing = np.full(n_absent, nan)
        padded = (np.concatenate([column, missing]) for column in values)
        results[f"mean {metric}"] = compare_means(*padded, how=how)
    return results


def _mean(sums: Float) -> Float:
    return quotient(sums[..., 0], sums[..., 1])


def _recall(sums: Float) -> Float:
    return quotient(sums[..., 0], sums[..., 0] + sums[..., 1])


def _precision(sums: Float) -> Float:
    return quotient(sums[..., 2], sums[..., 2] + sums[..., 3])


def _f1(sums: Float) -> Float:
    recall, precision = _recall(sums), _precision(sums)
    both = quotient(2 * recall * precision, recall + precision)
    something = sums[..., :4].sum(axis=-1) > 0
    return np.where(something, np.nan_to_num(both), nan)


def _fp_per_case(sums: Float) -> Float:
    return quotient(sums[..., 3], sums[..., 4])


#: Numbers that follow from sums of (tp_reference, fn, tp_prediction, fp, 1) over cases.
OF_COUNTS: Mapping[str, OfSums] = {
    "micro_recall": _recall,
    "micro_precision": _precision,
    "micro_f1": _f1,
    "fp_per_case": _fp_per_case,
}


def _permutation_test(
    first: Float, second: Float, statistic: OfSums, observed: float, how: Resampling
) -> tuple[float, int]:
    """Return the p-value and the number of exchanges in which the difference is defined."""
    if np.isnan(observed):
        return nan, 0
    chosen, exact = exchanges(len(first), how.n_permutations, how.seed)
    apart = first - second
    differences = []
    for start in range(0, len(chosen), _PORTION):
        moved = chosen[start : start + _PORTION].astype(np.float64) @ apart
        differences.append(statistic(first.sum(axis=0) - moved) - statistic(second.sum(axis=0) + moved))
    return p_value_of(np.concatenate(differences), observed, is_exact=exact)


def _count_columns(cases: list[CaseEvaluation]) -> Float:
    counts = [case.counts or LesionCounts() for case in cases]
    rows = [(c.tp_reference, c.fn, c.tp_prediction, c.fp, 1) for c in counts]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 5)


def _require_same_length(first: Float, second: Float) -> None:
    if first.shape != second.shape:
        raise InvalidSetting(
            f"Two models are compared on the same cases: {first.shape} against {second.shape}."
        )
