from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest

from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, preset, presets


def test_yaml_round_trip_of_every_preset() -> None:
    for convention in presets().values():
        assert Convention.from_yaml(convention.to_yaml()) == convention


def test_changes_reach_nested_rules_and_leave_the_rest() -> None:
    changed = MEDASSIST.with_changes(surface={"percentile": 100}, good_dice=0.8)
    assert changed.surface.percentile == 100
    assert changed.surface.tolerance_mm == MEDASSIST.surface.tolerance_mm
    assert changed.good_dice == 0.8


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("matchin: {}", "Did you mean 'matching'"),
        ("matching: {criterium: iou}", "Did you mean 'criterion'"),
        ("matching: {criterion: iuo}", "criterion is one of"),
        ("extraction: {connectivity: 8}", "extraction.connectivity is 6, 18 or 26, not 8"),
        ("[1, 2]", "mapping"),
        ("a: [", "no YAML"),
        ("good_dice: high", "good_dice is a number, not 'high'"),
    ],
)
def test_what_is_not_understood_is_said(text: str, says: str) -> None:
    with pytest.raises(InvalidSetting, match=says):
        Convention.from_yaml(text)


def test_unknown_presets_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownItem, match="medassist"):
        preset("no such")
    assert preset("medassist") is MEDASSIST


NAMES = (
    "medassist",
    "asymmetric",
    "picai",
    "brats2023_gli",
    "brats2023_met",
    "panoptica",
    "metrics_reloaded",
    "monai",
    "medpy",
    "surface_distance",
    "luna16",
)
SHAPE = (6, 24, 24)
SPACING = (2.0, 1.0, 1.0)


def boxes(*corners: tuple[slice, slice, slice]) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for corner in corners:
        mask[corner] = 1
    return mask


LARGE, SMALL = np.s_[1:5, 2:10, 2:10], np.s_[3, 16:18, 16:18]
NEAR_LARGE, FALSE = np.s_[1:5, 3:11, 2:10], np.s_[2:4, 2:6, 18:22]


def test_every_preset_is_there_and_says_what_it_is_and_where_it_is_from() -> None:
    assert set(presets()) == set(NAMES)
    for convention in presets().values():
        assert len(convention.description) > 40
        assert convention.citation


def test_every_preset_file_states_only_known_choices_and_some_that_differ() -> None:
    for name, convention in presets().items():
        if name not in ("medassist", "asymmetric"):
            as_medassist = convention.with_changes(
                name="", description="", citation=""
            ) == MEDASSIST.with_changes(name="", description="", citation="")
            assert not as_medassist, name


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("medassist", (1, 1, 1, 1)),
        ("picai", (1, 1, 1, 1)),
        ("brats2023_gli", (1, 0, 1, 1)),  # the small lesion of 8 mm3 is left out
        ("brats2023_met", (1, 1, 1, 1)),
        ("panoptica", (1, 1, 1, 1)),
        ("luna16", (1, 1, 1, 1)),
    ],
)
def test_presets_are_obeyed(name: str, counts: tuple[int, ...]) -> None:
    reference, prediction = boxes(LARGE, SMALL), boxes(NEAR_LARGE, FALSE)
    result = evaluate(reference, prediction, SPACING, convention=preset(name))
    assert (result.tp_reference, result.fn, result.tp_prediction, result.fp) == counts


#: Dice when both masks are empty, only the reference, only the prediction; then HD95.
EMPTIES = {
    "medassist": (nan, 0, 0, nan, nan, nan),
    "asymmetric": (nan, nan, nan, nan, nan, nan),
    "brats2023_gli": (1, 0, 0, 0, 374, 374),
    "panoptica": (nan, 0, 0, nan, inf, inf),
    "metrics_reloaded": (1, 0, 0, 0, nan, nan),
    "monai": (nan, nan, 0, nan, nan, nan),
    "medpy": (0, 0, 0, nan, nan, nan),
    "surface_distance": (nan, 0, 0, inf, inf, inf),
}


@pytest.mark.parametrize("name", EMPTIES)
def test_empty_masks_mean_what_the_preset_says(name: str) -> None:
    empty, some = boxes(), boxes(LARGE)
    pairs = ((empty, empty), (empty, some), (some, empty))
    results = [evaluate(*pair, SPACING, convention=preset(name)) for pair in pairs]
    found = [*(r.dice for r in results), *(r.hd95_mm for r in results)]
    assert found == pytest.approx(EMPTIES[name], nan_ok=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extraction": {"min_candidate_voxels": -1}}, "min_candidate_voxels"),
        ({"extraction": {"max_candidates": 0}}, "max_candidates"),
        ({"extraction": {"dynamic_factor": 1}}, "dynamic_factor"),
        ({"extraction": {"case_confidence": "mean"}}, "case_confidence is one of"),
        ({"extraction": {"threshold": 1.5}}, "^extraction.threshold is a cut-off"),
        ({"surface": {"percentile": 101}}, "^surface.percentile lies"),
        ({"surface": {"border": "rim"}}, "^surface.border is"),
        ({"surface": {"tolerance_mm": "wide"}}, "^surface.tolerance_mm is a number"),
        ({"grid_tolerance_mm": -1}, "^grid_tolerance_mm is"),
        ({"good_dice": 2}, "^good_dice is"),
        ({"matching": {"ignored_up_to_mm3": -1}}, "ignored_up_to_mm3"),
        ({"matching": {"assignment": "best"}}, "assignment is one of"),
    ],
)
def test_impossible_rules_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSetting, match=message):
        MEDASSIST.with_changes(**change)


def test_the_surface_rule_reaches_the_distances() -> None:
    masks = boxes(LARGE), boxes(NEAR_LARGE, FALSE)
    results = {name: evaluate(*masks, SPACING, convention=preset(name)) for name in NAMES}
    hd95 = {name: result.hd95_mm for name, result in results.items()}
    assert hd95["medpy"] == hd95["panoptica"] < hd95["medassist"]
    assert results["surface_distance"].assd_mm != results["medassist"].assd_mm


def test_only_the_metrics_asked_for_are_computed() -> None:
    result = evaluate(boxes(LARGE), boxes(NEAR_LARGE), SPACING, metrics=("dice", "cc_dice"))
    assert set(result.scores) == {"dice", "cc_dice", "lesion_f1", "lesion_precision", "lesion_recall"}
    with pytest.raises(UnknownItem, match="Did you mean dice"):
        evaluate(boxes(LARGE), boxes(NEAR_LARGE), SPACING, metrics=("dicee",))
