"""What all views of a cohort show at one moment: the cases, which of them, and what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_table import CaseTable, Rows
from napari_medassist.app.browser.categories import CATEGORIES, NOT_REACHED, categories_of


@dataclass(frozen=True, eq=False)
class Shown:
    """A cohort as it is looked at.

    Parameters
    ----------
    table
        The cases.
    order
        Rows that the filter leaves, in their order.
    selection
        Names of the selected cases.
    opened
        Name of the case that is open; empty for none.
    other
        The same cases of the model that is compared with, in the same rows; None for none.
    other_name
        Name of that model.
    """

    table: CaseTable
    order: Rows
    selection: frozenset[str] = frozenset()
    opened: str = ""
    other: CaseTable | None = None
    other_name: str = ""

    @classmethod
    def nothing(cls) -> Shown:
        """Return a cohort without cases."""
        return cls(CaseTable.waiting(()), np.empty(0, dtype=np.int64))

    @cached_property
    def categories(self) -> NDArray[np.int8]:
        """Category of each case, by row."""
        return categories_of(self.table)

    @cached_property
    def is_reached(self) -> NDArray[np.bool_]:
        """Which cases were compared, or could not be, by row."""
        reached: NDArray[np.bool_] = self.categories != NOT_REACHED
        return reached

    @cached_property
    def is_shown(self) -> NDArray[np.bool_]:
        """Which cases the filter leaves, by row."""
        shown = np.zeros(self.table.n_rows, dtype=bool)
        shown[self.order] = True
        return shown

    @cached_property
    def selected_rows(self) -> Rows:
        """Rows of the selected cases."""
        return self.rows_of(self.selection)

    @cached_property
    def opened_rows(self) -> Rows:
        """The row of the open case; none if it is not in the table."""
        return self.rows_of(frozenset({self.opened}))

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Number of shown cases of each category."""
        found = np.bincount(self.categories[self.order], minlength=len(CATEGORIES))
        return tuple(int(number) for number in found)

    def rows_of(self, cases: frozenset[str]) -> Rows:
        """Return the rows of some cases, rising; unknown ones are passed over."""
        found = (self.table.row_of(case) for case in cases)
        return np.array(sorted(row for row in found if row is not None), dtype=np.int64)

    def names_of(self, rows: Rows) -> list[str]:
        """Return the names of some rows."""
        names = self.table.names
        return [names[int(row)] for row in rows]

    def missing_in_words(self, column: str) -> str:
        """Return how many reached cases have no value in a column; empty if all have one."""
        values = self.table.values(column)[self.is_reached]
        n_missing = int(np.count_nonzero(~np.isfinite(values)))
        title = self.table.column(column).title
        return f"{n_missing} of {values.size} cases have no {title}" if n_missing else ""
