"""Where a derived object comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time with its time zone (UTC)."""
    return datetime.now(tz=UTC)


#: What the provenance of an image begins with that an alignment has moved.
ALIGNED_BY = "registration "


@dataclass(frozen=True)
class Provenance:
    """Who made an object, from what, and when.

    Parameters
    ----------
    made_by
        The reader, model, person or tool, e.g. ``"reader dicom"`` or ``"model prostate-zones 1.0"``.
    sources
        Paths or identifiers of the inputs. Never a patient's name.
    software
        Name and version of the software.
    created
        When (with time zone).
    details
        Further facts, e.g. the sha256 of model weights, or the tag a time axis was sorted by.
    """

    made_by: str = "unknown"
    sources: tuple[str, ...] = ()
    software: str = ""
    created: datetime = field(default_factory=now)
    details: tuple[tuple[str, str], ...] = ()

    @property
    def is_of_alignment(self) -> bool:
        """Whether an alignment has made it."""
        return self.made_by.startswith(ALIGNED_BY)
