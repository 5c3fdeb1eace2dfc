"""Lesions that are spoken of at a point."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.annotation.findings.parts import Lesion
from napari_medassist.annotation.findings.placing import Placed
from napari_medassist.annotation.findings.template_reading import built_in_templates
from napari_medassist.app.findings.spoken import (
    Hit,
    contradiction,
    describe,
    fill,
    finding_at,
    location_of,
    told,
)
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.labels import LabelMap
from napari_medassist.voice.desk import LesionWish
from tests.phantoms import volume

PIRADS = next(t for t in built_in_templates() if t.name == "prostate-pirads")
NODULE = next(t for t in built_in_templates() if t.name == "ct-nodule")
HERE = np.array([1.0, 2.0, 3.0])
WISH = LesionWish("left", "mid", "PZ", fields={"category": "4"})


@pytest.fixture
def store() -> FindingStore:
    return FindingStore(reader=lambda: "me")


def _labels() -> LabelMap:
    image = volume()
    voxels = np.zeros(image.geometry.shape_zyx, np.uint8)
    voxels[1, 2:5, 2:5] = 1
    voxels[4, 10:14, 10:14] = 1
    return LabelMap.on(image, voxels, name="lesions")


def test_a_new_lesion_has_all_that_was_said_and_is_one_step(store: FindingStore) -> None:
    made = describe(store, PIRADS, WISH, HERE, None)
    assert made.fields == {"criteria": "PZ", "category": "4"}
    assert made.location.sectors == ("left-mid-PZpm", "left-mid-PZpl", "left-mid-PZa")
    assert (made.location.side, made.location.by_reader) == ("left", True)
    assert (made.point_lps_mm, made.map_key, made.reader) == ((1.0, 2.0, 3.0), "", "me")
    assert told(made, PIRADS) == "Lesion 1: PI-RADS 4, left mid peripheral zone"
    store.recording.undo()
    assert store.findings() == ()


def test_the_lesion_at_the_cursor_is_changed_and_no_other_is_made(store: FindingStore) -> None:
    first = describe(store, PIRADS, WISH, HERE, None)
    again = describe(
        store, PIRADS, LesionWish(fields={"category": "3"}), HERE + np.array([0, 0, 4]), None
    )
    assert again.id == first.id
    assert again.fields["category"] == "3"
    assert again.location == first.location  # what was not said stays
    other = describe(store, PIRADS, LesionWish(), HERE + np.array([0, 0, 6]), None)
    assert other.number == 2
    assert told(other, PIRADS) == "Lesion 2: marked"


def test_a_mask_at_the_cursor_is_what_the_lesion_stands_for(store: FindingStore) -> None:
    hit = Hit("m", 1, _labels)
    made = describe(store, PIRADS, WISH, HERE, hit)
    assert (made.map_key, made.label, made.anchor_lps_mm) == ("m", 1, None)
    assert made.point_lps_mm is None
    assert describe(store, PIRADS, LesionWish(), HERE, hit).id == made.id
    assert finding_at(store, HERE, Hit("m", 2, _labels)) is None


def test_of_parts_of_one_label_the_one_at_the_cursor_is_meant(store: FindingStore) -> None:
    labels = _labels()
    points = [tuple(labels.geometry.index_to_lps(i).tolist()) for i in ((1, 3, 3), (4, 11, 11))]
    parts = [Lesion(1, point, 9, 1) for point in points]
    first, second = store.add(parts, "m", PIRADS.name, {})
    hit = Hit("m", 1, lambda: labels)
    assert finding_at(store, np.array(points[0]), hit).id == first
    store.remove([second])
    made = describe(store, PIRADS, WISH, np.array(points[1]), hit)
    assert made.anchor_lps_mm == pytest.approx(points[1], abs=1e-3)  # a part too, not the whole label
    assert finding_at(store, np.array(points[0]), hit).id == first
    store.remove([made.id])
    [second] = store.add(parts[1:], "m", PIRADS.name, {})
    assert finding_at(store, np.array(points[1]), hit).id == second


def test_zones_at_the_cursor_narrow_the_sectors_that_were_said() -> None:
    placed = Placed((("left-mid-PZpl", 1.0),), "left", "high")
    assert location_of(WISH, placed).sectors == ("left-mid-PZpl",)
    elsewhere = Placed((("left-apex-PZpl", 1.0),), "left", "high")
    assert len(location_of(WISH, elsewhere).sectors) == 3  # what was said counts
    assert location_of(LesionWish("right", zone="CZ")).sectors == ("right-base-CZ",)
    assert len(location_of(LesionWish("right", zone="AS")).sectors) == 3
    assert location_of(LesionWish()) is None


def test_a_side_that_the_zones_contradict_is_told() -> None:
    placed = Placed((("right-mid-PZpl", 1.0),), "right", "high")
    assert contradiction(WISH, placed) == "By the zones the cursor lies on the right, you said left."
    assert contradiction(LesionWish("right", zone="PZ"), placed) == ""
    assert contradiction(WISH, Placed((), "midline")) == contradiction(WISH, None) == ""


def test_a_sector_that_is_not_there_is_refused_and_nothing_is_made(store: FindingStore) -> None:
    with pytest.raises(InvalidSetting, match="no sector 'left apex central zone'"):
        describe(store, PIRADS, LesionWish("left", "apex", "CZ"), HERE, None)
    with pytest.raises(UnknownItem, match="has no field 'category'"):
        describe(store, NODULE, LesionWish(fields={"category": "4"}), HERE, None)
    assert store.findings() == ()


def test_a_place_of_the_table_is_taken_as_it_is(store: FindingStore) -> None:
    made = describe(store, NODULE, LesionWish(place="right upper lobe"), HERE, None)
    assert (made.location.sectors, made.location.side) == (("right upper lobe",), "right")
    filled = fill(store, NODULE, made.id, {"density": "part-solid"})
    assert told(filled, NODULE) == "Lesion 1: Type part-solid, right upper lobe"
    with pytest.raises(InvalidSetting, match="is one of"):
        fill(store, NODULE, made.id, {"density": "wooden"})
