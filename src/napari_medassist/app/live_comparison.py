"""The comparison of the open case, judged again at each move of a setting and each brush stroke."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.verdict_classes import CLASS_SCHEME, RANK_OF_CLASS, classes_of
from napari_medassist.core.labels import DetectionMap, LabelMap, ProbabilityMap
from napari_medassist.core.lesion import Index, LesionSet, Side
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.comparison import Comparison
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.lesion_measures import (
    distances_to_other_mm,
    longest_axial_diameters_mm,
)
from napari_medassist.evaluation.staged import QUICK_METRICS, StagedCase

#: What may be compared with a reference.
PredictedImage = LabelMap | ProbabilityMap | DetectionMap


@dataclass(frozen=True)
class LesionMeasures:
    """What takes longer to measure than a slider may wait.

    Parameters
    ----------
    longest_diameter_mm
        Longest diameter in one axial slice.
    nearest_mm
        Distance to the nearest lesion of the other side; None if that has none.
    """

    longest_diameter_mm: float
    nearest_mm: float | None


@dataclass(frozen=True, eq=False)
class VerdictCrop:
    """The verdict classes of one side's lesions, where it has lesions.

    Parameters
    ----------
    values
        (z, y, x) uint8 crop of the grid: 0 background, else a value of ``VERDICT_CLASSES``.
    offset_zyx
        Index of the crop's first voxel in the full grid.
    """

    values: NDArray[np.uint8]
    offset_zyx: Index

    @property
    def box(self) -> tuple[slice, ...]:
        """Where the crop lies in the full grid."""
        corners = zip(self.offset_zyx, self.values.shape, strict=True)
        return tuple(slice(start, start + size) for start, size in corners)


@dataclass(frozen=True, eq=False)
class ComparedLabels:
    """A reference and a prediction compared: what the evaluation says, and its verdicts to be drawn.

    Parameters
    ----------
    reference, prediction
        What was compared.
    evaluation
        The numbers of both levels, and the lesions with their verdicts.
    convention
        How they were judged.
    crops
        The verdicts of each side.
    measures
        Of each lesion, by side and id; empty until they are there.
    is_complete
        Whether distances and measures are there; until then their numbers are undefined.
    """

    reference: LabelMap
    prediction: PredictedImage
    evaluation: CaseEvaluation
    convention: Convention
    crops: Mapping[Side, VerdictCrop]
    measures: Mapping[tuple[Side, int], LesionMeasures] = field(default_factory=dict)
    is_complete: bool = True

    @cached_property
    def verdicts(self) -> LabelMap:
        """True positive, missed and false lesions of both sides in one map, on the reference's grid."""
        full = np.zeros(self.reference.geometry.shape_zyx, dtype=np.uint8)
        first, second = self.crops[Side.REFERENCE], self.crops[Side.PREDICTION]
        full[second.box] = second.values
        in_front = RANK_OF_CLASS[first.values] > RANK_OF_CLASS[full[first.box]]
        full[first.box][in_front] = first.values[in_front]
        return LabelMap.on(self.reference, full, name="Verdicts", scheme=CLASS_SCHEME)

    def is_of(self, other: ComparedLabels | None) -> bool:
        """Tell whether another result is of the same two images, so that layers can be kept."""
        return (
            other is not None
            and other.reference.geometry == self.reference.geometry
            and other.prediction.geometry == self.prediction.geometry
        )


class LiveComparison:
    """Two images that are judged under one convention after another.

    Quick results (counts, verdicts, Dice) and complete ones (distances too) are computed on stages of
    their own, so that a slider never waits for the distances of the position before. Each kind of
    result may be asked for from any thread.

    Parameters
    ----------
    reference, prediction
        The two images, on one grid. They are held, not copied.
    case
        Name of the case in results.
    """

    def __init__(self, reference: LabelMap, prediction: PredictedImage, *, case: str = "") -> None:
        self.reference, self.prediction, self.case = reference, prediction, case
        self._quick, self._complete = _Stages(self), _Stages(self)

    @property
    def has_cut_off(self) -> bool:
        """Whether the prediction is a probability map, of which the cut-off can be moved."""
        return isinstance(self.prediction, ProbabilityMap)

    def judged(
        self, convention: Convention, *, quick: bool = False, progress: Progress = silent
    ) -> ComparedLabels:
        """Judge the two images under a convention.

        Parameters
        ----------
        convention
            How lesions are told apart, matched and judged.
        quick
            Whether to leave out distances and measures.
        progress
            Told of the steps; may raise ``Cancelled``.

        Raises
        ------
        GeometryMismatch
            If the grids differ; nothing is resampled.
        InvalidImage
            If the values are not what the type says.
        """
        compared = (self._quick if quick else self._complete).under(convention, quick, progress)
        measures = {} if quick else _measures(compared, self.reference, progress)
        return ComparedLabels(
            reference=self.reference,
            prediction=self.prediction,
            evaluation=compared.evaluation,
            convention=convention,
            crops=_crops(compared),
            measures=measures,
            is_complete=not quick,
        )

    def edited(
        self, *, reference: LabelMap | None = None, prediction: LabelMap | None = None
    ) -> LiveComparison:
        """Return the comparison after brush strokes on one side; the other is not looked at again."""
        other = LiveComparison(
            reference or self.reference, prediction or self.prediction, case=self.case
        )
        other._quick.follow(self._quick, reference, prediction)
        return other


class _Stages:
    """The stages of one comparison, for one thread at a time."""

    def __init__(self, images: LiveComparison) -> None:
        self._images = images
        self._lock = threading.Lock()
        self._staged: StagedCase | None = None

    def under(self, convention: Convention, quick: bool, progress: Progress) -> Comparison:  # noqa: FBT001 - private
        with self._lock:
            if self._staged is None:
                images = self._images
                self._staged = StagedCase(images.reference, images.prediction, case=images.case)
            metrics = QUICK_METRICS if quick else None
            return self._staged.under(convention, metrics=metrics, progress=progress)

    def follow(self, before: _Stages, reference: LabelMap | None, prediction: LabelMap | None) -> None:
        """Take over what an edit of one side does not touch."""
        with before._lock:
            staged = before._staged
            if staged is not None and reference is not None:
                staged = staged.with_reference(reference)
            if staged is not None and prediction is not None:
                staged = staged.with_prediction(prediction)
            self._staged = staged


def _crops(compared: Comparison) -> dict[Side, VerdictCrop]:
    return {
        Side.REFERENCE: _crop(compared.reference, compared.evaluation),
        Side.PREDICTION: _crop(compared.prediction, compared.evaluation),
    }


def _crop(lesions: LesionSet, evaluation: CaseEvaluation) -> VerdictCrop:
    by_id = np.concatenate([np.zeros(1, dtype=np.uint8), classes_of(evaluation, lesions.side)])
    return VerdictCrop(by_id[lesions.labels], lesions.offset_zyx)


def _measures(
    compared: Comparison, reference: LabelMap, progress: Progress
) -> dict[tuple[Side, int], LesionMeasures]:
    spacing = reference.geometry.spacing_zyx_mm
    found: dict[tuple[Side, int], LesionMeasures] = {}
    sides = (compared.reference, compared.prediction)
    for lesions, other in (sides, sides[::-1]):
        diameters = longest_axial_diameters_mm(lesions, spacing, progress)
        nearest = distances_to_other_mm(lesions, other, spacing)
        for lesion, diameter, distance in zip(lesions, diameters, nearest, strict=True):
            found[lesions.side, lesion.id] = LesionMeasures(diameter, distance)
    return found
