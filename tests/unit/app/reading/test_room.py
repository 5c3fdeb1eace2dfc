"""Reading case after case, blinded, without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.reading.entries import Status
from napari_medassist.app.reading.opened_reading import OpenedReading
from napari_medassist.app.reading.room import ReadingRoom
from napari_medassist.app.reading.worklist import open_worklist
from napari_medassist.core.errors import FileProblem, InvalidSetting, WriteFailed
from napari_medassist.core.labels import LabelMap
from tests.unit.app.reading.cohort import write_cases, write_image
from tests.unit.app.reading.test_clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cases(tmp_path / "cases")


def room_of(
    folder: Path, reader: str, clock: Clock | None = None, *, blinded: bool = True
) -> ReadingRoom:
    room = ReadingRoom(reader, clock=clock or Clock())
    room.set_worklist(open_worklist(folder, blinded=blinded))
    return room


def drawn(opened: OpenedReading, z: int) -> LabelMap:
    assert opened.images is not None
    volume = opened.images.reference_volume()
    assert volume is not None
    array = np.zeros(volume.geometry.shape_zyx, np.uint8)
    array[z, 3:6, 3:6] = 1
    return LabelMap.on(volume, array, name="Lesions")


def read_one(folder: Path, reader: str, case: str, z: int, status: Status | None) -> ReadingRoom:
    room = room_of(folder, reader)
    opened = room.open_case(case).run_here()
    room.keep((drawn(opened, z),), status=status)
    room.leave()
    return room


def test_a_case_is_read_kept_and_comes_back(folder: Path, clock: Clock) -> None:
    room = room_of(folder, "Anna", clock)
    told: list[OpenedReading] = []
    room.opened.connect(told.append)
    opened = room.open_case("a").run_here()
    assert told == [opened]
    assert room.current == "a"
    assert room.entry("a").status is Status.IN_PROGRESS
    clock.now += 20
    labels = drawn(opened, 1)
    room.keep((labels,), status=Status.DONE)
    room.leave()
    assert room.current is None
    again = room_of(folder, "Anna").open_case("a").run_here()
    assert again.own is not None
    np.testing.assert_array_equal(again.own.maps[0].array, labels.array)
    assert again.case is not None
    assert [n.name for n in again.own_maps] == ["Lesions"]
    assert again.case.labels == ()
    entry = room_of(folder, "Anna").entry("a")
    assert (entry.status, entry.active_s) == (Status.DONE, 20)


def test_time_adds_up_over_sessions(folder: Path) -> None:
    for expected in (30, 60):
        clock = Clock()
        room = room_of(folder, "Anna", clock)
        room.open_case("a").run_here()
        clock.now += 30
        room.set_status(None)
        room.leave()
        assert room.entry("a").active_s == expected


def test_the_next_case_is_read_ahead(folder: Path) -> None:
    room = room_of(folder, "Anna")
    room.open_case("a").run_here()
    ahead = room.preload()
    assert ahead is not None
    assert not room.is_loaded("b")
    ahead.run_here()
    assert room.is_loaded("b")
    room.keep((), status=Status.DONE)
    assert room.next_case() == "b"


def test_an_unreadable_and_a_missing_case_are_told_and_passed_over(folder: Path) -> None:
    (folder / "b" / "t2w.nii.gz").write_bytes(b"no image")
    room = room_of(folder, "Anna")
    room.open_case("a").run_here()
    opened = room.open_case("b").run_here()
    assert opened.case is None
    assert "t2w.nii.gz" in room.problem("b")
    assert room.current == "a"
    assert room.next_case() == "c"
    for path in (folder / "c").iterdir():
        path.unlink()
    (folder / "c").rmdir()
    room.open_case("c").run_here()
    assert "no such file" in room.problem("c")
    assert room.next_case() is None
    write_image(folder / "b" / "t2w.nii.gz", np.ones((3, 4, 5), np.float32))
    room.open_case("b").run_here()  # it has come back
    assert room.problem("b") == ""
    assert room.current == "b"


def test_a_blinded_reader_sees_nothing_of_others_before_done(folder: Path) -> None:
    read_one(folder, "Ben", "a", 2, Status.DONE)
    room = room_of(folder, "Anna")
    opened = room.open_case("a").run_here()
    assert opened.own is None
    assert opened.case is not None
    assert opened.case.labels == ()
    assert room.readers_of("a") == ()
    assert room.required_worklist.others("a", "Anna") == {}
    with pytest.raises(InvalidSetting, match="blinded"):
        room.read_of("a", "Ben", opened.images)
    room.keep((drawn(opened, 1),), status=Status.DONE)
    assert room.readers_of("a") == ("Anna", "Ben")
    assert room.entry("a").unblinded == ""
    other = room.read_of("a", "Ben", opened.images)
    assert np.argwhere(np.asarray(other.maps[0].array)).min(axis=0)[0] == 2
    assert room.entry("a").unblinded != ""  # written down


def test_one_readers_strokes_on_a_map_of_the_case_do_not_reach_the_next_reader(folder: Path) -> None:
    marked = np.zeros((4, 12, 10), np.uint8)
    marked[1, 3:6, 3:6] = 1
    write_image(folder / "a" / "t2w_seg.nii.gz", marked)
    room = room_of(folder, "Anna")
    opened = room.open_case("a").run_here()
    assert opened.case is not None
    np.asarray(opened.case.labels[0].array)[:] = 0  # painted in place, as napari does
    room.keep((), status=Status.DONE)
    room.leave()
    room.set_reader("Ben")
    again = room.open_case("a").run_here()
    assert again.case is not None
    assert np.count_nonzero(again.case.labels[0].array) == 9


def test_giving_up_blinding_is_written_down(folder: Path) -> None:
    read_one(folder, "Ben", "a", 2, Status.DONE)
    read_one(folder, "Dora", "a", 1, Status.IN_PROGRESS)
    room = room_of(folder, "Carla")
    room.unblind("a")
    assert room.readers_of("a") == ("Ben",)  # Dora has not finished
    assert room_of(folder, "Carla").entry("a").unblinded != ""


def test_who_reads_must_be_known_and_does_not_change_in_a_case(folder: Path) -> None:
    room = room_of(folder, "")
    with pytest.raises(InvalidSetting, match="Who reads"):
        room.open_case("a")
    room.set_reader("  Anna   B ")
    assert room.reader == "Anna B"
    room.open_case("a").run_here()
    with pytest.raises(InvalidSetting, match="being read by Anna B"):
        room.set_reader("Ben")


def test_a_reading_that_cannot_be_saved_is_not_done(folder: Path) -> None:
    room = room_of(folder, "Anna")
    opened = room.open_case("a").run_here()
    (folder / "readings").write_text("")
    with pytest.raises(WriteFailed):
        room.keep((drawn(opened, 1),), status=Status.DONE)
    assert room.entry("a").status is Status.IN_PROGRESS
    assert room.current == "a"


def test_a_damaged_own_reading_is_told_and_not_overwritten(folder: Path) -> None:
    read_one(folder, "Anna", "a", 2, None)
    record = folder / "readings" / "a" / "Anna" / "reading.json"
    record.write_text("{")
    room = room_of(folder, "Anna")
    assert room.open_case("a").run_here().case is None
    assert "damaged" in room.problem("a")
    assert record.read_text() == "{"


def test_without_a_list(tmp_path: Path) -> None:
    room = ReadingRoom("Anna")
    assert room.next_case() is None
    assert room.preload() is None
    with pytest.raises(InvalidSetting, match="No worklist"):
        room.open_case("a")
    with pytest.raises(FileProblem):
        room.open_worklist(tmp_path / "missing").run_here()
