"""What was measured of an alignment, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_medassist.app.registering.carrying import CarriedLabels
from napari_medassist.core.geometry import Float
from napari_medassist.core.landmarks import LandmarkPair, landmark_places
from napari_medassist.core.transform import Transform
from napari_medassist.evaluation.statistics.resampling import Interval, bootstrap, mean_of
from napari_medassist.registration.quality import MapQuality, target_errors_mm
from napari_medassist.registration.spec import Fit
from napari_medassist.registration.thin_plates import left_out_errors_mm


@dataclass(frozen=True)
class TargetErrors:
    """Target registration errors of landmarks.

    Attributes
    ----------
    names
        The pairs.
    before_mm, after_mm
        Error of each, where the alignment began and where it ended.
    mean_before, mean_after
        Their means with 95 % bootstrap intervals over the pairs; where some guided the alignment, over
        the others.
    n_guides
        How many guided the alignment: their own errors tell nothing.
    left_out
        Where landmarks alone decided the map: the mean error of those that guided, each mapped as the
        others would have it; None otherwise, or where the others are too few.
    """

    names: tuple[str, ...]
    before_mm: tuple[float, ...]
    after_mm: tuple[float, ...]
    mean_before: Interval
    mean_after: Interval
    n_guides: int = 0
    left_out: Interval | None = None

    @property
    def n_measured(self) -> int:
        """How many took no part and so measure something."""
        return len(self.names) - self.n_guides

    @classmethod
    def of(
        cls,
        pairs: Sequence[LandmarkPair],
        transform: Transform,
        start: Transform,
        guides: Sequence[LandmarkPair] = (),
        fit: Fit | None = None,
    ) -> TargetErrors | None:
        """Measure pairs of landmarks, of which some may have guided; None if there are none.

        ``fit`` is how a method that works on landmarks alone made its map of them.
        """
        if not pairs:
            return None
        fixed, moving = landmark_places(pairs)
        before, after = (target_errors_mm(t, fixed, moving) for t in (start, transform))
        known = {(guide.fixed_lps_mm, guide.moving_lps_mm) for guide in guides}  # whatever their names
        took_part = np.array([(pair.fixed_lps_mm, pair.moving_lps_mm) in known for pair in pairs])
        counted = ~took_part if not took_part.all() else took_part
        return cls(
            tuple(pair.name for pair in pairs),
            tuple(before.tolist()),
            tuple(after.tolist()),
            _mean(before[counted]),
            _mean(after[counted]),
            int(np.count_nonzero(took_part)),
            _left_out(guides, fit),
        )


@dataclass(frozen=True, eq=False)
class AlignmentQuality:
    """All that was measured of an alignment.

    Attributes
    ----------
    space
        What the map does to space.
    overlap_share
        Share of the fixed image's body that the moving image shows.
    information_before, information_after
        Normalised mutual information, 1 for none, 2 for all; NaN where they share too little.
    way_back_mm
        Median and percentile 95 of how far points are from where they began after an alignment there
        and one back; None if that was not asked for.
    targets
        Landmarks; None without.
    carried
        Label maps that were carried over.
    """

    space: MapQuality
    overlap_share: float
    information_before: float
    information_after: float
    way_back_mm: tuple[float, float] | None = None
    targets: TargetErrors | None = None
    carried: tuple[CarriedLabels, ...] = ()


def _left_out(guides: Sequence[LandmarkPair], fit: Fit | None) -> Interval | None:
    errors = None if fit is None or not guides else left_out_errors_mm(*landmark_places(guides), fit)
    return None if errors is None else _mean(errors)


def _mean(values: Float) -> Interval:
    return bootstrap(mean_of(np.asarray(values, dtype=np.float64)), len(values))
