"""What a matching rule says of all lesions of a cohort, in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float
from napari_medassist.core.results import FurtherCounts, HiddenErrors, LesionCounts
from napari_medassist.evaluation.matching.graph import Flags
from napari_medassist.metrics.registry import lesion_scores

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CaseCounts:
    """Lesion counts of each case, (n_cases,) each; 0 for a case that was not compared.

    The names are those of :class:`~napari_medassist.core.results.CaseEvaluation`.
    """

    tp_reference: Numbers
    fn: Numbers
    tp_prediction: Numbers
    fp: Numbers
    ignored_reference: Numbers
    ignored_prediction: Numbers
    n_splits: Numbers
    n_merges: Numbers
    n_dropped_reference: Numbers
    n_dropped_prediction: Numbers

    @property
    def lesion_recall(self) -> Float:
        """Share of the lesions that were found; NaN where there is none to find."""
        return _share(self.tp_reference, self.tp_reference + self.fn)

    @property
    def lesion_precision(self) -> Float:
        """Share of the predicted lesions that are true; NaN where there is none."""
        return _share(self.tp_prediction, self.tp_prediction + self.fp)

    @property
    def lesion_f1(self) -> Float:
        """Harmonic mean of recall and precision; NaN where there is no lesion on either side."""
        recall, precision = self.lesion_recall, self.lesion_precision
        both = (self.tp_reference > 0) & (self.tp_prediction > 0)
        any_lesion = self.tp_reference + self.fn + self.tp_prediction + self.fp > 0
        f1 = np.where(any_lesion, 0.0, np.nan)
        f1[both] = (2 * recall[both] * precision[both]) / (recall[both] + precision[both])
        return f1


@dataclass(frozen=True, eq=False)
class CohortVerdicts:
    """The verdicts of a cohort under one matching rule.

    Rows are lesions, in the order of the cases and of their ids within these, as in
    :class:`~napari_medassist.evaluation.rejudging.cohort_graph.CohortGraph`. A lesion is none of
    found, missed and ignored if it is too small to count; likewise on the side of the prediction.

    Parameters
    ----------
    names, compared, dice
        Of each case: its name, whether it was compared, and its Dice; NaN where undefined.
    found, missed, ignored_reference
        (n_reference_lesions,) bool.
    true, false, ignored_prediction
        (n_predicted_lesions,) bool.
    counts
        The same by case.
    """

    names: tuple[str, ...]
    compared: Flags
    dice: Float
    found: Flags
    missed: Flags
    ignored_reference: Flags
    true: Flags
    false: Flags
    ignored_prediction: Flags
    counts: CaseCounts

    @cached_property
    def totals(self) -> LesionCounts:
        """Lesion counts added up over the cohort."""
        flags = (self.found, self.missed, self.true, self.false)
        ignored = (self.ignored_reference, self.ignored_prediction)
        return LesionCounts(*(int(np.count_nonzero(part)) for part in (*flags, *ignored)))

    @property
    def further_totals(self) -> FurtherCounts:
        """Splits, merges and dropped components of the cohort."""
        c = self.counts
        parts = (c.n_splits, c.n_merges, c.n_dropped_reference, c.n_dropped_prediction)
        return FurtherCounts(*(int(part.sum()) for part in parts))

    @cached_property
    def micro_scores(self) -> dict[str, float]:
        """Every metric of lesion counts, by name, from the totals: ``lesion_recall`` and so on."""
        return lesion_scores(self.totals)

    def hidden_errors(self, good_dice: float) -> HiddenErrors:
        """Return the lesion errors in cases whose Dice looks good.

        Parameters
        ----------
        good_dice
            From where on it does; inclusive.
        """
        good = self.compared & (self.dice >= good_dice)
        hiding = good & (self.counts.fn + self.counts.fp > 0)
        return HiddenErrors(
            good_dice=good_dice,
            n_good_cases=int(np.count_nonzero(good)),
            cases=tuple(self.names[place] for place in np.flatnonzero(hiding)),
            n_missed=int(self.counts.fn[hiding].sum()),
            n_false=int(self.counts.fp[hiding].sum()),
        )

    def counts_of(self, place: int) -> LesionCounts:
        """Return the counts of one case, by its place in the cohort."""
        c = self.counts
        parts = (c.tp_reference, c.fn, c.tp_prediction, c.fp)
        ignored = (c.ignored_reference, c.ignored_prediction)
        return LesionCounts(*(int(part[place]) for part in (*parts, *ignored)))


def _share(part: Numbers, whole: Numbers) -> Float:
    shares: Float = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
