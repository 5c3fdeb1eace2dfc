"""Which structure is shown when, from what was said: comments become intervals of time."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from napari_medassist.annotation.clips.ranges import ClipKey, FrameRange

#: How the note of a range begins that wants a second look.
DOUBTFUL = "doubtful"


@dataclass(frozen=True)
class Comment:
    """A label that was named.

    Attributes
    ----------
    begin_s, end_s
        When that was said, in seconds of the recording.
    label
        What was named.
    is_sure
        Whether it needs no second look.
    confidence
        0 to 1.
    text
        What was written down.
    """

    begin_s: float
    end_s: float
    label: str
    is_sure: bool
    confidence: float
    text: str = ""

    @property
    def middle_s(self) -> float:
        """Its centre."""
        return (self.begin_s + self.end_s) / 2


@dataclass(frozen=True)
class Reach:
    """How long a comment holds: speakers name what is seen while it is there, or shortly after.

    Attributes
    ----------
    before_s, after_s
        Seconds before speech began and after it ended.
    """

    before_s: float = 1.0
    after_s: float = 1.0


@dataclass(frozen=True)
class Interval:
    """A part of the recording with one label.

    Attributes
    ----------
    begin_s, end_s
        Seconds.
    label
        What it shows: of the comment whose middle is nearest.
    is_sure
        False where comments with other labels reach too, or the comment was doubtful.
    confidence
        Of the comment.
    rivals
        Other labels that reach here.
    """

    begin_s: float
    end_s: float
    label: str
    is_sure: bool
    confidence: float
    rivals: tuple[str, ...] = ()

    @property
    def doubt(self) -> str:
        """Why it wants a second look, in words; empty if it is sure."""
        if self.is_sure:
            return ""
        return f"{DOUBTFUL}; also: {', '.join(self.rivals)}" if self.rivals else DOUBTFUL

    def to_plain(self) -> dict[str, Any]:
        """Return what a JSON file holds."""
        return {**asdict(self), "begin_s": round(self.begin_s, 3), "end_s": round(self.end_s, 3)}


def intervals(
    comments: Iterable[Comment], duration_s: float, reach: Reach | None = None
) -> tuple[Interval, ...]:
    """Return which label holds when; what no comment reaches has none, and nothing is carried over.

    Parameters
    ----------
    comments
        In any order.
    duration_s
        Length of the recording; nothing reaches beyond it.
    reach
        How long a comment holds.
    """
    reach = reach or Reach()
    known = sorted(comments, key=lambda one: one.begin_s)
    ends = [
        (max(0.0, one.begin_s - reach.before_s), min(duration_s, one.end_s + reach.after_s))
        for one in known
    ]
    middles = [
        (one.middle_s + other.middle_s) / 2
        for k, one in enumerate(known)
        for other in known[k + 1 :]
        if other.begin_s - reach.before_s <= one.end_s + reach.after_s
    ]
    edges = sorted({edge for pair in ends for edge in pair} | {m for m in middles if m <= duration_s})
    found: list[Interval] = []
    for begin, end in pairwise(edges):
        at = (begin + end) / 2
        here = [c for c, (first, last) in zip(known, ends, strict=True) if first <= at <= last]
        if here:
            found.append(_interval(begin, end, here, at))
    return _joined(found)


def label_at(found: Sequence[Interval], time_s: float) -> Interval | None:
    """Return the interval that holds at a time; None if none does. Intervals are in order."""
    k = bisect.bisect_right([one.begin_s for one in found], time_s) - 1
    return found[k] if k >= 0 and time_s < found[k].end_s else None


def frame_ranges(found: Iterable[Interval], key: ClipKey) -> tuple[FrameRange, ...]:
    """Return intervals as ranges of a clip's frames; doubtful ones say so in their note."""
    return tuple(
        key.range_between(one.begin_s, one.end_s, one.label, note=one.doubt, source="voice")
        for one in found
    )


def _interval(begin: float, end: float, here: list[Comment], at: float) -> Interval:
    nearest = min(here, key=lambda one: (abs(one.middle_s - at), one.begin_s))
    rivals = tuple(sorted({one.label for one in here} - {nearest.label}))
    same = [one for one in here if one.label == nearest.label]
    best = max(same, key=lambda one: (one.is_sure, one.confidence))
    is_sure = best.is_sure and not rivals
    return Interval(begin, end, nearest.label, is_sure, best.confidence, rivals)


def _joined(found: list[Interval]) -> tuple[Interval, ...]:
    """Join neighbours that say the same."""
    joined: list[Interval] = []
    for one in found:
        last = joined[-1] if joined else None
        is_same = last is not None and (last.end_s, last.label, last.is_sure, last.rivals) == (
            one.begin_s, one.label, one.is_sure, one.rivals,
        )  # fmt: skip
        if is_same and last is not None:
            confidence = max(last.confidence, one.confidence)
            joined[-1] = Interval(
                last.begin_s, one.end_s, one.label, one.is_sure, confidence, one.rivals
            )
        else:
            joined.append(one)
    return tuple(joined)
