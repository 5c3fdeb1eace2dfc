"""How sure a number is: bootstrap over cases, for any statistic of weighted cases.

A resample draws as many cases as there are, with replacement. It is the same to count how often each
case was drawn, and to let it weigh so much; then all resamples are computed together, without a loop.
Cases are drawn, never lesions or voxels: those of one patient are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.results import ScoredCase
from napari_medassist.evaluation.detection.curves import Count, flat_candidates

#: From the weights of the cases, (resamples, cases), to one value a resample; NaN where undefined.
WeightedStatistic = Callable[[Float], Float]

#: Weights held at once; more resamples are done in portions.
_PORTION = 2_000_000


@dataclass(frozen=True)
class Interval:
    """A value with a bootstrap percentile interval.

    Parameters
    ----------
    value
        The statistic of the cases as they are.
    low, high
        Percentiles of the resamples where it is defined; NaN if it is in none.
    level
        Share of the resamples between them, e.g. 0.95.
    n_resamples
        Number of resamples.
    n_undefined
        Resamples in which the statistic is not defined; they are left out.
    """

    value: float
    low: float
    high: float
    level: float
    n_resamples: int
    n_undefined: int


def bootstrap(
    statistic: WeightedStatistic,
    n_cases: int,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a statistic of some cases with its percentile interval.

    Parameters
    ----------
    statistic
        What to compute from weights of shape (resamples, cases).
    n_cases
        Number of cases.
    n_resamples
        Number of resamples; the same seed gives the same ones.
    level
        Share of the resamples within the interval, above 0 and below 1.
    seed
        Of the random numbers.

    Raises
    ------
    InvalidSetting
        If the level or the number of resamples is out of range.

    Examples
    --------
    >>> interval = bootstrap(mean_of([0.2, 0.4, 0.6, 0.8, float("nan")]), 5)
    >>> interval.value, interval.low < 0.4, interval.high > 0.6
    (0.5, True, True)
    """
    if not 0 < level < 1:
        raise InvalidSetting(f"The level of an interval lies between 0 and 1, not at {level}.")
    if n_resamples < 1:
        raise InvalidSetting(f"An interval needs resamples, not {n_resamples}.")
    value = float(statistic(np.ones((1, n_cases)))[0])
    drawn = np.concatenate([statistic(w) for w in resampled(n_cases, n_resamples, seed)])
    return interval_of(value, drawn, level)


def interval_of(value: float, drawn: Float, level: float) -> Interval:
    """Return the percentile interval of the values of a statistic in all resamples."""
    defined = drawn[np.isfinite(drawn)]
    tail = 50 * (1 - level)
    low, high = np.percentile(defined, [tail, 100 - tail]) if defined.size else (nan, nan)
    return Interval(value, float(low), float(high), level, drawn.size, drawn.size - defined.size)


def resampled(n_cases: int, n_resamples: int, seed: int) -> Iterator[Float]:
    """Go through the weights of all resamples, (some resamples, cases) at a time."""
    rng = np.random.default_rng(seed)
    rows_at_once = max(1, _PORTION // max(n_cases, 1))
    for start in range(0, n_resamples, rows_at_once):
        rows = min(rows_at_once, n_resamples - start)
        chosen = rng.integers(0, max(n_cases, 1), size=(rows, n_cases))
        chosen += n_cases * np.arange(rows)[:, None]
        counts = np.bincount(chosen.ravel(), minlength=rows * n_cases)
        yield counts.reshape(rows, n_cases).astype(np.float64)


def mean_of(values: Sequence[float] | Float) -> WeightedStatistic:
    """Return the statistic "mean over the cases where it is defined" (NaN is not)."""
    column = np.asarray(values, dtype=np.float64)
    defined = np.isfinite(column).astype(np.float64)
    return share_of(np.where(defined > 0, column, 0.0), defined)


def share_of(parts: Sequence[float] | Float, wholes: Sequence[float] | Float) -> WeightedStatistic:
    """Return the statistic "sum of one number over sum of another": a pooled recall, for example."""
    columns = np.stack([np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)], 1)

    def statistic(weights: Float) -> Float:
        sums = weights @ columns
        return quotient(sums[:, 0], sums[:, 1])

    return statistic


