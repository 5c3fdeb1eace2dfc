"""The recording of a case without a window: what it writes, when, and what it offers later."""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.annotation.actions import FindingEdit
from napari_medassist.annotation.map_about import about_map
from napari_medassist.annotation.map_edit import MapEdit
from napari_medassist.annotation.voxel_edit import Dab, voxel_edit
from napari_medassist.app.annotating.recording import Recording
from napari_medassist.app.annotating.session_place import (
    choose_sessions_folder,
    place_of,
    sessions_folder,
)
from napari_medassist.app.settings import Settings
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidSetting, WriteFailed
from napari_medassist.core.labels import LabelScheme
from tests.phantoms import oblique_case, volume

CASE = oblique_case()


@pytest.fixture
def recording(tmp_path) -> Iterator[Recording]:
    made = Recording(tmp_path)
    opened(made)
    yield made
    made.close()


def opened(recording: Recording) -> None:
    image = CASE.series[0]
    recording.open(CASE)
    about = about_map("lesions", LabelScheme(), image.source_grid)
    recording.know("a", about, np.zeros(image.array.shape, np.uint8))


def paint(recording: Recording, value: int) -> None:
    """Record a stroke as napari tells of one: before it is in the voxels."""
    voxels = recording.document.maps["a"]
    index = (np.array([1, 2]), np.array([3, 3]), np.array([4, value]))
    edit = voxel_edit("Brush", "a", voxels, [Dab(None, index, voxels[index], value)])
    assert edit is not None
    recording.record(edit)
    voxels[index] = value


def test_to_look_at_a_case_leaves_no_trace(recording, tmp_path):
    assert recording.saving().text == ""
    recording.close()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_map_is_not_worth_a_session(recording, tmp_path):
    about = recording.document.about["a"]
    voxels = np.zeros((2, 2, 2), np.uint8)
    recording.know("b", about, voxels)
    recording.record(MapEdit.added("Add", "b", about, voxels))
    assert list(tmp_path.iterdir()) == []
    paint(recording, 5)
    assert recording.flush()
    assert recording.saving().text.startswith("Saved")
    recording.close()
    again = Recording(tmp_path)
    again.open(CASE)
    assert again.waiting is not None
    assert again.waiting.n_steps == 2
    again.restore()
    again.undo()
    again.undo()
    assert list(again.document.maps) == ["a"]
    assert not again.document.maps["a"].any()
    again.close()


def test_work_is_offered_restored_and_gone_on_with(recording, tmp_path):
    paint(recording, 3)
    recording.do(FindingEdit("Add", "f", None, {"pirads": 4}))
    recording.note_saved("a", Path("/somewhere/lesions.nii.gz"))
    wanted = recording.document.maps["a"].copy()
    recording.close()
    opened(recording)
    assert recording.waiting is not None
    found = recording.restore()
    assert found.facts.saved[0]["path"] == "/somewhere/lesions.nii.gz"
    np.testing.assert_array_equal(recording.document.maps["a"], wanted)
    assert recording.document.findings == {"f": {"pirads": 4}}
    recording.undo()
    assert recording.document.findings == {}
    recording.close()
    opened(recording)
    assert recording.restore().history.redo_title == "Add"


def test_who_starts_anew_keeps_the_old_work(recording, tmp_path):
    paint(recording, 3)
    recording.close()
    opened(recording)
    kept = recording.start_anew()
    assert kept is not None
    assert (kept / "session.json").exists()
    paint(recording, 7)
    assert recording.flush()
    assert recording.document.maps["a"].max() == 7
    recording.close()
    opened(recording)
    paint(recording, 9)  # nobody answered: the work that waits is put aside too
    recording.close()
    assert len(list(kept.parent.glob("kept-*"))) == 2


def test_a_second_recording_is_read_only_and_says_who_writes(recording, tmp_path):
    paint(recording, 3)
    other = Recording(tmp_path)
    opened(other)
    assert f"process {os.getpid()}" in other.saving().text
    assert not other.saving().is_well
    with pytest.raises(InvalidSetting, match="another window"):
        other.do(FindingEdit("Add", "f", None, {}))
    recording.close()
    opened(other)
    assert other.read_only == ""
    other.close()


