"""Which cases go into the gallery, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.numbers import count, number

FLATTERED = "Dice flatters: lesions are missed or false behind it"
BELITTLED = "Dice belittles: the lesions are better than it says"
WORST = "Further lesion errors"
POOREST = "Lowest Dice of those with every lesion right"


@dataclass(frozen=True)
class Chosen:
    """A case of the gallery.

    Parameters
    ----------
    model
        Place of its model.
    index
        Its place among the cases of the cohort.
    row
        Its row in the case table of all models.
    group
        The title of the pictures that it belongs to.
    """

    model: int
    index: int
    row: int
    group: str


def worst_cases(models: Sequence[ModelColumns], n_pictures: int) -> tuple[Chosen, ...]:
    """Choose the cases in which the two levels disagree most, the worst first in each group.

    Half of the pictures go to cases that Dice flatters, then to those that it belittles; what is
    left goes to the cases with most lesion errors, then to those with the lowest Dice.

    Parameters
    ----------
    models
        Pictures are shared out evenly among them.
    n_pictures
        How many in all.
    """
    chosen: list[Chosen] = []
    first_row = 0
    for place, model in enumerate(models):
        share = n_pictures // len(models) + (place < n_pictures % len(models))
        chosen += _of_model(model, place, first_row, share)
        first_row += len(model.cases)
    return tuple(chosen)


def _of_model(model: ModelColumns, place: int, first_row: int, n_pictures: int) -> list[Chosen]:
    with_gap = [(model.gap_of[c.case], i, c) for i, c in enumerate(model.cases) if _has_gap(model, c)]
    flattered = sorted((x for x in with_gap if x[0] > 0 and _n_errors(x[2])), key=lambda x: -x[0])
    belittled = sorted((x for x in with_gap if x[0] < 0), key=lambda x: x[0])
    taken = [(x, FLATTERED) for x in flattered[: -(-n_pictures // 2)]]
    taken += [(x, BELITTLED) for x in belittled[: n_pictures - len(taken)]]
    known = {x[1] for x, _ in taken}
    others = sorted((x for x in with_gap if x[1] not in known), key=lambda x: -_n_errors(x[2]))
    erring = [x for x in others if _n_errors(x[2])]
    taken += [(x, WORST) for x in erring[: n_pictures - len(taken)]]
    right = sorted((x for x in others if not _n_errors(x[2])), key=lambda x: x[2].dice)
    taken += [(x, POOREST) for x in right[: n_pictures - len(taken)]]
    return [Chosen(place, index, first_row + index, group) for (_, index, _), group in taken]


def _has_gap(model: ModelColumns, case: CaseEvaluation) -> bool:
    return not isnan(model.gap_of.get(case.case, float("nan")))


def _n_errors(case: CaseEvaluation) -> int:
    return (case.fn or 0) + (case.fp or 0)


def caption(case: CaseEvaluation, gap: float) -> str:
    """Return what a picture says: both levels of its case, and the volumes of what went wrong.

    Parameters
    ----------
    case
        With its lesions.
    gap
        Its ranked gap.
    """
    missed, false = (
        [f"{n.volume_ml:.2f}" for n in case.lesions if n.verdict.value == verdict]
        for verdict in ("missed", "false")
    )
    errors = []
    if missed:
        n_reference = count(case.n_reference_lesions or 0, "lesion")
        errors.append(f"{len(missed)} of {n_reference} missed ({', '.join(missed)} ml)")
    if false:
        n_predicted = count(case.n_predicted_lesions or 0, "predicted lesion")
        errors.append(f"{len(false)} of {n_predicted} false ({', '.join(false)} ml)")
    told = "; ".join(errors) or "every lesion found, none false"
    return f"Dice {number(case.dice)}, ranked gap {_signed(gap)}: {told}."


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)
