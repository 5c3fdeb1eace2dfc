"""Two or more models against one reference: both levels side by side, and how sure a difference is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from napari_medassist.app.cohort.common_cases import over_common_cases
from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.app.cohort.files import Source
from napari_medassist.app.cohort.labels_held import absent_summary
from napari_medassist.app.cohort.model_sources import names_of as names_of
from napari_medassist.app.cohort.output import (
    versions,
    writable_folder,
    write_csv,
    write_json,
    write_results,
    write_text,
)
from napari_medassist.app.cohort.rankings import (
    Under,
    common_cases,
    rank_cohorts,
    ranking_summary,
    ranking_table,
)
from napari_medassist.app.cohort.run import Running, evaluate_under
from napari_medassist.app.cohort.sensitivity import (
    CONFIDENCE_COLUMNS,
    SENSITIVITY_COLUMNS,
    confidence_headline_of,
    headline_of,
)
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.results import CohortEvaluation
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.inputs.masks import Kind, LabelChoice, checked_labels
from napari_medassist.evaluation.statistics.multiplicity import holm
from napari_medassist.evaluation.statistics.paired import PairedComparison, Resampling, compare_cohorts
from napari_medassist.evaluation.statistics.paired_detection import compare_scored
from napari_medassist.evaluation.statistics.rank_stability import RankStability
from napari_medassist.evaluation.tables.results import Table, Values

#: Numbers over the cases that all models have; those of all its own cases stand without the prefix.
_COMMON = "common_"
#: The columns of ``models.csv``.
MODEL_COLUMNS = (
    "model",
    *SENSITIVITY_COLUMNS[1:],
    *CONFIDENCE_COLUMNS,
    "n_common",
    *(f"{_COMMON}{name}" for name in (*SENSITIVITY_COLUMNS[3:], *CONFIDENCE_COLUMNS)),
)
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
    "p_holm",
)


@dataclass(frozen=True)
class ModelComparison:
    """Several models on the same cases.

    Parameters
    ----------
    cohorts
        The evaluation of each model, by name.
    differences
        (first model, second model) -> number -> the paired comparison, first minus second.
    under
        Convention -> model -> its evaluation; the convention of ``cohorts`` first.
    stability
        The models ranked by every number under every convention, over the cases that all have; None if
        there is no such case.
    """

    cohorts: Mapping[str, CohortEvaluation]
    differences: Mapping[tuple[str, str], Mapping[str, PairedComparison]]
    under: Under = field(default_factory=dict)
    stability: RankStability | None = None

    def models(self) -> Table:
        """Return ``models.csv``: a row a model with its headline numbers.

        First those over all its own compared cases, which may be others for each model. Then, as
        ``common_...``, those over the ``n_common`` cases that were compared for every model.
        """

        def rows() -> Iterator[Values]:
            common = over_common_cases(self.cohorts)
            for name, cohort in self.cohorts.items():
                yield (name, *_headline(cohort), *_over_common(common.get(name)))

        return Table(MODEL_COLUMNS, rows)

    def paired(self) -> Table:
        """Return ``differences.csv``: a row a number and pair of models, over the cases of both.

        ``p_holm`` is the p-value adjusted by Holm's method for all pairs of models, each number by
        itself.
        """
        adjusted = self.adjusted_p_values

        def rows() -> Iterator[Values]:
            for pair, by_number in self.differences.items():
                for number, found in by_number.items():
                    yield (*pair, number, *_values(found), adjusted[pair, number])

        return Table(DIFFERENCE_COLUMNS, rows)

    @property
    def n_common(self) -> int:
        """Number of cases that were compared for every model."""
        return len(common_cases({"": self.cohorts}))

    @property
    def adjusted_p_values(self) -> Mapping[tuple[tuple[str, str], str], float]:
        """(pair of models, number) -> p-value after Holm, over all pairs of models."""
        numbers = dict.fromkeys(number for found in self.differences.values() for number in found)
        adjusted: dict[tuple[tuple[str, str], str], float] = {}
        for number in numbers:
            pairs = [pair for pair, found in self.differences.items() if number in found]
            values = holm([self.differences[pair][number].p_value for pair in pairs])
            adjusted |= {(pair, number): float(p) for pair, p in zip(pairs, values, strict=True)}
        return adjusted


def compare_models(
    sources: Mapping[str, Source],
    out_dir: Path,
    *,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    running: Running | None = None,
    how: Resampling | None = None,
    kinds: Mapping[str, Kind] | None = None,
    under: Sequence[Convention] = (),
) -> ModelComparison:
    """Compare several models with one reference and with each other, and write the tables.

    Parameters
    ----------
    sources
        The files of each model, by its name.
    out_dir
        Where ``models.csv``, ``differences.csv``, ``rankings.csv``, ``comparison.json`` and
        ``convention.yaml`` go, and, in a folder a model, the tables of its cases.
    label, convention, running
        As in :func:`~napari_medassist.app.cohort.files.evaluate_source`.
    how
        How intervals and p-values are drawn.
    kinds
        What the predictions of a model hold, by its name; labels where nothing is said. Where both
        models of a pair have confidences, average precision, AUROC and FROC are compared too.
    under
        Further conventions to rank the models under. Each prediction is read once for all of them.

    Raises
    ------
    InvalidSetting
        If there are fewer than two models, two conventions have one name, or references differ.
    WriteFailed
        If the tables cannot be written.
    """
    if len(sources) < 2:
        raise InvalidSetting("To compare models, there must be two or more.")
    conventions = _different(convention, under)
    how, kinds = how or Resampling(), kinds or {}
    folder = writable_folder(out_dir.expanduser())
    by_model = {
        name: _evaluated(source, folder / name, conventions, label, running, kinds.get(name, "labels"))
        for name, source in sources.items()
    }
    by_convention = {
        one.name: {name: cohorts[place] for name, cohorts in by_model.items()}
        for place, one in enumerate(conventions)
    }
    cohorts = by_convention[convention.name]
    comparison = ModelComparison(
        cohorts=cohorts,
        differences={
            (a, b): _differences(cohorts[a], cohorts[b], how) for a, b in combinations(cohorts, 2)
        },
        under=by_convention,
        stability=rank_cohorts(by_convention, how=how),
    )
    _write(comparison, folder, sources, convention, how)
    return comparison


def _different(convention: Convention, others: Sequence[Convention]) -> tuple[Convention, ...]:
    """Return all conventions once, the main one first."""
    chosen = (convention, *(other for other in others if other != convention))
    names = [one.name for one in chosen]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidSetting(
            f"Two conventions are called '{twice}'.", cure="Give each a name of its own."
        )
    return chosen


def _evaluated(
    source: Source,
    folder: Path,
    conventions: Sequence[Convention],
    label: LabelChoice,
    running: Running | None,
    kind: Kind,
) -> tuple[CohortEvaluation, ...]:
    """Evaluate a model under all conventions, and write the tables of the first one."""
    wanted = checked_labels(label)
    cohorts = evaluate_under(conventions, source.found.pairs, label=wanted, kind=kind, running=running)
    passed_over = [str(path) for path in source.found.passed_over]
    about = {**source.about, "labels": wanted, "kind": kind, "passed_over": passed_over}
    about |= absent_summary(cohorts[0], wanted)
    write_results(cohorts[0], conventions[0], writable_folder(folder), about=about)
    return cohorts


def _differences(
    first: CohortEvaluation, second: CohortEvaluation, how: Resampling
) -> Mapping[str, PairedComparison]:
    """Compare two models: means and counts, and, where both have confidences, their curves."""
    scored = [scored_cases(cohort) for cohort in (first, second)]
    of_curves = compare_scored(*scored, how=how) if all(scored) else {}
    return {**compare_cohorts(first, second, how=how), **of_curves}


def _write(
    comparison: ModelComparison,
    folder: Path,
    sources: Mapping[str, Source],
    convention: Convention,
    how: Resampling,
) -> None:
    write_csv(folder / "models.csv", comparison.models())
    write_csv(folder / "differences.csv", comparison.paired())
    if comparison.stability is not None:
        write_csv(folder / "rankings.csv", ranking_table(comparison.stability))
    write_json(folder / "comparison.json", _summary(comparison, sources, convention, how))
    write_text(folder / "convention.yaml", convention.to_yaml())


def _summary(
    comparison: ModelComparison,
    sources: Mapping[str, Source],
    convention: Convention,
    how: Resampling,
) -> dict[str, Any]:
    stability, n_pairs = comparison.stability, len(comparison.differences)
    return {
        "models": {name: dict(source.about) for name, source in sources.items()},
        "not_compared": {
            name: [case.case for case in cohort.cases if case.status != "ok"]
            for name, cohort in comparison.cohorts.items()
        },
        "n_common_cases": comparison.n_common,
        "rankings": None if stability is None else ranking_summary(stability),
        "multiplicity": f"p_holm: Holm's method over the {n_pairs} pair(s) of models, each number by "
        "itself; numbers are not adjusted for each other.",
        "resampling": vars(how),
        "convention": convention.settings(),
        "conventions": list(comparison.under),
        "versions": versions(),
    }


def _headline(cohort: CohortEvaluation) -> Values:
    return (*headline_of(cohort), *confidence_headline_of(cohort))


def _over_common(cohort: CohortEvaluation | None) -> Values:
    """Return how many cases all models have, and the numbers over these; None if there is none."""
    if cohort is None:
        n_numbers = len(SENSITIVITY_COLUMNS) - 3 + len(CONFIDENCE_COLUMNS)
        return (0, *(None,) * n_numbers)
    n_compared, _, *numbers = _headline(cohort)
    return (n_compared, *numbers)


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
