"""Two or more models against one reference: both levels side by side, and how sure a difference is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from napari_medassist.app.cohort.files import Source, evaluate_source
from napari_medassist.app.cohort.output import (
    versions,
    writable_folder,
    write_csv,
    write_json,
    write_text,
)
from napari_medassist.app.cohort.run import Running
from napari_medassist.app.cohort.sensitivity import SENSITIVITY_COLUMNS, headline_of
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.results import CohortEvaluation
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.masks import LabelChoice
from napari_medassist.evaluation.paired import PairedComparison, Resampling, compare_cohorts
from napari_medassist.evaluation.tables import Table, Values

_FOLDER_NAME = re.compile(r"[\w-][\w .+-]*")

MODEL_COLUMNS = ("model", *SENSITIVITY_COLUMNS[1:])
DIFFERENCE_COLUMNS = (
    "first",
    "second",
    "metric",
    "value_first",
    "value_second",
    "difference",
    "low",
    "high",
    "p_value",
    "n_cases",
    "n_dropped",
)


@dataclass(frozen=True)
class ModelComparison:
    """Several models on the same cases.

    Parameters
    ----------
    cohorts
        The evaluation of each model, by name.
    differences
        (first model, second model) -> metric -> the paired comparison, first minus second.
    """

    cohorts: Mapping[str, CohortEvaluation]
    differences: Mapping[tuple[str, str], Mapping[str, PairedComparison]]

    def models(self) -> Table:
        """Return ``models.csv``: a row a model with the headline numbers of all its compared cases."""

        def rows() -> Iterator[Values]:
            for name, cohort in self.cohorts.items():
                yield (name, *headline_of(cohort))

        return Table(MODEL_COLUMNS, rows)

    def paired(self) -> Table:
        """Return ``differences.csv``: a row a metric and pair of models, over the cases of both."""

        def rows() -> Iterator[Values]:
            for (first, second), by_metric in self.differences.items():
                for metric, found in by_metric.items():
                    yield (first, second, metric, *_values(found))

        return Table(DIFFERENCE_COLUMNS, rows)


def compare_models(
    sources: Mapping[str, Source],
    out_dir: Path,
    *,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    running: Running | None = None,
    how: Resampling | None = None,
) -> ModelComparison:
    """Compare several models with one reference and with each other, and write the tables.

    Parameters
    ----------
    sources
        The files of each model, by its name.
    out_dir
        Where ``models.csv``, ``differences.csv``, ``comparison.json`` and ``convention.yaml`` go, and,
        in a folder a model, the tables of its cases.
    label, convention, running
        As in :func:`~napari_medassist.app.cohort.files.evaluate_source`.
    how
        How intervals and p-values are drawn.

    Raises
    ------
    InvalidSetting
        If there are fewer than two models, or their references differ.
    WriteFailed
        If the tables cannot be written.
    """
    if len(sources) < 2:
        raise InvalidSetting("To compare models, there must be two or more.")
    folder = writable_folder(out_dir.expanduser())
    how = how or Resampling()
    cohorts = {
        name: evaluate_source(
            source, folder / name, label=label, convention=convention, running=running
        )
        for name, source in sources.items()
    }
    differences = {
        pair: compare_cohorts(cohorts[pair[0]], cohorts[pair[1]], how=how)
        for pair in combinations(cohorts, 2)
    }
    comparison = ModelComparison(cohorts, differences)
    write_csv(folder / "models.csv", comparison.models())
    write_csv(folder / "differences.csv", comparison.paired())
    write_json(folder / "comparison.json", _summary(comparison, sources, convention, how))
    write_text(folder / "convention.yaml", convention.to_yaml())
    return comparison


def _summary(
    comparison: ModelComparison,
    sources: Mapping[str, Source],
    convention: Convention,
    how: Resampling,
) -> dict[str, Any]:
    return {
        "models": {name: dict(source.about) for name, source in sources.items()},
        "not_compared": {
            name: [case.case for case in cohort.cases if case.status != "ok"]
            for name, cohort in comparison.cohorts.items()
        },
        "resampling": vars(how),
        "convention": convention.settings(),
        "versions": versions(),
    }


def names_of(places: Sequence[str]) -> dict[str, str]:
    """Return models by name: ``NAME=PLACE``, or a place that names its model by its last part.

    Raises
    ------
    InvalidSetting
        If two models have one name, or a name is no name for a folder.
    """
    models: dict[str, str] = {}
    for text in places:
        name, equals, place = text.partition("=")
        if not equals:
            name, place = Path(text).resolve().name, text
        if not _FOLDER_NAME.fullmatch(name) or name in models:
            raise InvalidSetting(
                f"'{name}' cannot name a model here, or names two.",
                cure="Write NAME=FOLDER with a name of its own for each.",
            )
        models[name] = place
    return models


def _values(found: PairedComparison) -> Values:
    interval = found.difference
    return (
        found.first,
        found.second,
        interval.value,
        interval.low,
        interval.high,
        found.p_value,
        found.n_cases,
        found.n_dropped,
    )
