"""The cases of one model as columns of numbers: sorted and filtered fast, shown as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_filter import ALL_OF, ANY_OF, CaseFilter
from napari_medassist.app.browser.columns import (
    CaseColumn,
    column_named,
    columns_of,
    difference_columns,
)
from napari_medassist.app.browser.marks import Mark
from napari_medassist.core.results import CaseEvaluation, Status
from napari_medassist.evaluation.disagreement import gaps_of_ranks

Rows = NDArray[np.int64]
Values = NDArray[Any]

#: Status of a case that was not reached yet.
WAITING = "waiting"
_STATUS_TITLES = {
    Status.OK.value: "compared",
    Status.GRID_MISMATCH.value: "other grid",
    Status.ERROR.value: "error",
    WAITING: WAITING,
}
#: What a cell shows where a number is undefined.
UNDEFINED = "–"  # noqa: RUF001  the sign for a missing value
_DIGITS = re.compile(r"(\d+)")


class CaseTable:
    """The cases of one model, column by column.

    A table never changes: what looks like a change returns a new one that shares the columns that
    stay. So it may be read from any thread.

    Parameters
    ----------
    columns
        What is shown.
    values
        Column name -> one value a case.
    good_dice
        From where on a Dice looks good.
    """

    def __init__(
        self, columns: Sequence[CaseColumn], values: Mapping[str, Values], good_dice: float
    ) -> None:
        self.columns = tuple(columns)
        self.good_dice = good_dice
        self._values = dict(values)
        self._by_name = {column.name: column for column in self.columns}
        self._sort_keys: dict[str, NDArray[np.float64]] = {}

    @classmethod
    def waiting(
        cls,
        names: Sequence[str],
        groups: Sequence[str] = (),
        metrics: Iterable[str] = (),
        *,
        has_confidences: bool = False,
        good_dice: float = 0.7,
    ) -> CaseTable:
        """Return a table of cases that were not compared yet."""
        columns = columns_of(metrics, has_confidences=has_confidences)
        values = {column.name: _empty(column, len(names)) for column in columns}
        values["case"][:] = list(names)
        values["group"][:] = list(groups) if groups else ""
        values["status"][:] = WAITING
        table = cls(columns, values, good_dice)
        table._keys("case")  # sorted by here, in the thread of the work, and kept by all that follow
        return table

    @classmethod
    def of(cls, cases: Iterable[CaseEvaluation], *, good_dice: float = 0.7) -> CaseTable:
        """Return the table of compared cases; goes through them once."""
        everything = [_values_of(case) for case in cases]
        names = [str(values["case"]) for values in everything]
        metrics = {name for values in everything for name in values}
        empty = cls.waiting(names, metrics=metrics, good_dice=good_dice)
        return empty._filled(dict(enumerate(everything)))

    @property
    def n_rows(self) -> int:
        """Number of cases, those that could not be compared included."""
        return len(self._values["case"])

    @property
    def n_waiting(self) -> int:
        """Number of cases that were not reached yet."""
        return int(np.count_nonzero(self._values["status"] == WAITING))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the cases, row by row."""
        return tuple(self._values["case"].tolist())

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    def row_of(self, case: str) -> int | None:
        """Return the row of a case; None if it is not in the table."""
        return self._row_of.get(case)

    def column(self, name: str) -> CaseColumn:
        """Return the column of a name; raises ``UnknownItem`` if there is none."""
        return self._by_name.get(name) or column_named(self.columns, name)

    def values(self, name: str) -> Values:
        """Return the values of a column, one a case. Not to be written to.

        Returns
        -------
        numpy.ndarray
            ``number`` and ``count``: float64, NaN where undefined. ``flag``: bool. ``text``: objects.
        """
        self.column(name)
        view = self._values[name].view()
        view.setflags(write=False)
        return view

    def value(self, row: int, name: str) -> Any:
        """Return one value."""
        return self._values[name][row]

    def text(self, row: int, name: str) -> str:
        """Return what a cell shows: a dash where a number is undefined."""
        column, value = self.column(name), self._values[name][row]
        if name == "status":
            return _STATUS_TITLES.get(value, str(value))
        if column.kind == "text":
            return str(value)
        if column.kind == "flag":
            return "yes" if value else ""
        if np.isnan(value):
            return UNDEFINED
        if np.isinf(value):
            return "∞" if value > 0 else "-∞"
        if column.kind == "count":
            return f"{int(value):{'+' if column.by_size else ''}d}"
        return f"{value:{'+' if column.by_size else ''}.{column.decimals}f}"

    def is_compared(self) -> NDArray[np.bool_]:
        """Return which cases were compared."""
        compared: NDArray[np.bool_] = self._values["status"] == Status.OK.value
        return compared

    def order(
        self,
        sort_column: str = "disagreement",
        chosen: CaseFilter | None = None,
        *,
        descending: bool = True,
    ) -> Rows:
        """Return the rows that a filter leaves, sorted.

        Rows without a value come last whatever the direction, those that were not compared at the
        very end; equal values are sorted by name, 9 before 10.

        Parameters
        ----------
        sort_column
            Name of the column.
        chosen
            Which cases; all by default.
        descending
            Whether the largest value comes first.

        Returns
        -------
        numpy.ndarray
            Row numbers, int64.
        """
        keys = self._keys(sort_column)
        undefined = np.isnan(keys).astype(np.int8)
        if self.column(sort_column).kind != "text":
            undefined += ~self.is_compared()
        signed = -keys if descending else keys
        rows = np.lexsort((self._keys("case"), np.nan_to_num(signed, nan=0.0), undefined))
        kept = rows if chosen is None or chosen.is_empty else rows[self.mask(chosen)[rows]]
        return kept.astype(np.int64, copy=False)

    def mask(self, chosen: CaseFilter) -> NDArray[np.bool_]:
        """Return which cases a filter leaves, row by row."""
        shown = np.ones(self.n_rows, dtype=bool)
        if chosen.text:
            wanted = chosen.text.casefold()
            shown &= np.fromiter((wanted in text for text in self._searchable), bool, self.n_rows)
        if any_of := chosen.only & ANY_OF:
            shown &= np.logical_or.reduce([self._has(reason) for reason in any_of])
        for reason in chosen.only & ALL_OF:
            shown &= self._has(reason)
        for name, (low, high) in chosen.ranges.items():
            values = self.values(name).astype(np.float64)
            shown &= (values >= low) & (values <= high)
        if chosen.cases is not None:
            shown &= np.fromiter((name in chosen.cases for name in self.names), bool, self.n_rows)
        return shown

    def with_cases(
        self,
        cases: Mapping[int, CaseEvaluation],
        further: Mapping[int, Mapping[str, float]] | None = None,
    ) -> CaseTable:
        """Return the table with some rows filled in.

        Parameters
        ----------
        cases
            Row -> the finished case.
        further
            Row -> column -> value, of columns that do not follow from the case.
        """
        added = further or {}
        return self._filled(
            {row: {**_values_of(case), **added.get(row, {})} for row, case in cases.items()}
        )

    def with_values(self, values: Mapping[str, Values], good_dice: float | None = None) -> CaseTable:
        """Return the table with whole columns replaced; what follows from them follows."""
        dice = self.good_dice if good_dice is None else good_dice
        return self._with(values, good_dice=dice)._derived()

    def with_marks(self, marks: Mapping[str, Mark]) -> CaseTable:
        """Return the table with the readers' marks as a column."""
        column = np.full(self.n_rows, "", dtype=object)
        for case, mark in marks.items():
            row = self.row_of(case)
            if row is not None:
                column[row] = mark.title
        return self._with({"mark": column})

    def compared_with(self, other: str, differences: Mapping[str, Values]) -> CaseTable:
        """Return the table with the columns of a comparison with another model.

        Parameters
        ----------
        other
            The other model's name.
        differences
            Column -> values, from :func:`~napari_medassist.app.browser.differences.differences_of`.
        """
        own = tuple(column for column in self.columns if column.level != "models")
        added = difference_columns(other)
        return self._with(differences, columns=(*own[:-1], *added, own[-1]))

    def _with(
        self,
        values: Mapping[str, Values],
        *,
        columns: Sequence[CaseColumn] | None = None,
        good_dice: float | None = None,
    ) -> CaseTable:
        """Return a table with some columns replaced; what is known of the others is kept."""
        table = CaseTable(
            self.columns if columns is None else columns,
            {**self._values, **values},
            self.good_dice if good_dice is None else good_dice,
        )
        known = self._sort_keys.copy()  # another thread may add to them
        table._sort_keys = {name: keys for name, keys in known.items() if name not in values}
        for name in ("names", "_row_of"):
            if name in self.__dict__ and "case" not in values:
                table.__dict__[name] = self.__dict__[name]
        return table

    def _filled(self, rows: Mapping[int, Mapping[str, Any]]) -> CaseTable:
        arrays = {name: array.copy() for name, array in self._values.items()}
        for row, values in rows.items():
            for name, value in values.items():
                if name in arrays:
                    arrays[name][row] = value
        if (arrays["case"] == self._values["case"]).all():
            del arrays["case"]  # names are sorted once
        return self._with(arrays)._derived()

    def _derived(self) -> CaseTable:
        """Return the table with what follows from Dice and counts: both views against each other."""
        dice, has_error = self._values["dice"], self._has("missed") | self._has("false")
        gap = gaps_of_ranks(dice, self._values["lesion_f1"])
        compared = self.is_compared()
        return self._with(
            {
                "disagreement": gap,
                "hidden": compared & (dice >= self.good_dice) & has_error,
                "false_alarm": compared & (dice < self.good_dice) & ~has_error,
            }
        )

    def _has(self, reason: str) -> NDArray[np.bool_]:
        """Return which cases a reason of a filter applies to."""
        found: NDArray[np.bool_]
        match reason:
            case "missed" | "false":
                found = self._values["fn" if reason == "missed" else "fp"] > 0
            case "hidden" | "false_alarm":
                found = self._values[reason]
            case "not_compared":
                status = self._values["status"]
                found = ~self.is_compared() & (status != WAITING)
            case "marked":
                found = self._values["mark"] != ""
            case _:
                found = self._models_differ()
        return found

    def _models_differ(self) -> NDArray[np.bool_]:
        if "gained" not in self._values:
            return np.zeros(self.n_rows, dtype=bool)
        names = ("gained", "lost", "delta_fp")
        differ: NDArray[np.bool_] = np.any([np.abs(self._values[n]) > 0 for n in names], axis=0)
        return differ

    @cached_property
    def _searchable(self) -> list[str]:
        columns = [self._values[name].tolist() for name in ("case", "group", "mark", "message")]
        return ["\n".join(texts).casefold() for texts in zip(*columns, strict=True)]

    def _keys(self, name: str) -> NDArray[np.float64]:
        """Return numbers to sort a column by; NaN where there is nothing."""
        if name not in self._sort_keys:
            column, values = self.column(name), self._values[name]
            if column.kind == "text":
                self._sort_keys[name] = _text_keys(values.tolist())
            else:
                numbers = values.astype(np.float64)
                self._sort_keys[name] = np.abs(numbers) if column.by_size else numbers
        return self._sort_keys[name]


