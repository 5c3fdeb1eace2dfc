"""Single header values, read without tripping over bad ones."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

from napari_medassist.core.errors import InvalidGeometry

#: What pydicom and the libraries under it raise when a file breaks the rules of its format.
MALFORMED: tuple[type[Exception], ...] = (
    ArithmeticError, AssertionError, AttributeError, BytesLengthException, EOFError,
    Image.DecompressionBombError, InvalidDicomError, LookupError, OSError, RuntimeError, struct.error,
    TypeError, ValueError,
)  # fmt: skip

Tag = str | int


@dataclass(frozen=True)
class Tags:
    """The header values that hold for one image: a data set, or several of which the first counts.

    Parameters
    ----------
    path
        The file, for messages.
    sources
        Where to look, first to last. For a frame of an enhanced multi-frame file: its own functional
        groups, the shared ones, then the data set itself.
    """

    path: Path
    sources: tuple[Dataset, ...]

    def value(self, tag: Tag) -> Any:
        """Return the value of a tag (keyword or number); None if absent, empty or not readable."""
        for source in self.sources:
            try:
                if tag not in source:
                    continue
                value = source[tag].value
            except MALFORMED:
                continue
            if value is not None and value != "" and not (_is_list(value) and len(value) == 0):
                return value
        return None

    def text(self, tag: Tag) -> str:
        """Return a value as text without padding; several values are joined by backslashes."""
        value = self.value(tag)
        if value is None:
            return ""
        if _is_list(value):
            return "\\".join(str(v).strip() for v in value)
        return str(value).replace("\0", "").strip()

    def texts(self, tag: Tag) -> tuple[str, ...]:
        """Return all values of a tag as text."""
        joined = self.text(tag)
        return tuple(joined.split("\\")) if joined else ()

    def number(self, tag: Tag) -> float | None:
        """Return the first value as a finite number; None if there is none."""
        values = _floats(self.value(tag))
        return values[0] if values and np.isfinite(values[0]) else None

    def numbers(self, tag: Tag) -> tuple[float, ...]:
        """Return all values as numbers; empty if one of them is none, or not finite."""
        values = _floats(self.value(tag))
        return values if values is not None and np.isfinite(values).all() else ()

    def integer(self, tag: Tag, default: int = 0) -> int:
        """Return the first value as a whole number, or the default."""
        number = self.number(tag)
        return default if number is None else int(number)

    def coordinates(self, tag: str, count: int) -> tuple[float, ...] | None:
        """Return the values of a geometric tag; None if it is absent.

        Raises
        ------
        InvalidGeometry
            If it is there and does not hold ``count`` finite numbers.
        """
        value = self.value(tag)
        if value is None and not self._is_broken(tag):
            return None
        values = _floats(value)
        if values is None or len(values) != count or not np.isfinite(values).all():
            raise InvalidGeometry(
                f"The tag {tag} holds no {count} finite numbers ({_short(value)}).",
                path=self.path,
                cure="Export the image anew; a volume cannot be placed without it.",
            )
        return values

    def states(self, tag: str) -> bool:
        """Tell whether a tag holds something, be it good or bad."""
        return self.value(tag) is not None or self._is_broken(tag)

    def _is_broken(self, tag: str) -> bool:
        """Tell whether a tag is there but its value cannot be parsed."""
        for source in self.sources:
            if tag in source:
                try:
                    _ = source[tag].value
                except MALFORMED:
                    return True
        return False


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _floats(value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(float(v) for v in (value if _is_list(value) else [value]))
    except (TypeError, ValueError):
        return None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
