"""Which model is best depends on the number one looks at: rankings over metrics and conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import nan

import numpy as np
from scipy.stats import rankdata

from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.geometry import Float
from napari_medassist.core.results import CohortEvaluation
from napari_medassist.evaluation.statistics.paired import OF_COUNTS
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Better

#: Number -> value, of one model under one convention.
Headline = Mapping[str, float]

_MEAN = "mean "


@dataclass(frozen=True)
class Column:
    """One number under one convention: something to rank models by."""

    convention: str
    number: str


@dataclass(frozen=True)
class Flip:
    """Two models that swap places.

    Parameters
    ----------
    first, second
        The models.
    first_ahead, second_ahead
        Where the first is strictly better, and where the second is; neither is empty.
    """

    first: str
    second: str
    first_ahead: tuple[Column, ...]
    second_ahead: tuple[Column, ...]


@dataclass(frozen=True, eq=False)
class Rankings:
    """How models rank under several numbers and conventions.

    Parameters
    ----------
    models, columns
        What the rows and the columns of the two arrays stand for.
    values
        (models, columns); NaN where a number is not defined.
    ranks
        (models, columns): 1 is best, equal values share the mean of their ranks; NaN where undefined.
    """

    models: tuple[str, ...]
    columns: tuple[Column, ...]
    values: Float
    ranks: Float

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Every pair of models of which either is strictly better somewhere."""
        found = []
        for i, j in combinations(range(len(self.models)), 2):
            ahead = tuple(c for c, r in zip(self.columns, self.ranks.T, strict=True) if r[i] < r[j])
            behind = tuple(c for c, r in zip(self.columns, self.ranks.T, strict=True) if r[i] > r[j])
            if ahead and behind:
                found.append(Flip(self.models[i], self.models[j], ahead, behind))
        return tuple(found)

    @property
    def winners(self) -> Mapping[Column, tuple[str, ...]]:
        """The best model of each column; several if they are equal, none if nothing is defined."""
        return {
            column: tuple(m for m, r in zip(self.models, ranks, strict=True) if r == np.nanmin(ranks))
            if not np.isnan(ranks).all()
            else ()
            for column, ranks in zip(self.columns, self.ranks.T, strict=True)
        }

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers that models are ranked by, under whatever convention."""
        return tuple(dict.fromkeys(column.number for column in self.columns))

    def by(self, number: str) -> Rankings:
        """Return the rankings by one number: a column for each convention that has it."""
        places = [i for i, column in enumerate(self.columns) if column.number == number]
        columns = tuple(self.columns[i] for i in places)
        return Rankings(self.models, columns, self.values[:, places], self.ranks[:, places])

    def concordance(self, first: Column, second: Column) -> float:
        """Return Kendall's tau-b of the rankings by two columns, -1..1.

        Over the models that are ranked in both; NaN if there are fewer than two, or all are equal.

        Raises
        ------
        UnknownItem
            If there is no such column.
        """
        a, b = (self.ranks[:, self._place(column)] for column in (first, second))
        ranked = ~(np.isnan(a) | np.isnan(b))
        upper = np.triu_indices(int(ranked.sum()), k=1)
        signs = [np.sign(r[:, None] - r[None, :])[upper] for r in (a[ranked], b[ranked])]
        untied = [int(np.count_nonzero(s)) for s in signs]
        return float(signs[0] @ signs[1]) / (untied[0] * untied[1]) ** 0.5 if all(untied) else nan

    def _place(self, column: Column) -> int:
        if column not in self.columns:
            raise UnknownItem(f"Nothing was ranked by {column.number} under {column.convention}.")
        return self.columns.index(column)


def headline(cohort: CohortEvaluation) -> dict[str, float]:
    """Return the numbers of a cohort that models are ranked by.

    ``mean <metric>`` for every metric of which higher or lower is better, and those of lesion totals:
    ``micro_recall``, ``micro_precision``, ``micro_f1``, ``fp_per_case``. NaN where undefined.
    """
    ordered = [name for name in cohort.means if _better_metric(name) is not Better.NEITHER]
    means = {_MEAN + name: cohort.means[name].value for name in ordered}
    counts, n_cases = cohort.totals, len(cohort.compared)
    sums = np.array(
        [[counts.tp_reference, counts.fn, counts.tp_prediction, counts.fp, n_cases]], dtype=np.float64
    )
    return {**means, **{name: float(of_sums(sums)[0]) for name, of_sums in OF_COUNTS.items()}}


def rank_models(
    results: Mapping[str, Mapping[str, Headline]], *, better: Mapping[str, Better] | None = None
) -> Rankings:
    """Rank models by every number under every convention.

    Parameters
    ----------
    results
        Model -> convention -> number -> value, as :func:`headline` gives them. Where a model lacks a
        number it is not ranked by it.
    better
        Whether higher or lower is better, for numbers that are not those of :func:`headline`.

    Raises
    ------
    InvalidSetting
        If there is no model.
    UnknownItem
        If it is not known which values of a number are better.

    Examples
    --------
    >>> bold = {"micro_recall": 0.9, "micro_precision": 0.5}
    >>> shy = {"micro_recall": 0.6, "micro_precision": 0.8}
    >>> rankings = rank_models({"bold": {"medassist": bold}, "shy": {"medassist": shy}})
    >>> rankings.ranks.tolist(), len(rankings.flips)
    ([[1.0, 2.0], [2.0, 1.0]], 1)
    """
    if not results:
        raise InvalidSetting("There is no model to rank.")
    columns = dict.fromkeys(
        Column(convention, number)
        for by_convention in results.values()
        for convention, numbers in by_convention.items()
        for number in numbers
    )
    values = np.array(
        [
            [by_convention.get(c.convention, {}).get(c.number, nan) for c in columns]
            for by_convention in results.values()
        ],
        dtype=np.float64,
    ).reshape(len(results), len(columns))
    ranks = np.full(values.shape, nan)
    for place, column in enumerate(columns):
        direction = better_of(column.number, better or {})
        ranks[:, place] = _ranked(values[:, place], direction)
    return Rankings(tuple(results), tuple(columns), values, ranks)


def _ranked(values: Float, better: Better) -> Float:
    ranks = np.full(values.shape, nan)
    defined = ~np.isnan(values)
    ranks[defined] = rankdata(values[defined] if better is Better.LOWER else -values[defined])
    return ranks


def better_of(number: str, given: Mapping[str, Better], *, strict: bool = True) -> Better:
    """Return whether higher or lower values of a number are better.

    Parameters
    ----------
    number
        As :func:`headline` names them, or one of ``given``.
    given
        What is known of others.
    strict
        Whether to raise where neither is; else ``NEITHER`` is returned.

    Raises
    ------
    UnknownItem
        If it is not known, unless not strict.
    """
    if number in given:
        return given[number]
    if number in OF_COUNTS:
        return Better.LOWER if number == "fp_per_case" else Better.HIGHER
    known = _better_metric(number.removeprefix(_MEAN))
    if strict and known is Better.NEITHER:
        raise UnknownItem(
            f"It is not known whether a higher or a lower '{number}' is better.",
            cure="Say so in 'better', or leave it out.",
        )
    return known


def _better_metric(name: str) -> Better:
    return METRICS.get(name).better if name in METRICS.names() else Better.NEITHER
