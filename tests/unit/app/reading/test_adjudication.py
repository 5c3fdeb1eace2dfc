"""Adjudication of two label maps: pairs, decisions, undo, record, files; agreement and consensus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.annotation.adjudication import Choice
from napari_medassist.app.reading.adjudicated_files import (
    adjudicated_place,
    load_adjudicated,
    save_adjudicated,
    set_aside,
)
from napari_medassist.app.reading.adjudication import Adjudication
from napari_medassist.app.reading.agreement import (
    agreement,
    consensus_in_words,
    difference_map,
    map_pair,
    numbers_of,
    readers_consensus,
)
from napari_medassist.app.reading.lesion_pairs import PairKind, lesion_pairs
from napari_medassist.app.reading.readings import Reading
from napari_medassist.core.errors import GeometryMismatch, InvalidSetting, UnsupportedFormat
from napari_medassist.core.labels import LabelMap
from napari_medassist.evaluation.conventions import MEDASSIST
from tests.phantoms import volume

IMAGE = volume("t2w", shape_zyx=(4, 20, 24), spacing_zyx_mm=(3.0, 0.5, 0.5))


def drawn(*boxes: tuple[int, slice, slice, slice], name: str = "Lesions") -> LabelMap:
    array = np.zeros(IMAGE.geometry.shape_zyx, np.uint8)
    for value, z, y, x in boxes:
        array[z, y, x] = value
    return LabelMap.on(IMAGE, array, name=name)


def both() -> tuple[LabelMap, LabelMap]:
    s = slice
    first = drawn(
        (1, s(0, 2), s(0, 4), s(0, 4)),  # agreed
        (2, s(1, 2), s(8, 12), s(0, 4)),  # only the first
        (3, s(2, 3), s(0, 4), s(8, 18)),  # split by the second
        (1, s(3, 4), s(14, 18), s(14, 22)),  # differ in extent
    )
    second = drawn(
        (1, s(0, 2), s(0, 4), s(0, 4)),
        (1, s(2, 3), s(0, 4), s(8, 12)),
        (1, s(2, 3), s(0, 4), s(14, 18)),
        (2, s(3, 4), s(14, 18), s(20, 24)),
        (1, s(1, 2), s(16, 18), s(0, 2)),  # only the second
    )
    return first, second


def made(first: LabelMap, second: LabelMap) -> tuple[Adjudication, np.ndarray]:
    found = Adjudication("c", ("Anna", "Ben"), first, second, "Carla", MEDASSIST)
    return found, np.array(found.empty_map().array)


def test_lesions_of_two_readers_beside_each_other() -> None:
    pairs = lesion_pairs(*both(), MEDASSIST)
    kinds = [pair.kind for pair in pairs]
    assert kinds == [
        PairKind.AGREED,
        PairKind.ONLY_FIRST,
        PairKind.ONLY_SECOND,
        PairKind.SPLIT,
        PairKind.EXTENT,
    ]
    assert [pair.is_hit for pair in pairs] == [True, False, False, True, True]
    extent = pairs[4]
    assert extent.dice == pytest.approx(2 * 8 / (32 + 16))
    assert extent.first_ml == pytest.approx(32 * 0.75 / 1000)
    index = IMAGE.geometry.lps_to_index(extent.centre_lps_mm)
    assert pytest.approx(index[0]) == 3
    merged = lesion_pairs(*both()[::-1], MEDASSIST)
    assert merged[3].kind is PairKind.MERGED


def test_one_voxel_in_common_is_one_lesion_but_no_hit() -> None:
    first = drawn((1, slice(0, 1), slice(0, 5), slice(0, 5)))
    second = drawn((1, slice(0, 1), slice(4, 9), slice(4, 9)))
    (pair,) = lesion_pairs(first, second, MEDASSIST)
    assert (pair.kind, pair.is_hit) == (PairKind.EXTENT, False)


def test_readers_on_two_grids_are_refused() -> None:
    other = LabelMap.on(volume("t2w", shape_zyx=(4, 20, 24), spacing_zyx_mm=(3.0, 0.6, 0.6)))
    with pytest.raises(GeometryMismatch):
        lesion_pairs(both()[0], other, MEDASSIST)


def test_decisions_make_the_map_that_a_hand_would_make() -> None:
    first, second = both()
    found, voxels = made(first, second)
    choices = (Choice.FIRST, Choice.REJECT, Choice.SECOND, Choice.SECOND, Choice.UNION)
    for number, choice in enumerate(choices, start=1):
        found.decide(number, choice, voxels).apply_to(voxels)
    expected = np.zeros_like(voxels)
    expected[0:2, 0:4, 0:4] = 1
    expected[1, 16:18, 0:2] = 1
    expected[2, 0:4, 8:12] = expected[2, 0:4, 14:18] = 1
    expected[3, 14:18, 14:24] = 1
    np.testing.assert_array_equal(voxels, expected)
    assert found.undecided == ()
    assert found.joined(voxels) == ()


def test_undo_and_redo_go_through_the_steps() -> None:
    found, voxels = made(*both())
    states = [voxels.copy()]
    steps = ((1, Choice.FIRST), (5, Choice.SECOND), (5, Choice.UNION), (5, Choice.REJECT))
    for number, choice in steps:
        found.decide(number, choice, voxels).apply_to(voxels)
        states.append(voxels.copy())
    for state in states[-2::-1]:
        found.undo(voxels).apply_to(voxels)
        np.testing.assert_array_equal(voxels, state)
    assert found.decisions == {}
    assert not found.can_undo
    with pytest.raises(InvalidSetting):
        found.undo(voxels)
    for state in states[1:]:
        found.redo(voxels).apply_to(voxels)
        np.testing.assert_array_equal(voxels, state)
    assert found.decisions[5].choice is Choice.REJECT
    found.undo(voxels).apply_to(voxels)
    assert found.decisions[5].choice is Choice.UNION
    found.decide(2, Choice.FIRST, voxels)
    assert not found.can_redo


def test_strokes_after_a_decision_come_back_with_redo_and_are_told() -> None:
    found, voxels = made(*both())
    found.decide(5, Choice.UNION, voxels).apply_to(voxels)
    voxels[3, 14, 14] = 0
    assert not found.is_as_decided(5, voxels)
    assert found.record(voxels)["lesions"][4]["changed_by_hand"] is True
    painted = voxels.copy()
    found.undo(voxels).apply_to(voxels)
    assert not voxels.any()
    found.redo(voxels).apply_to(voxels)
    np.testing.assert_array_equal(voxels, painted)
    found.decide(5, Choice.BY_HAND, voxels).apply_to(voxels)
    np.testing.assert_array_equal(voxels, painted)
    assert found.is_as_decided(5, voxels)


def test_agreed_lesions_in_one_step() -> None:
    found, voxels = made(*both())
    found.take_agreed(voxels).apply_to(voxels)
    assert list(found.decisions) == [1]
    assert np.count_nonzero(voxels) == 32
    found.undo(voxels).apply_to(voxels)
    assert not voxels.any()
    assert found.next_undecided(2) == 3
    assert found.next_undecided(5) == 1
    found.decide(1, Choice.FIRST, voxels)
    assert found.take_agreed(voxels).n_voxels == 0


def test_an_outline_that_is_not_there_cannot_be_taken() -> None:
    found, voxels = made(*both())
    with pytest.raises(InvalidSetting, match="Ben has no outline of lesion 2"):
        found.decide(2, Choice.SECOND, voxels)
    with pytest.raises(InvalidSetting, match="no lesion 9"):
        found.decide(9, Choice.UNION, voxels)
    assert found.decisions == {}
    assert not found.can_undo


def test_the_record_says_who_decided_what_and_is_taken_up_again(tmp_path: Path) -> None:
    first, second = both()
    found, voxels = made(first, second)
    found.decide(1, Choice.FIRST, voxels, "clear").apply_to(voxels)
    found.decide(5, Choice.INTERSECTION, voxels).apply_to(voxels)
    place = adjudicated_place(tmp_path, "c/1", "Carla")
    save_adjudicated(place, found.map_of(voxels), found.record(voxels))
    plain = json.loads((place / "record.json").read_text())
    assert plain["undecided"] == [2, 3, 4]
    assert plain["complete"] is False
    lesion = plain["lesions"][4]
    assert (lesion["choice"], lesion["by"], lesion["kind"]) == (
        "intersection",
        "Carla",
        "differ in extent",
    )
    assert lesion["result_ml"] == pytest.approx(8 * 0.75 / 1000)
    assert plain["lesions"][0]["note"] == "clear"
    saved = load_adjudicated(place, first)
    assert saved is not None
    np.testing.assert_array_equal(saved.labels.array, voxels)
    assert saved.labels.geometry is first.geometry
    again, _ = made(first, second)
    again.resume(saved.record)
    assert again.decisions == found.decisions
    changed, _ = made(first, drawn((1, slice(0, 1), slice(0, 4), slice(0, 4))))
    with pytest.raises(InvalidSetting, match="has changed since"):
        changed.resume(saved.record)
    aside = set_aside(place)
    assert aside is not None
    assert (aside / "record.json").is_file()
    assert load_adjudicated(place, first) is None
    save_adjudicated(place, found.map_of(voxels), found.record(voxels))
    (place / "record.json").write_text(json.dumps({**plain, "version": 9}))
    with pytest.raises(UnsupportedFormat, match="version 9"):
        load_adjudicated(place, first)


def test_readers_who_drew_nothing() -> None:
    found, voxels = made(drawn(), drawn())
    assert found.pairs == ()
    assert found.next_undecided(0) is None
    assert found.record(voxels)["complete"] is True


def test_the_difference_map_is_what_numpy_says() -> None:
    first, second = both()
    a, b = np.asarray(first.array), np.asarray(second.array)
    found = difference_map(first, second, ("Anna", "Ben"))
    values = np.asarray(found.array)
    np.testing.assert_array_equal(values == 1, (a > 0) & (b == 0))
    np.testing.assert_array_equal(values == 2, (a == 0) & (b > 0))
    np.testing.assert_array_equal(values == 3, (a > 0) & (a == b))
    np.testing.assert_array_equal(values == 4, (a > 0) & (b > 0) & (a != b))
    assert [n.name for n in found.scheme.labels][:2] == ["only Anna", "only Ben"]


def test_the_numbers_of_an_agreement() -> None:
    first, second = both()
    a, b = np.asarray(first.array) > 0, np.asarray(second.array) > 0
    found = agreement(first, second, MEDASSIST)
    assert found.dice == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
    expected = (a == b).mean()
    chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    assert found.score("cohen_kappa") == pytest.approx((expected - chance) / (1 - chance))
    difference_ml = abs(int(a.sum()) - int(b.sum())) * 0.75 / 1000
    assert found.score("absolute_volume_difference_ml") == pytest.approx(difference_ml)
    shown = {n.title: n.text for n in numbers_of(found)}
    assert shown["Dice"] == f"{found.dice:.2f}"
    empty = {n.title: n.text for n in numbers_of(agreement(drawn(), drawn(), MEDASSIST))}
    assert empty["Dice"] == "not defined"


def test_the_consensus_says_how_and_of_whom() -> None:
    first, second = both()
    found = readers_consensus([first, second], ["Anna", "Ben"], "intersection", case="c")
    assert found.labels.name == "Consensus (intersection) of Anna, Ben"
    assert found.labels.provenance.sources == ("c/Anna", "c/Ben")
    words = consensus_in_words(found, [first, second], ["Anna", "Ben"], MEDASSIST).splitlines()
    values = np.asarray(found.labels.array) > 0
    a = np.asarray(first.array) > 0
    dice = 2 * (a & values).sum() / (a.sum() + values.sum())
    assert words[1].startswith(f"Anna: Dice {dice:.2f}")


def test_which_maps_of_two_readings_belong_together() -> None:
    first, second = both()
    zones = drawn(name="Zones")
    foreign = LabelMap.on(volume("adc", shape_zyx=(2, 3, 4)), name="Lesions")
    a = Reading("c", "Anna", (zones, first))
    assert map_pair(a, Reading("c", "Ben", (foreign, second))) == (first, second)
    renamed = second.with_changes(name="other")
    assert map_pair(a, Reading("c", "Ben", (renamed,))) == (zones, renamed)
    with pytest.raises(InvalidSetting, match="on one grid"):
        map_pair(a, Reading("c", "Ben", (foreign,)))
