"""Two lesion sets with their match graph and verdicts: the input of metrics that need the matching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.geometry import Float, Triple
from napari_medassist.core.lesion import LesionSet
from napari_medassist.core.results import FurtherCounts, LesionCounts, LesionMatch
from napari_medassist.metrics.rules import SurfaceRule
from napari_medassist.metrics.spec import Level, MetricSpec

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedLesions:
    """The match graph of two lesion sets and what a matching rule decided.

    Rows are reference lesions, columns are predicted lesions, both in the order of their ids.

    Parameters
    ----------
    reference, prediction
        The lesions with their voxels, on one crop of one grid.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm.
    shared
        (rows, columns) int64: voxels that each pair shares.
    links
        (rows, columns) bool: which predictions belong to which reference lesion under the rule.
    scores
        (rows, columns) float: how well each pair agrees under the rule's criterion, 0..1.
    found, true
        Verdicts of the rows and of the columns; never both with ``ignored``.
    ignored_reference, ignored_prediction
        What counts neither as right nor as wrong.
    one_to_one
        Whether the rule gives each lesion one partner at most.
    n_splits, n_merges
        Reference lesions that several true predictions lie in; predictions in several found lesions.
    surface
        How distances between lesions are measured.
    miss_distance_mm
        The distance that stands for a missed and for a false lesion, in mm.
    """

    reference: LesionSet
    prediction: LesionSet
    spacing_zyx_mm: Triple
    shared: NDArray[np.int64]
    links: Flags
    scores: Float
    found: Flags
    true: Flags
    ignored_reference: Flags
    ignored_prediction: Flags
    one_to_one: bool
    n_splits: int = 0
    n_merges: int = 0
    surface: SurfaceRule = field(default_factory=SurfaceRule)
    miss_distance_mm: float = inf

    @cached_property
    def edges(self) -> tuple[LesionMatch, ...]:
        """Every pair that shares voxels or is linked, by reference id, then prediction id."""
        hit = self.links & self.found[:, None] & self.true
        rows, columns = self.reference.sizes(), self.prediction.sizes()
        return tuple(
            LesionMatch(
                reference_id=int(i) + 1,
                prediction_id=int(j) + 1,
                n_voxels=int(self.shared[i, j]),
                n_reference_voxels=int(rows[i]),
                n_prediction_voxels=int(columns[j]),
                is_match=bool(hit[i, j]),
            )
            for i, j in np.argwhere((self.shared > 0) | self.links)
        )

    @property
    def reference_fractions(self) -> Float:
        """Share of each reference lesion that the whole prediction covers, 0..1."""
        shares: Float = self.shared.sum(axis=1) / self.reference.sizes()
        return shares

    @property
    def prediction_fractions(self) -> Float:
        """Share of each predicted lesion that lies in the whole reference, 0..1."""
        shares: Float = self.shared.sum(axis=0) / self.prediction.sizes()
        return shares

    @property
    def missed(self) -> Flags:
        """Reference lesions that were not found."""
        return ~(self.found | self.ignored_reference)

    @property
    def false(self) -> Flags:
        """Predicted lesions that are not true."""
        return ~(self.true | self.ignored_prediction)

    @property
    def counted_rows(self) -> NDArray[np.intp]:
        """Rows of the reference lesions that count: all but the ignored ones."""
        return np.flatnonzero(~self.ignored_reference)

    @property
    def counts(self) -> LesionCounts:
        """Found and missed, true and false, ignored lesions."""
        sides = (self.found, self.missed, self.true, self.false)
        ignored = (self.ignored_reference, self.ignored_prediction)
        return LesionCounts(*(int(flags.sum()) for flags in (*sides, *ignored)))

    @property
    def further_counts(self) -> FurtherCounts:
        """Splits, merges and dropped components."""
        return FurtherCounts(
            n_splits=self.n_splits,
            n_merges=self.n_merges,
            n_dropped_reference=self.reference.n_dropped,
            n_dropped_prediction=self.prediction.n_dropped,
        )


@dataclass(frozen=True, kw_only=True)
class MatchingMetric(MetricSpec):
    """A metric of matched lesions: it needs their overlaps or voxels, not only their counts.

    Parameters
    ----------
    compute
        Returns the value of a matching; NaN where it is undefined.
    needs_voxels
        Whether it looks at the lesions' voxels; else it follows from sizes, overlaps and verdicts, and
        can be computed again when nothing but these was kept.

    See :class:`~napari_medassist.metrics.spec.MetricSpec` for the others.
    """

    compute: Callable[[MatchedLesions], float]
    needs_voxels: bool = True

    @property
    def level(self) -> Level:
        """Lesions."""
        return Level.LESION
