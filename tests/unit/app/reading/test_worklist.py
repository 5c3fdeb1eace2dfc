"""Worklists: rows of several readers in one file, also of several programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_medassist.app.reading.entries import Entry, Status
from napari_medassist.app.reading.listing import ListedCase, Listing
from napari_medassist.app.reading.worklist import (
    Worklist,
    make_worklist,
    open_worklist,
    table_of,
)
from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    InvalidSetting,
    UnsupportedFormat,
    WriteFailed,
)


def made(folder: Path, n_cases: int = 3, *, blinded: bool = False) -> Worklist:
    cases = tuple(ListedCase(f"c{i}", (folder / f"c{i}",)) for i in range(n_cases))
    return make_worklist(Listing(cases), folder / "w.worklist.json", blinded=blinded)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    worklist = made(tmp_path)
    worklist.change("c1", "Anna", status=Status.DONE, active_s=61.25, notes="ä\nb")
    again = Worklist(worklist.path)
    entry = again.entry("c1", "Anna")
    assert (entry.status, entry.active_s, entry.notes) == (Status.DONE, 61.2, "ä\nb")
    assert again.cases == worklist.cases
    assert again.entry("c0", "Anna") == Entry()
    assert again.n_done("Anna") == 1
    content = json.loads(worklist.path.read_text(encoding="utf-8"))
    assert content["version"] == 1
    assert content["cases"][0] == {"case": "c0", "paths": ["c0"]}  # moves with its folder
    assert content["readings"]["c1"]["Anna"]["notes"] == "ä\nb"


def test_two_readers_keep_each_others_rows(tmp_path: Path) -> None:
    first = made(tmp_path)
    second = Worklist(first.path)
    first.change("c0", "Anna", status=Status.DONE)
    second.change("c0", "Ben", status=Status.SKIPPED)
    first.change("c1", "Anna", notes="x")
    again = Worklist(first.path)
    assert again.entry("c0", "Anna").status is Status.DONE
    assert again.entry("c0", "Ben").status is Status.SKIPPED
    assert again.entry("c1", "Anna").notes == "x"
    assert first.entry("c0", "Ben").status is Status.SKIPPED  # merged in on the way
    assert second.entry("c1", "Anna") == Entry()
    assert second.reload()
    assert second.entry("c1", "Anna").notes == "x"
    assert not second.reload()


_WRITER = """
import sys
from pathlib import Path
from napari_medassist.app.reading.worklist import Worklist
worklist = Worklist(Path(sys.argv[1]))
for case in worklist.cases:
    worklist.change(case.name, sys.argv[2], status="done", active_s=float(len(case.name)))
