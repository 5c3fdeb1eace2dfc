"""What a model has suggested of a finding, and what the reader decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from napari_medassist.annotation.document import Plain


class Standing(StrEnum):
    """What the reader decided."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Suggestion:
    """A candidate of a model.

    Its voxels stay as they were suggested in a label map of their own that nobody paints on. What a
    reader accepts is copied from there, so that of each voxel it can be told whether it was suggested.

    Parameters
    ----------
    by
        Name and version of the model.
    confidence
        How sure it was, 0 to 1.
    map_key, label
        The map of suggestions, and the value of this one.
    standing
        What the reader decided.
    """

    by: str
    confidence: float
    map_key: str
    label: int
    standing: Standing = Standing.OPEN

    @classmethod
    def from_plain(cls, plain: Mapping[str, Plain]) -> Self:
        """Return the suggestion in a plain mapping.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the mapping holds none.
        """
        return cls(
            by=str(plain["by"]),
            confidence=float(plain["confidence"]),
            map_key=str(plain["map"]),
            label=int(plain["label"]),
            standing=Standing(plain["standing"]),
        )

    def to_plain(self) -> dict[str, Plain]:
        """Return it as JSON can hold it."""
        return {
            "by": self.by,
            "confidence": self.confidence,
            "map": self.map_key,
            "label": self.label,
            "standing": str(self.standing),
        }
