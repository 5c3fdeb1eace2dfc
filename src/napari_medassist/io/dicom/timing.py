"""When an image was taken: the tags that tell, and what they say in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from napari_medassist.io.dicom.tags import Tags

SECONDS_A_DAY = 86400.0
#: Near enough to the present that a double still holds microseconds.
_DAY_0 = date(1970, 1, 1)


@dataclass(frozen=True)
class TimeTag:
    """A tag that puts the images at one position in the order of time.

    Parameters
    ----------
    keyword, number
        DICOM's name and number of it.
    kind
        How it states the time: clock time (``tm``, with its date in ``date_keyword``), date and time
        (``dt``), milliseconds, seconds, or no more than a running ``index``.
    """

    keyword: str
    number: str
    kind: Literal["tm", "dt", "ms", "s", "index"]
    date_keyword: str = ""

    @property
    def label(self) -> str:
        """Name and number, as shown to the user."""
        return f"{self.keyword} ({self.number})"


#: The first that tells all images of a position apart is used. Clock times of the acquisition come
#: before a bare index, the time at which the scanner *wrote* the image comes last.
TIME_TAGS = (
    TimeTag("TriggerTime", "0018,1060", "ms"),
    TimeTag("TemporalPositionTimeOffset", "0020,930D", "s"),
    TimeTag("FrameAcquisitionDateTime", "0018,9074", "dt"),
    TimeTag("AcquisitionTime", "0008,0032", "tm", "AcquisitionDate"),
    TimeTag("AcquisitionDateTime", "0008,002A", "dt"),
    TimeTag("FrameReferenceTime", "0054,1300", "ms"),
    TimeTag("TemporalPositionIdentifier", "0020,0100", "index"),
    TimeTag("TemporalPositionIndex", "0020,9128", "index"),
    TimeTag("AcquisitionNumber", "0020,0012", "index"),
    TimeTag("ContentTime", "0008,0033", "tm", "ContentDate"),
)
TIME_KEYWORDS = tuple(tag.keyword for tag in TIME_TAGS)


def times_of(tags: Tags) -> dict[str, float]:
    """Return what each time tag says: keyword -> seconds (or the index)."""
    found = {tag.keyword: _seconds(tag, tags) for tag in TIME_TAGS}
    return {keyword: value for keyword, value in found.items() if value is not None}


def clock_seconds(text: str) -> float | None:
    """Return DICOM's HHMMSS.FFFFFF (or HHMM, or HH:MM:SS) as seconds since midnight."""
    digits = text.strip().replace(":", "")
    try:
        hours, minutes = int(digits[:2]), int(digits[2:4] or 0)
        seconds = float(digits[4:] or 0)
    except ValueError:
        return None
    if hours > 23 or minutes > 59 or not 0 <= seconds < 61:
        return None
    return hours * 3600 + minutes * 60 + seconds


def unwrap_midnight(times_s: Sequence[float]) -> list[float]:
    """Move the times after midnight to the next day, where clock times without a date span it."""
    if max(times_s) - min(times_s) <= SECONDS_A_DAY / 2 or max(times_s) >= SECONDS_A_DAY:
        return list(times_s)
    return [t + SECONDS_A_DAY if t < SECONDS_A_DAY / 2 else t for t in times_s]


def has_all(keyword: str, images: Sequence[Mapping[str, float]]) -> bool:
    """Tell whether every image states this time."""
    return all(keyword in times for times in images)


def _seconds(tag: TimeTag, tags: Tags) -> float | None:
    if tag.kind == "tm":
        clock = clock_seconds(tags.text(tag.keyword))
        return None if clock is None else clock + _days(tags.text(tag.date_keyword)) * SECONDS_A_DAY
    if tag.kind == "dt":
        text = tags.text(tag.keyword)
        clock = clock_seconds(text[8:].split("+")[0].split("-")[0])
        return None if clock is None else clock + _days(text[:8]) * SECONDS_A_DAY
    value = tags.number(tag.keyword)
    return None if value is None else value / (1000 if tag.kind == "ms" else 1)


def _days(text: str) -> int:
    try:
        return (date(int(text[:4]), int(text[4:6]), int(text[6:8])) - _DAY_0).days
    except ValueError:
        return 0
