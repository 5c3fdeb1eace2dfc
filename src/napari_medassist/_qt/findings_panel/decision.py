"""What a reader may decide of a model's suggestion."""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """The three decisions, each a key and a button."""

    ACCEPT = "Accept"
    EDIT = "Edit"
    REJECT = "Reject"

    @property
    def tip(self) -> str:
        """What it does, in a sentence."""
        return _TIPS[self]


_TIPS = {
    Decision.ACCEPT: "Make it a lesion of yours (A); nothing that you have drawn is painted over",
    Decision.EDIT: "Accept it and correct its outline (E)",
    Decision.REJECT: "Reject it (R); it stays in the table, struck out",
}
