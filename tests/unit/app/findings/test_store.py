"""The store: every change is an action that can be taken back."""

from __future__ import annotations

import json
from itertools import count

import numpy as np
import pytest

from napari_medassist.annotation.findings.finding import Location
from napari_medassist.annotation.findings.parts import Lesion, LesionRule
from napari_medassist.annotation.findings.placing import Placed
from napari_medassist.app.findings.locating import side_of, toggled, with_place
from napari_medassist.app.findings.measures import Measured
from napari_medassist.app.findings.offers import new_lesions
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.core.errors import UnknownItem
from napari_medassist.core.labels import LabelMap
from tests.phantoms import volume

TWO = (Lesion(1, None, 5, 1), Lesion(4, (1.0, 2.0, 3.0), 5, 1))


@pytest.fixture
def store() -> FindingStore:
    times = count()
    return FindingStore(reader=lambda: "A. Reader", clock=lambda: f"time {next(times)}")


def test_everything_that_is_done_can_be_taken_back_in_order(store: FindingStore) -> None:
    recording, done = store.recording, []
    told: list[int] = []
    store.changed.connect(lambda: told.append(1))
    states = [json.dumps(store.document.findings)]

    def keep() -> None:
        done.append(recording.history.undo_title)
        states.append(json.dumps(store.document.findings))

    first, second = store.add(TWO, "labels", "prostate-pirads", {1: "one"})
    keep()
    store.set_field(first, "t2", "T2", "4")
    keep()
    store.set_text(second, "notes", "look again")
    keep()
    store.set_location(first, Location(("left-mid-PZpl",), "left", by_reader=True))
    keep()
    store.remove([first, second])
    keep()
    assert done == [
        "Add 2 lesions", "Change T2", "Change notes", "Change location", "Remove 2 lesions",
    ]  # fmt: skip
    for state in reversed(states[:-1]):
        assert recording.undo() is not None
        assert json.loads(json.dumps(store.document.findings)) == json.loads(state)
    assert recording.undo() is None
    for state in states[1:]:
        assert recording.redo() is not None
        assert json.loads(json.dumps(store.document.findings)) == json.loads(state)
    assert recording.redo() is None
    assert len(told) == 15


def test_what_changes_nothing_is_no_step(store: FindingStore) -> None:
    (first, _) = store.add(TWO, "labels", "t", {})
    before = dict(store.document.findings[first])
    assert not store.set_field(first, "t2", "T2", None)
    assert not store.set_text(first, "name", "")
    store.remove([])
    assert store.add_findings((), "nothing") == ()
    assert store.recording.history.n_steps == 1
    assert store.document.findings[first] == before


def test_findings_are_signed_and_numbered(store: FindingStore) -> None:
    first, second = store.add(TWO, "labels", "t", {4: "four"})
    assert [f.number for f in store.findings()] == [1, 2]
    assert store.get(second).name == "four"
    assert store.get(second).anchor_lps_mm == (1.0, 2.0, 3.0)
    assert (store.get(first).created, store.get(first).changed) == ("time 0", "time 0")
    store.set_text(first, "name", "big")
    assert store.get(first).changed == "time 1"
    assert store.get(first).reader == "A. Reader"
    store.remove([first])
    (third,) = store.add(TWO[:1], "labels", "t", {})
    assert store.get(third).number == 3  # the number of a removed lesion means no other one
    with pytest.raises(UnknownItem):
        store.get(first)


def test_measures_go_stale_with_their_map(store: FindingStore) -> None:
    told: list[int] = []
    store.measured.connect(lambda: told.append(1))
    (a,) = store.add(TWO[:1], "one", "t", {})
    (b,) = store.add(TWO[:1], "two", "t", {})
    store.take_measures({a: Measured(1.0), b: Measured(2.0), "gone": Measured()})
    assert set(store.measures) == {a, b}
    assert store.mark_stale("one")
    assert not store.mark_stale("one")  # said once, however many dabs there are
    assert store.stale == {a}
    store.take_measures({a: Measured(1.5)})
    assert store.stale == set()
    assert len(told) == 3
    assert "measure" not in json.dumps(store.document.findings)


def test_the_readers_location_stays_whatever_the_zones_say(store: FindingStore) -> None:
    (a,) = store.add(TWO[:1], "one", "t", {})
    assert store.location_of(store.get(a)) == Location()
    store.take_measures({a: Measured(placed=Placed((("right-mid-TZa", 1.0),), "right"))})
    assert store.location_of(store.get(a)).sectors == ("right-mid-TZa",)
    store.set_location(a, toggled(store.location_of(store.get(a)), "left-mid-TZa"))
    found = store.location_of(store.get(a))
    assert found == Location(("right-mid-TZa", "left-mid-TZa"), "midline", by_reader=True)


def test_sides_of_places() -> None:
    assert toggled(Location(("left-SV",), "left"), "left-SV") == Location((), "", by_reader=True)
    assert side_of(("left-base-CZ", "left-SV")) == "left"
    assert side_of(("US",)) == "midline"
    assert with_place("right upper lobe") == Location(("right upper lobe",), "right", by_reader=True)
    assert with_place("middle lobe").side == ""
    assert with_place("") == Location()


def test_lesions_that_are_not_in_the_table(store: FindingStore) -> None:
    labels = LabelMap.on(volume("t2w"))
    array = np.asarray(labels.array)
    array[1, 2:5, 2:5], array[4, 9:12, 9:12] = 1, 2
    found = new_lesions((), "labels", labels, LesionRule.LABEL)
    assert [lesion.label for lesion in found] == [1, 2]
    store.add(found[:1], "labels", "t", {})
    assert [n.label for n in new_lesions(store.findings(), "labels", labels, LesionRule.LABEL)] == [2]
    assert len(new_lesions(store.findings(), "other", labels, LesionRule.LABEL)) == 2
