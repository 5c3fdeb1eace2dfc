"""Lesion-wise HD95."""

from __future__ import annotations

from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.lesion import Index
from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import Better, EmptyPolicy, Family


def lesion_hd95_mm(matched: MatchedLesions) -> float:
    """Return the mean HD95 over lesions, in mm; NaN if there is neither one to find nor a false one.

    Each reference lesion is compared with the union of the predictions that belong to it; a missed one
    and a false one count with the convention's worst distance.
    """
    rows, n_false = matched.counted_rows, int(matched.false.sum())
    if not rows.size + n_false:
        return nan
    total = sum(_distance_mm(matched, int(row)) for row in rows)
    return (total + n_false * matched.miss_distance_mm) / (rows.size + n_false)


def _distance_mm(matched: MatchedLesions, row: int) -> float:
    if not matched.found[row]:
        return matched.miss_distance_mm
    distances = _pair(matched, row).distances
    if distances is None:
        return matched.miss_distance_mm
    return distances.percentile_mm(95, matched.surface.aggregation)


def _pair(matched: MatchedLesions, row: int) -> MaskPair:
    """Return one reference lesion and its predictions, cropped to the box that holds both."""
    columns = np.flatnonzero(matched.links[row])
    own = [matched.reference.lesions[row], *(matched.prediction.lesions[j] for j in columns)]
    start = np.min([lesion.start_zyx for lesion in own], axis=0)
    stop = np.max([lesion.stop_zyx for lesion in own], axis=0)
    offset = np.asarray(matched.reference.offset_zyx)
    box = tuple(slice(a, b) for a, b in zip(start - offset, stop - offset, strict=True))
    return MaskPair(
        reference=matched.reference.labels[box] == row + 1,
        prediction=np.isin(matched.prediction.labels[box], columns + 1),
        spacing_zyx_mm=matched.spacing_zyx_mm,
        offset_zyx=_index(start),
        shape_zyx=matched.reference.shape_zyx,
        rule=matched.surface,
    )


def _index(values: NDArray[np.int64]) -> Index:
    z, y, x = (int(v) for v in values)
    return z, y, x


METRIC = MatchingMetric(
    name="lesion_hd95_mm",
    title="Lesion-wise HD95",
    definition="(sum of HD95(lesion, union of its predictions) + worst distance for each missed and "
    "false lesion) / (lesions + false lesions)",
    unit="mm",
    range=(0.0, inf),
    better=Better.LOWER,
    empty=EmptyPolicy(both=nan),
    family=Family.DISTANCE,
    default=False,
    citation="Saluja R. et al., BraTS 2023 performance metrics",
    compute=lesion_hd95_mm,
)
