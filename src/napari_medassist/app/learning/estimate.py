"""How good a tuned model is on cases that it has not seen: cross-validation, at both levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.learning.cases import LearningCase
from napari_medassist.app.segmenting import predicted
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, preset
from napari_medassist.evaluation.statistics.paired import PairedComparison, compare_cohorts
from napari_medassist.models.card import Measured, ModelCard, Task
from napari_medassist.models.grids import labels_on_grid
from napari_medassist.models.prediction import Model, leading_of
from napari_medassist.models.training.own_cases import classes_of

#: What is told of the comparison, and how it is called.
_TOLD = {
    "mean dice": "Dice",
    "micro_recall": "lesion recall",
    "micro_precision": "lesion precision",
    "fp_per_case": "false lesions a case",
}


@dataclass(frozen=True)
class Row:
    """One number before and after learning, on cases that were held out.

    Attributes
    ----------
    what
        Which number, of which label.
    before, after
        Of the base model, and of models that learned from the other cases.
    low, high
        95 % interval of the difference, by bootstrap over cases.
    n_cases, n_undefined
        Cases that it is taken over, and those in which it is not defined.
    """

    what: str
    before: float
    after: float
    low: float
    high: float
    n_cases: int
    n_undefined: int

    @property
    def in_words(self) -> str:
        """The numbers in one line."""
        difference = self.after - self.before
        return (
            f"{self.after:.3f}, before {self.before:.3f}; difference {difference:+.3f} "
            f"({self.low:+.3f} to {self.high:+.3f})"
        )


@dataclass(frozen=True)
class Estimate:
    """What cross-validation says.

    Attributes
    ----------
    rows
        The numbers.
    n_folds, n_cases
        In how many parts the cases were held out, and how many cases.
    """

    rows: tuple[Row, ...]
    n_folds: int
    n_cases: int

    def measured(self) -> tuple[Measured, ...]:
        """Return the rows as a model's card holds them."""
        on = f"{self.n_cases} cases of your own, {self.n_folds}-fold, each held out once"
        return tuple(
            Measured(
                row.what,
                row.in_words,
                f"{on}; not defined in {row.n_undefined}" if row.n_undefined else on,
            )
            for row in self.rows
        )

    @property
    def is_worse(self) -> bool:
        """True if Dice is surely lower after learning: its interval lies below 0."""
        return any("Dice" in row.what and row.high < 0 for row in self.rows)


def folds_of(cases: Sequence[LearningCase], n_folds: int, seed: int) -> tuple[tuple[int, ...], ...]:
    """Deal labelled cases into parts that are held out in turn; cases of one group stay together.

    Parameters
    ----------
    cases
        All cases; those without labels are in no part.
    n_folds
        Number of parts; at most that of the groups.
    seed
        Of the order.

    Returns
    -------
    tuple of tuple of int
        Places in ``cases``. Empty if there are fewer than two groups: then nothing can be held out.

    Raises
    ------
    InvalidSetting
        If the number of parts is 1 or negative.
    """
    if n_folds < 0 or n_folds == 1:
        raise InvalidSetting(
            f"Cases are held out in at least 2 parts, or not at all (0), not {n_folds}."
        )
    groups = sorted({case.group for case in cases if case.labels is not None})
    n_folds = min(n_folds, len(groups))
    if n_folds < 2:
        return ()
    order = np.random.default_rng(seed).permutation(len(groups))
    fold_of = {groups[k]: place % n_folds for place, k in enumerate(order)}
    return tuple(
        tuple(
            k for k, case in enumerate(cases) if case.labels is not None and fold_of[case.group] == fold
        )
        for fold in range(n_folds)
    )


def compare(
    card: ModelCard,
    cases: Sequence[LearningCase],
    folds: Sequence[Sequence[int]],
    base: Model,
    tuned: Callable[[int], Model],
) -> Estimate:
    """Compare a base model with models that did not see a case, on that case.

    Parameters
    ----------
    card
        The model that learns.
    cases
        All cases.
    folds
        Which are held out together; see :func:`folds_of`.
    base
        The model before.
    tuned
        Returns the model that learned from all cases but those of a fold.
    """
    before: dict[str, list[CaseEvaluation]] = {}
    after: dict[str, list[CaseEvaluation]] = {}
    for number, fold in enumerate(folds):
        model = tuned(number)
        for k in fold:
            reference, geometry = _reference(card, cases[k])
            for found, side in ((base, before), (model, after)):
                made = predicted(found, cases[k].images)
                labels = np.asarray(made.labels.array)
                for part, evaluation in _evaluated(card, cases[k].name, reference, labels, geometry):
                    side.setdefault(part, []).append(evaluation)
    rows = [
        row
        for part in before
        for row in _rows(part, _cohort(card, after[part]), _cohort(card, before[part]))
    ]
    return Estimate(tuple(rows), len(folds), sum(len(fold) for fold in folds))


def _reference(card: ModelCard, case: LearningCase) -> tuple[NDArray[np.uint8], Geometry]:
    """Return what was drawn, in the model's classes, on the grid that the model answers on."""
    if case.labels is None:
        raise ValueError("Only labelled cases are held out.")
    grid = leading_of(
        {w.role: case.images[w.role] for w in card.inputs if w.role in case.images}
    ).geometry
    classes, drawn_on = classes_of(card, case.labels), case.labels.geometry
    if drawn_on.is_same_grid(grid):
        return classes, grid
    return labels_on_grid(classes, drawn_on, grid), grid


def _evaluated(
    card: ModelCard,
    name: str,
    reference: NDArray[np.uint8],
    found: NDArray[np.uint8],
    geometry: Geometry,
) -> list[tuple[str, CaseEvaluation]]:
    """Evaluate lesions, or each label by itself."""
    parts: Mapping[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]
    if card.task is Task.DETECTION:
        parts = {"": (reference > 0, found > 0)}
    else:
        parts = {
            label.name: (reference == label.value, found == label.value) for label in card.scheme.labels
        }
    return [
        (
            part,
            evaluate(
                drawn.astype(np.uint8),
                seen.astype(np.uint8),
                geometry.spacing_zyx_mm,
                convention=_convention(card),
                case=name,
            ),
        )
        for part, (drawn, seen) in parts.items()
    ]


def _convention(card: ModelCard) -> Convention:
    return preset("picai") if card.task is Task.DETECTION else MEDASSIST


def _cohort(card: ModelCard, cases: Sequence[CaseEvaluation]) -> CohortEvaluation:
    return summarise(cases, convention=_convention(card))


def _rows(part: str, after: CohortEvaluation, before: CohortEvaluation) -> list[Row]:
    found = compare_cohorts(after, before)
    return [
        _row(f"{told}{f' of {part}' if part else ''}", found[name])
        for name, told in _TOLD.items()
        if name in found
    ]


def _row(what: str, found: PairedComparison) -> Row:
    return Row(
        what,
        before=found.second,
        after=found.first,
        low=found.difference.low,
        high=found.difference.high,
        n_cases=found.n_cases,
        n_undefined=found.n_dropped,
    )
