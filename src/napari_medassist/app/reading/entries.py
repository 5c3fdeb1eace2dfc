"""What one reader has made of one case, as a line of a worklist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from napari_medassist.core.errors import InvalidSetting


class Status(StrEnum):
    """How far a reader has come with a case."""

    OPEN = "open"
    IN_PROGRESS = "in progress"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Entry:
    """What one reader has made of one case.

    Parameters
    ----------
    status
        How far it is.
    active_s
        Seconds of active work.
    notes
        Free text.
    when
        Time of the last change in UTC, ISO 8601; empty if the case was never opened.
    unblinded
        When the reader first saw another reader's work on the case, UTC; empty if never. What was
        changed after that is no blinded reading.
    """

    status: Status = Status.OPEN
    active_s: float = 0.0
    notes: str = ""
    when: str = ""
    unblinded: str = ""

    def __post_init__(self) -> None:
        if not self.active_s >= 0:
            raise InvalidSetting(f"A time is not negative: {self.active_s}.")

    def to_plain(self) -> dict[str, Any]:
        """Return it as it stands in the file."""
        return {
            "status": str(self.status),
            "active_s": round(self.active_s, 1),
            "notes": self.notes,
            "when": self.when,
            "unblinded": self.unblinded,
        }

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Entry:
        """Return what stands in a file; raises ``ValueError`` or ``TypeError`` if it is no entry."""
        return cls(
            Status(plain.get("status", "open")),
            float(plain.get("active_s", 0.0)),
            str(plain.get("notes", "")),
            str(plain.get("when", "")),
            str(plain.get("unblinded", "")),
        )
