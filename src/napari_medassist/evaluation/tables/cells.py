"""Tables of typed values, and how a value is written into CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isinf, isnan

from napari_medassist.core.results import Mean

#: Text of a CSV cell, and the value that it stands for.
Row = list[str]
Values = tuple[object, ...]


@dataclass(frozen=True)
class Table:
    """A table of typed values, gone through once a time it is asked for.

    Parameters
    ----------
    columns
        Names of the columns.
    rows
        Returns the rows: text, numbers, None and NaN for what is undefined.
    """

    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Values]]

    def as_text(self) -> Iterator[Row]:
        """Go through header and rows as text; an undefined value is an empty cell."""
        yield list(self.columns)
        for values in self.rows():
            yield [_cell(value) for value in values]


def mean_values(mean: Mean) -> dict[str, float | str | None]:
    """Return what ``summary.json`` says of a mean."""
    return {
        "mean": number_for_json(mean.value),
        "n_defined": mean.n_defined,
        "n_undefined": mean.n_undefined,
        "n_undefined_with_lesion": mean.n_missed,
    }


def number_for_json(value: float) -> float | str | None:
    """Return what JSON can hold: None for what is undefined, text for what is infinite."""
    if isnan(value):
        return None
    return str(value) if isinf(value) else value


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if isnan(value) else _digits(value)
    return " ".join(str(value).splitlines())


def _digits(value: float) -> str:
    """Return a number with as many digits as it takes to read the very same number back."""
    return repr(float(value)).removesuffix(".0")