def average_precision_of(cases: Sequence[ScoredCase]) -> WeightedStatistic:
    """Return the statistic "lesion-level average precision".

    See :attr:`~napari_medassist.evaluation.detection.curves.LesionCurve.average_precision`.

    Raises
    ------
    InvalidImage
        If a confidence is negative or not finite, or a case lists more lesions than it has.
    """
    lesion, of_case, last = _falling(cases)
    n_lesions = np.array([case.n_reference_lesions for case in cases], dtype=np.float64)

    def statistic(weights: Float) -> Float:
        weight = weights[:, of_case]
        hits = np.cumsum(weight * lesion, axis=1)[:, last]
        predicted = np.cumsum(weight, axis=1)[:, last]
        gained = np.diff(hits, axis=1, prepend=0.0)
        area = (gained * np.nan_to_num(quotient(hits, predicted))).sum(axis=1)
        return quotient(area, weights @ n_lesions)

    return statistic


def sensitivity_at_fp_of(cases: Sequence[ScoredCase], *fp_per_case: float) -> WeightedStatistic:
    """Return the statistic "largest recall with at most so many false lesions per case".

    See :meth:`~napari_medassist.evaluation.detection.curves.LesionCurve.sensitivity_at_fp`. Of
    several numbers of false lesions it is the mean of the readings.

    Raises
    ------
    InvalidImage
        If a confidence is negative or not finite, or a case lists more lesions than it has.
    """
    lesion, of_case, last = _falling(cases)
    n_lesions = np.array([case.n_reference_lesions for case in cases], dtype=np.float64)

    def statistic(weights: Float) -> Float:
        weight = weights[:, of_case]
        hits = np.cumsum(weight * lesion, axis=1)[:, last]
        # Both grow from one confidence to the next: what is allowed comes first.
        false = np.cumsum(weight, axis=1)[:, last] - hits
        n_cases, rows = weights.sum(axis=1, keepdims=True), np.arange(len(weights))
        found_so_far = np.pad(hits, ((0, 0), (1, 0)))
        n_allowed = [(false <= fp * n_cases).sum(axis=1) for fp in fp_per_case]
        found = np.mean([found_so_far[rows, n] for n in n_allowed], axis=0)
        return quotient(found, weights @ n_lesions)

    return statistic


def auroc_of(cases: Sequence[ScoredCase]) -> WeightedStatistic:
    """Return the statistic "area under the ROC curve of the case confidences"."""
    confidence = np.array([case.case_confidence for case in cases], dtype=np.float64)
    positive = np.array([case.has_lesion for case in cases], dtype=np.float64)
    order = np.argsort(confidence, kind="stable")
    first = np.flatnonzero(np.diff(confidence[order], prepend=-np.inf))

    def statistic(weights: Float) -> Float:
        weight = weights[:, order]
        # Cases of one confidence are one step; within it, half of the pairs count.
        right = np.add.reduceat(weight * positive[order], first, axis=1)
        wrong = np.add.reduceat(weight * (1 - positive[order]), first, axis=1)
        below = np.cumsum(wrong, axis=1) - wrong / 2
        return quotient((right * below).sum(axis=1), right.sum(axis=1) * wrong.sum(axis=1))

    return statistic if len(cases) else lambda weights: np.full(len(weights), nan)


def _falling(cases: Sequence[ScoredCase]) -> tuple[Float, Count, NDArray[np.intp]]:
    """Return the candidates above 0 by falling confidence, and the last one of each confidence.

    Of each candidate whether it is a lesion (0 or 1), and the number of its case.
    """
    confidence, is_lesion = flat_candidates(cases)
    of_case = np.repeat(np.arange(len(cases)), [len(case.candidates) for case in cases])
    order = np.argsort(-confidence, kind="stable")
    order = order[confidence[order] > 0]
    last = np.flatnonzero(np.diff(confidence[order], append=-1.0))
    return is_lesion[order].astype(np.float64), of_case[order], last


def quotient(parts: Float, wholes: Float) -> Float:
    """Divide, element by element; NaN where there is nothing to divide by."""
    result: Float = np.divide(parts, wholes, out=np.full(parts.shape, nan), where=wholes > 0)
    return result
