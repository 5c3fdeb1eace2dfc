"""The two levels side by side in words: values, what they mean under a convention, where they clash."""

from __future__ import annotations

import math
from dataclasses import dataclass

from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.rules import EmptyRule, MatchingRule
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Family, MetricSpec

#: What stands for a number that is still computed.
PENDING = "..."


@dataclass(frozen=True)
class Figure:
    """A number of a comparison.

    Parameters
    ----------
    name
        Attribute or metric of the evaluation.
    title
        What it is called in the narrow columns of a panel, with its unit.
    """

    name: str
    title: str


VOXEL_FIGURES = (
    Figure("dice", "Dice"),
    Figure("hd_mm", "HD mm"),
    Figure("hd95_mm", "HD95 mm"),
    Figure("assd_mm", "ASSD mm"),
    Figure("volume_reference_ml", "Ref. ml"),
    Figure("volume_prediction_ml", "Pred. ml"),
)
LESION_FIGURES = (
    Figure("tp_reference", "Found"),
    Figure("fn", "Missed"),
    Figure("tp_prediction", "True"),
    Figure("fp", "False"),
    Figure("lesion_recall", "Recall"),
    Figure("lesion_precision", "Precision"),
    Figure("lesion_f1", "Lesion F1"),
)


def text_of(evaluation: CaseEvaluation | None, name: str, *, is_complete: bool = True) -> str:
    """Return a number of an evaluation in words, without its unit.

    Parameters
    ----------
    evaluation
        The evaluation; a dash stands where there is none.
    name
        Name of the figure.
    is_complete
        Whether distances are there; until then three dots stand for them.
    """
    if evaluation is None:
        return "-"
    spec = METRICS.get(name) if name in METRICS.names() else None
    if spec is not None and name not in evaluation.scores and not is_complete:
        return PENDING
    value = getattr(evaluation, name) if hasattr(evaluation, name) else evaluation.score(name)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        why = why_undefined(evaluation, name)
        return f"undefined\n({why})" if why else "undefined"
    if isinstance(value, int):
        return str(value)
    if math.isinf(value):
        return "∞"
    return f"{value:.1f}" if spec is not None and spec.unit == "mm" else f"{value:.2f}"


def why_undefined(evaluation: CaseEvaluation, name: str) -> str:
    """Return why a number is undefined: which side is empty."""
    counts = evaluation.counts
    if counts is None:
        return "not compared"
    no_reference = counts.n_reference_lesions - counts.ignored_reference == 0
    no_prediction = counts.n_predicted_lesions - counts.ignored_prediction == 0
    if name == "lesion_recall":
        return "no lesion" * no_reference
    if name == "lesion_precision":
        return "no call" * no_prediction
    if no_reference and no_prediction:
        return "both empty"
    return "no reference" if no_reference else "no prediction" * no_prediction


def clash(evaluation: CaseEvaluation, good_dice: float) -> str:
    """Return where the two levels are at odds, in one sentence; empty if they agree."""
    counts, dice = evaluation.counts, evaluation.dice
    if counts is None or math.isnan(dice):
        return ""
    n_errors = counts.fn + counts.fp
    if dice >= good_dice and n_errors:
        errors = [f"{counts.fn} missed"] * bool(counts.fn) + [f"{counts.fp} false"] * bool(counts.fp)
        lesions = f"{' and '.join(errors)} lesion{'s' * (n_errors != 1)}"
        return f"At odds: Dice looks good (≥ {good_dice:g}) and hides {lesions}."
    if dice < good_dice and not n_errors:
        return f"At odds: Dice looks poor (< {good_dice:g}), yet no lesion is missed or false."
    return ""


def clashing(evaluation: CaseEvaluation, good_dice: float) -> frozenset[str]:
    """Return the names of the figures that are at odds."""
    counts = evaluation.counts
    if counts is None or not clash(evaluation, good_dice):
        return frozenset()
    if not counts.fn + counts.fp:
        return frozenset({"dice", "lesion_f1"})
    return frozenset(["dice", *["fn"] * bool(counts.fn), *["fp"] * bool(counts.fp)])


def tip_of(name: str, convention: Convention) -> str:
    """Return what a number means under a convention, in a sentence or two."""
    if name in _COUNTS:
        return f"{_COUNTS[name]} {rule_in_words(convention.matching)} (convention: {convention.name})"
    spec = METRICS.get(name)
    unit = f", in {spec.unit}" if spec.unit else ""
    return f"{spec.title}: {spec.definition}{unit}.{_rule_of(spec, convention)}"


_COUNTS = {
    "tp_reference": "Reference lesions that were found.",
    "fn": "Reference lesions that were missed.",
    "tp_prediction": "Predicted lesions that are true.",
    "fp": "Predicted lesions that are false.",
}


def _rule_of(spec: MetricSpec, convention: Convention) -> str:
    surface = convention.surface
    if spec.family is Family.DISTANCE:
        borders = "border voxels" if surface.border == "erosion_6" else "surface elements"
        units = ", in voxels" if surface.in_voxels else ""
        rule = f" Between {borders}{units}, percentiles {surface.aggregation.replace('_', ' ')}"
        return f"{rule}; {_empty(convention.empty_distance)} ({convention.name})."
    if spec.family is Family.OVERLAP:
        return f" {_empty(convention.empty_overlap).capitalize()} ({convention.name})."
    if spec.name.startswith("lesion_"):
        return f" {rule_in_words(convention.matching)} ({convention.name})"
    return ""


def _empty(rule: EmptyRule) -> str:
    return (
        f"both empty: {rule.both.replace('_', ' ')}, only the reference: {rule.reference_only}, "
        f"only the prediction: {rule.prediction_only}"
    )


def rule_in_words(rule: MatchingRule) -> str:
    """Return in one sentence what counts as a hit."""
    least = (
        f"at least {rule.threshold_reference:.0%}"
        if rule.inclusive
        else (f"more than {rule.threshold_reference:.0%}")
    )
    match rule.criterion:
        case "overlap":
            shares = f"{rule.threshold_reference:.0%} of a reference lesion"
            own = f"{rule.threshold_prediction:.0%} of a predicted one"
            hit = f"A hit: at least {shares}, {own} is covered"
        case "iou" | "dice":
            hit = f"A hit: the pair has {'an IoU' if rule.criterion == 'iou' else 'a Dice'} of {least}"
        case "any_overlap":
            hit = "A hit: one shared voxel"
        case "centroid_in_mask":
            hit = "A hit: the predicted centroid lies in the reference lesion"
        case _:
            hit = "A hit: the centres lie within the reference lesion's radius"
    return f"{hit}; {ASSIGNMENT_TEXTS[rule.assignment]}."


#: Ways to assign lesions to each other, in words.
ASSIGNMENT_TEXTS = {
    "many_to_many": "each lesion judged by itself",
    "many_to_one": "all predictions of a lesion together",
    "hungarian": "one to one, as many pairs as possible",
    "hungarian_picai": "one to one, as picai_eval pairs them",
    "greedy_by_overlap": "one to one, the best overlap first",
    "greedy_by_confidence": "one to one, the surest first",
    "surest_of_each": "the surest hit of each lesion",
}
#: Criteria of a hit, in words.
CRITERION_TEXTS = {
    "overlap": "share of the lesion covered",
    "any_overlap": "one shared voxel",
    "iou": "IoU of the pair",
    "dice": "Dice of the pair",
    "centroid_in_mask": "centroid in the lesion",
    "centre_distance": "centres within the radius",
}
