"""The ranking of models in a few lines: who is first by which number, and where two swap places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_medassist.cli.inspect import table

if TYPE_CHECKING:
    from napari_medassist.evaluation.statistics.rank_stability import RankStability
    from napari_medassist.evaluation.statistics.ranking import Column, Rankings

#: Numbers of predictions with confidences, by the names of ``differences.csv``.
OF_CONFIDENCES = {
    "average_precision": "average precision",
    "auroc": "AUROC",
    "froc": "FROC, mean of 1/8..8 FP",
}
_NUMBERS = {
    "mean dice": "Dice",
    "mean hd95_mm": "HD95",
    "micro_recall": "recall",
    "micro_precision": "precision",
    "micro_f1": "F1",
    "fp_per_case": "FP/case",
    "average_precision": "AP",
    "auroc": "AUROC",
}

_MOST_NAMED = 4


def ranking_lines(found: RankStability) -> list[str]:
    """Return the table of the first models, and the swaps that come from the convention alone.

    Parameters
    ----------
    found
        The ranking of all models by all numbers under all conventions.
    """
    rankings = found.rankings
    numbers = [number for number in _NUMBERS if number in rankings.numbers]
    conventions = dict.fromkeys(column.convention for column in rankings.columns)
    cells = {(c.convention, c.number): _first(found, place) for place, c in enumerate(rankings.columns)}
    rows = [(name, *(cells.get((name, number), "-") for number in numbers)) for name in conventions]
    title = f"First of {len(rankings.models)} models over the {found.n_cases} cases that all have"
    return [
        f"{title}, and the share of resamples in which it is:",
        *table([("convention", *(_NUMBERS[number] for number in numbers)), *rows]),
        *(_swaps(rankings, numbers) if len(conventions) > 1 else []),
    ]


def _first(found: RankStability, place: int) -> str:
    """Return the best model of a column with its share of resamples, as ``A 97 %``."""
    rankings = found.rankings
    winners = rankings.winners[rankings.columns[place]]
    if not winners:
        return "-"
    if len(winners) > 1:
        return "all equal" if len(winners) == len(rankings.models) else " = ".join(winners)
    return f"{winners[0]} {100 * found.first[rankings.models.index(winners[0]), place]:.0f} %"


def _swaps(rankings: Rankings, numbers: list[str]) -> list[str]:
    lines = [
        f"  {_NUMBERS[number]}: {flip.first} is ahead under {_names(flip.first_ahead)}; "
        f"{flip.second} under {_names(flip.second_ahead)}"
        for number in numbers
        for flip in rankings.by(number).flips
    ]
    title = "Models that swap places with the convention alone:"
    return ["", title, *lines] if lines else ["", f"{title} none."]


def _names(columns: tuple[Column, ...]) -> str:
    names = [column.convention for column in columns]
    told = ", ".join(names[:_MOST_NAMED])
    return told if len(names) <= _MOST_NAMED else f"{told} and {len(names) - _MOST_NAMED} more"
