"""Patient positions in words: R/L, A/P, S/I and millimetres."""

from __future__ import annotations

from collections.abc import Sequence

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


def in_words(point_lps_mm: Sequence[float]) -> str:
    """Return a patient point as a radiologist reads it.

    Parameters
    ----------
    point_lps_mm
        LPS (x, y, z) in mm.

    Examples
    --------
    >>> in_words((12.34, -40.0, 5.0))
    'L 12.3  A 40.0  S 5.0 mm'
    """
    parts = []
    for value, (positive, negative) in zip(point_lps_mm, _LETTERS, strict=True):
        rounded = round(float(value), 1)
        parts.append(f"{positive if rounded >= 0 else negative} {abs(rounded):.1f}")
    return "  ".join(parts) + " mm"
