"""A range of frames with a label, and the clip that it belongs to."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Self

import numpy as np

from napari_medassist.annotation.document import Plain
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.video import VideoClip

#: Who made a range, if nothing else is said.
MANUAL = "manual"
#: The ``kind`` of a document's findings that are ranges of frames.
KIND = "frame range"


@dataclass(frozen=True)
class FrameRange:
    """Frames of a clip that carry one label.

    Parameters
    ----------
    first, last
        Numbers of the first and the last frame, from 0; both belong to the range.
    label
        What they show, e.g. ``"left lobe"``.
    note
        Free text.
    source
        Who said so: ``"manual"``, ``"voice"``, the name of a model.

    Raises
    ------
    InvalidSetting
        If the last frame lies before the first, a frame is negative, or the label is empty.
    """

    first: int
    last: int
    label: str
    note: str = ""
    source: str = MANUAL

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise InvalidSetting("A range of frames needs a label.", cure="Choose or write one.")
        if self.first < 0 or self.last < self.first:
            raise InvalidSetting(
                f"Frames {self.first} to {self.last} are no range.",
                cure="The last frame must not lie before the first, and frames count from 0.",
            )

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.last - self.first + 1

    def shares_frames_with(self, other: FrameRange) -> bool:
        """Tell whether a frame belongs to both."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class ClipKey:
    """What identifies a clip, and when its frames are shown.

    Parameters
    ----------
    name
        What the clip is called.
    times_s
        Seconds of each frame from the first; never falling, and not always evenly apart.
    fingerprint
        16 hexadecimal digits of the clip's size, its times and a few frames; see :meth:`of`.
    """

    name: str
    times_s: tuple[float, ...]
    fingerprint: str = ""

    @classmethod
    def of(cls, clip: VideoClip) -> Self:
        """Return the key of a clip; decodes its first, middle and last frame.

        A copy of the file under another name has the same fingerprint; a clip that was encoded anew
        has another one. Times count in tenths of a millisecond.
        """
        digest = hashlib.sha256()
        digest.update(repr(tuple(int(n) for n in clip.frames.shape)).encode())
        digest.update(np.rint(np.asarray(clip.frame_times_s) * 1e4).astype("<i8").tobytes())
        for frame in sorted({0, clip.n_frames // 2, clip.n_frames - 1}):
            digest.update(np.ascontiguousarray(clip.frames[frame]).tobytes())
        return cls(clip.name, tuple(clip.frame_times_s), digest.hexdigest()[:16])

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.times_s)

    @property
    def frame_s(self) -> float:
        """How long a frame is shown: the median of the clip; 0 if it has one frame only."""
        steps = [b - a for a, b in zip(self.times_s, self.times_s[1:], strict=False)]
        return median(steps) if steps else 0.0

    def start_s(self, found: FrameRange) -> float:
        """Return when a range begins."""
        return self.times_s[found.first]

    def end_s(self, found: FrameRange) -> float:
        """Return when a range ends: when the next frame is shown.

        After the clip's last frame none is: it is taken to be shown as long as the median one.
        """
        if found.last + 1 < self.n_frames:
            return self.times_s[found.last + 1]
        return self.times_s[found.last] + self.frame_s

    def frame_at(self, seconds: float) -> int:
        """Return the frame that is shown at a time; the first or last one outside of the clip."""
        return min(max(bisect_right(self.times_s, seconds) - 1, 0), self.n_frames - 1)

    def range_between(self, start_s: float, end_s: float, label: str, **fields: str) -> FrameRange:
        """Return the range of what is shown from one time until (not at) another.

        For labels that come with times, not with frames, such as spoken ones.
        """
        first = self.frame_at(start_s)
        last = self.frame_at(end_s)
        if last > first and self.times_s[last] >= end_s:
            last -= 1
        return FrameRange(first, max(first, last), label, **fields)

    def require(self, found: FrameRange) -> None:
        """Raise ``InvalidSetting`` if a range does not lie within the clip."""
        if found.last >= self.n_frames:
            raise InvalidSetting(
                f"Frames {found.first} to {found.last} lie outside of the clip, "
                f"whose last frame is {self.n_frames - 1}."
            )


def fields_of(found: FrameRange, key: ClipKey) -> dict[str, Plain]:
    """Return a range as the fields of a document's finding, with the seconds beside the frames."""
    return {
        "kind": KIND,
        "clip": key.name,
        "clip_fingerprint": key.fingerprint,
        "first_frame": found.first,
        "last_frame": found.last,
        "start_s": round(key.start_s(found), 6),
        "end_s": round(key.end_s(found), 6),
        "label": found.label,
        "note": found.note,
        "source": found.source,
    }


def range_of(fields: Mapping[str, Plain]) -> FrameRange:
    """Return the range that the fields of a finding hold.

    Raises
    ------
    InvalidSetting
        If a field is missing or is no number, or the frames are no range.
    """
    try:
        first, last = int(fields["first_frame"]), int(fields["last_frame"])
        label = str(fields["label"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidSetting(f"The range of frames cannot be read ({error}).") from error
    return FrameRange(
        first, last, label, str(fields.get("note") or ""), str(fields.get("source") or MANUAL)
    )
