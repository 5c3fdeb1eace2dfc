"""Other readers beside one's own ranges."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from napari_medassist.annotation.clips.files import write_ranges
from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.app.clips.readers import Readers, in_words, table_of
from napari_medassist.core.errors import GeometryMismatch, InvalidSetting, UnsupportedFormat

KEY = ClipKey("clip", tuple(k / 10 for k in range(40)), "0123456789abcdef")


@pytest.fixture
def work() -> ClipLabelling:
    made = ClipLabelling(KEY)
    made.add(FrameRange(0, 9, "liver"))
    return made


def _file(path: Path, ranges: list[FrameRange], key: ClipKey = KEY) -> Path:
    write_ranges(path, ranges, key)
    return path


def test_a_reader_is_compared_and_changes_nothing(work: ClipLabelling, tmp_path: Path) -> None:
    readers = Readers(work)
    assert readers.next_difference(0) is None
    before = work.rows()
    path = _file(tmp_path / "anna.csv", [FrameRange(0, 4, "liver"), FrameRange(20, 24, "aorta")])
    assert readers.read(path) == "anna"
    assert work.rows() == before
    assert "aorta" in work.labels.names
    anna = ("anna",)
    assert [readers.next_difference(k) for k in (-1, 5, 20)] == [(5, anna), (20, anna), (5, anna)]
    told = in_words("anna", readers.agreements()["anna"])
    assert told.startswith("anna: same labels in 0.5 of 1.5 s labelled, kappa 0.")
    assert "2 differences" in told
    assert "liver: both 0.5 s, only you 0.5 s, only the other 0.0 s, Dice 0.67" in table_of(
        readers.agreements()["anna"]
    )
    work.add(FrameRange(20, 24, "aorta"))  # it follows what one does
    assert readers.next_difference(5) == (5, anna)
    readers.read(_file(tmp_path / "ben.csv", [FrameRange(0, 4, "liver")]))
    assert readers.next_difference(-1) == (5, ("anna", "ben"))
    readers.forget()
    assert readers.agreements() == {}


def test_a_file_of_another_clip_or_the_same_name_is_refused(
    work: ClipLabelling, tmp_path: Path
) -> None:
    readers = Readers(work)
    other = ClipKey("clip", KEY.times_s, "f" * 16)
    with pytest.raises(GeometryMismatch):
        readers.read(_file(tmp_path / "ben.csv", [FrameRange(0, 1, "liver")], other))
    assert not readers.readings
    readers.read(_file(tmp_path / "anna.csv", []))
    with pytest.raises(InvalidSetting, match="already"):
        readers.read(_file(tmp_path / "anna.json", []))


def test_each_pair_of_readers_is_written_to_a_table(work: ClipLabelling, tmp_path: Path) -> None:
    readers, out = Readers(work), tmp_path / "agreement.csv"
    with pytest.raises(InvalidSetting, match="no other reader"):
        readers.write_agreement(out)
    readers.read(_file(tmp_path / "anna.csv", [FrameRange(0, 4, "liver"), FrameRange(20, 24, "aorta")]))
    readers.read(_file(tmp_path / "ben.csv", [FrameRange(0, 4, "liver")]))
    assert readers.write_agreement(out) == (3, 5)
    with out.open(encoding="utf-8", newline="") as file:
        rows = {(row["first"], row["second"], row["label"]): row for row in csv.DictReader(file)}
    assert rows["you", "anna", "liver"]["dice"] == "0.6667"
    assert rows["anna", "ben", "aorta"]["first_only_s"] == "0.5000"
    assert rows["anna", "ben", "liver"]["dice"] == "1.0000"
    # 0.5 s of 4 s differ; of 4 s: liver 0.5 and 0.5, aorta 0.5 and 0, none 3 and 3.5: chance 0.671875
    assert float(rows["anna", "ben", "liver"]["kappa"]) == pytest.approx(
        (0.875 - 0.671875) / (1 - 0.671875), abs=1e-4
    )
    assert rows["you", "ben", "liver"]["clip_fingerprint"] == KEY.fingerprint
    with pytest.raises(UnsupportedFormat, match="csv"):
        readers.write_agreement(tmp_path / "agreement.xlsx")
    with pytest.raises(InvalidSetting, match="reader 'you' already"):
        readers.read(_file(tmp_path / "you.csv", []))


def test_readers_who_labelled_nothing_have_a_line_without_figures(tmp_path: Path) -> None:
    readers, out = Readers(ClipLabelling(KEY)), tmp_path / "agreement.csv"
    readers.read(_file(tmp_path / "anna.csv", []))
    assert readers.write_agreement(out) == (1, 1)
    with out.open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["label"], row["dice"], row["kappa"]) == ("", "", "")
    assert (row["labelled_s"], row["differences"]) == ("0.0000", "0")
