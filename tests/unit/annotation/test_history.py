"""The history against a list of copies of the whole document."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medassist.annotation.actions import FindingEdit, Together
from napari_medassist.annotation.document import Document
from napari_medassist.annotation.history import History
from napari_medassist.annotation.map_edit import MapEdit
from napari_medassist.annotation.voxel_edit import Dab, voxel_edit
from napari_medassist.core.errors import InvalidSetting

ABOUT = {"name": "lesions", "labels": [], "grid": None}
MOVES = st.lists(
    st.tuples(st.sampled_from(["paint", "finding", "map", "both", "undo", "redo"]), st.integers(1, 9)),
    max_size=25,
)


def action_for(document, kind, n):
    """An action that fits a document."""
    if kind == "finding":
        return FindingEdit("Change", "f", document.findings.get("f"), {"pirads": n, "name": None})
    if kind == "map":
        key = f"m{n}"
        if key in document.maps:
            return MapEdit.removed("Remove", key, document.about[key], document.maps[key])
        return MapEdit.added("Add", key, ABOUT, np.full((1, 2, 2), n, np.uint8))
    if kind == "both":
        parts = (action_for(document, "finding", n), paint(document, n))
        return Together("Both", tuple(part for part in parts if part is not None))
    return paint(document, n)


def paint(document, n):
    voxels = document.maps["a"]
    index = (np.array([0, n % 2]), np.array([n % 3, 0]), np.array([n % 4, 3]))
    return voxel_edit("Brush", "a", voxels, [Dab(None, index, voxels[index], n % 5)])


def new_document():
    return Document({"a": np.zeros((2, 3, 4), np.uint8)}, {}, {"a": ABOUT})


def state(document):
    maps = {key: voxels.tolist() for key, voxels in document.maps.items()}
    return copy.deepcopy((maps, document.findings, document.about))


@given(MOVES)
def test_undo_and_redo_go_through_the_very_states_that_were(moves):
    document = new_document()
    history, states, place = History(document), [state(document)], 0
    for kind, n in moves:
        if kind == "undo":
            assert (history.undo() is None) is (place == 0)
            place = max(0, place - 1)
        elif kind == "redo":
            assert (history.redo() is None) is (place == len(states) - 1)
            place = min(len(states) - 1, place + 1)
        elif (action := action_for(document, kind, n)) is not None:
            history.do(action)
            place += 1
            states = [*states[:place], state(document)]
        assert state(document) == states[place]
        assert history.n_bytes == sum(a.n_bytes for a in [*history._done, *history._undone])


def test_the_oldest_steps_are_forgotten_and_counted():
    document = new_document()
    history = History(document, limit_bytes=2500)
    for n in range(30):
        history.do(FindingEdit(f"Step {n}", f"f{n}", None, {"notes": "x" * 500}))
    assert history.n_bytes <= 2500
    assert history.n_steps == 4
    assert history.n_forgotten == 26
    assert history.undo_title == "Step 29"
    while history.undo() is not None:
        pass
    assert len(document.findings) == 26


def test_a_step_that_does_not_fit_any_more_leaves_all_as_it_is():
    document = new_document()
    history = History(document)
    history.do(paint(document, 3))
    document.maps["a"][:] = 9
    with pytest.raises(InvalidSetting):
        history.undo()
    assert (document.maps["a"] == 9).all()
    assert history.undo_title == "Brush"
    assert history.redo_title == ""


def test_a_map_that_was_painted_on_meanwhile_is_not_removed():
    document = new_document()
    history = History(document)
    history.do(MapEdit.added("Add", "b", ABOUT, np.ones((1, 2, 2), np.uint8)))
    document.maps["b"][0, 0, 0] = 5
    with pytest.raises(InvalidSetting, match="changed meanwhile"):
        history.undo()
    assert "b" in document.maps
