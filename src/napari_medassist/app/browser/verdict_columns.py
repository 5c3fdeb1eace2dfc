"""From the verdicts of a whole cohort, judged at once, to the columns of cases and lesions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_table import Values
from napari_medassist.app.browser.lesion_table import (
    FALSE,
    FOUND,
    IGNORED,
    MISSED,
    TRUE,
    LesionTable,
)
from napari_medassist.core.geometry import Float
from napari_medassist.evaluation.rejudging.cohort_graph import CohortGraph
from napari_medassist.evaluation.rejudging.cohort_verdicts import CohortVerdicts

_COUNTED = ("tp_reference", "fn", "tp_prediction", "fp", "n_splits", "n_merges")
_SHARES = ("lesion_recall", "lesion_precision", "lesion_f1")


def case_columns(verdicts: CohortVerdicts) -> Mapping[str, Values]:
    """Return the columns of the table of cases that follow from verdicts; NaN where not compared."""
    counts = verdicts.counts
    columns = {name: getattr(counts, name).astype(np.float64) for name in _COUNTED}
    columns |= {name: getattr(counts, name).copy() for name in _SHARES}
    n_reference = counts.tp_reference + counts.fn + counts.ignored_reference
    n_predicted = counts.tp_prediction + counts.fp + counts.ignored_prediction
    columns["n_reference_lesions"] = n_reference.astype(np.float64)
    columns["n_predicted_lesions"] = n_predicted.astype(np.float64)
    for values in columns.values():
        values[~verdicts.compared] = np.nan
    return columns


def judged_lesions(lesions: LesionTable, graph: CohortGraph, verdicts: CohortVerdicts) -> LesionTable:
    """Return the lesions with other verdicts; those that are too small now are left out.

    Ids run from 1 on within each side of a case, as in a comparison under the same convention.

    Parameters
    ----------
    lesions
        As they were compared, in the same order as in the graph.
    graph, verdicts
        Of the same cohort.
    """
    rows = verdicts.found | verdicts.missed | verdicts.ignored_reference
    columns = verdicts.true | verdicts.false | verdicts.ignored_prediction
    sides = ~lesions.is_prediction, lesions.is_prediction
    code, kept = np.zeros(len(lesions), dtype=np.int8), np.zeros(len(lesions), dtype=bool)
    code[sides[0]] = np.select([verdicts.found, verdicts.missed], [FOUND, MISSED], IGNORED)
    code[sides[1]] = np.select([verdicts.true, verdicts.false], [TRUE, FALSE], IGNORED)
    kept[sides[0]], kept[sides[1]] = rows, columns
    fractions = np.zeros(len(lesions))
    fractions[sides[0]], fractions[sides[1]] = _overlap_fractions(graph, rows, columns)
    return _numbered_anew(replace(lesions, verdict=code, overlap_fraction=fractions).chosen(kept))


def _overlap_fractions(
    graph: CohortGraph, rows: NDArray[np.bool_], columns: NDArray[np.bool_]
) -> tuple[Float, Float]:
    """Return the share of each lesion that the counted lesions of the other side cover."""
    row, column, shared = graph.edges.T
    sizes = graph.reference.n_voxels, graph.prediction.n_voxels
    covered = np.bincount(row, shared * columns[column], minlength=rows.size)
    hit = np.bincount(column, shared * rows[row], minlength=columns.size)
    return covered / sizes[0], hit / sizes[1]


def _numbered_anew(lesions: LesionTable) -> LesionTable:
    if not len(lesions):
        return lesions
    side = lesions.row * 2 + lesions.is_prediction
    first = np.searchsorted(side, side)  # rows are sorted by case and side
    return replace(lesions, lesion_id=np.arange(len(lesions)) - first + 1)
