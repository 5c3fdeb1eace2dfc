"""One case compared again and again: what a change of setting does not touch is not computed anew.

The stages of a comparison, and what each depends on besides the images and the stages before it:

1. *foreground* of each side: of a predicted map the extraction (method, cut-off); of masks nothing;
2. *pair* of masks on the box that holds both, with its surface distances: the surface rule;
3. *lesions* of each side: that box, connectivity, smallest volume, merging (of the reference);
4. *match graph*: nothing else;
5. *verdicts*: the matching rule;
6. *metrics*, each by itself when it is asked for: their own rules only.

Of every stage the results for the last few settings are kept, so that going back and forth costs
nothing, and a changed setting begins at the first stage that depends on it::

    staged = StagedCase(reference, probabilities, spacing, kind="probability")
    first = staged.under(MEDASSIST, metrics=QUICK_METRICS)        # counts, verdicts, Dice
    lower = MEDASSIST.with_changes(extraction={"threshold": 0.4})
    moved = staged.under(lower, metrics=QUICK_METRICS)            # from stage 1 on
    later = staged.under(lower)                                     # the distances, nothing else
    staged = staged.with_reference(painted_array)                   # after a brush stroke
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy

from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.core.progress import Progress, silent
from napari_medassist.evaluation.candidates import Candidates
from napari_medassist.evaluation.comparison import (
    Comparison,
    case_evaluation,
    matching_scores,
    with_distances,
    with_rules_for_no_lesions,
)
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.foreground import ConfidenceMap, Foreground, paired
from napari_medassist.evaluation.kept import Kept
from napari_medassist.evaluation.lesions import find_lesions
from napari_medassist.evaluation.masks import (
    Inputs,
    Kind,
    LabelChoice,
    Labelled,
    Predicted,
    checked_inputs,
)
from napari_medassist.evaluation.matching.graph import MatchGraph
from napari_medassist.evaluation.matching.match import matched_on
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.pair import MaskPair, require_same_shape
from napari_medassist.metrics.policy import with_empty_rules
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.registry import (
    METRICS,
    chosen,
    default_names,
    probability_scores,
    voxel_scores,
)
from napari_medassist.metrics.spec import Family, ProbabilityMetric, VoxelMetric

#: The default metrics without surface distances: those that a slider or a brush is followed with.
QUICK_METRICS = tuple(
    name for name in default_names() if METRICS.get(name).family is not Family.DISTANCE
)


class StagedCase:
    """A reference and a prediction that are compared under one convention after another.

    Every result equals that of :func:`~napari_medassist.evaluation.case.compare` on the same input, to
    the digit: that function is the first comparison of a ``StagedCase``.

    One instance is for one worker at a time; it has no lock. The images are held and not copied: they
    must not change meanwhile. After a brush stroke :meth:`with_reference` or :meth:`with_prediction`
    takes the array again.

    Beside the images it holds at most, for each of the last ``n_kept`` settings, two masks (one byte a
    voxel of the box around all lesions), two maps of lesions (four bytes) and the surface distances
    (eight bytes a border voxel).

    Parameters
    ----------
    reference, prediction, spacing_zyx_mm, label, kind, case
        As in :func:`~napari_medassist.evaluation.case.evaluate`.
    n_kept
        For how many settings the results of each stage are kept.

    Raises
    ------
    InvalidGeometry, InvalidImage, InvalidSetting
        As ``evaluate`` does; what depends on the convention is checked in :meth:`under`.
    """

    def __init__(
        self,
        reference: Labelled,
        prediction: Predicted,
        spacing_zyx_mm: Sequence[float] | None = None,
        *,
        label: LabelChoice = None,
        kind: Kind | None = None,
        case: str = "",
        n_kept: int = 2,
    ) -> None:
        self._given = checked_inputs(reference, prediction, spacing_zyx_mm, label=label, kind=kind)
        self._case = case
        self._kept = Kept(n_kept)
        # Keys hold the edition of a side, which is replaced when the side is edited.
        self._edition: dict[Side, object] = {side: object() for side in Side}

    @property
    def spacing_zyx_mm(self) -> Triple:
        """Distance between neighbouring voxel centres along z, y, x, in mm."""
        return self._given.spacing_zyx_mm

    @property
    def geometry(self) -> Geometry | None:
        """The grid of the images in the patient; None if only arrays were given."""
        return self._given.geometry

    @property
    def kind(self) -> Kind:
        """What the prediction holds; a cut-off can be moved where it is ``"probability"``."""
        return self._given.prediction.kind

    def under(
        self,
        convention: Convention = MEDASSIST,
        *,
        metrics: Sequence[str] | None = None,
        progress: Progress = silent,
    ) -> Comparison:
        """Compare under a convention.

        Parameters
        ----------
        convention
            How lesions are told apart, matched and judged, and surfaces measured.
        metrics
            Names of the metrics to compute, e.g. :data:`QUICK_METRICS`; by default as in ``evaluate``.
        progress
            Told between stages; may raise ``Cancelled``. What was computed until then is kept.

        Raises
        ------
        GeometryMismatch, InvalidImage, UnknownItem
            As ``evaluate`` does.
        """
        progress(0, 3, "Finding and matching the lesions")
        matched = self.matched(convention)
        progress(1, 3, "Comparing the lesions")
        of_lesions = self._lesion_scores(convention, metrics)
        progress(2, 3, "Comparing the voxels")
        of_voxels = self._voxel_scores(convention, metrics) | self._probability_scores(metrics)
        progress(3, 3, "")
        evaluation = case_evaluation(
            matched,
            of_voxels | of_lesions,
            convention.settings(),
            case=self._case,
            spacing_zyx_mm=self.spacing_zyx_mm,
        )
        return Comparison(evaluation, matched.reference, matched.prediction)

    def matched(self, convention: Convention = MEDASSIST) -> MatchedLesions:
        """Return the lesions and their verdicts under a convention, without any metric."""
        return self._matched(convention)[1]

    def masks(self, convention: Convention = MEDASSIST) -> MaskPair:
        """Return the two masks under a convention, on the box that holds both."""
        return self._pair(convention)[1]

    def with_reference(self, reference: Labelled) -> StagedCase:
        """Return the case with an edited reference; what the prediction alone decides is kept.

        A bare array lies on the grid of the reference before. Where it is the same array, changed in
        place, use the returned case from then on and no longer this one.

        Raises
        ------
        InvalidImage
            If it holds no labels.
        """
        return self._edited(self._given.with_reference(reference), Side.REFERENCE)

    def with_prediction(self, prediction: Predicted) -> StagedCase:
        """Return the case with an edited prediction of the same kind; see :meth:`with_reference`."""
        return self._edited(self._given.with_prediction(prediction), Side.PREDICTION)

    def _edited(self, given: Inputs, side: Side) -> StagedCase:
        other = copy(self)
        other._given = given
        other._kept = self._kept.copy()
        other._edition = {**self._edition, side: object()}
        return other

    def _foreground(self, side: Side, rule: ExtractionRule) -> tuple[Hashable, Foreground]:
        """Return the foreground of a side; before it, as in all stages, what it depends on."""
        edition, given = self._edition[side], self._given
        if self._is_map(side):
            confidences = self._confidences()
            key = edition, confidences.key(rule)
            return key, self._kept.get(f"{side} mask", key, lambda: confidences.candidates(rule))
        find = given.reference_cropped if side is Side.REFERENCE else given.prediction_cropped
        return edition, self._kept.get(f"{side} mask", edition, find)

    def _confidences(self) -> ConfidenceMap:
        given = self._given.prediction
        edition = self._edition[Side.PREDICTION]

        def held() -> ConfidenceMap:
            if given.kind == "detection":
                return ConfidenceMap(given.values, "detection", given.occupied)
            return ConfidenceMap(given.values, "probability")

        return self._kept.get("confidences", edition, held)

    def _pair(self, convention: Convention) -> tuple[tuple[Hashable, ...], MaskPair]:
        given, rule = self._given, convention.extraction
        given.require_same_grid(convention.grid_tolerance_mm)
        first, reference = self._foreground(Side.REFERENCE, rule)
        require_same_shape(given.reference.values.shape, given.prediction.values.shape)
        second, prediction = self._foreground(Side.PREDICTION, rule)
        key = first, second, given.spacing_zyx_mm
        depth, height, width = given.reference.values.shape
        pair = self._kept.get(
            "pair",
            key,
            lambda: paired(
                reference,
                prediction,
                given.spacing_zyx_mm,
                (depth, height, width),
                convention.surface,
            ),
        )
        if pair.rule != convention.surface:  # keeps the distances where these are the same
            pair = self._kept.put("pair", key, pair.under(convention.surface))
        return key, pair

    def _lesions(
        self, side: Side, rule: ExtractionRule, of_pair: tuple[Hashable, ...], pair: MaskPair
    ) -> tuple[Hashable, LesionSet]:
        given = self._given
        first, second, spacing = of_pair
        own = first if side is Side.REFERENCE else second
        box = pair.offset_zyx, pair.reference.shape, spacing, given.geometry
        key = own, box, rule.connectivity, rule.min_volume_mm3, _merging(rule, side)

        def found() -> LesionSet:
            candidates = self._candidates(key, pair, rule) if self._is_map(side) else None
            return find_lesions(pair, side, rule=rule, geometry=given.geometry, confidence=candidates)

        return key, self._kept.get(f"{side} lesions", key, found)

    def _candidates(
        self, of_lesions: tuple[Hashable, ...], pair: MaskPair, rule: ExtractionRule
    ) -> Candidates:
        own, box, connectivity, *_ = of_lesions
        return self._kept.get(
            "candidates", (own, box, connectivity), lambda: self._confidences().told_apart(pair, rule)
        )

    def _is_map(self, side: Side) -> bool:
        return side is Side.PREDICTION and self.kind != "labels"

    def _matched(self, convention: Convention) -> tuple[Hashable, MatchedLesions]:
        of_pair, pair = self._pair(convention)
        first, reference = self._lesions(Side.REFERENCE, convention.extraction, of_pair, pair)
        second, prediction = self._lesions(Side.PREDICTION, convention.extraction, of_pair, pair)
        lesions = first, second
        graph = self._kept.get(
            "graph", lesions, lambda: MatchGraph.of(reference, prediction, self.spacing_zyx_mm)
        )
        worst_mm = convention.empty_distance.worst_distance_mm
        key = lesions, convention.matching, convention.surface, worst_mm
        return key, self._kept.get(
            "verdicts",
            key,
            lambda: with_distances(
                matched_on(graph, prediction, convention.matching), convention, pair.diagonal_mm
            ),
        )

    def _lesion_scores(self, convention: Convention, names: Sequence[str] | None) -> dict[str, float]:
        key, matched = self._matched(convention)
        wanted = [spec.name for spec in chosen(MatchingMetric, names)]
        raw = self._kept.numbers("lesion", key, wanted, lambda few: matching_scores(matched, few))
        return with_rules_for_no_lesions(raw, convention, matched.miss_distance_mm)

    def _voxel_scores(self, convention: Convention, names: Sequence[str] | None) -> dict[str, float]:
        key, pair = self._pair(convention)
        wanted = [spec.name for spec in chosen(VoxelMetric, names)]
        raw = self._kept.numbers("voxel", (key, pair.rule), wanted, lambda few: voxel_scores(pair, few))
        overlap, distance = convention.empty_overlap, convention.empty_distance
        return with_empty_rules(raw, pair, overlap=overlap, distance=distance)

    def _probability_scores(self, names: Sequence[str] | None) -> dict[str, float]:
        if self.kind != "probability":
            return {}
        specs = chosen(ProbabilityMetric, METRICS.names() if names is None else names)
        key = tuple(self._edition.values())

        def computed(few: Sequence[str]) -> dict[str, float]:
            whole = self._given.reference_foreground()
            return probability_scores(ProbabilityPair(whole, self._given.prediction.values), few)

        return self._kept.numbers("probability", key, [spec.name for spec in specs], computed)


def _merging(rule: ExtractionRule, side: Side) -> Hashable:
    """Return the settings of merging where a side is merged."""
    if side is Side.PREDICTION or not rule.merge_steps:
        return None
    return rule.merge_steps, rule.merge_connectivity
