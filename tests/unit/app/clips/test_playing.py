"""The playhead against a clock that the test turns; labelling with undo."""

from __future__ import annotations

import pytest

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.annotation.clips.table import LabelSet
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.app.clips.playing import Playhead
from napari_medassist.core.errors import InvalidSetting

TIMES = (0.0, 0.1, 0.2, 1.0, 1.1)
KEY = ClipKey("clip", TIMES, "abc")


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.parametrize(
    ("speed", "passed", "frame"), [(1, 0.15, 1), (1, 0.9, 2), (2, 0.5, 3), (0.25, 0.5, 1)]
)
def test_the_due_frame_follows_irregular_times_at_each_speed(clock, speed, passed, frame):
    head = Playhead(KEY, clock)
    head.set_speed(speed)
    head.start(0)
    clock.now += passed
    assert head.due() == frame


def test_playing_ends_after_the_last_frames_own_time(clock):
    head = Playhead(KEY, clock)
    head.start(0)
    clock.now += 1.15
    assert head.due() == 4
    clock.now += 0.06
    assert head.due() is None


def test_a_loop_goes_over_its_range_only(clock):
    head = Playhead(KEY, clock)
    head.set_loop(1, 2, loops=True)  # 0.1 s .. 1.0 s
    head.start(4)
    assert head.due() == 1
    clock.now += 0.95  # once around and 0.05 s
    assert head.due() == 1
    clock.now += 0.1
    assert head.due() == 2
    assert head.following(2, 4) == [2, 1]


def test_a_change_of_speed_does_not_jump(clock):
    head = Playhead(KEY, clock)
    head.start(0)
    clock.now += 0.15
    head.set_speed(0.25)
    assert head.due() == 1
    clock.now += 0.24  # 0.15 + 0.06 s
    assert head.due() == 2


def test_frames_that_come_too_late_are_counted_as_dropped(clock):
    head = Playhead(KEY, clock)
    head.start(0)
    for frame in (0, 0, 3, 4):
        head.count(frame)
    clock.now += 2
    tally = head.tally()
    assert (tally.shown, tally.dropped, tally.seconds) == (3, 2, 2)
    assert "2 dropped" in tally.in_words(1.0)


def test_a_clip_of_one_frame_plays_to_its_end(clock):
    head = Playhead(ClipKey("still", (0.0,)), clock)
    head.start(0)
    assert head.due() is None
    head.set_loop(0, 0, loops=True)
    assert head.due() == 0


def test_marks_become_a_range_and_undo_takes_it_back():
    work = ClipLabelling(KEY, LabelSet(("a",)))
    with pytest.raises(InvalidSetting, match="in"):
        work.add_marked("a")
    work.mark(first=3)
    work.mark(last=1)  # before the in mark, which is gone now
    assert (work.mark_in, work.mark_out) == (None, 1)
    work.mark(first=0)
    work.add_marked("new")
    assert list(work.rows().values()) == [FrameRange(0, 1, "new")]
    assert work.labels.names == ("a", "new")
    assert work.undo() == "Label frames"
    assert not work.rows()
    assert work.redo() == "Label frames"
    assert len(work.rows()) == 1


def test_import_is_all_or_nothing_and_does_not_double(tmp_path):
    work = ClipLabelling(KEY, LabelSet(("a", "b")))
    work.add(FrameRange(0, 1, "a"))
    work.add(FrameRange(3, 3, "b"))
    path = tmp_path / "r.json"
    assert work.export(path) == 2
    assert work.take(path) == 0
    other = ClipLabelling(KEY, LabelSet(("a",)))
    other.add(FrameRange(3, 4, "c"))
    before = dict(other.document.findings)
    with pytest.raises(InvalidSetting, match="overlap"):
        other.take(path)
    assert other.document.findings == before
    assert other.undo()
    assert other.take(path) == 2
    assert other.undo() == "Import ranges"
    assert not other.rows()


def test_a_rule_that_the_ranges_break_is_refused():
    work = ClipLabelling(KEY, LabelSet(("a", "b"), allows_overlap=True))
    work.add(FrameRange(0, 1, "a"))
    work.add(FrameRange(1, 2, "b"))
    with pytest.raises(InvalidSetting):
        work.set_labels(LabelSet(("a", "b")))
    assert work.labels.allows_overlap
