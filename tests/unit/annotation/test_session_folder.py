"""Journal and session folder: what is written comes back; what is damaged is told, never believed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.annotation.action_bytes import to_plain
from napari_medassist.annotation.actions import FindingEdit
from napari_medassist.annotation.document import Document
from napari_medassist.annotation.history import History
from napari_medassist.annotation.journal import MAGIC, Record, begin_record, read_journal
from napari_medassist.annotation.map_about import about_map, label_map
from napari_medassist.annotation.recovery import recover
from napari_medassist.annotation.session_file import SessionFacts, copy_of, journal_path
from napari_medassist.annotation.session_lock import SessionLock, holder
from napari_medassist.annotation.session_writer import SessionWriter
from napari_medassist.annotation.voxel_edit import Dab, voxel_edit
from napari_medassist.core.errors import CorruptFile, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import Code, Label, LabelScheme
from napari_medassist.core.orientation import SourceGrid

#: A sagittal grid, so that the order of axes of the file is another one than the canonical.
GRID = SourceGrid.of(
    Geometry((3, 4, 5), (3.0, 0.5, 0.7), (1.0, -2.0, 3.25), ((0, 0, 1), (1, 0, 0), (0, -1, 0)))
)
SCHEME = LabelScheme((Label(2, "lesion", (1, 2, 3), Code("SCT", "52988006", "Lesion")),))
FACTS = SessionFacts("session-1", "case", ("1.2.3",))


def new_document() -> Document:
    shape = GRID.canonical_geometry.shape_zyx
    about = {"a": about_map("Lesions", SCHEME, GRID)}
    return Document({"a": np.zeros(shape, np.uint16)}, {}, about)


def stroke(document: Document, n: int):
    voxels = document.maps["a"]
    index = tuple(np.array([n % size, (n + 1) % size]) for size in voxels.shape)
    return voxel_edit(f"Stroke {n}", "a", voxels, [Dab(None, index, voxels[index], n)])


class Annotator:
    """Makes steps, and keeps a copy of the state after each."""

    def __init__(self, folder: Path) -> None:
        self.history = History(new_document())
        self.writer = SessionWriter(folder, FACTS)
        self.writer.begin(copy_of(self.history.document))
        self.states = [self.state()]

    def state(self):
        document = self.history.document
        return document.maps["a"].tolist(), dict(document.findings)

    def do(self, action) -> None:
        self.history.do(action)
        self._write("step", action)

    def undo(self) -> None:
        self._write("undo", self.history.undo())

    def redo(self) -> None:
        self._write("redo", self.history.redo())

    def _write(self, kind, action) -> None:
        plain, content = to_plain(action)
        self.writer.add(kind, {"action": plain}, content)
        self.states.append(self.state())


def annotate(folder: Path) -> Annotator:
    """Six steps: strokes, a finding, undo and redo."""
    annotator = Annotator(folder)
    annotator.do(stroke(annotator.history.document, 1))
    annotator.do(FindingEdit("Add", "f", None, {"name": "Läsion", "pirads": 4}))
    annotator.do(stroke(annotator.history.document, 2))
    annotator.undo()
    annotator.redo()
    annotator.undo()
    assert annotator.writer.close()
    return annotator


def found_state(found):
    document = found.history.document
    return document.maps["a"].tolist(), dict(document.findings)


def test_what_was_done_comes_back_with_its_history(tmp_path):
    annotator = annotate(tmp_path / "s")
    found = recover(tmp_path / "s")
    assert found.told == ()
    assert found.is_whole
    assert (found.n_steps, found.number) == (6, 6)
    assert found.facts == FACTS or found.facts.images == FACTS.images
    assert found_state(found) == annotator.states[-1]
    assert found.history.document.about == annotator.history.document.about
    assert (found.history.undo_title, found.history.redo_title) == ("Add", "Stroke 2")
    found.history.undo()
    assert found_state(found) == annotator.states[1]


def test_the_snapshot_is_a_nifti_on_the_source_grid(tmp_path):
    annotator = annotate(tmp_path / "s")
    found = recover(tmp_path / "s")
    writer = SessionWriter(tmp_path / "s", found.facts)
    writer.go_on(found, copy_of(found.history.document))
    writer.compact(copy_of(found.history.document))
    assert writer.close()
    [path] = (tmp_path / "s").glob("*.nii.gz")
    image = nib.load(path)
    about = annotator.history.document.about["a"]
    labels = label_map(about, annotator.history.document.maps["a"])
    assert labels.scheme == SCHEME
    assert labels.geometry == GRID.canonical_geometry
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, labels.stored_array())
    expected = np.diag([-1, -1, 1, 1]) @ GRID.geometry.affine_lps
    np.testing.assert_allclose(image.affine, expected, atol=1e-6)
    again = recover(tmp_path / "s")
    assert found_state(again) == annotator.states[-1]
    assert again.n_steps == 0


def test_a_changed_byte_anywhere_in_the_journal_gives_an_earlier_state_and_is_told(tmp_path):
    annotator = annotate(tmp_path / "s")
    path = journal_path(tmp_path / "s", 1)
    content = path.read_bytes()
    steps_seen = set()
    for place in range(len(content)):
        broken = bytearray(content)
        broken[place] ^= 1 << place % 8
        path.write_bytes(broken)
        found = recover(tmp_path / "s")
        assert found.told, place
        assert found_state(found) == annotator.states[found.n_steps], place
        assert found.n_steps < 6
        steps_seen.add(found.n_steps)
    assert steps_seen == set(range(6))


def test_a_journal_cut_anywhere_gives_the_steps_before_the_cut(tmp_path):
    annotator = annotate(tmp_path / "s")
    path = journal_path(tmp_path / "s", 1)
    content = path.read_bytes()
    for end in range(0, len(content), 5):
        path.write_bytes(content[:end])
        found = recover(tmp_path / "s")
        assert found_state(found) == annotator.states[found.n_steps], end
    path.unlink()
    assert recover(tmp_path / "s").told


def test_a_record_that_was_taken_out_or_stems_from_elsewhere_is_noticed(tmp_path):
    annotator = annotate(tmp_path / "s")
    path = journal_path(tmp_path / "s", 1)
    frames = [record.framed() for record in read_journal(path).records]
    path.write_bytes(MAGIC + b"".join(frames[:2] + frames[3:]))
    found = recover(tmp_path / "s")
    assert "lacks a record" in found.told[0]
    assert found_state(found) == annotator.states[1]
    other = begin_record(0, "session-2", 1).framed()
    path.write_bytes(MAGIC + other + b"".join(frames[1:]))
    found = recover(tmp_path / "s")
    assert "another session" in found.told[0]
    assert found_state(found) == annotator.states[0]


def test_a_damaged_journal_is_kept_and_a_new_one_goes_on(tmp_path):
    annotate(tmp_path / "s")
    path = journal_path(tmp_path / "s", 1)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    found = recover(tmp_path / "s")
    writer = SessionWriter(tmp_path / "s", found.facts)
    writer.go_on(found, copy_of(found.history.document))
    action = stroke(found.history.document, 7)
    found.history.do(action)
    plain, payload = to_plain(action)
    writer.add("step", {"action": plain}, payload)
    assert writer.close()
    [kept] = (tmp_path / "s").glob("damaged-*")
    assert kept.read_bytes() == content
    again = recover(tmp_path / "s")
    assert again.is_whole
    assert found_state(again) == found_state(found)


def test_steps_from_before_a_snapshot_are_undone_and_redone_right(tmp_path):
    annotator = Annotator(tmp_path / "s")
    for n in (1, 2):
        annotator.do(stroke(annotator.history.document, n))
    annotator.writer.compact(copy_of(annotator.history.document))
    annotator.do(stroke(annotator.history.document, 3))
    for act in (annotator.undo, annotator.undo, annotator.redo, annotator.undo, annotator.redo):
        act()
        assert annotator.writer.flush()
        found = recover(tmp_path / "s")
        assert found.told == ()
        assert found_state(found) == annotator.state()
        assert found.history.redo_title == annotator.history.redo_title
    annotator.writer.close()


@pytest.mark.parametrize("name", ["session.json", "maps"])
def test_damage_of_the_snapshot_is_told_and_changes_nothing(tmp_path, name):
    annotate(tmp_path / "s")
    path = next((tmp_path / "s").glob("*.nii.gz")) if name == "maps" else tmp_path / "s" / name
    content = bytearray(path.read_bytes())
    for place in range(0, len(content), 7):
        broken = content.copy()
        broken[place] ^= 2
        path.write_bytes(broken)
        with pytest.raises((CorruptFile, UnsupportedFormat)):
            recover(tmp_path / "s")
        assert path.read_bytes() == broken


def test_a_newer_version_is_refused_and_not_touched(tmp_path):
    annotate(tmp_path / "s")
    path = tmp_path / "s" / "session.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "version": 3}))
    before = path.read_bytes()
    with pytest.raises(UnsupportedFormat, match=r"version 3.*newer version"):
        recover(tmp_path / "s")
    assert path.read_bytes() == before


def test_a_newer_journal_is_refused(tmp_path):
    annotate(tmp_path / "s")
    begin = Record(0, "begin", {"version": 2, "session": "session-1", "generation": 1})
    journal_path(tmp_path / "s", 1).write_bytes(MAGIC + begin.framed())
    with pytest.raises(UnsupportedFormat, match="journal has version 2"):
        recover(tmp_path / "s")


def test_one_window_holds_the_lock_and_the_other_is_told_who(tmp_path):
    first, second = SessionLock(tmp_path), SessionLock(tmp_path)
    assert first.take()
    assert not second.take()
    assert f"process {os.getpid()}" in holder(tmp_path)
    first.give_back()
    assert second.take()
    second.give_back()
    assert holder(tmp_path) == "another window"


GOLDEN = Path(__file__).parents[2] / "golden" / "session-v1"


def test_the_golden_session_of_version_1_is_read(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "s")
    found = recover(tmp_path / "s")
    assert found.told == ()
    voxels = found.history.document.maps["a"]
    assert {tuple(i): int(voxels[tuple(i)]) for i in np.argwhere(voxels).tolist()} == {
        (1, 1, 1): 1,
        (2, 2, 2): 1,
    }
    assert found.history.document.findings == {"f": {"name": "Läsion", "pirads": 4}}
    assert found.history.document.about["a"]["name"] == "Lesions"
    assert found.facts.images == ("1.2.3",)


def test_the_golden_session_of_version_2_with_masks_of_a_clip_is_read(tmp_path):
    shutil.copytree(GOLDEN.with_name("session-v2"), tmp_path / "s")
    assert json.loads((tmp_path / "s" / "session.json").read_text())["version"] == 2
    found = recover(tmp_path / "s")
    assert found.told == ()
    document = found.history.document
    assert {tuple(i) for i in np.argwhere(document.maps["m"] == 1).tolist()} == {
        (1, 0, 2), (1, 2, 4), (2, 1, 3),
    }  # fmt: skip
    assert document.about["m"]["clip"] == "0123456789abcdef"
    assert document.about["a"]["name"] == "Lesions"
    found.history.undo()
    assert not document.maps["m"][2].any()


def test_a_session_without_masks_of_a_clip_stays_readable_for_older_programs(tmp_path):
    writer = SessionWriter(tmp_path / "s", FACTS)
    writer.begin(new_document())
    writer.close()
    assert json.loads((tmp_path / "s" / "session.json").read_text())["version"] == 1
