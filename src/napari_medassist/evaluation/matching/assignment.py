"""From hits to links: which prediction belongs to which reference lesion, a function an assignment.

Ties are settled by the ids: the lower reference id first, then the lower prediction id. Only the
Hungarian assignments leave a tie between whole assignments to ``scipy.optimize.linear_sum_assignment``,
which is deterministic for lesions in the order of their ids.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from napari_medassist.core.geometry import Float
from napari_medassist.evaluation.matching.criteria import Hits
from napari_medassist.evaluation.matching.graph import Flags, MatchGraph


def hungarian(found: Hits) -> Flags:
    """Pair one to one: as many pairs as possible, then the largest total score.

    Parameters
    ----------
    found
        The hits.

    Returns
    -------
    numpy.ndarray
        (reference lesions, predicted lesions) bool, at most one True a row and a column.
    """
    more_than_all_scores = 1 + min(found.pairs.shape)
    return _best_total(np.where(found.pairs, more_than_all_scores + found.scores, 0.0))


def hungarian_picai(found: Hits, graph: MatchGraph) -> Flags:
    """Pair one to one as picai_eval does: the largest sum of (1 + overlap).

    That is as many pairs as possible where two lesions compete, not always where three or more do. Of
    equal overlaps the one of the smaller lesions is preferred, as a small constant in picai_eval's
    quotients does.
    """
    nudge = 1e-8 * (1 - found.scores) / graph.union
    return _best_total(np.where(found.pairs, 1 + (found.scores + nudge), 0.0))


def greedy_by_overlap(found: Hits) -> Flags:
    """Pair one to one, the pair with the best score first."""
    rows, columns = np.nonzero(found.pairs)
    return _first_come(found, np.lexsort((columns, rows, -found.scores[rows, columns])))


def greedy_by_confidence(found: Hits, confidences: Float) -> Flags:
    """Pair one to one, the surest prediction first; each takes the free lesion with the best score.

    Parameters
    ----------
    found
        The hits.
    confidences
        One value a prediction; where they are equal, the better score goes first.
    """
    rows, columns = np.nonzero(found.pairs)
    keys = (columns, rows, -found.scores[rows, columns], -confidences[columns])
    return _first_come(found, np.lexsort(keys))


def surest_of_each(found: Hits, confidences: Float) -> Flags:
    """Give each reference lesion its surest hit; several lesions may take the same prediction.

    Of equally sure ones the better score goes first.
    """
    links = np.zeros_like(found.pairs)
    for row, candidates in enumerate(found.pairs):
        columns = np.flatnonzero(candidates)
        if columns.size:
            order = np.lexsort((columns, -found.scores[row, columns], -confidences[columns]))
            links[row, columns[order[0]]] = True
    return links


def _best_total(weights: Float) -> Flags:
    links = np.zeros(weights.shape, dtype=bool)
    links[linear_sum_assignment(weights, maximize=True)] = True
    return links & (weights > 0)


def _first_come(found: Hits, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Flags:
    """Take the hits in the given order, each unless one of its lesions is taken already."""
    links = np.zeros_like(found.pairs)
    free_rows, free_columns = (np.ones(n, dtype=bool) for n in links.shape)
    for row, column in np.argwhere(found.pairs)[order]:
        if free_rows[row] and free_columns[column]:
            links[row, column] = True
            free_rows[row] = free_columns[column] = False
    return links