def test_a_folder_that_cannot_be_made_is_told_and_the_work_goes_on(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    recording = Recording(blocked)
    opened(recording)
    paint(recording, 3)
    assert recording.saving().text.startswith("Not saved")
    paint(recording, 5)
    recording.undo()
    assert recording.document.maps["a"].max() == 3
    blocked.unlink()
    paint(recording, 6)  # there is room now: all steps are written
    assert recording.flush()
    assert recording.saving().is_well
    recording.close()
    again = Recording(blocked)
    opened(again)
    again.restore()
    assert sorted(set(again.document.maps["a"].ravel().tolist())) == [0, 3, 6]
    again.close()


def test_what_no_file_can_hold_is_refused_before_it_is_done(recording):
    with pytest.raises(InvalidSetting, match="cannot be written"):
        recording.do(FindingEdit("Measure", "f", None, {"volume_ml": math.nan}))
    assert recording.document.findings == {}


def test_a_damaged_session_is_told_and_kept(recording, tmp_path):
    paint(recording, 3)
    folder = recording.folder
    recording.close()
    (folder / "session.json").write_text("{")
    opened(recording)
    assert recording.waiting is None
    assert "kept as it is" in recording.told[0]
    paint(recording, 4)
    recording.close()
    [kept] = folder.parent.glob("kept-*")
    assert (kept / "session.json").read_text() == "{"


def test_a_case_is_known_by_its_leading_image(tmp_path):
    t2w, adc = (volume(role, series_uid=f"1.2.{n}") for n, role in enumerate(("t2w", "adc")))
    both, alone = Case("both", (adc, t2w)), Case("alone", (t2w,))
    assert place_of(both, tmp_path) == place_of(alone, tmp_path)
    assert place_of(Case("adc", (adc,)), tmp_path) != place_of(alone, tmp_path)


def test_the_folder_of_sessions_can_be_chosen(monkeypatch):
    monkeypatch.setenv("NAPARI_MEDASSIST_SESSIONS", "/some/where")
    assert sessions_folder() == Path("/some/where")


def test_a_recording_that_goes_is_written_and_tells_nobody(tmp_path):
    """It may be collected in any thread: what listens to it must not be called then."""
    told: list[bool] = []
    gone = Recording(tmp_path)
    opened(gone)
    paint(gone, 5)
    gone.changed.connect(lambda: told.append(True))
    del gone
    gc.collect()
    assert told == []
    again = Recording(tmp_path)
    again.open(CASE)
    assert (again.read_only, again.waiting is None) == ("", False)
    again.close()


def test_what_is_saved_to_files_is_not_offered_again(recording, tmp_path):
    paint(recording, 5)
    recording.note_saved("a", tmp_path / "a.nii.gz")
    recording.close()
    opened(recording)
    assert recording.waiting is None
    assert len(list(tmp_path.glob("*/kept-*"))) == 1


def test_what_was_done_after_saving_is_offered(recording, tmp_path):
    paint(recording, 5)
    recording.note_saved("a", tmp_path / "a.nii.gz")
    paint(recording, 6)
    recording.close()
    opened(recording)
    assert recording.waiting is not None


def test_findings_are_in_no_label_file_and_offered(recording, tmp_path):
    recording.do(FindingEdit("Note", "f", None, {"label": 1}))
    paint(recording, 5)
    recording.note_saved("a", tmp_path / "a.nii.gz")
    recording.close()
    opened(recording)
    assert recording.waiting is not None


def test_a_chosen_folder_must_be_writable(tmp_path, monkeypatch):
    monkeypatch.delenv("NAPARI_MEDASSIST_SESSIONS", raising=False)
    settings = Settings(tmp_path / "settings.json")
    with pytest.raises(WriteFailed, match="Nothing can be written"):
        choose_sessions_folder(tmp_path / "absent", settings)
    assert Settings(settings.path).ui("sessions_folder") is None
    choose_sessions_folder(tmp_path, settings)
    assert Settings(settings.path).ui("sessions_folder") == str(tmp_path)
    monkeypatch.setenv("NAPARI_MEDASSIST_SESSIONS", "elsewhere")
    with pytest.raises(InvalidSetting, match="decides"):
        choose_sessions_folder(tmp_path, settings)