"""


def test_two_programs_write_one_worklist_at_once(tmp_path: Path) -> None:
    worklist = made(tmp_path, 40)
    readers = ("Anna", "Ben")
    running = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(worklist.path), reader])
        for reader in readers
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    again = Worklist(worklist.path)
    assert [again.n_done(reader) for reader in readers] == [40, 40]
    assert list(tmp_path.glob(".*")) == []  # neither locks nor halves of files


def test_what_others_made_of_the_file_stays(tmp_path: Path) -> None:
    worklist = made(tmp_path)
    content = json.loads(worklist.path.read_text())
    content["project"] = "mine"
    content["readings"] = {"c0": {"Anna": {"status": "done", "tool": 7}}}
    worklist.path.write_text(json.dumps(content))
    worklist.change("c0", "Anna", notes="n", status=Status.DONE)
    content = json.loads(worklist.path.read_text())
    assert content["project"] == "mine"
    assert content["readings"]["c0"]["Anna"]["tool"] == 7


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ('{"format": "napari-medassist worklist", "version": 2}', UnsupportedFormat, "version 2"),
        ('{"format": "napari-medassist worklist", "version": 1, "cases": ', CorruptFile, "damaged"),
        ('{"format": "napari-medassist worklist", "version": 1}', CorruptFile, "blinded"),
        ('{"version": 1}', CorruptFile, "no worklist"),
        ("[]", CorruptFile, "no worklist"),
    ],
)
def test_damaged_and_newer_files_are_told_and_left_alone(
    tmp_path: Path, text: str, kind: type[Exception], said: str
) -> None:
    path = tmp_path / "w.worklist.json"
    path.write_text(text)
    with pytest.raises(kind, match=said):
        open_worklist(path)
    assert path.read_text() == text


def test_two_cases_of_one_name_in_a_file_are_damage(tmp_path: Path) -> None:
    worklist = made(tmp_path)
    content = json.loads(worklist.path.read_text())
    content["cases"].append(content["cases"][0])
    worklist.path.write_text(json.dumps(content))
    with pytest.raises(CorruptFile, match="stands twice"):
        Worklist(worklist.path)


def test_a_file_damaged_meanwhile_is_not_overwritten_and_nothing_is_lost(tmp_path: Path) -> None:
    worklist = made(tmp_path)
    good = worklist.path.read_text()
    worklist.path.write_text("half")
    with pytest.raises(CorruptFile, match="damaged"):
        worklist.change("c0", "Anna", status=Status.DONE)
    assert worklist.path.read_text() == "half"
    assert worklist.entry("c0", "Anna").status is Status.DONE
    assert not worklist.is_saved
    worklist.path.write_text(good)
    worklist.change("c1", "Anna", status=Status.SKIPPED)  # writes both
    assert worklist.is_saved
    again = Worklist(worklist.path)
    assert again.entry("c0", "Anna").status is Status.DONE
    assert again.entry("c1", "Anna").status is Status.SKIPPED


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")  # root may write to any folder; into a file nobody can
    with pytest.raises(WriteFailed, match="cannot be written here"):
        made(blocked)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    worklist = made(tmp_path)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WriteFailed, match="cannot be written here"):
            worklist.change("c0", "Anna", status=Status.DONE)
        assert not worklist.is_saved
    finally:
        tmp_path.chmod(0o700)


def test_an_entry_needs_a_reader(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="name of the reader"):
        made(tmp_path).change("c0", " ", status=Status.DONE)


def test_the_next_case_waits_and_can_be_read(tmp_path: Path) -> None:
    worklist = made(tmp_path, 4)
    worklist.change("c1", "Anna", status=Status.DONE)
    worklist.change("c2", "Ben", status=Status.DONE)
    assert worklist.next_case(None, "Anna", frozenset()) == "c0"
    assert worklist.next_case("c0", "Anna", frozenset()) == "c2"
    assert worklist.next_case("c0", "Anna", frozenset({"c2"})) == "c3"
    assert worklist.next_case("c3", "Anna", frozenset()) == "c0"
    for case in ("c0", "c2"):
        worklist.change(case, "Anna", status=Status.SKIPPED)
    assert worklist.next_case("c3", "Anna", frozenset()) is None  # only itself waits


def test_others_are_unknown_in_a_blinded_list_until_the_own_reading_is_done(tmp_path: Path) -> None:
    worklist = made(tmp_path, blinded=True)
    worklist.change("c0", "Ben", status=Status.DONE)
    for status in (Status.OPEN, Status.IN_PROGRESS, Status.SKIPPED):
        worklist.change("c0", "Anna", status=status)
        assert worklist.others("c0", "Anna") == {}
    worklist.change("c0", "Anna", status=Status.DONE)
    assert list(worklist.others("c0", "Anna")) == ["Ben"]
    assert worklist.others("c1", "Anna") == {}
    open_list = made(tmp_path / "open")
    open_list.change("c0", "Ben", status=Status.DONE)
    assert list(open_list.others("c0", "Anna")) == ["Ben"]


def test_a_folder_and_a_table_have_their_worklist_beside_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first = open_worklist(tmp_path, blinded=True)
    assert first.path == tmp_path / "cases.worklist.json"
    first.change("a", "Anna", status=Status.DONE)
    (tmp_path / "b").mkdir()
    again = open_worklist(tmp_path)
    assert again.is_blinded
    assert again.n_done("Anna") == 1
    assert again.warnings == ("1 cases have come since the worklist was made; it is as it was.",)
    (tmp_path / "t.csv").write_text("case,path\nz,a\n")
    assert open_worklist(tmp_path / "t.csv").path == tmp_path / "t.worklist.json"
    with pytest.raises(FileProblem, match="exists already"):
        make_worklist(Listing(()), first.path)


def test_the_table_has_a_row_for_each_case_and_reader(tmp_path: Path) -> None:
    worklist = made(tmp_path, 2)
    worklist.change("c0", "Ben", status=Status.DONE, active_s=3)
    worklist.change("c1", "Anna", notes="n")
    rows = table_of(worklist)
    assert [(r["case"], r["reader"], r["status"]) for r in rows] == [
        ("c0", "Anna", "open"),
        ("c0", "Ben", "done"),
        ("c1", "Anna", "open"),
        ("c1", "Ben", "open"),
    ]
    assert rows[1]["active_s"] == "3.0"
