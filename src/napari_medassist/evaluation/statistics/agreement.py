"""How far two metrics agree over cases: correlation, and Cohen's kappa at varying cut-offs.

Every figure comes with a bootstrap interval over cases, and with the number of cases that were left
out because one of the two metrics is not defined (or not finite) in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.results import CaseEvaluation, Status
from napari_medassist.evaluation.detection.curves import LesionCurve
from napari_medassist.evaluation.disagreement import lesion_f1
from napari_medassist.evaluation.statistics.resampling import (
    Interval,
    WeightedStatistic,
    bootstrap,
    quotient,
)
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Better

#: Below this share of its scale a spread is rounding, and a correlation has no meaning.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class CaseValues:
    """One number a case.

    Parameters
    ----------
    name
        What it is.
    values
        (cases,); NaN where it is not defined.
    better
        Whether a higher or a lower value is better. Correlations turn a "lower is better" round, so
        that agreement is positive.
    """

    name: str
    values: Float
    better: Better = Better.HIGHER

    @classmethod
    def of(cls, cases: Iterable[CaseEvaluation], metric: str) -> Self:
        """Return a registered metric, or ``lesion_f1``, of the compared cases.

        Raises
        ------
        UnknownItem
            If there is no metric of the name.
        """
        compared = [case for case in cases if case.status is Status.OK]
        if metric == "lesion_f1":
            return cls(metric, np.array([lesion_f1(case.counts) for case in compared], dtype=float))
        better = METRICS.get(metric).better
        return cls(metric, np.array([case.score(metric) for case in compared], dtype=float), better)

    @classmethod
    def of_curves(cls, curves: Iterable[LesionCurve], *, recall: float) -> Self:
        """Return the recall-controlled precision of the curve of each case."""
        values = [curve.precision_at_recall(recall) for curve in curves]
        return cls(f"precision at recall {recall:g}", np.array(values, dtype=float))

    @property
    def oriented(self) -> Float:
        """The values, negated where lower is better: larger is better."""
        return -self.values if self.better is Better.LOWER else self.values

    def is_good(self, cut_off: float) -> NDArray[np.bool_]:
        """Tell for each case whether its value is at least as good as a cut-off."""
        return self.values <= cut_off if self.better is Better.LOWER else self.values >= cut_off


@dataclass(frozen=True)
class Correlation:
    """How two metrics rise together.

    Parameters
    ----------
    first, second
        Their names. Metrics of which lower is better are negated.
    pearson, spearman
        Of the values, and of their ranks (equal values share the mean rank).
    n_pairs, n_dropped
        Cases where both are finite, and the others, which are left out.
    """

    first: str
    second: str
    pearson: Interval
    spearman: Interval
    n_pairs: int
    n_dropped: int


@dataclass(frozen=True)
class KappaAtCutOffs:
    """How far two metrics call the same cases good.

    Parameters
    ----------
    first, second
        Their names.
    first_cut_off, second_cut_off
        From where on each calls a case good; inclusive.
    kappa
        Cohen's kappa of the calls; NaN where both call all cases alike.
    n_first_good, n_second_good
        Number of cases that each calls good.
    n_pairs, n_dropped
        Cases where both are finite, and the others, which are left out.
    """

    first: str
    second: str
    first_cut_off: float
    second_cut_off: float
    kappa: Interval
    n_first_good: int
    n_second_good: int
    n_pairs: int
    n_dropped: int


def correlation(
    first: CaseValues, second: CaseValues, *, n_resamples: int = 2000, seed: int = 0
) -> Correlation:
    """Correlate two metrics over cases, with 95 % bootstrap intervals.

    Parameters
    ----------
    first, second
        Values of the same cases in the same order.
    n_resamples, seed
        Of the bootstrap.

    Raises
    ------
    InvalidSetting
        If the numbers of cases differ.
    """
    paired = _both_finite(first, second)
    x, y = first.oriented[paired], second.oriented[paired]
    n_pairs = int(paired.sum())
    pearson, spearman = (
        bootstrap(statistic, n_pairs, n_resamples=n_resamples, seed=seed)
        for statistic in (pearson_of(x, y), spearman_of(x, y))
    )
    n_dropped = paired.size - n_pairs
    return Correlation(first.name, second.name, pearson, spearman, n_pairs, n_dropped)


def kappas(
    first: CaseValues,
    second: CaseValues,
    *,
    first_cut_offs: Sequence[float],
    second_cut_offs: Sequence[float],
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[KappaAtCutOffs, ...]:
    """Compare the good cases of two metrics at every pair of cut-offs, with 95 % bootstrap intervals.

    Parameters
    ----------
    first, second
        Values of the same cases in the same order.
    first_cut_offs, second_cut_offs
        Every pair of them is looked at, the second running fastest.
    n_resamples, seed
        Of the bootstrap.

    Raises
    ------
    InvalidSetting
        If the numbers of cases differ.
    """
    paired = _both_finite(first, second)
    n_pairs = int(paired.sum())
    results = []
    for d in first_cut_offs:
        for p in second_cut_offs:
            a, b = first.is_good(d)[paired], second.is_good(p)[paired]
            results.append(
                KappaAtCutOffs(
                    first=first.name,
                    second=second.name,
                    first_cut_off=d,
                    second_cut_off=p,
                    kappa=bootstrap(kappa_of(a, b), n_pairs, n_resamples=n_resamples, seed=seed),
                    n_first_good=int(a.sum()),
                    n_second_good=int(b.sum()),
                    n_pairs=n_pairs,
                    n_dropped=paired.size - n_pairs,
                )
            )
    return tuple(results)


def pearson_of(x: Float, y: Float) -> WeightedStatistic:
    """Return the statistic "Pearson correlation"; NaN where one of the two does not vary."""
    if not x.size:
        return lambda weights: np.full(len(weights), nan)
    # Centred first: sums of squares of large numbers would lose the digits that count.
    u, v = x - x.mean(), y - y.mean()
    columns = np.stack([u, v, u * u, v * v, u * v], axis=1)

    def statistic(weights: Float) -> Float:
        return _correlation_from_means(weights @ columns / weights.sum(axis=1, keepdims=True))

    return statistic


def spearman_of(x: Float, y: Float) -> WeightedStatistic:
    """Return the statistic "Spearman correlation"; ranks are taken anew in every resample."""
    if not x.size:
        return lambda weights: np.full(len(weights), nan)
    ranks_x, ranks_y = _weighted_ranks(x), _weighted_ranks(y)

    def statistic(weights: Float) -> Float:
        n = weights.sum(axis=1, keepdims=True)
        u, v = (ranks(weights) / n - 0.5 for ranks in (ranks_x, ranks_y))
        means = [(weights * part).sum(axis=1) for part in (u, v, u * u, v * v, u * v)]
        return _correlation_from_means(np.stack(means, axis=1) / n)

    return statistic


def kappa_of(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> WeightedStatistic:
    """Return the statistic "Cohen's kappa" of two yes-or-no calls; NaN where chance alone agrees."""
    columns = np.stack([a, b, a == b], axis=1).astype(np.float64)

    def statistic(weights: Float) -> Float:
        total = weights.sum(axis=1, keepdims=True)
        share = quotient(weights @ columns, np.broadcast_to(total, (len(weights), 3)))
        by_chance = share[:, 0] * share[:, 1] + (1 - share[:, 0]) * (1 - share[:, 1])
        return quotient(share[:, 2] - by_chance, 1 - by_chance)

    return statistic


def _correlation_from_means(means: Float) -> Float:
    """From the means of u, v, u², v² and uv, (resamples, 5), to the correlation."""
    u, v, uu, vv, uv = means.T
    spread_u, spread_v = uu - u * u, vv - v * v
    varies = (spread_u > _ROUNDING * uu) & (spread_v > _ROUNDING * vv)
    scale = np.where(varies, np.sqrt(np.abs(spread_u * spread_v)), 0.0)
    return np.clip(quotient(uv - u * v, scale), -1, 1)


def _weighted_ranks(values: Float) -> WeightedStatistic:
    """Return what ranks the values when each occurs as often as its weight, equal ones at the mean."""
    order = np.argsort(values, kind="stable")
    first = np.flatnonzero(np.diff(values[order], prepend=-np.inf))
    n_equal = np.diff(np.append(first, values.size))

    def ranks(weights: Float) -> Float:
        together = np.add.reduceat(weights[:, order], first, axis=1)
        middle = np.cumsum(together, axis=1) - together / 2
        result = np.empty_like(weights)
        result[:, order] = np.repeat(middle, n_equal, axis=1)
        return result

    return ranks


def _both_finite(first: CaseValues, second: CaseValues) -> NDArray[np.bool_]:
    if first.values.shape != second.values.shape:
        raise InvalidSetting(
            f"'{first.name}' has {first.values.size} cases and '{second.name}' {second.values.size}."
        )
    both: NDArray[np.bool_] = np.isfinite(first.values) & np.isfinite(second.values)
    return both
