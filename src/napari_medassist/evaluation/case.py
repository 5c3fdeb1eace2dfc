"""Compare a reference with a prediction: both levels from one pair of masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.comparison import Comparison
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.inputs.masks import Kind, LabelChoice, Labelled, Predicted
from napari_medassist.evaluation.parts.regions import ZoneMap, evaluate_regions
from napari_medassist.evaluation.staged import StagedCase

__all__ = ["Comparison", "compare", "evaluate"]


def evaluate(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
    convention: Convention = MEDASSIST,
    metrics: Sequence[str] | None = None,
    case: str = "",
    zones: LabelMap | NDArray[Any] | None = None,
    zone_scheme: LabelScheme | None = None,
) -> CaseEvaluation:
    """Compare a prediction with a reference, voxel by voxel and lesion by lesion.

    Parameters
    ----------
    reference
        Label map, or array (z, y, x) of whole numbers. An array beside an image that knows its grid is
        taken to lie on that grid.
    prediction
        The same, or a probability map or detection map: then its lesion candidates, extracted as the
        convention says, are the predicted lesions, and all of them together the mask.
    spacing_zyx_mm
        Distance between neighbouring voxel centres along z, y, x, in mm. Needed for arrays; label
        maps know their own.
    label
        The value, or values, that count as foreground; every non-zero one by default.
    kind
        What a predicted array or image holds: ``"labels"`` (the default), ``"probability"`` or
        ``"detection"``.
    convention
        How lesions are told apart, matched and judged, how surfaces are measured, and what empty masks
        mean.
    metrics
        Names of the metrics to compute; by default those that are computed without being asked for.
        Those that follow from the counts of lesions alone are always computed.
    case
        Name of the case in the result.
    zones
        Zones of the organ on the same grid, to judge each by itself too; see
        :mod:`~napari_medassist.evaluation.parts.regions`.
    zone_scheme
        What the zones are called; by default what the zone map says itself.

    Returns
    -------
    CaseEvaluation
        Undefined metrics are NaN.

    Raises
    ------
    GeometryMismatch
        If the two, or the zones, do not share one voxel grid.
    InvalidGeometry
        If the spacing is missing, impossible, or contradicts the grid, or the grid is sheared.
    InvalidImage
        If the values are fractional, negative, or not on three axes; or no probabilities where a map is
        given; or a component of a detection map has several confidences.
    InvalidSetting
        If the label or the kind cannot be.
    UnknownItem
        If there is no metric of a name.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.zeros((8, 20, 20), dtype=np.uint8)
    >>> reference[2:6, 2:8, 2:8] = 1
    >>> reference[3:5, 14:16, 14:16] = 1
    >>> prediction = np.zeros_like(reference)
    >>> prediction[2:6, 2:8, 2:8] = 1
    >>> result = evaluate(reference, prediction, spacing_zyx_mm=(3, 0.5, 0.5))
    >>> round(result.dice, 3), result.tp_reference, result.fn
    (0.973, 1, 1)
    """
    staged = StagedCase(reference, prediction, spacing_zyx_mm, label=label, kind=kind, case=case)
    found = staged.under(convention, metrics=metrics)
    if zones is None:
        return found.evaluation
    pair = staged.masks(convention)
    zone_map = ZoneMap.of(
        zones,
        pair.shape_zyx,
        staged.geometry,
        scheme=zone_scheme,
        tolerance_mm=convention.grid_tolerance_mm,
    )
    return evaluate_regions(found, pair, zone_map, convention=convention, metrics=metrics)


def compare(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None = None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
    convention: Convention = MEDASSIST,
    metrics: Sequence[str] | None = None,
    case: str = "",
) -> Comparison:
    """Do as :func:`evaluate` does, and keep the lesions' voxels for showing them."""
    staged = StagedCase(reference, prediction, spacing_zyx_mm, label=label, kind=kind, case=case)
    return staged.under(convention, metrics=metrics)
