"""The findings in plain sentences: what a reader should take home, with its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

from napari_medassist.core.lesion import Side
from napari_medassist.core.results import LesionCounts
from napari_medassist.evaluation.disagreement import false_alarms
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.levels import Intervals
from napari_medassist.evaluation.report.numbers import (
    count,
    number,
    p_value,
    value_with_interval,
)
from napari_medassist.evaluation.sizes import SizeStratum
from napari_medassist.evaluation.statistics.agreement import Correlation
from napari_medassist.evaluation.statistics.paired import PairedComparison

#: Of fewer lesions nothing is said.
_ENOUGH_LESIONS = 10
_ON_CONVENTIONS = (
    "All lesion numbers depend on what counts as a lesion and as a hit: they hold under the convention "
    "below, and others count differently."
)
_ON_INTERVALS = (
    "Intervals show how much a number would move with other cases of the same kind (bootstrap of the "
    "cases, 95 %). They do not show errors of the reference, nor what another centre would give."
)
LIMITS = (
    _ON_CONVENTIONS,
    _ON_INTERVALS,
    "Not a medical device. For research only; nothing here may guide the care of a patient.",
)


def findings(model: ModelColumns, found: Intervals, agreement: Correlation | None) -> tuple[str, ...]:
    """Return what was found for one model, a sentence each; all about Dice against lesions."""
    if not model.compared:
        return ("No case could be compared, so there is nothing to report but the reasons, below.",)
    return tuple(
        sentence
        for sentence in (
            _voxels(model, found),
            _lesions(model.cohort.totals, found),
            _hidden(model),
            _false_alarms(model),
            _agreement(agreement),
            _sizes(model),
        )
        if sentence
    )


def not_compared(models: Sequence[ModelColumns]) -> tuple[str, ...]:
    """Return, for each model, how many cases are in no number."""
    sentences = []
    for model in models:
        n_failed = len(model.cases) - len(model.compared)
        of_model = f" of {model.name}" if model.name else ""
        if n_failed:
            are = "is" if n_failed == 1 else "are"
            sentences.append(
                f"{n_failed:,} of {count(len(model.cases), 'case')}{of_model} could not be compared "
                f"and {are} in no number; the reasons stand below."
            )
    return tuple(sentences)


def difference_sentence(first: str, second: str, differences: Mapping[str, PairedComparison]) -> str:
    """Return how two models differ in mean Dice and in lesion F1, with p-values."""
    parts = []
    for key, title in (("mean dice", "mean Dice"), ("micro_f1", "lesion F1")):
        if key in differences and not isnan(differences[key].difference.value):
            found = differences[key]
            parts.append(
                f"{title} by {value_with_interval(found.difference)} (p {_equals(found.p_value)})"
            )
    return f"{first} minus {second}: they differ in {' and in '.join(parts)}." if parts else ""


def _equals(p: float) -> str:
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"


def _voxels(model: ModelColumns, found: Intervals) -> str:
    mean, with_lesion = model.cohort.means["dice"], model.cohort.dice_with_lesion
    if not mean.n_defined:
        return f"Dice is undefined in all {count(len(model.compared), 'compared case')}."
    dice = value_with_interval(found["mean dice"])
    sentence = f"Mean Dice {dice} over the {count(mean.n_defined, 'case')} where it is defined"
    if mean.n_undefined:
        sentence += f" (in {mean.n_undefined:,} neither side holds a lesion)"
    if with_lesion.n_defined not in (0, mean.n_defined):
        of_lesion = value_with_interval(found["dice_with_lesion"])
        sentence += f"; {of_lesion} over the {with_lesion.n_defined:,} that have a reference lesion"
    return sentence + "."


def _lesions(totals: LesionCounts, found: Intervals) -> str:
    n_reference, n_predicted = totals.tp_reference + totals.fn, totals.tp_prediction + totals.fp
    parts = []
    if n_reference:
        recall = value_with_interval(found["micro_recall"])
        parts.append(
            f"{totals.tp_reference:,} of {count(n_reference, 'lesion')} found (recall {recall})"
        )
    if n_predicted:
        precision = value_with_interval(found["micro_precision"])
        parts.append(
            f"{totals.fp:,} of {count(n_predicted, 'predicted lesion')} false (precision {precision})"
        )
    if not parts:
        return "Neither side holds a lesion that counts."
    return f"Lesion by lesion: {', '.join(parts)}."


def _hidden(model: ModelColumns) -> str:
    hidden = model.cohort.hidden_errors
    looks = f"Dice ≥ {number(hidden.good_dice)}"
    if not hidden.n_good_cases:
        return f"No case has a {looks}, so none can hide an error behind it."
    if not hidden.cases:
        return f"None of the {count(hidden.n_good_cases, 'case')} with {looks} hides a lesion error."
    return (
        f"{len(hidden.cases):,} of {count(hidden.n_good_cases, 'case')} with {looks} "
        f"{'hides' if len(hidden.cases) == 1 else 'hide'} a lesion error: "
        f"{hidden.n_missed:,} missed and {hidden.n_false:,} false."
    )


def _false_alarms(model: ModelColumns) -> str:
    good_dice = model.cohort.hidden_errors.good_dice
    alarms = false_alarms(model.compared, good_dice=good_dice)
    if not alarms.cases:
        return ""
    return (
        f"In {len(alarms.cases):,} of {count(alarms.n_poor_cases, 'case')} with Dice below "
        f"{number(good_dice)}, every lesion was found and none is false."
    )


def _agreement(agreement: Correlation | None) -> str:
    if agreement is None or isnan(agreement.spearman.value):
        return ""
    value = value_with_interval(agreement.spearman)
    return (
        f"Rank correlation of Dice and lesion F1 over cases: {value} (Spearman, "
        f"{count(agreement.n_pairs, 'case')}); 1 would mean the same order."
    )


def _sizes(model: ModelColumns) -> str:
    """Return how many lesions at each end of the range of sizes are found."""
    strata = model.strata(Side.REFERENCE)
    small, large = _enough(strata), _enough(strata[::-1])
    if not small or not large or small[-1].upper_ml > large[-1].lower_ml:
        return ""
    ends = (("under", small[-1].upper_ml, small), ("of at least", large[-1].lower_ml, large))
    parts = [
        f"{sum(s.n_right for s in chosen):,} of {sum(s.n_lesions for s in chosen):,} lesions "
        f"{words} {limit:g} ml"
        for words, limit, chosen in ends
    ]
    return f"By size: the prediction finds {' and '.join(parts)}."


def _enough(strata: Sequence[SizeStratum]) -> list[SizeStratum]:
    """Return strata from one end on until there are lesions enough; none if there are not."""
    chosen: list[SizeStratum] = []
    for stratum in strata:
        chosen.append(stratum)
        if sum(s.n_lesions for s in chosen) >= _ENOUGH_LESIONS:
            return chosen
    return []
