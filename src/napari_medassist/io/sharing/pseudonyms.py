"""New identifiers in place of the old ones, the same for the same, over a whole share."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydicom.uid import UID, generate_uid

#: UIDs that DICOM itself defines (SOP classes, encodings, frames of reference of atlases) stay.
_STANDARD_ROOT = "1.2.840.10008."
_LEAST_DAYS, _MOST_DAYS = 365, 3650


@dataclass
class Pseudonyms:
    """The mapping from old to new, made as it is asked for; it must never lie in the shared folder.

    Parameters
    ----------
    shift_dates
        True if dates are moved (by the same number of days for all of a patient) and not removed.
    """

    shift_dates: bool = False
    uids: dict[str, str] = field(default_factory=dict)
    patients: dict[str, str] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def uid(self, old: str) -> str:
        """Return the new UID of an old one; DICOM's own stay."""
        if not old or old.startswith(_STANDARD_ROOT):
            return old
        if old not in self.uids:
            self.uids[old] = str(generate_uid(prefix=None))
        return str(UID(self.uids[old]))

    def patient(self, old: str) -> str:
        """Return the pseudonym of a patient."""
        if old not in self.patients:
            self.patients[old] = f"CASE-{secrets.token_hex(4).upper()}"
        return self.patients[old]

    def date(self, patient: str, value: str) -> str:
        """Return a date (or date and time) of a patient moved; empty if dates are removed."""
        if not self.shift_dates or not value[:8].isdigit() or len(value) < 8:
            return ""
        span = _MOST_DAYS - _LEAST_DAYS
        days = self.days.setdefault(patient, _LEAST_DAYS + secrets.randbelow(span))
        try:
            moved = datetime.strptime(value[:8], "%Y%m%d") - timedelta(days=days)
        except (ValueError, OverflowError):
            return ""
        return moved.strftime("%Y%m%d") + value[8:]
