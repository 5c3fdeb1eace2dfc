"""Headline numbers over conventions as rows: presets and pins, every model, who is ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from napari_medassist.app.browser.columns import matching_in_words
from napari_medassist.app.browser.headline import Headline, Pin
from napari_medassist.app.browser.sensitivity import Sensitivity
from napari_medassist.evaluation.conventions import Convention


@dataclass(frozen=True)
class HeadlineNumber:
    """A headline number as it is shown.

    Parameters
    ----------
    name
        Its name in a headline.
    title, tip
        What it is called; one sentence.
    decimals
        How many are shown.
    higher_is_better
        Whether the largest one wins.
    """

    name: str
    title: str
    tip: str
    decimals: int = 3
    higher_is_better: bool = True

    def text(self, value: float) -> str:
        """Return a value as it is shown."""
        return "undefined" if isnan(value) else f"{value:.{self.decimals}f}"


NUMBERS = (
    HeadlineNumber("micro_recall", "Recall", "Found over all reference lesions of the cohort."),
    HeadlineNumber("micro_precision", "Precision", "True over all predicted lesions of the cohort."),
    HeadlineNumber("micro_f1", "F1", "Harmonic mean of this recall and this precision."),
    HeadlineNumber("fp_per_case", "False / case", "False lesions per compared case.", 3, False),  # noqa: FBT003
    HeadlineNumber("dice", "Mean Dice", "Mean over the cases where Dice is defined."),
    HeadlineNumber("hd95_mm", "HD95 (mm)", "Mean over the cases where it is defined.", 2, False),  # noqa: FBT003
    HeadlineNumber(
        "n_hidden_errors",
        "Hidden",
        "Cases with a lesion error behind a good Dice.",
        0,
        False,  # noqa: FBT003
    ),
)


@dataclass(frozen=True, eq=False)
class SensitivityRow:
    """One convention, or one pin.

    Parameters
    ----------
    title, tip
        What it is called; what counts as a hit.
    headlines
        Model -> its numbers.
    pin
        The pin, if it is one.
    """

    title: str
    tip: str
    headlines: Mapping[str, Headline]
    pin: Pin | None = None

    def best(self, number: HeadlineNumber) -> tuple[str, ...]:
        """Return the models that are ahead; none if there is only one, or nothing is defined."""
        values = {name: found[number.name] for name, found in self.headlines.items()}
        defined = {name: value for name, value in values.items() if not isnan(value)}
        if len(values) < 2 or not defined:
            return ()
        top = (max if number.higher_is_better else min)(defined.values())
        return tuple(name for name, value in defined.items() if value == top)


def rows_of(sensitivity: Sensitivity | None, pins: Sequence[Pin]) -> tuple[SensitivityRow, ...]:
    """Return the pins, then the conventions."""
    pinned = [
        SensitivityRow(f"{pin.name} (pinned)", _tip(pin.convention), {pin.model: pin.headline}, pin)
        for pin in pins
    ]
    if sensitivity is None:
        return tuple(pinned)
    rows = [
        SensitivityRow(
            convention.name,
            _tip(convention),
            {model: found[convention.name] for model, found in sensitivity.headlines.items()},
        )
        for convention in sensitivity.conventions
    ]
    return (*pinned, *rows)


def flips_in_words(rows: Sequence[SensitivityRow]) -> str:
    """Return for which numbers the conventions disagree about which model is best."""
    found = []
    for number in NUMBERS:
        winners = {best for row in rows if row.pin is None and len(best := row.best(number)) == 1}
        if len(winners) > 1:
            found.append(number.title)
    has_models = any(len(row.headlines) > 1 for row in rows)
    if not has_models:
        return ""
    if not found:
        return "The ranking of the models is the same under all conventions."
    return f"Which model is best depends on the convention: {', '.join(found)}."


def _tip(convention: Convention) -> str:
    described = convention.description
    return (
        f"{described}<br>{matching_in_words(convention)}"
        if described
        else matching_in_words(convention)
    )
