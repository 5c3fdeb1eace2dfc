"""Comments on a clip as ranges of its frames."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.annotation.clips.table import LabelSet
from napari_medassist.app.clips.commenting import REVIEWED, VOICE, Commenting, is_doubtful
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.voice.timeline import Comment


@pytest.fixture
def work() -> ClipLabelling:
    """A clip of 20 s, ten frames a second."""
    key = ClipKey("clip", tuple(k / 10 for k in range(200)), "f" * 16)
    return ClipLabelling(key, LabelSet(("liver", "aorta")))


def _said(label: str, at_s: float, *, is_sure: bool = True) -> Comment:
    return Comment(at_s, at_s + 0.5, label, is_sure, 0.9 if is_sure else 0.5)


def _spans(work: ClipLabelling) -> list[tuple[str, int, int]]:
    return [(f.label, f.first, f.last) for f in work.rows().values()]


def test_a_comment_labels_a_second_around_it_and_is_one_step(work: ClipLabelling) -> None:
    commenting = Commenting(work)
    assert commenting.take([_said("liver", 5.0), _said("pancreas", 12.0)]) == 2
    assert _spans(work) == [("liver", 40, 64), ("pancreas", 110, 134)]
    assert "pancreas" in work.labels.names
    work.undo()
    assert _spans(work) == []


def test_comments_that_meet_share_the_time_and_are_doubtful_where_both_reach(
    work: ClipLabelling,
) -> None:
    commenting = Commenting(work)
    commenting.take([_said("liver", 5.0)])
    commenting.take([_said("aorta", 6.5)])
    rows = list(work.rows().values())
    assert [(f.label, is_doubtful(f)) for f in rows] == [
        ("liver", False), ("liver", True), ("aorta", True), ("aorta", False),
    ]  # fmt: skip
    assert all(a.last + 1 == b.first for a, b in pairwise(rows))


def test_what_is_done_by_hand_stays_as_it_is(work: ClipLabelling) -> None:
    work.add(FrameRange(45, 50, "aorta"))
    commenting = Commenting(work)
    commenting.take([_said("liver", 5.0)])
    assert _spans(work) == [("liver", 40, 44), ("aorta", 45, 50), ("liver", 51, 64)]
    trimmed = next(row for row, f in work.rows().items() if f.first == 51)
    work.change(trimmed, last=58)
    commenting.take([_said("liver", 12.0)])
    assert ("liver", 51, 58) in _spans(work)
    assert ("liver", 110, 134) in _spans(work)


def test_a_comment_that_was_taken_back_or_removed_does_not_come_again(work: ClipLabelling) -> None:
    commenting = Commenting(work)
    commenting.take([_said("liver", 2.0)])
    commenting.take([_said("aorta", 8.0)])
    work.undo()
    commenting.reject(next(iter(work.rows())))
    commenting.take([_said("aorta", 15.0)])
    assert _spans(work) == [("aorta", 140, 164)]


def test_a_doubtful_range_is_confirmed_or_removed(work: ClipLabelling) -> None:
    commenting = Commenting(work)
    commenting.take([_said("liver", 3.0, is_sure=False), _said("aorta", 10.0, is_sure=False)])
    first, second = commenting.doubtful()
    commenting.confirm(first)
    commenting.reject(second)
    assert commenting.doubtful() == ()
    [kept] = work.rows().values()
    assert (kept.label, kept.source, kept.note) == ("liver", REVIEWED, "")
    commenting.take([_said("aorta", 3.2)])
    assert kept in work.rows().values()  # what was reviewed is fixed
    work.change(next(r for r, f in work.rows().items() if f == kept), note="calcified")
    assert not is_doubtful(replace(kept, source=VOICE, note="calcified"))
