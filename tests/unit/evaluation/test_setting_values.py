"""Settings of the wrong kind are refused by name: none changes numbers in silence."""

from __future__ import annotations

from typing import Any

import pytest

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, preset, presets


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surface": {"in_voxels": "flase"}}, "in_voxels is true or false, not 'flase'"),
        ({"matching": {"inclusive": 3}}, "inclusive is true or false, not '3'"),
        ({"matching": {"threshold_reference": "banana"}}, "threshold_reference is a number"),
        ({"matching": {"threshold_reference": True}}, "threshold_reference is a number"),
        ({"matching": {"threshold_reference": "nan"}}, "threshold_reference must be above 0"),
        ({"extraction": {"merge_steps": 1.5}}, "merge_steps is a whole number, not '1.5'"),
        ({"empty_distance": {"worst_distance_mm": "big"}}, "worst_distance_mm is a number"),
        ({"surface": 3}, "surface is a mapping of settings, not '3'"),
        ({"matching": None}, "matching is a mapping of settings"),
        ({"name": None}, "name is a word"),
    ],
)
def test_values_of_another_kind_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSetting, match=message):
        MEDASSIST.with_changes(**change)


def test_numbers_may_be_written_with_exponents_in_yaml() -> None:
    text = "surface: {tolerance_mm: 1e-3}\nempty_distance: {worst_distance_mm: 1e3}"
    read = Convention.from_yaml(text)
    assert read.surface.tolerance_mm == 0.001
    assert read.empty_distance.worst_distance_mm == 1000


def test_whole_numbers_may_have_a_point() -> None:
    connectivity = MEDASSIST.with_changes(extraction={"connectivity": 26.0}).extraction.connectivity
    assert connectivity == 26
    assert isinstance(connectivity, int)


@pytest.mark.parametrize("name", presets())
def test_presets_are_the_same_after_saving(name: str) -> None:
    assert Convention.from_yaml(preset(name).to_yaml()) == preset(name)


def test_a_rule_itself_and_no_worst_distance_are_taken() -> None:
    matching = preset("picai").matching
    changed = MEDASSIST.with_changes(matching=matching, empty_distance={"worst_distance_mm": None})
    assert changed.matching == matching
