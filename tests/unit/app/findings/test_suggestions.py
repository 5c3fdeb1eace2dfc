"""Candidates in the lesion table: accepted, rejected, and never over what a reader has drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.annotation.findings.parts import Lesion
from napari_medassist.annotation.findings.suggestion import Standing
from napari_medassist.annotation.findings.template_reading import built_in_templates
from napari_medassist.annotation.map_about import about_map
from napari_medassist.annotation.map_edit import MapEdit
from napari_medassist.app.findings.exchange import as_paragraph, read_csv, write_csv
from napari_medassist.app.findings.measures import measure_all
from napari_medassist.app.findings.reporting import reported
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.findings.suggestions import NEW_MAP, accept, origin_of, reject, suggest
from napari_medassist.app.findings.table import columns_of, of_model, rows_of, text_of
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.provenance import Provenance
from tests.phantoms import volume

PIRADS = next(t for t in built_in_templates() if t.name == "prostate-pirads")
T2W = volume("t2w")


def candidates() -> LabelMap:
    array = np.zeros(T2W.geometry.shape_zyx, np.uint8)
    array[1:3, 2:6, 2:6] = 1
    array[4, 10:14, 10:14] = 2
    made = Provenance(made_by="model finder 1.0", software="x", details=(("a.onnx", "sha256 1"),))
    scheme = LabelScheme.from_names({1: "Candidate 1 (0.90)", 2: "Candidate 2 (0.40)"})
    return LabelMap.on(T2W, array, name="finder", scheme=scheme, provenance=made)


@pytest.fixture
def store() -> FindingStore:
    return FindingStore(reader=lambda: "R", clock=lambda: "now")


def add_map(store: FindingStore, name: str, array: Any, image: Any = T2W) -> str:
    about = about_map(name, LabelScheme(), image.source_grid)
    store.perform(MapEdit.added("Add", name, about, np.asarray(array)))
    return name


def state(store: FindingStore) -> str:
    document = store.document
    voxels = {key: array.tolist() for key, array in document.maps.items()}
    return json.dumps([voxels, dict(document.findings), dict(document.about)], sort_keys=True)


def test_candidates_are_one_step_with_a_map_of_their_own(store: FindingStore) -> None:
    before = state(store)
    ids = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    (key,) = store.document.maps
    assert store.document.about[key]["suggested_by"] == "finder 1.0"
    assert ["a.onnx", "sha256 1"] in store.document.about[key]["made_with"]
    found = [store.get(i) for i in ids]
    assert [(f.map_key, f.label) for f in found] == [(key, 1), (key, 2)]
    assert [f.suggestion.confidence for f in found if f.suggestion] == [0.9, 0.4]
    assert not any(f.is_lesion for f in found)
    store.recording.undo()
    assert state(store) == before


def test_accepting_never_writes_over_a_labelled_voxel(store: FindingStore) -> None:
    drawn = np.zeros(T2W.geometry.shape_zyx, np.uint8)
    drawn[1, 2:4, 2:6] = 7
    own = add_map(store, "my lesions", drawn)
    first, second = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    before = state(store)
    done = accept(store, first)
    assert (done.map_key, done.label, done.n_voxels, done.n_left) == (own, 8, 24, 8)
    voxels = store.document.maps[own]
    assert (voxels[drawn == 7] == 7).all()
    assert np.count_nonzero(voxels == 8) == 24
    after = store.get(first)
    assert after.is_lesion
    assert after.reader == "R"
    assert (after.map_key, after.label) == (own, 8)
    names = {label["value"]: label["name"] for label in store.document.about[own]["labels"]}
    assert names[8] == "Lesion 8"
    with pytest.raises(InvalidSetting, match="accepted already"):
        reject(store, first)
    assert accept(store, second).label == 9
    store.recording.undo()
    store.recording.undo()
    assert state(store) == before


def test_each_voxels_origin_is_told_after_corrections(store: FindingStore) -> None:
    (first, second) = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    done = accept(store, first)
    voxels = store.document.maps[done.map_key]
    voxels[1, 2, 2:6] = 0  # four taken away
    voxels[1, 6, 2:5] = done.label  # three drawn
    origin = origin_of(store, store.get(first))
    assert origin is not None
    assert (origin.n_kept, origin.n_added, origin.n_removed) == (28, 3, 4)
    assert origin_of(store, store.get(second)) is None
    told = of_model(store, store.get(first))
    assert "28 are suggested ones, 3 drawn by hand; 4 suggested ones are not in it" in told
    assert of_model(store, store.get(second)).endswith("; open.")


def test_a_map_that_holds_no_lesions_or_lies_elsewhere_is_not_accepted_into(
    store: FindingStore,
) -> None:
    shape = T2W.geometry.shape_zyx
    gland = add_map(store, "gland", np.ones(shape, np.uint8))
    elsewhere = volume("adc", shape_zyx=(5, 8, 9))
    add_map(store, "lesions of the ADC", np.zeros((5, 8, 9), np.uint8), elsewhere)
    (first, second) = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    done = accept(store, first, gland)
    assert store.document.about[done.map_key]["name"] == NEW_MAP
    assert (store.document.maps[gland] == 1).all()
    assert accept(store, second).map_key == done.map_key  # the next one goes to the same map


def test_the_map_that_is_worked_on_goes_before_others(store: FindingStore) -> None:
    empty = np.zeros(T2W.geometry.shape_zyx, np.uint8)
    add_map(store, "lesions A", empty)
    second = add_map(store, "lesions B", empty)
    (first, _) = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    assert accept(store, first, second).map_key == second


def test_nothing_is_accepted_where_all_is_labelled_or_no_value_is_left(store: FindingStore) -> None:
    (first, _) = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    full = np.full(T2W.geometry.shape_zyx, 3, np.uint8)
    key = add_map(store, "lesions", full)
    before = state(store)
    with pytest.raises(InvalidSetting, match="labelled in 'lesions' already"):
        accept(store, first)
    assert state(store) == before
    store.document.maps[key][:] = 0
    store.document.maps[key].ravel()[:255] = np.arange(1, 256)
    with pytest.raises(InvalidSetting, match="values up to 255"):
        accept(store, first)


def test_a_rejected_one_stays_and_may_still_be_accepted(store: FindingStore) -> None:
    (first, _) = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    reject(store, first)
    made = store.get(first).suggestion
    assert made is not None
    assert made.standing is Standing.REJECTED
    assert accept(store, first).n_voxels == 32


def test_what_is_no_suggestion_is_refused(store: FindingStore) -> None:
    (own,) = store.add([Lesion(1, None, 5, 1)], "labels", "t", {})
    for act in (accept, reject):
        with pytest.raises(InvalidSetting, match="not suggested"):
            act(store, own)
    with pytest.raises(InvalidSetting, match="suggests no lesion"):
        suggest(store, candidates(), (), PIRADS.name)


def test_the_table_the_report_and_the_csv(store: FindingStore, tmp_path: Path) -> None:
    (first, second) = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    done = accept(store, first)
    column = next(c for c in columns_of(PIRADS, has_suggestions=True) if c.name == "model")
    assert [text_of(row, column) for row in rows_of(store, PIRADS)] == ["0.90 \u2713", "0.40 ?"]
    assert all(c.name != "model" for c in columns_of(PIRADS))
    array = np.asarray(store.document.maps[done.map_key])
    labels = LabelMap.on(T2W, array, name=NEW_MAP)
    suggested = candidates()
    maps = {done.map_key: labels, store.get(second).map_key: suggested}
    store.take_measures(measure_all(store.findings(), maps, None, None))
    assert as_paragraph(store, PIRADS).count("Lesion") == 1
    findings, notes = reported(store, PIRADS, done.map_key)
    assert len(findings) == 1
    assert any("suggestion (open)" in note for note in notes)
    path = tmp_path / "lesions.csv"
    write_csv(store, PIRADS, path)
    back = read_csv(path, (PIRADS,), 1).findings
    assert [f.suggestion for f in back] == [store.get(first).suggestion, store.get(second).suggestion]


def test_a_second_run_takes_the_place_of_what_was_not_decided(store: FindingStore) -> None:
    first, second = suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids
    old_map = store.get(first).map_key
    reject(store, second)
    before = state(store)
    again = suggest(store, candidates(), (0.8, 0.3), PIRADS.name)
    assert again.n_decided == 1  # what was rejected is not asked again
    standings = [f.suggestion.standing for f in store.findings() if f.suggestion]
    assert standings == [Standing.REJECTED, Standing.OPEN]
    assert set(np.unique(store.document.maps[store.get(again.ids[0]).map_key])) == {0, 1}
    assert old_map in store.document.maps  # what was rejected lies in it
    store.recording.undo()
    assert state(store) == before
    store.remove([second])
    suggest(store, candidates(), (0.8, 0.3), PIRADS.name)
    assert old_map not in store.document.maps
    assert len(store.findings()) == 2
    # Another model's suggestions stay.
    other = candidates()
    made = Provenance(made_by="model other 1.0")
    suggest(store, LabelMap.on(T2W, other.array, scheme=other.scheme, provenance=made), (0.5, 0.4), "t")
    assert len(store.findings()) == 4


def test_what_the_reader_has_drawn_is_not_suggested_again(store: FindingStore) -> None:
    drawn = np.zeros(T2W.geometry.shape_zyx, np.uint8)
    drawn[1:3, 2:6, 2:5] = 1  # three quarters of the first candidate
    drawn[4, 10:14, 10] = 2  # a quarter of the second
    add_map(store, "my lesions", drawn)
    before = state(store)
    done = suggest(store, candidates(), (0.9, 0.4), PIRADS.name)
    assert done.n_decided == 1
    (one,) = done.ids
    made = store.get(one).suggestion
    assert made is not None
    assert (made.label, made.confidence) == (2, 0.4)
    accept(store, one)
    known = state(store)
    assert suggest(store, candidates(), (0.9, 0.4), PIRADS.name).ids == ()
    assert state(store) == known  # no step
    store.recording.undo()
    store.recording.undo()
    assert state(store) == before
