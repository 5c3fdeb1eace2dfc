"""The comparison of the open case, judged again at each move of a setting and each brush stroke."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.labels import DetectionMap, LabelMap, ProbabilityMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.comparison import Comparison
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.lesion_measures import (
    distances_to_other_mm,
    longest_axial_diameters_mm,
)
from napari_medassist.evaluation.parts.regions import ZoneMap, evaluate_regions
from napari_medassist.evaluation.staged import QUICK_METRICS, StagedCase
from napari_medassist.evaluation.verdict_map import (
    CLASS_SCHEME,
    VerdictCrop,
    classes_of,
    verdict_crop,
)

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
class ComparedLabels:
    """A reference and a prediction compared: what the evaluation says, and its verdicts to be drawn.

    Parameters
    ----------
    reference, prediction
        What was compared.
    found
        What the evaluation says, and the lesions with their voxels.
    convention
        How they were judged.
    crops
        The verdicts of each side, where it has lesions.
    measures
        Of each lesion, by side and id; empty until they are there.
    is_complete
        Whether distances and measures are there; until then their numbers are undefined.
    """

    reference: LabelMap
    prediction: PredictedImage
    found: Comparison
    convention: Convention
    crops: Mapping[Side, VerdictCrop]
    measures: Mapping[tuple[Side, int], LesionMeasures] = field(default_factory=dict)
    is_complete: bool = True

    @property
    def evaluation(self) -> CaseEvaluation:
        """The numbers of both levels, and the lesions with their verdicts."""
        return self.found.evaluation

    @cached_property
    def classes(self) -> dict[Side, NDArray[np.uint8]]:
        """The class of each lesion of each side, a value of ``CLASS_SCHEME``, by id."""
        return classes_of(self.evaluation)

    @cached_property
    def verdicts(self) -> LabelMap:
        """The verdicts of both sides in one map, on the reference's grid."""
        full = np.zeros(self.reference.geometry.shape_zyx, dtype=np.uint8)
        crop = verdict_crop(self.found)
        full[crop.box] = crop.values
        return LabelMap.on(self.reference, full, name="Verdicts", scheme=CLASS_SCHEME)


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
    zones
        Zones of the organ, on the same grid; None if there are none.
    """

    def __init__(
        self,
        reference: LabelMap,
        prediction: PredictedImage,
        *,
        case: str = "",
        zones: LabelMap | None = None,
    ) -> None:
        self.reference, self.prediction = reference, prediction
        self.case, self.zones = case, zones
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
            found=compared,
            convention=convention,
            crops={side: verdict_crop(compared, side) for side in Side},
            measures=measures,
            is_complete=not quick,
        )

    def edited(
        self, *, reference: LabelMap | None = None, prediction: LabelMap | None = None
    ) -> LiveComparison:
        """Return the comparison after brush strokes on one side; the other is not looked at again."""
        other = LiveComparison(
            reference or self.reference,
            prediction or self.prediction,
            case=self.case,
            zones=self.zones,
        )
        other._quick.follow(self._quick, reference, prediction)
        return other


class _Stages:
    """The stages of one comparison, for one thread at a time."""

    def __init__(self, images: LiveComparison) -> None:
        self._images = images
        self._lock = threading.Lock()
        self._staged: StagedCase | None = None
        self._zones: ZoneMap | None = None

    def under(self, convention: Convention, quick: bool, progress: Progress) -> Comparison:  # noqa: FBT001 - private
        with self._lock:
            if self._staged is None:
                images = self._images
                self._staged = StagedCase(images.reference, images.prediction, case=images.case)
            metrics = QUICK_METRICS if quick else None
            found = self._staged.under(convention, metrics=metrics, progress=progress)
            return self._in_zones(found, self._staged, convention)

    def _in_zones(self, found: Comparison, staged: StagedCase, convention: Convention) -> Comparison:
        """Let the lesions know their zones, if there are any."""
        if self._images.zones is None:
            return found
        pair = staged.masks(convention)
        if self._zones is None:
            geometry, tolerance_mm = staged.geometry, convention.grid_tolerance_mm
            self._zones = ZoneMap.of(
                self._images.zones, pair.shape_zyx, geometry, tolerance_mm=tolerance_mm
            )
        evaluation = evaluate_regions(found, pair, self._zones, convention=convention, metrics=())
        return replace(found, evaluation=evaluation)

    def follow(self, before: _Stages, reference: LabelMap | None, prediction: LabelMap | None) -> None:
        """Take over what an edit of one side does not touch."""
        with before._lock:
            staged = before._staged
            if staged is not None and reference is not None:
                staged = staged.with_reference(reference)
            if staged is not None and prediction is not None:
                staged = staged.with_prediction(prediction)
            self._staged, self._zones = staged, before._zones


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
