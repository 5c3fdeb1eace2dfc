"""How headline numbers, and the ranking of models, move over conventions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

from napari_medassist.app.browser.headline import Headline
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.statistics.ranking import Rankings, rank_models

if TYPE_CHECKING:
    from napari_medassist.app.browser.model_results import ModelResults


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The same cases under several conventions.

    Parameters
    ----------
    conventions
        The conventions, in the order of the rows.
    headlines
        Model -> convention's name -> headline numbers.
    rankings
        How the models rank by each number under each convention; None if there is only one model.
    """

    conventions: tuple[Convention, ...]
    headlines: Mapping[str, Mapping[str, Headline]]
    rankings: Rankings | None = None

    @classmethod
    def of(
        cls, conventions: Sequence[Convention], found: Mapping[str, Mapping[str, ModelResults]]
    ) -> Sensitivity:
        """Sum up results: model -> convention's name -> results."""
        headlines = {
            model: {name: results.headline for name, results in by_convention.items()}
            for model, by_convention in found.items()
        }
        rankings = None
        if len(found) > 1:
            numbers = {
                model: {name: results.ranked_numbers() for name, results in by_convention.items()}
                for model, by_convention in found.items()
            }
            rankings = rank_models(numbers)
        return cls(tuple(conventions), headlines, rankings)

    def moved(self, model: str, number: str) -> tuple[float, float]:
        """Return the smallest and the largest value of a number over all conventions; NaN if none."""
        values = [headline[number] for headline in self.headlines[model].values()]
        defined = [value for value in values if not isnan(value)]
        return (min(defined), max(defined)) if defined else (nan, nan)
