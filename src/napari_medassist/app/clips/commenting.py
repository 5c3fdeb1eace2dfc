"""Spoken comments on a clip become ranges of its frames; what is doubtful is reviewed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from napari_medassist.annotation.clips.ranges import FrameRange
from napari_medassist.app.clips.labelling import ClipLabelling
from napari_medassist.core.video import VideoClip
from napari_medassist.voice.timeline import DOUBTFUL, Comment, Reach, frame_ranges, intervals

VOICE, REVIEWED = "voice", "voice, reviewed"


class Commenting:
    """The comments on one clip.

    Ranges that were drawn, changed or reviewed by hand are never touched: those of comments end where
    they begin. A comment whose ranges were taken back or removed does not come again.

    Parameters
    ----------
    work
        The ranges of the clip.
    reach
        How long a comment holds.
    """

    def __init__(self, work: ClipLabelling, reach: Reach | None = None) -> None:
        self._work, self._reach = work, reach or Reach()
        self._comments: list[Comment] = []
        self._made: set[FrameRange] = set()

    def take(self, comments: Iterable[Comment]) -> int:
        """Turn comments into ranges, with those before them, as one step.

        Parameters
        ----------
        comments
            In seconds of the clip.

        Returns
        -------
        int
            How many ranges of comments there are now.
        """
        rows, key = self._work.rows(), self._work.key
        own = {row: found for row, found in rows.items() if self._is_own(found)}
        fixed = [found for row, found in rows.items() if row not in own]
        self._comments = [one for one in self._comments if self._is_alive(one, own.values())]
        self._comments += comments
        duration_s = key.times_s[-1] + key.frame_s
        made: list[FrameRange] = []
        for wanted in frame_ranges(intervals(self._comments, duration_s, self._reach), key):
            made += _free_parts(wanted, [*fixed, *made])
        if set(made) != set(own.values()):
            self._made |= set(made)
            self._work.do(self._work.table.replace(list(own), made, "Comments"))
            self._work.know_labels(found.label for found in made)
        return len(made)

    def doubtful(self) -> tuple[str, ...]:
        """Return the ids of ranges that want a second look, by first frame."""
        return tuple(row for row, found in self._work.rows().items() if is_doubtful(found))

    def confirm(self, row: str) -> None:
        """Say that a range is right."""
        found = self._work.rows()[row]
        self._work.change(row, note=_without_doubt(found.note), source=REVIEWED)

    def reject(self, row: str) -> None:
        """Say that a range is wrong: it goes."""
        self._work.do(self._work.table.remove(row))

    def _is_own(self, found: FrameRange) -> bool:
        return found.source == VOICE and found in self._made

    def _is_alive(self, comment: Comment, own: Iterable[FrameRange]) -> bool:
        key = self._work.key
        first = key.frame_at(max(0.0, comment.begin_s - self._reach.before_s))
        last = key.frame_at(comment.end_s + self._reach.after_s)
        return any(f.label == comment.label and f.first <= last and f.last >= first for f in own)


def sound_of(clip: VideoClip) -> Path | None:
    """Return the file that holds the sound of a clip; None if it has none."""
    sources = clip.provenance.sources
    return Path(sources[0]) if clip.has_audio and len(sources) == 1 else None


def is_doubtful(found: FrameRange) -> bool:
    """Tell whether a range was said doubtfully, and nobody has looked at it since."""
    return found.source == VOICE and found.note.startswith(DOUBTFUL)


def _without_doubt(note: str) -> str:
    return "" if note.startswith(DOUBTFUL) else note


def _free_parts(wanted: FrameRange, others: list[FrameRange]) -> list[FrameRange]:
    """Return what of a range no other one holds."""
    parts = [wanted]
    for other in others:
        kept = []
        for part in parts:
            if not part.shares_frames_with(other):
                kept.append(part)
                continue
            if part.first < other.first:
                kept.append(replace(part, last=other.first - 1))
            if part.last > other.last:
                kept.append(replace(part, first=other.last + 1))
        parts = kept
    return parts
