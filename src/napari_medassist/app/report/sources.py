"""What a report is made of: the results of one model or several, from a folder or just computed."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from pathlib import Path

from napari_medassist.app.browser.marks import MARKS_FILE, Mark, read_marks
from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.app.cohort.output import SUMMARY_FILE
from napari_medassist.app.cohort.packed import PackedCases
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.cohort.reopen import load_results
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.core.results import CohortEvaluation, ScoredCase
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.inputs.masks import Kind
from napari_medassist.evaluation.statistics.ranking import Rankings, headline, rank_models

#: What ``compare`` writes beside the folders of its models.
COMPARISON_FILE, RANKINGS_FILE = "comparison.json", "rankings.csv"
#: The numbers that models are ranked by in a report.
_RANKED = (
    "mean dice",
    "mean hd95_mm",
    "mean assd_mm",
    "mean lesion_f1",
    "micro_recall",
    "micro_precision",
    "micro_f1",
    "fp_per_case",
)


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """One model's results, and where its files lie.

    Parameters
    ----------
    cohort
        The results.
    convention
        What they were computed with.
    pairs
        The files of each case, in the order of the cases; empty if they are not known, and then there
        are no pictures and no hashes.
    name
        Of the model; only needed if there are several.
    kind
        What the predictions hold.
    labels
        The values that were foreground; None for every non-zero one.
    folder
        Where the results lie; None if they were not written.
    known_scores
        What curves need, where the cohort does not hold it itself.
    """

    cohort: CohortEvaluation
    convention: Convention
    pairs: tuple[FilePair, ...] = ()
    name: str = ""
    kind: Kind = "labels"
    labels: tuple[int, ...] | None = None
    folder: Path | None = None
    known_scores: tuple[ScoredCase, ...] | None = None

    @property
    def scored(self) -> tuple[ScoredCase, ...]:
        """What curves need; empty where predictions are label maps."""
        return scored_cases(self.cohort) if self.known_scores is None else self.known_scores


@dataclass(frozen=True, eq=False)
class ReportSource:
    """What a report is about.

    Parameters
    ----------
    models
        One or several; several have names.
    rankings
        How several models rank; None for one.
    folder
        Where the results lie; None if they were not written.
    marks
        What readers marked, by case.
    """

    models: tuple[EvaluatedModel, ...]
    rankings: Rankings | None = None
    folder: Path | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)

    @classmethod
    def of_cohort(
        cls,
        cohort: CohortEvaluation,
        convention: Convention,
        *,
        kind: Kind = "labels",
        labels: tuple[int, ...] | None = None,
    ) -> ReportSource:
        """Take a cohort that was just compared."""
        return cls((_in_memory("", cohort, convention, kind, labels),))

    @classmethod
    def of_models(
        cls,
        cohorts: Mapping[str, CohortEvaluation],
        convention: Convention,
        *,
        kind: Kind = "labels",
        labels: tuple[int, ...] | None = None,
    ) -> ReportSource:
        """Take several models that were just compared, by name; one needs no name.

        Raises
        ------
        InvalidSetting
            If there is none.
        """
        return cls.of_evaluated(
            [_in_memory(name, cohort, convention, kind, labels) for name, cohort in cohorts.items()]
        )

    @classmethod
    def of_evaluated(
        cls, models: Sequence[EvaluatedModel], marks: Mapping[str, Mark] | None = None
    ) -> ReportSource:
        """Take models with all that is known of them; one needs no name, and is shown without.

        Parameters
        ----------
        models
            One or several.
        marks
            What readers marked, by case.

        Raises
        ------
        InvalidSetting
            If there is none.
        """
        if not models:
            raise InvalidSetting("There is no model to report on.")
        if len(models) == 1:
            return cls((replace(models[0], name=""),), marks=marks or {})
        return cls(tuple(models), _ranked(models), marks=marks or {})

    @classmethod
    def of_results(cls, folder: str | Path) -> ReportSource:
        """Take what ``evaluate`` or ``compare`` wrote into a folder, and readers' marks beside it.

        Raises
        ------
        FileProblem
            If the folder holds no results.
        CorruptFile
            If a file is damaged.
        """
        place = Path(folder).expanduser()
        if not place.is_dir():
            raise FileProblem(
                "There is no such folder.", path=place, cure="Give the folder that 'evaluate' wrote to."
            )
        marks = read_marks(place / MARKS_FILE)
        if not (place / COMPARISON_FILE).is_file() or (place / SUMMARY_FILE).is_file():
            return cls((_of_folder("", place),), folder=place, marks=marks)
        models = tuple(_of_folder(name, place / name) for name in _model_names(place))
        if len(models) < 2:
            raise CorruptFile("It names fewer than two models.", path=place / COMPARISON_FILE)
        return cls(models, _written_ranks(place) or _ranked(models), place, marks)


def _of_folder(name: str, folder: Path) -> EvaluatedModel:
    found = load_results(folder)
    return EvaluatedModel(
        found.cohort, found.convention, found.pairs, name, found.kind, found.labels, folder
    )


def _in_memory(
    name: str,
    cohort: CohortEvaluation,
    convention: Convention,
    kind: Kind,
    labels: tuple[int, ...] | None,
) -> EvaluatedModel:
    pairs = cohort.cases.pairs if isinstance(cohort.cases, PackedCases) else ()
    return EvaluatedModel(cohort, convention, pairs, name, kind, labels)


def _model_names(folder: Path) -> list[str]:
    path = folder / COMPARISON_FILE
    try:
        names = list(json.loads(path.read_text(encoding="utf-8"))["models"])
    except OSError as error:
        raise FileProblem(f"It cannot be read ({error.strerror or error}).", path=path) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFile(
            f"It does not hold what 'compare' wrote ({error}).", path=path, cure="Compare again."
        ) from error
    if not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise CorruptFile("It names models that are no folders.", path=path, cure="Compare again.")
    return names


def _ranked(models: Sequence[EvaluatedModel]) -> Rankings:
    convention = models[0].convention.name
    return rank_models({m.name: {convention: _chosen(headline(m.cohort))} for m in models})


def _chosen(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: numbers[name] for name in _RANKED if name in numbers}


def _written_ranks(folder: Path) -> Rankings | None:
    """Return the ranks under several conventions, if ``compare`` wrote them."""
    path = folder / RANKINGS_FILE
    if not path.is_file():
        return None
    values: dict[str, dict[str, dict[str, float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                numbers = values.setdefault(row["model"], {}).setdefault(row["convention"], {})
                numbers[row["number"]] = float(row["value"]) if row["value"] else nan
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise CorruptFile(
            f"It does not hold what 'compare' wrote ({error}).", path=path, cure="Compare again."
        ) from error
    chosen = {
        model: {convention: _chosen(numbers) for convention, numbers in by_convention.items()}
        for model, by_convention in values.items()
    }
    known = any(isfinite(v) for c in chosen.values() for n in c.values() for v in n.values())
    return rank_models(chosen) if known else None
