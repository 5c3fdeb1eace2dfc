"""A convention in words: every setting with its value and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from napari_medassist.core.results import Settings
from napari_medassist.evaluation.report.content import Cell, Section, TextTable

#: What each setting means; ``{}`` stands for its value.
_MEANING: Mapping[str, str] = {
    "surface.array_edge_is_background": "Whether the outside of the image counts as background.",
    "surface.percentile": "The percentile of “Hausdorff distance at a percentile”.",
    "surface.tolerance_mm": "How far borders may lie apart for the normalised surface Dice, in mm.",
    "surface.boundary_width_mm": "How deep the boundary of the boundary IoU reaches, in mm.",
    "surface.in_voxels": "Whether distances are measured in voxels, the spacing ignored.",
    "extraction.connectivity": "Neighbours that hold a lesion together: 6 faces, 18 edges, 26 corners.",
    "extraction.min_volume_mm3": "Smaller lesions do not count on either side, in mm³; 0 keeps all.",
    "extraction.merge_steps": "Reference lesions closer than twice so many dilation steps are one.",
    "extraction.merge_connectivity": "Neighbourhood of those dilation steps.",
    "extraction.threshold": "The fixed cut-off of probability maps, where one is used; inclusive.",
    "extraction.min_candidate_voxels": "Candidates of a probability map with fewer voxels are none.",
    "extraction.max_candidates": "Dynamic extraction stops after so many candidates.",
    "extraction.dynamic_factor": "Dynamic extraction cuts at the highest value divided by this.",
    "matching.threshold_reference": "What is asked of a reference lesion (or of a pair), 0 to 1.",
    "matching.threshold_prediction": "What an overlap asks of a predicted lesion, 0 to 1.",
    "matching.inclusive": "Whether a value equal to the threshold is a hit.",
    "matching.touching_is_not_false": "Whether a prediction that hits but was not chosen is ignored "
    "instead of false.",
    "matching.ignored_up_to_mm3": "Reference lesions up to this volume count neither as found nor as "
    "missed, in mm³.",
    "empty_overlap.worst_distance_mm": "Not used by overlaps.",
    "empty_distance.worst_distance_mm": "The worst distance in mm, where one is used; none stands for "
    "the diagonal of the image.",
    "grid_tolerance_mm": "Two grids are the same if no corner lies farther from its twin, in mm.",
    "good_dice": "From here on a Dice looks good, and lesion errors behind it count as hidden.",
}

#: What each choice means.
_CHOICES: Mapping[str, Mapping[str, str]] = {
    "surface.border": {
        "erosion_6": "The border is what an erosion with six neighbours removes.",
        "surface_elements": "The border is the surface between voxels, weighted by area.",
    },
    "surface.aggregation": {
        "max_directed": "Percentiles: one each direction, and the larger of the two.",
        "pooled": "Percentiles: distances of both directions together.",
    },
    "extraction.from_probability": {
        "threshold": "Candidates of a probability map: components above a fixed cut-off.",
        "static": "Candidates of a probability map: PI-CAI's static extraction.",
        "dynamic": "Candidates of a probability map: PI-CAI's dynamic extraction.",
        "dynamic_fast": "Candidates of a probability map: PI-CAI's fast dynamic extraction.",
        "detection_map": "Each component of a map has one constant confidence.",
    },
    "extraction.case_confidence": {
        "max": "A case is as sure as its surest candidate.",
        "any_of_all": "1 minus the product of (1 minus confidence) of all candidates of a case.",
    },
    "matching.criterion": {
        "overlap": "A hit: enough of a lesion's own voxels is covered by the other side.",
        "any_overlap": "A hit: one shared voxel.",
        "iou": "A hit: enough intersection over union of a pair.",
        "dice": "A hit: enough Dice of a pair.",
        "centroid_in_mask": "A hit: the predicted centroid lies in the reference lesion.",
        "centre_distance": "A hit: the centres lie within the reference lesion's radius.",
    },
    "matching.assignment": {
        "many_to_many": "No assignment: each lesion is judged by itself.",
        "many_to_one": "All predictions that touch a reference lesion are, together, its prediction.",
        "hungarian": "One to one: as many pairs as possible, then the largest total overlap.",
        "hungarian_picai": "One to one, as picai_eval assigns.",
        "greedy_by_overlap": "One to one: the pair of largest overlap first.",
        "greedy_by_confidence": "One to one: the surest prediction first.",
        "surest_of_each": "Each reference lesion takes its surest hit, which several may take.",
    },
}
_WHEN = {
    "both": "neither mask has a voxel",
    "reference_only": "only the reference is empty",
    "prediction_only": "only the prediction is empty",
}
_OUTCOMES = {
    "undefined": "undefined, and counted as such",
    "worst": "the worst value",
    "best_if_both": "the best value if both are empty, else the worst",
}
_OF_WHAT = {"empty_overlap": "overlaps (Dice, IoU…)", "empty_distance": "distances"}
_PARTS = {
    "surface": "Surfaces",
    "extraction": "What a lesion is",
    "matching": "What counts as a hit",
    "empty_overlap": "Empty masks, overlaps",
    "empty_distance": "Empty masks, distances",
}


def convention_section(settings: Settings) -> Section:
    """Return the convention of the results as a table: each setting, its value, and its meaning.

    Parameters
    ----------
    settings
        Nested, as kept with every result. A setting that has no words here is told by its name.
    """
    intro = [f"All numbers were computed under the convention “{settings.get('name', '')}”."]
    intro += [str(settings[key]) for key in ("description",) if settings.get(key)]
    if settings.get("citation"):
        intro.append(f"From: {settings['citation']}.")
    rows = tuple(
        (Cell(_part(path)), Cell(_name(path)), Cell(_value(value)), Cell(_words(path, value)))
        for path, value in leaves(settings)
        if path not in ("name", "description", "citation")
    )
    table = TextTable("Every setting", ("part", "setting", "value", "in words"), rows)
    return Section("convention", "Convention", tuple(intro), (table,))


def leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Go through nested settings as paths with dots, and values."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _part(path: str) -> str:
    first, dot, _ = path.partition(".")
    return _PARTS.get(first, first) if dot else "General"


def _name(path: str) -> str:
    return path.rpartition(".")[2].replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value).replace("_", " ")


def _words(path: str, value: object) -> str:
    if path in _CHOICES:
        return _CHOICES[path].get(str(value), "")
    first, _, last = path.partition(".")
    if first in _OF_WHAT and last in _WHEN:
        return f"If {_WHEN[last]}, {_OF_WHAT[first]} are {_OUTCOMES.get(str(value), str(value))}."
    return _MEANING.get(path, "")
