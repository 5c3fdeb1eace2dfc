from __future__ import annotations

import pytest

from napari_medassist.core.errors import InvalidSetting, UnknownItem
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
        ("extraction: {connectivity: 8}", "6, 18 or 26"),
        ("[1, 2]", "mapping"),
        ("a: [", "no YAML"),
        ("good_dice: high", "wrong kind"),
    ],
)
def test_what_is_not_understood_is_said(text: str, says: str) -> None:
    with pytest.raises(InvalidSetting, match=says):
        Convention.from_yaml(text)


def test_unknown_presets_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownItem, match="medassist"):
        preset("no such")
    assert preset("medassist") is MEDASSIST
