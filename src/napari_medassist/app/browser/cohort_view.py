"""How a cohort is looked at: model, comparison, order and filter; and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.differences import differences_of
from napari_medassist.app.browser.error_list import ErrorList
from napari_medassist.app.browser.marks import Mark
from napari_medassist.app.browser.model_results import ModelResults

_BY_DISAGREEMENT = "disagreement"


@dataclass(frozen=True, eq=False)
class CohortView:
    """One look at a cohort. Never changes; another look is another view.

    Parameters
    ----------
    models
        The results by model; empty if no cohort is open.
    marks
        The readers' marks by case.
    model, other
        The model that is shown, and the one that it is compared with; empty for none.
    sort_column, is_descending
        The order.
    chosen
        Which cases are shown.
    """

    models: Mapping[str, ModelResults] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    model: str = ""
    other: str = ""
    sort_column: str = _BY_DISAGREEMENT
    is_descending: bool = True
    chosen: CaseFilter = field(default_factory=CaseFilter)

    @cached_property
    def table(self) -> CaseTable:
        """The cases of the shown model, with marks and differences."""
        return self._compared.with_marks(self.marks)

    @cached_property
    def _compared(self) -> CaseTable:
        results = self.models.get(self.model)
        if results is None:
            return CaseTable.waiting(())
        other = self.models.get(self.other)
        if other is None:
            return results.table
        found = differences_of(results.table, results.lesions, other.table, other.lesions)
        return results.table.compared_with(self.other, found)

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The rows that are shown, in their order."""
        rows = self.table.order(self.sort_column, self.chosen, descending=self.is_descending)
        rows.setflags(write=False)
        return rows

    @cached_property
    def errors(self) -> ErrorList:
        """The errors of the cases shown, in their order."""
        results, table = self.models.get(self.model), self.table
        lesions = () if results is None else results.lesions
        return ErrorList.of(lesions, table.names, self.order, table.values("hidden"))

    def with_marks(self, marks: Mapping[str, Mark]) -> CohortView:
        """Return the view with other marks; what does not depend on them is not computed anew."""
        view = replace(self, marks=dict(marks))
        if "_compared" in self.__dict__:
            view.__dict__["_compared"] = self._compared
        return view

    def with_changes(self, **changes: Any) -> CohortView:
        """Return another view; a column to sort by that it does not have gives way."""
        view = replace(self, **changes)
        known = {"model", "other", "models"} & set(changes)
        if known and not view._has(view.sort_column):
            view = replace(view, sort_column=_BY_DISAGREEMENT, is_descending=True)
        lost = [name for name in view.chosen.ranges if not view._has(name)] if known else []
        for name in lost:
            view = replace(view, chosen=view.chosen.with_range(name, None))
        if not known and "_compared" in self.__dict__:
            view.__dict__["_compared"] = self._compared
            view.__dict__["table"] = self.table
        return view

    def known(self, cases: Iterable[str]) -> frozenset[str]:
        """Return those of some names that are cases of the table."""
        return frozenset(case for case in cases if self.table.row_of(case) is not None)

    def neighbours(self, case: str, reach: int = 1) -> tuple[str, ...]:
        """Return the cases around one in the order shown, the next one first; without itself."""
        names = [self.table.names[row] for row in self.order.tolist()]
        if case not in names:
            return tuple(names[:reach])
        place = names.index(case)
        steps = (sign * distance for distance in range(1, reach + 1) for sign in (1, -1))
        found = (names[(place + step) % len(names)] for step in steps)
        return tuple(dict.fromkeys(name for name in found if name != case))

    def following(self, case: str, step: int) -> str:
        """Return the case that follows one in the order shown, beginning anew; empty for none."""
        rows: list[int] = self.order.tolist()
        if not rows:
            return ""
        row = self.table.row_of(case)
        if row not in rows:
            return self.table.names[rows[0 if step > 0 else -1]]
        return self.table.names[rows[(rows.index(row) + step) % len(rows)]]

    def _has(self, column: str) -> bool:
        return any(found.name == column for found in self._compared.columns)
