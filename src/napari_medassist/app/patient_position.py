"""Patient positions in words: R/L, A/P, S/I and millimetres."""

from __future__ import annotations

from collections.abc import Sequence

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


def in_words(point_lps_mm: Sequence[float], *, decimals: int = 1) -> str:
    """Return a patient point as a radiologist reads it.

    The zero is the scanner's centre, as in DICOM, not the patient's midline: "L 28" lies 28 mm toward
    the patient's left from there, and may be in the right half of the body.

    Parameters
    ----------
    point_lps_mm
        LPS (x, y, z) in mm.
    decimals
        Digits after the point.

    Examples
    --------
    >>> in_words((12.34, -40.0, 5.0))
    'L 12.3  A 40.0  S 5.0 mm'
    >>> in_words((-0.2, -40.0, 5.0), decimals=0)
    'L 0  A 40  S 5 mm'
    """
    parts = []
    for value, (positive, negative) in zip(point_lps_mm, _LETTERS, strict=True):
        rounded = round(float(value), decimals) + 0.0
        parts.append(f"{positive if rounded >= 0 else negative} {abs(rounded):.{decimals}f}")
    return "  ".join(parts) + " mm"
