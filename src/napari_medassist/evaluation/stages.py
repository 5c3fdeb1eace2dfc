"""The stages of a staged case: what each depends on, and its results for the last few settings.

Each result stands under a key that holds all it depends on: the key of the stage before, and its own
settings. A setting that is part of no key changes nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy

from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.evaluation.comparison import (
    matching_scores,
    with_distances,
    with_rules_for_no_lesions,
)
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.extraction.candidates import Candidates
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.inputs.foreground import ConfidenceMap, Foreground, paired
from napari_medassist.evaluation.inputs.masks import Inputs
from napari_medassist.evaluation.kept import Kept
from napari_medassist.evaluation.matching.graph import MatchGraph
from napari_medassist.evaluation.matching.match import matched_on
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.lesion.matched import MatchedLesions, MatchingMetric
from napari_medassist.metrics.pair import MaskPair, require_same_shape
from napari_medassist.metrics.policy import with_empty_rules
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.registry import METRICS, chosen, probability_scores, voxel_scores
from napari_medassist.metrics.spec import ProbabilityMetric, VoxelMetric


class Stages:
    """The stages of one case, as ``staged`` lists them; those that return a key put it first.

    Parameters
    ----------
    given
        The images.
    n_kept
        For how many settings the results of each stage are kept.
    """

    def __init__(self, given: Inputs, n_kept: int) -> None:
        self.given = given
        self.kept = Kept(n_kept)
        # Keys hold the edition of a side, which is replaced when the side is edited.
        self._edition: dict[Side, object] = {side: object() for side in Side}

    def edited(self, given: Inputs, side: Side) -> Stages:
        """Return the stages after one side was edited; what the other one decides is kept."""
        other = copy(self)
        other.given = given
        other.kept = self.kept.copy()
        other._edition = {**self._edition, side: object()}
        return other

    def pair(self, convention: Convention) -> tuple[tuple[Hashable, ...], MaskPair]:
        """Return the two masks on the box that holds both, with the surface rule of a convention."""
        given, rule = self.given, convention.extraction
        given.require_same_grid(convention.grid_tolerance_mm)
        first, reference = self._foreground(Side.REFERENCE, rule)
        require_same_shape(given.reference.values.shape, given.prediction.values.shape)
        second, prediction = self._foreground(Side.PREDICTION, rule)
        key = first, second, given.spacing_zyx_mm
        depth, height, width = given.reference.values.shape
        pair = self.kept.get(
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
            pair = self.kept.put("pair", key, pair.under(convention.surface))
        return key, pair

    def matched(self, convention: Convention) -> tuple[Hashable, MatchedLesions]:
        """Return the lesions and their verdicts under a convention."""
        of_pair, pair = self.pair(convention)
        first, reference = self._lesions(Side.REFERENCE, convention.extraction, of_pair, pair)
        second, prediction = self._lesions(Side.PREDICTION, convention.extraction, of_pair, pair)
        lesions = first, second
        graph = self.kept.get(
            "graph", lesions, lambda: MatchGraph.of(reference, prediction, self.given.spacing_zyx_mm)
        )
        worst_mm = convention.empty_distance.worst_distance_mm
        key = lesions, convention.matching, convention.surface, worst_mm
        return key, self.kept.get(
            "verdicts",
            key,
            lambda: with_distances(
                matched_on(graph, prediction, convention.matching), convention, pair.diagonal_mm
            ),
        )

    def of_lesions(self, convention: Convention, names: Sequence[str] | None) -> dict[str, float]:
        """Return the named metrics of matched lesions, with the rules for empty masks."""
        key, matched = self.matched(convention)
        wanted = [spec.name for spec in chosen(MatchingMetric, names)]
        raw = self.kept.numbers("lesion", key, wanted, lambda few: matching_scores(matched, few))
        return with_rules_for_no_lesions(raw, convention, matched.miss_distance_mm)

    def of_voxels(self, convention: Convention, names: Sequence[str] | None) -> dict[str, float]:
        """Return the named metrics of voxels, with the rules for empty masks."""
        key, pair = self.pair(convention)
        wanted = [spec.name for spec in chosen(VoxelMetric, names)]
        raw = self.kept.numbers("voxel", (key, pair.rule), wanted, lambda few: voxel_scores(pair, few))
        overlap, distance = convention.empty_overlap, convention.empty_distance
        return with_empty_rules(raw, pair, overlap=overlap, distance=distance)

    def of_probabilities(self, names: Sequence[str] | None) -> dict[str, float]:
        """Return the named metrics of probabilities; none where the prediction is no such map."""
        if self.given.prediction.kind != "probability":
            return {}
        specs = chosen(ProbabilityMetric, METRICS.names() if names is None else names)
        key = tuple(self._edition.values())

        def computed(few: Sequence[str]) -> dict[str, float]:
            whole = self.given.reference_foreground()
            return probability_scores(ProbabilityPair(whole, self.given.prediction.values), few)

        return self.kept.numbers("probability", key, [spec.name for spec in specs], computed)

    def _foreground(self, side: Side, rule: ExtractionRule) -> tuple[Hashable, Foreground]:
        """Return the foreground of a side; before it, as in all stages, what it depends on."""
        edition, given = self._edition[side], self.given
        if self._is_map(side):
            confidences = self._confidences()
            key = edition, confidences.key(rule)
            return key, self.kept.get(f"{side} mask", key, lambda: confidences.candidates(rule))
        find = given.reference_cropped if side is Side.REFERENCE else given.prediction_cropped
        return edition, self.kept.get(f"{side} mask", edition, find)

    def _confidences(self) -> ConfidenceMap:
        given = self.given.prediction
        edition = self._edition[Side.PREDICTION]

        def held() -> ConfidenceMap:
            if given.kind == "detection":
                return ConfidenceMap(given.values, "detection", given.occupied)
            return ConfidenceMap(given.values, "probability")

        return self.kept.get("confidences", edition, held)

    def _lesions(
        self, side: Side, rule: ExtractionRule, of_pair: tuple[Hashable, ...], pair: MaskPair
    ) -> tuple[Hashable, LesionSet]:
        given = self.given
        first, second, spacing = of_pair
        own = first if side is Side.REFERENCE else second
        box = pair.offset_zyx, pair.reference.shape, spacing, given.geometry
        key = own, box, rule.connectivity, rule.min_volume_mm3, _merging(rule, side)

        def found() -> LesionSet:
            candidates = self._candidates(key, pair, rule) if self._is_map(side) else None
            return find_lesions(pair, side, rule=rule, geometry=given.geometry, confidence=candidates)

        return key, self.kept.get(f"{side} lesions", key, found)

    def _candidates(
        self, of_lesions: tuple[Hashable, ...], pair: MaskPair, rule: ExtractionRule
    ) -> Candidates:
        own, box, connectivity, *_ = of_lesions
        return self.kept.get(
            "candidates", (own, box, connectivity), lambda: self._confidences().told_apart(pair, rule)
        )

    def _is_map(self, side: Side) -> bool:
        return side is Side.PREDICTION and self.given.prediction.kind != "labels"


def _merging(rule: ExtractionRule, side: Side) -> Hashable:
    """Return the settings of merging where a side is merged."""
    if side is Side.PREDICTION or not rule.merge_steps:
        return None
    return rule.merge_steps, rule.merge_connectivity
