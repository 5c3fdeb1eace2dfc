"""The headline numbers of a cohort, from its table of cases: also of one that is half done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.evaluation.conventions import Convention

#: Metrics of which the mean is told.
HEADLINE_MEANS = ("dice", "hd_mm", "hd95_mm", "assd_mm")
_TOTALS = ("tp_reference", "fn", "tp_prediction", "fp")


@dataclass(frozen=True)
class Headline:
    """The numbers that a cohort is summed up with.

    Parameters
    ----------
    values
        Name -> value, NaN where undefined: the columns of ``sensitivity.csv``, and ``n_false_alarms``,
        ``n_waiting``, ``dice_with_lesion``.
    """

    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        """Return a number; NaN if it is undefined."""
        return self.values[name]

    @property
    def sentence(self) -> str:
        """What a reader should take home, in one sentence."""
        v = self.values
        dice = "undefined" if isnan(v["dice"]) else f"{v['dice']:.2f}"
        n_lesions = int(v["tp_reference"] + v["fn"])
        n_hidden = int(v["n_hidden_errors"])
        return (
            f"Mean Dice {dice}; {int(v['fn'])} of {n_lesions} lesions missed, {int(v['fp'])} of "
            f"{int(v['tp_prediction'] + v['fp'])} calls false; "
            f"{n_hidden} {'case hides' if n_hidden == 1 else 'cases hide'} errors behind a good Dice."
        )


@dataclass(frozen=True)
class Pin:
    """The headline numbers of a model under one convention, kept beside others.

    Parameters
    ----------
    name
        What the pin is called.
    model
        The model's name.
    convention
        The settings.
    headline
        The numbers; they do not change any more.
    """

    name: str
    model: str
    convention: Convention
    headline: Headline


def headline_of_table(table: CaseTable) -> Headline:
    """Return the headline numbers of the compared cases of a table."""
    compared = table.is_compared()
    values: dict[str, float] = {
        "n_compared": float(compared.sum()),
        "n_not_compared": float(table.n_rows - compared.sum() - table.n_waiting),
        "n_waiting": float(table.n_waiting),
    }
    for name in HEADLINE_MEANS:
        values[name], values[f"n_{name}"] = _mean(table.values(name)[compared])
    totals = {name: float(np.nansum(table.values(name)[compared])) for name in _TOTALS}
    sizes = {
        name: float(np.nansum(table.values(name)[compared]))
        for name in ("n_reference_lesions", "n_predicted_lesions")
    }
    with_lesion = compared & (table.values("n_reference_lesions") > 0)
    return Headline(
        {
            **values,
            **sizes,
            **totals,
            **_shares(totals, sizes),
            "fp_per_case": _share(totals["fp"], values["n_compared"]),
            "n_hidden_errors": float(table.values("hidden").sum()),
            "n_false_alarms": float(table.values("false_alarm").sum()),
            "dice_with_lesion": _mean(table.values("dice")[with_lesion])[0],
        }
    )


def _shares(totals: Mapping[str, float], sizes: Mapping[str, float]) -> dict[str, float]:
    n_reference = totals["tp_reference"] + totals["fn"]
    n_prediction = totals["tp_prediction"] + totals["fp"]
    recall = _share(totals["tp_reference"], n_reference)
    precision = _share(totals["tp_prediction"], n_prediction)
    both = recall + precision
    f1 = 2 * recall * precision / both if both > 0 else (0.0 if n_reference + n_prediction else nan)
    return {
        "ignored_reference": sizes["n_reference_lesions"] - n_reference,
        "ignored_prediction": sizes["n_predicted_lesions"] - n_prediction,
        "micro_recall": recall,
        "micro_precision": precision,
        "micro_f1": f1,
    }


def _mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    """Return the mean of the defined values, and their number."""
    defined = values[~np.isnan(values)]
    return (float(defined.mean()) if defined.size else nan), float(defined.size)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else nan