def _empty(column: CaseColumn, n_rows: int) -> Values:
    if column.kind == "text":
        return np.full(n_rows, "", dtype=object)
    if column.kind == "flag":
        return np.zeros(n_rows, dtype=bool)
    return np.full(n_rows, np.nan)


def _values_of(case: CaseEvaluation) -> dict[str, Any]:
    """Return the values of a case by column; numbers that it does not have are left out."""
    values: dict[str, Any] = {
        "case": case.case,
        "status": case.status.value,
        "message": case.message,
        "group": case.group,
        **case.scores,
    }
    if case.counts is not None:
        counted = ("tp_reference", "fn", "tp_prediction", "fp", "n_splits", "n_merges")
        sizes = ("n_reference_lesions", "n_predicted_lesions")
        values |= {name: getattr(case, name) for name in (*counted, *sizes)}
    return {name: np.nan if value is None else value for name, value in values.items()}


def _text_keys(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the rank of each text, numbers in it by value; NaN for empty ones."""
    distinct = sorted(set(texts), key=natural_key)
    rank = {text: float(place) if text else np.nan for place, text in enumerate(distinct)}
    return np.array([rank[text] for text in texts], dtype=np.float64)


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return what to sort a name by, so that 9 comes before 10."""
    parts = _DIGITS.split(text.casefold())
    return tuple((0, int(p), p) if p.isdigit() else (1, 0, p) for p in parts if p)
