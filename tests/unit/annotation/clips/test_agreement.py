"""Agreement of two readers, against figures found by hand."""

from __future__ import annotations

import pytest

from napari_medassist.annotation.clips.agreement import agreement
from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange
from napari_medassist.core.errors import InvalidSetting

#: The third frame is shown for 4 s, others for 1 s.
UNEVEN = ClipKey("clip", (0.0, 1.0, 2.0, 6.0))
EVEN = ClipKey("clip", (0.0, 1.0, 2.0, 3.0))


def test_figures_of_a_small_clip() -> None:
    found = agreement([FrameRange(0, 1, "a")], [FrameRange(0, 0, "a")], EVEN)
    assert (found.labelled_s, found.same_s) == (2, 1)
    assert found.kappa == pytest.approx(0.5)  # observed 3/4, by chance 1/2 * 1/4 + 1/2 * 3/4
    assert found.by_label["a"].dice == pytest.approx(2 / 3)
    assert found.differences == ((1, 1),)


def test_frames_count_as_long_as_they_are_shown() -> None:
    found = agreement([FrameRange(1, 2, "a")], [FrameRange(2, 3, "a")], UNEVEN)
    one = found.by_label["a"]
    assert (one.both_s, one.first_only_s, one.second_only_s) == (4, 1, 1)
    assert (found.labelled_s, found.same_s) == (6, 4)
    assert found.differences == ((1, 1), (3, 3))


def test_another_label_and_another_order_are_told_apart() -> None:
    first = [FrameRange(0, 3, "a"), FrameRange(1, 2, "b")]
    second = [FrameRange(1, 2, "b"), FrameRange(0, 1, "a"), FrameRange(3, 3, "c")]
    found = agreement(first, second, EVEN)
    assert found.differences == ((2, 2), (3, 3))
    assert found.same_s == 2
    assert found.by_label["c"].dice == 0
    assert agreement(second, first, EVEN).kappa == found.kappa


def test_what_is_undefined_says_so() -> None:
    nothing = agreement([], [], EVEN)
    assert (nothing.kappa, nothing.labelled_s, nothing.differences, nothing.by_label) == (
        None,
        0,
        (),
        {},
    )
    throughout = agreement([FrameRange(0, 3, "a")], [FrameRange(0, 3, "a")], EVEN)
    assert throughout.kappa is None
    assert throughout.same_s == 4
    alone = agreement([FrameRange(0, 0, "a")], [FrameRange(0, 0, "a")], ClipKey("still", (0.0,)))
    assert alone.by_label["a"].dice == 1
    with pytest.raises(InvalidSetting, match="outside"):
        agreement([FrameRange(0, 4, "a")], [], EVEN)
