"""Labels that were asked for and that no file holds: their zeros would look like a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.cohort.packed import PackedCases
from napari_medassist.core.results import CohortEvaluation


def held_of(labels: Sequence[int], *maps: NDArray[Any]) -> tuple[int, ...]:
    """Return which labels occur in at least one of the maps, (z, y, x) of whole numbers."""
    return tuple(label for label in labels if any(bool(np.any(m == label)) for m in maps))


def absent_labels(cohort: CohortEvaluation, labels: Sequence[int] | None) -> tuple[int, ...]:
    """Return the labels that were asked for and that no compared file holds, on either side.

    Parameters
    ----------
    cohort
        What was compared from files.
    labels
        The values that are foreground; None for every non-zero one.

    Returns
    -------
    tuple
        Nothing where no label was chosen, or no case compared.
    """
    if not labels or not cohort.compared or not isinstance(cohort.cases, PackedCases):
        return ()
    held = cohort.cases.labels_held()
    return tuple(label for label in dict.fromkeys(labels) if label not in held)


def absent_summary(
    cohort: CohortEvaluation, labels: Sequence[int] | None
) -> dict[str, tuple[int, ...]]:
    """Return what ``summary.json`` says of such labels; nothing where there is none."""
    absent = absent_labels(cohort, labels)
    return {"labels_in_no_file": absent} if absent else {}
