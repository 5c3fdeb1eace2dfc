"""What a comparison says, in one sentence: where the two levels part."""

from __future__ import annotations

import math

from napari_medassist.core.results import CaseEvaluation


def headline(evaluation: CaseEvaluation) -> str:
    """Return the sentence that a reader should take home.

    Parameters
    ----------
    evaluation
        A comparison with the status ``ok``.
    """
    counts = evaluation.counts
    if counts is None:
        return evaluation.message
    if counts.n_reference_lesions == 0 and counts.n_predicted_lesions == 0:
        return "Both label maps are empty: nothing to find, nothing called."
    dice = "undefined" if math.isnan(evaluation.dice) else f"{evaluation.dice:.2f}"
    errors = []
    if counts.fn:
        errors.append(f"{counts.fn} of {_lesions(counts.n_reference_lesions)} missed")
    if counts.fp:
        errors.append(f"{counts.fp} of {_calls(counts.n_predicted_lesions)} false")
    if not errors:
        return f"Dice {dice}; no lesion is missed and no call is false."
    return f"Dice {dice}, but {' and '.join(errors)}."


def _lesions(number: int) -> str:
    return f"{number} lesion{'s' * (number != 1)}"


def _calls(number: int) -> str:
    return f"{number} call{'s' * (number != 1)}"
