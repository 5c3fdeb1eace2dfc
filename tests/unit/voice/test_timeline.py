"""Comments become intervals: how far they reach, where they meet, what is doubtful."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.voice.timeline import Comment, Reach, frame_ranges, intervals, label_at


def comment(begin: float, end: float, label: str, *, is_sure: bool = True) -> Comment:
    return Comment(begin, end, label, is_sure, 0.9 if is_sure else 0.4)


def test_a_comment_holds_a_second_before_and_after_and_nothing_is_carried_over() -> None:
    found = intervals([comment(5.0, 5.5, "aorta"), comment(20.0, 20.4, "liver")], 30.0)
    assert [(one.begin_s, one.end_s, one.label) for one in found] == [
        (4.0, 6.5, "aorta"),
        (19.0, 21.4, "liver"),
    ]
    assert all(one.is_sure for one in found)
    assert label_at(found, 10.0) is None
    inside = label_at(found, 4.0)
    assert inside is not None
    assert inside.label == "aorta"
    assert label_at(found, 6.5) is None


def test_nothing_reaches_beyond_the_recording() -> None:
    [only] = intervals([comment(0.2, 9.8, "aorta")], 10.0, Reach(5.0, 5.0))
    assert (only.begin_s, only.end_s) == (0.0, 10.0)
    assert intervals([], 10.0) == ()


def test_where_two_labels_meet_each_frame_goes_to_the_nearer_and_is_doubtful() -> None:
    found = intervals([comment(5.0, 5.4, "aorta"), comment(6.4, 7.0, "liver")], 30.0)
    told = [(round(o.begin_s, 3), round(o.end_s, 3), o.label, o.is_sure, o.rivals) for o in found]
    assert told == [
        (4.0, 5.4, "aorta", True, ()),
        (5.4, 5.95, "aorta", False, ("liver",)),
        (5.95, 6.4, "liver", False, ("aorta",)),
        (6.4, 8.0, "liver", True, ()),
    ]


def test_the_same_label_twice_is_one_interval_and_a_sure_one_helps_a_doubtful_one() -> None:
    twice = [comment(5.0, 5.4, "aorta"), comment(6.5, 7.0, "aorta", is_sure=False)]
    found = intervals(twice, 30.0)
    assert [(o.begin_s, o.end_s, o.is_sure) for o in found] == [(4.0, 6.4, True), (6.4, 8.0, False)]
    assert intervals(reversed(twice), 30.0) == found


_COMMENTS = st.lists(st.tuples(st.floats(0, 55), st.floats(0.1, 4), st.sampled_from("abc")), max_size=6)


@given(_COMMENTS)
def test_intervals_never_overlap_and_hold_what_was_said(raw: list[tuple[float, float, str]]) -> None:
    said = [comment(begin, begin + length, label) for begin, length, label in raw]
    found = intervals(said, 60.0)
    for one, following in pairwise(found):
        assert one.end_s <= following.begin_s
    for one in found:
        at = (one.begin_s + one.end_s) / 2
        reaching = {c.label for c in said if c.begin_s - 1 <= at <= c.end_s + 1}
        assert reaching == {one.label, *one.rivals}
        assert one.is_sure == (len(reaching) == 1)


def test_intervals_become_ranges_of_frames() -> None:
    key = ClipKey("clip", tuple(k / 10 for k in range(100)))
    found = intervals([comment(2.0, 2.5, "aorta"), comment(6.0, 6.5, "liver", is_sure=False)], 10.0)
    one, two = frame_ranges(found, key)
    assert (one.first, one.last, one.label, one.note, one.source) == (10, 34, "aorta", "", "voice")
    assert (two.label, two.note) == ("liver", "doubtful")


@pytest.mark.parametrize("reach", [Reach(0, 0), Reach(2, 0.5)])
def test_the_reach_is_that_which_was_asked_for(reach: Reach) -> None:
    [only] = intervals([comment(10, 11, "aorta")], 60, reach)
    assert (only.begin_s, only.end_s) == (10 - reach.before_s, 11 + reach.after_s)
