"""Which model is best under which number and convention, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import isnan
from typing import Any

import numpy as np

from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation, ScoredCase
from napari_medassist.evaluation.statistics.paired import Resampling
from napari_medassist.evaluation.statistics.rank_stability import (
    RankStability,
    Statistics,
    stability_of_ranks,
    statistics_of,
)
from napari_medassist.evaluation.statistics.ranking import Column, Flip, Rankings
from napari_medassist.evaluation.tables.results import Table, Values

RANKING_COLUMNS = (
    "model",
    "convention",
    "number",
    "value",
    "n_cases",
    "rank",
    "share_of_resamples_first",
    "rank_low",
    "rank_high",
)

#: Convention -> model -> its evaluation.
Under = Mapping[str, Mapping[str, CohortEvaluation]]


def rank_cohorts(under: Under, *, how: Resampling) -> RankStability | None:
    """Rank models by every headline number under every convention, over the cases of all of them.

    Parameters
    ----------
    under
        The evaluations; cases belong together by name.
    how
        How many resamples are drawn, and the level of their intervals.

    Returns
    -------
    RankStability or None
        None if no case could be compared for every model under every convention. Numbers of confidences
        are ranked where every model has them.
    """
    names = common_cases(under)
    if not names:
        return None
    models = dict.fromkeys(model for by_model in under.values() for model in by_model)
    statistics: dict[str, dict[str, Statistics]] = {
        model: {
            convention: _statistics(by_model[model], names) for convention, by_model in under.items()
        }
        for model in models
    }
    return stability_of_ranks(
        _shared(statistics), len(names), n_resamples=how.n_resamples, level=how.level, seed=how.seed
    )


def common_cases(under: Under) -> tuple[str, ...]:
    """Return the names of the cases that were compared for every model under every convention."""
    sets = [
        {case.case for case in cohort.compared}
        for by_model in under.values()
        for cohort in by_model.values()
    ]
    return tuple(sorted(set.intersection(*sets))) if sets else ()


def ranking_table(found: RankStability) -> Table:
    """Return ``rankings.csv``: a row a model, convention and number; undefined ones have no rank."""

    def rows() -> Iterator[Values]:
        rankings = found.rankings
        for (i, model), (j, column) in product(enumerate(rankings.models), enumerate(rankings.columns)):
            values = (rankings.ranks, found.first, found.low, found.high)
            yield (
                model,
                column.convention,
                column.number,
                float(rankings.values[i, j]),
                found.n_cases,
                *(float(array[i, j]) for array in values),
            )

    return Table(RANKING_COLUMNS, rows)


def ranking_summary(found: RankStability) -> dict[str, Any]:
    """Return what ``comparison.json`` says of rankings: where models swap places, and Kendall's tau."""
    rankings = found.rankings
    return {
        "n_cases": found.n_cases,
        "n_resamples": found.n_resamples,
        "level": found.level,
        "flips_with_the_convention": {
            number: [_flip(flip) for flip in rankings.by(number).flips] for number in rankings.numbers
        },
        "flips_with_the_number": {
            convention: [
                {**_models_of(flip), "first_ahead": _numbers(flip.first_ahead)}
                | {"second_ahead": _numbers(flip.second_ahead)}
                for flip in _under(rankings, convention).flips
            ]
            for convention in dict.fromkeys(column.convention for column in rankings.columns)
        },
        "kendall_tau": {number: kendall_tau(rankings.by(number)) for number in rankings.numbers},
    }


def kendall_tau(rankings: Rankings) -> dict[str, Any]:
    """Return Kendall's tau-b between all conventions, of rankings by one number; None if undefined."""
    taus = [[rankings.concordance(a, b) for b in rankings.columns] for a in rankings.columns]
    return {
        "conventions": [column.convention for column in rankings.columns],
        "tau": [[None if isnan(tau) else tau for tau in row] for row in taus],
    }


def _statistics(cohort: CohortEvaluation, names: Sequence[str]) -> Statistics:
    cases: dict[str, CaseEvaluation] = {case.case: case for case in cohort.compared}
    scored: dict[str, ScoredCase] = {case.case: case for case in scored_cases(cohort)}
    has_all = all(name in scored for name in names)
    return statistics_of(
        [cases[name] for name in names], [scored[name] for name in names] if has_all else ()
    )


def _shared(statistics: Mapping[str, Mapping[str, Statistics]]) -> dict[str, dict[str, Statistics]]:
    """Keep the numbers that every model has under a convention."""
    by_model = list(statistics.values())
    return {
        model: {
            convention: {
                number: of
                for number, of in numbers.items()
                if all(number in other[convention] for other in by_model)
            }
            for convention, numbers in own.items()
        }
        for model, own in statistics.items()
    }


def _under(rankings: Rankings, convention: str) -> Rankings:
    places = [i for i, column in enumerate(rankings.columns) if column.convention == convention]
    columns = tuple(rankings.columns[i] for i in places)
    picked = (np.asarray(array)[:, places] for array in (rankings.values, rankings.ranks))
    return Rankings(rankings.models, columns, *picked)


def _flip(flip: Flip) -> dict[str, Any]:
    return {
        **_models_of(flip),
        "first_ahead": [column.convention for column in flip.first_ahead],
        "second_ahead": [column.convention for column in flip.second_ahead],
    }


def _models_of(flip: Flip) -> dict[str, Any]:
    return {"first": flip.first, "second": flip.second}


def _numbers(columns: Sequence[Column]) -> list[str]:
    return [column.number for column in columns]
