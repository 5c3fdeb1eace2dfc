"""Numbers as a reader expects them; what is undefined is never shown as 0."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf, isnan
from typing import Any

from napari_medassist.evaluation.report.content import Cell
from napari_medassist.evaluation.statistics.resampling import Interval

#: What stands where a value is undefined; and the sign of negative numbers.
UNDEFINED, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
#: Title of a column of values with their intervals.
WITH_CI = "[95\N{NO-BREAK SPACE}%\N{NO-BREAK SPACE}CI]"


def number(value: float | None, decimals: int = 2) -> str:
    """Return a value with fixed decimals; a dash where it is undefined."""
    if value is None or isnan(value):
        return UNDEFINED
    if isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    # + 0.0 turns a zero that was rounded from below into one without a sign
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", MINUS)


def interval(found: Interval, decimals: int = 2) -> str:
    """Return an interval as ``[low, high]``; nothing if it is undefined.

    Nothing either if all resamples agree: that comes from too few cases, or from cases that are all
    alike, and would look like certainty.
    """
    if isnan(found.low) or isnan(found.high) or found.low == found.high:
        return ""
    return f"[{number(found.low, decimals)}, {number(found.high, decimals)}]"


def interval_cell(found: Interval, decimals: int = 2) -> Cell:
    """Return a cell of a value and its interval."""
    return Cell(number(found.value, decimals), interval(found, decimals))


def value_with_interval(found: Interval, decimals: int = 2) -> str:
    """Return a value and its interval, for a sentence."""
    return f"{number(found.value, decimals)} {interval(found, decimals)}".strip()


def p_value(value: float) -> str:
    """Return a p-value; below a thousandth only that."""
    if isnan(value):
        return UNDEFINED
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(n: int, word: str, plural: str = "") -> str:
    """Return ``1 case``, ``2 cases``."""
    return f"{n:,} {word if n == 1 else plural or word + 's'}"


def plain(value: float | None, digits: int = 6) -> Any:
    """Return a value that JSON can hold: None for what is undefined, ``"inf"`` for what is infinite."""
    if value is None or isnan(value):
        return None
    return ("inf" if value > 0 else "-inf") if isinf(value) else float(f"{value:.{digits}g}")


def plain_list(values: Sequence[float | None], digits: int = 6) -> list[Any]:
    """Return values that JSON can hold."""
    return [plain(value, digits) for value in values]


def volumes(low_ml: float, high_ml: float) -> str:
    """Return a range of volumes in ml."""
    if isinf(high_ml):
        return f"{low_ml:g} ml and more"
    return f"under {high_ml:g} ml" if low_ml == 0 else f"{low_ml:g} to {high_ml:g} ml"
