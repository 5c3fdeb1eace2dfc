"""The choices behind lesion-level numbers, by name: what a lesion is, and what counts as a hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from napari_medassist.core.errors import InvalidSetting

CONNECTIVITIES = (6, 18, 26)

Extraction = Literal["threshold", "static", "dynamic", "dynamic_fast", "detection_map"]
Criterion = Literal["overlap", "any_overlap", "iou", "dice", "centroid_in_mask", "centre_distance"]
Assignment = Literal[
    "many_to_many",
    "many_to_one",
    "hungarian",
    "hungarian_picai",
    "greedy_by_overlap",
    "greedy_by_confidence",
    "surest_of_each",
]
CaseConfidence = Literal["max", "any_of_all"]
Outcome = Literal["undefined", "worst", "best_if_both"]


@dataclass(frozen=True, kw_only=True)
class ExtractionRule:
    """How lesions come from a mask or a map.

    Parameters
    ----------
    connectivity
        Neighbours that hold a lesion together: 6 (faces), 18 (and edges), 26 (and corners).
    min_volume_mm3
        Smaller lesions are not counted on either side; their number is reported. 0 keeps all.
    merge_steps
        Lesions of the *reference* closer than twice this many dilation steps are one lesion (BraTS); 0
        merges none.
    merge_connectivity
        Neighbourhood of those dilation steps.
    from_probability
        How candidates come from a probability map: ``threshold`` (one fixed cut-off), PI-CAI's
        ``static``, ``dynamic`` and ``dynamic_fast``, or ``detection_map`` (each component has one
        constant confidence).
    threshold
        The cut-off of ``threshold`` and ``static``, inclusive.
    min_candidate_voxels
        Candidates of ``static``, ``dynamic`` and ``dynamic_fast`` with fewer voxels are none.
    max_candidates
        ``dynamic`` stops after so many candidates.
    dynamic_factor
        ``dynamic`` and ``dynamic_fast`` cut at the highest value divided by this.
    case_confidence
        How sure a prediction is that the case has a lesion: ``max``, its surest candidate; or
        ``any_of_all``, 1 - the product of (1 - confidence) over all candidates.
    """

    connectivity: int = 26
    min_volume_mm3: float = 0.0
    merge_steps: int = 0
    merge_connectivity: int = 18
    from_probability: Extraction = "threshold"
    threshold: float = 0.5
    min_candidate_voxels: int = 11
    max_candidates: int = 5
    dynamic_factor: float = 2.5
    case_confidence: CaseConfidence = "max"

    def __post_init__(self) -> None:
        for name in ("connectivity", "merge_connectivity"):
            if getattr(self, name) not in CONNECTIVITIES:
                raise InvalidSetting(f"{name} is 6, 18 or 26, not {getattr(self, name)}.")
        if not 0 <= self.min_volume_mm3 < float("inf"):
            raise InvalidSetting(f"min_volume_mm3 must not be negative: {self.min_volume_mm3}.")
        for name, least in (("merge_steps", 0), ("min_candidate_voxels", 0), ("max_candidates", 1)):
            if not getattr(self, name) >= least:
                raise InvalidSetting(f"{name} must be at least {least}: {getattr(self, name)}.")
        if not 0 <= self.threshold <= 1:
            raise InvalidSetting(f"threshold is a cut-off from 0 to 1, not {self.threshold}.")
        if not 1 < self.dynamic_factor < float("inf"):
            raise InvalidSetting(f"dynamic_factor must be above 1: {self.dynamic_factor}.")
        _require(self.from_probability, Extraction, "from_probability")
        _require(self.case_confidence, CaseConfidence, "case_confidence")


@dataclass(frozen=True, kw_only=True)
class MatchingRule:
    """What counts as a hit, and how lesions are assigned to each other.

    Parameters
    ----------
    criterion
        ``overlap``: the share of a lesion's own voxels that the other side covers, asked of each side
        with its own threshold. ``any_overlap``: one shared voxel. ``iou`` and ``dice``: of a pair of
        lesions. ``centroid_in_mask``: the predicted centroid lies in the reference lesion.
        ``centre_distance``: the centres lie within the reference lesion's radius (LUNA16): that of a
        ball of its volume.
    threshold_reference, threshold_prediction
        What ``overlap`` asks of a reference lesion and of a predicted one; ``iou`` and ``dice`` ask
        ``threshold_reference`` of the pair. Above 0, at most 1.
    inclusive
        Whether a value equal to the threshold (or to the radius) is a hit.
    assignment
        ``many_to_many``: none, each lesion is judged by itself. ``many_to_one``: all predictions that
        touch a reference lesion are, together, its prediction, and one may be part of several.
        ``hungarian``: one to one, as many pairs as possible, then the largest total overlap.
        ``hungarian_picai``: one to one, the largest sum of (1 + overlap), as picai_eval computes it.
        ``greedy_by_overlap`` and ``greedy_by_confidence``: one to one, the best pair first.
        ``surest_of_each``: each reference lesion takes its surest hit, which several may take.
    touching_is_not_false
        Whether a prediction that hits a reference lesion and was not chosen is ignored instead of being
        counted as false (PI-CAI, LUNA16).
    ignored_up_to_mm3
        Reference lesions up to this volume, inclusive, are matched like all others, so that what finds
        them is not false, but count neither as found nor as missed (BraTS). 0 ignores none.
    """

    criterion: Criterion = "overlap"
    threshold_reference: float = 0.1
    threshold_prediction: float = 0.1
    inclusive: bool = True
    assignment: Assignment = "many_to_many"
    touching_is_not_false: bool = False
    ignored_up_to_mm3: float = 0.0

    @property
    def is_one_to_one(self) -> bool:
        """Whether each lesion has one partner at most."""
        return self.assignment in (
            "hungarian",
            "hungarian_picai",
            "greedy_by_overlap",
            "greedy_by_confidence",
        )

    def __post_init__(self) -> None:
        for name in ("threshold_reference", "threshold_prediction"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidSetting(
                    f"{name} must be above 0 and at most 1, got {getattr(self, name)}."
                )
        if not 0 <= self.ignored_up_to_mm3 < float("inf"):
            raise InvalidSetting(f"ignored_up_to_mm3 must not be negative: {self.ignored_up_to_mm3}.")
        _require(self.criterion, Criterion, "criterion")
        _require(self.assignment, Assignment, "assignment")


@dataclass(frozen=True, kw_only=True)
class EmptyRule:
    """What a metric is worth when a mask is empty.

    Parameters
    ----------
    both, reference_only, prediction_only
        Neither has a voxel; only the reference is empty; only the prediction is. ``undefined`` leaves
        the metric undefined (and counts it so), ``worst`` takes its worst possible value (for distances
        ``worst_distance_mm``), ``best_if_both`` its best one if both are empty and the worst else.
    worst_distance_mm
        The worst distance: a number, or None for the diagonal of the image.
    """

    both: Outcome = "undefined"
    reference_only: Outcome = "undefined"
    prediction_only: Outcome = "undefined"
    worst_distance_mm: float | None = None

    def __post_init__(self) -> None:
        for name in ("both", "reference_only", "prediction_only"):
            _require(getattr(self, name), Outcome, name)
        if self.worst_distance_mm is not None and not self.worst_distance_mm >= 0:
            raise InvalidSetting(f"worst_distance_mm is a distance: {self.worst_distance_mm}.")


def _require(value: str, choices: object, name: str) -> None:
    known = get_args(choices)
    if value not in known:
        raise InvalidSetting(f"{name} is one of {', '.join(known)}; not '{value}'.")
