"""How sure a rank is: models ranked anew in every bootstrap resample of the cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Float
from napari_medassist.core.results import CaseEvaluation, LesionCounts, ScoredCase
from napari_medassist.evaluation.statistics.paired import OF_COUNTS, OfSums
from napari_medassist.evaluation.statistics.paired_detection import OF_SCORED
from napari_medassist.evaluation.statistics.ranking import Rankings, better_of, rank_models
from napari_medassist.evaluation.statistics.resampling import WeightedStatistic, mean_of, resampled
from napari_medassist.metrics.spec import Better

#: Number -> its statistic over the cases, of one model under one convention.
Statistics = Mapping[str, WeightedStatistic]


@dataclass(frozen=True, eq=False)
class RankStability:
    """Rankings, and how they hold when other cases had been drawn.

    Parameters
    ----------
    rankings
        Of the cases as they are.
    first
        (models, columns): share of the resamples in which the model is the best, 0..1; models that are
        equally good share it. NaN where the number is defined in no resample.
    low, high
        (models, columns): percentiles of its rank over the resamples.
    level
        Share of the resamples between these.
    n_resamples, n_cases
        Number of resamples; number of cases, the same for all models.
    """

    rankings: Rankings
    first: Float
    low: Float
    high: Float
    level: float
    n_resamples: int
    n_cases: int


def stability_of_ranks(
    statistics: Mapping[str, Mapping[str, Statistics]],
    n_cases: int,
    *,
    n_resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> RankStability:
    """Rank models by every number under every convention, in each of many resamples of the cases.

    Parameters
    ----------
    statistics
        Model -> convention -> number -> statistic, as :func:`statistics_of` gives them; the cases of
        all in one order.
    n_cases
        Number of cases.
    n_resamples, level, seed
        As in :func:`~napari_medassist.evaluation.statistics.resampling.bootstrap`. Every model and
        convention sees the same resamples.

    Raises
    ------
    InvalidSetting
        If there is no model.
    UnknownItem
        If it is not known which values of a number are better.

    Examples
    --------
    >>> steady, lucky = mean_of([0.7, 0.7, 0.7]), mean_of([0.6, 0.6, 1.0])
    >>> found = stability_of_ranks(
    ...     {"steady": {"x": {"mean dice": steady}}, "lucky": {"x": {"mean dice": lucky}}}, 3
    ... )
    >>> found.rankings.ranks.ravel().tolist(), bool(0.5 < found.first[1, 0] < 0.9)
    ([2.0, 1.0], True)
    """
    if not statistics:
        raise InvalidSetting("There is no model to rank.")
    once = np.ones((1, n_cases))
    rankings = rank_models(
        {
            model: {
                convention: {number: float(of(once)[0]) for number, of in numbers.items()}
                for convention, numbers in by_convention.items()
            }
            for model, by_convention in statistics.items()
        },
        better=BETTER_OF_SCORED,
    )
    draws = list(resampled(n_cases, n_resamples, seed))
    first, low, high = (np.full(rankings.values.shape, np.nan) for _ in range(3))
    tail = 50 * (1 - level)
    for place, column in enumerate(rankings.columns):
        of_models = [s.get(column.convention, {}).get(column.number) for s in statistics.values()]
        values = np.stack([_drawn(of, draws, n_resamples) for of in of_models])
        ranks = _ranks(values, better_of(column.number, BETTER_OF_SCORED))
        first[:, place] = _shares_of_first(ranks)
        for model, row in enumerate(ranks):
            defined = row[~np.isnan(row)]
            if defined.size:
                low[model, place], high[model, place] = np.percentile(defined, [tail, 100 - tail])
    return RankStability(rankings, first, low, high, level, n_resamples, n_cases)


#: Which values of the numbers of predictions with confidences are better.
BETTER_OF_SCORED = dict.fromkeys(OF_SCORED, Better.HIGHER)


def statistics_of(
    cases: Sequence[CaseEvaluation], scored: Sequence[ScoredCase] = ()
) -> dict[str, WeightedStatistic]:
    """Return the numbers that models are ranked by, as statistics of weighted cases.

    Parameters
    ----------
    cases
        Compared cases.
    scored
        The same cases with their candidates, if predictions have confidences.

    Returns
    -------
    dict
        ``mean <metric>`` for every metric of which higher or lower is better, over the cases where it
        is defined; ``micro_recall``, ``micro_precision``, ``micro_f1``, ``fp_per_case``; and, with
        scored cases, ``average_precision``, ``auroc``, ``froc``, ``sensitivity_at_1_fp``.
    """
    names = dict.fromkeys(name for case in cases for name in case.scores)
    means = {
        f"mean {name}": _mean_of([case.score(name) for case in cases])
        for name in names
        if _is_ordered(name)
    }
    counts = [case.counts or LesionCounts() for case in cases]
    columns = np.array(
        [(c.tp_reference, c.fn, c.tp_prediction, c.fp, 1) for c in counts], dtype=np.float64
    ).reshape(-1, 5)
    pooled = {name: _of_sums(columns, of_sums) for name, of_sums in OF_COUNTS.items()}
    detection = {name: of(scored) for name, of in OF_SCORED.items()} if scored else {}
    return {**means, **pooled, **detection}


def _mean_of(values: Sequence[float]) -> WeightedStatistic:
    """Return the mean where it is defined; infinite as soon as one infinite value weighs something.

    A convention that calls a missed lesion infinitely far must not rank a model higher for missing it.
    """
    column = np.asarray(values, dtype=np.float64)
    infinite = np.isinf(column).astype(np.float64)
    finite = mean_of(column)
    return lambda weights: np.where(weights @ infinite > 0, np.inf, finite(weights))


def _of_sums(columns: Float, of_sums: OfSums) -> WeightedStatistic:
    return lambda weights: of_sums(weights @ columns)


def _is_ordered(metric: str) -> bool:
    return better_of(f"mean {metric}", {}, strict=False) is not Better.NEITHER


def _drawn(statistic: WeightedStatistic | None, draws: Sequence[Float], n_resamples: int) -> Float:
    if statistic is None:
        return np.full(n_resamples, np.nan)
    return np.concatenate([statistic(weights) for weights in draws])


def _ranks(values: Float, better: Better) -> Float:
    """Rank (models, resamples) within each resample; 1 is best, equals share their mean rank."""
    signed = values if better is Better.LOWER else -values
    ahead = (signed[None, :] < signed[:, None]).sum(axis=1)
    equal = (signed[None, :] == signed[:, None]).sum(axis=1)
    ranks: Float = np.where(np.isnan(values), np.nan, ahead + (equal + 1) / 2)
    return ranks


def _shares_of_first(ranks: Float) -> Float:
    """Return how often each model is first; NaN if there is no resample with a first one."""
    ranked = np.asarray(~np.isnan(ranks).all(axis=0))
    best = np.nanmin(ranks[:, ranked], axis=0) if ranked.any() else np.zeros(0)
    is_best = ranks[:, ranked] == best
    shared = is_best / is_best.sum(axis=0)
    shares: Float = shared.mean(axis=1) if ranked.any() else np.full(len(ranks), np.nan)
    return shares
