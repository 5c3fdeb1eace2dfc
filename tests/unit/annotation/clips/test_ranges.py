"""Ranges of frames: times that are not evenly apart, ends of the clip, rules, files of another clip."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import RLELossless

from napari_medassist.annotation.clips.files import (
    read_label_set,
    read_ranges,
    write_label_set,
    write_ranges,
)
from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange, fields_of, range_of
from napari_medassist.annotation.clips.table import LabelSet, RangeTable
from napari_medassist.annotation.document import Document
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    GeometryMismatch,
    InvalidSetting,
    UnsupportedFormat,
)
from napari_medassist.core.video import VideoClip
from napari_medassist.io.files import read
from tests.dicom_phantom import write_clip

#: A pause after the third frame.
TIMES = (0.0, 0.04, 0.08, 1.0, 1.04, 1.08)
KEY = ClipKey("liver", TIMES, "abc")
ONE = LabelSet(("a", "b"))


def table(*ranges: FrameRange, labels: LabelSet = ONE) -> RangeTable:
    made = RangeTable(Document(), KEY, labels)
    made.add_all(list(ranges)).apply_to(made.document)
    return made


def rows(made: RangeTable) -> list[tuple[int, int, str]]:
    return [(r.first, r.last, r.label) for r in made.rows().values()]


def test_a_range_ends_when_the_next_frame_is_shown():
    assert KEY.end_s(FrameRange(0, 2, "a")) == 1.0
    assert KEY.end_s(FrameRange(3, 3, "a")) == 1.04
    assert KEY.end_s(FrameRange(3, 5, "a")) == pytest.approx(1.12)  # the median frame is 0.04 s
    alone = ClipKey("still", (0.0,))
    assert (alone.start_s(FrameRange(0, 0, "a")), alone.end_s(FrameRange(0, 0, "a"))) == (0, 0)


@pytest.mark.parametrize(
    ("seconds", "frame"), [(-1, 0), (0, 0), (0.0399, 0), (0.04, 1), (0.99, 2), (1.0, 3), (9, 5)]
)
def test_the_frame_at_a_time_is_the_one_that_is_still_shown(seconds, frame):
    assert KEY.frame_at(seconds) == frame


def test_times_become_frames_and_back():
    for found in (FrameRange(0, 0, "a"), FrameRange(1, 3, "a"), FrameRange(4, 5, "a")):
        assert KEY.range_between(KEY.start_s(found), KEY.end_s(found), "a") == found
    spoken = KEY.range_between(0.5, 0.6, "a", source="voice")  # within the pause
    assert (spoken.first, spoken.last, spoken.source) == (2, 2, "voice")


@pytest.mark.parametrize("fields", [(-1, 2, "a"), (3, 2, "a"), (0, 1, "  ")])
def test_what_is_no_range_is_refused(fields):
    with pytest.raises(InvalidSetting):
        FrameRange(*fields)


def test_a_range_outside_of_the_clip_is_refused():
    made = table(FrameRange(5, 5, "a"))
    with pytest.raises(InvalidSetting, match="last frame is 5"):
        made.add(FrameRange(5, 6, "b"))


def test_overlap_is_a_matter_of_the_label_set():
    overlapping = replace(ONE, allows_overlap=True)
    with pytest.raises(InvalidSetting, match="do not overlap"):
        table(FrameRange(0, 2, "a"), FrameRange(2, 3, "b"))
    table(FrameRange(0, 2, "a"), FrameRange(3, 3, "b"))  # neighbours do not overlap
    table(FrameRange(0, 2, "a"), FrameRange(2, 3, "b"), labels=overlapping)
    with pytest.raises(InvalidSetting, match="one label"):
        table(FrameRange(0, 2, "a"), FrameRange(2, 3, "a"), labels=overlapping)


def test_split_merge_trim_and_their_inverses():
    made = table(FrameRange(0, 5, "a", "note"))
    before = dict(made.document.findings)
    row = next(iter(made.rows()))
    split = made.split(row, 3)
    split.apply_to(made.document)
    assert rows(made) == [(0, 2, "a"), (3, 5, "a")]
    trim = made.change(row, FrameRange(1, 1, "b"))
    trim.apply_to(made.document)
    assert rows(made) == [(1, 1, "b"), (3, 5, "a")]
    with pytest.raises(InvalidSetting, match="one label"):
        made.merge(list(made.rows()))
    trim.inverse().apply_to(made.document)
    merge = made.merge(list(made.rows()))
    merge.apply_to(made.document)
    assert rows(made) == [(0, 5, "a")]
    assert made.document.findings == before
    merge.inverse().apply_to(made.document)
    split.inverse().apply_to(made.document)
    assert made.document.findings == before


@pytest.mark.parametrize("frame", [0, 6])
def test_a_split_leaves_no_empty_part(frame):
    made = table(FrameRange(0, 5, "a"))
    with pytest.raises(InvalidSetting, match="cannot be split"):
        made.split(next(iter(made.rows())), frame)


def test_a_merge_that_would_cover_another_label_is_refused():
    made = table(FrameRange(0, 0, "a"), FrameRange(1, 1, "b"), FrameRange(2, 2, "a"))
    ends = [row for row, found in made.rows().items() if found.label == "a"]
    with pytest.raises(InvalidSetting, match="do not overlap"):
        made.merge(ends)


def test_the_table_shows_its_own_clip_only_and_no_other_findings():
    made = table(FrameRange(0, 0, "a"))
    made.document.findings["lesion"] = {"name": "one"}
    other = ClipKey("other", TIMES, "def")
    made.document.findings["x"] = fields_of(FrameRange(1, 1, "b"), other)
    assert rows(made) == [(0, 0, "a")]


def test_the_fields_are_plain_and_hold_everything():
    found = FrameRange(1, 3, "ä, b", 'said "x"', "voice")
    assert range_of(json.loads(json.dumps(fields_of(found, KEY)))) == found


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_files_come_back_as_they_were(tmp_path, ending):
    ranges = [FrameRange(0, 2, "ä, b", 'said "x"\nand y', "voice"), FrameRange(5, 5, "b")]
    path = tmp_path / f"ranges{ending}"
    write_ranges(path, ranges, KEY)
    assert read_ranges(path, KEY) == ranges
    if ending == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            first = next(csv.DictReader(file))
        assert (first["start_s"], first["end_s"], first["clip_frames"]) == ("0.0", "1.0", "6")


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (ClipKey("liver", TIMES[:5], "abc"), "6 frames, this one has 5"),
        (ClipKey("liver", TIMES, "xyz"), "another clip"),
        (ClipKey("liver", tuple(2 * t for t in TIMES), "abc"), "lies at 2 s"),
    ],
)
def test_a_file_of_another_clip_is_refused(tmp_path, other, told):
    path = tmp_path / "ranges.csv"
    write_ranges(path, [FrameRange(3, 3, "a")], KEY)
    with pytest.raises(GeometryMismatch, match=told):
        read_ranges(path, other)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "x,y\n1,2\n"),
        ("b.csv", "first_frame,last_frame,label\n1,zero,a\n"),
        ("c.csv", "first_frame,last_frame,label\n3\n"),
        ("d.json", "{"),
        ("e.json", '{"ranges": [1]}'),
    ],
)
def test_damaged_files_are_told(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorruptFile, match=name):
        read_ranges(path, KEY)


def test_a_missing_file_and_an_unknown_ending_are_told(tmp_path):
    with pytest.raises(FileProblem):
        read_ranges(tmp_path / "none.csv", KEY)
    with pytest.raises(UnsupportedFormat):
        write_ranges(tmp_path / "a.txt", [], KEY)


def test_a_template_of_labels(tmp_path):
    path = tmp_path / "abdomen.txt"
    path.write_text("# views\noverlap: yes\n\nliver\nspleen\n", encoding="utf-8")
    labels = read_label_set(path)
    assert labels == LabelSet(("liver", "spleen"), allows_overlap=True, name="abdomen")
    write_label_set(path, labels)
    assert read_label_set(path) == labels
    path.write_text("liver\nliver\n", encoding="utf-8")
    with pytest.raises(CorruptFile, match="different"):
        read_label_set(path)


def test_the_fingerprint_tells_pixels_and_times_apart():
    frames = np.arange(4 * 6 * 5, dtype=np.uint8).reshape(4, 6, 5)
    clip = VideoClip(frames, (0.0, 0.1, 0.2, 0.3), name="one")
    key = ClipKey.of(clip)
    assert ClipKey.of(replace(clip, name="copy")).fingerprint == key.fingerprint
    assert ClipKey.of(replace(clip, frames=frames + 1)).fingerprint != key.fingerprint
    late = replace(clip, frame_times_s=(0.0, 0.1, 0.2, 0.4))
    assert ClipKey.of(late).fingerprint != key.fingerprint


def test_a_clip_written_again_without_loss_is_the_same_one(tmp_path):
    frames = np.random.default_rng(5).integers(0, 255, (4, 16, 16)).astype(np.uint8)
    write_clip(tmp_path / "a.dcm", frames, FrameTime=40)
    packed = dcmread(tmp_path / "a.dcm")
    packed.compress(RLELossless)
    packed.save_as(tmp_path / "b.dcm")
    first, second = (ClipKey.of(read(tmp_path / name).series[0]) for name in ("a.dcm", "b.dcm"))
    assert first.fingerprint == second.fingerprint
