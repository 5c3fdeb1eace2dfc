"""What of a cohort is looked at: models, order, filter and selection. The first part of the browser."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.cohort_view import CohortView
from napari_medassist.app.browser.error_list import ErrorList
from napari_medassist.app.browser.headline import Headline, headline_of_table
from napari_medassist.app.browser.model_results import CohortCurves, ModelResults
from napari_medassist.core.errors import UnknownItem
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation


class LookedAt:
    """The models of a cohort, and how their cases are shown.

    A part of :class:`~napari_medassist.app.browser.browser.CohortBrowser`, which tells of its signals.
    """

    cases_changed = Signal()
    model_changed = Signal(str)
    selection_changed = Signal(frozenset)

    def __init__(self) -> None:
        self._view = CohortView()
        self._selection: frozenset[str] = frozenset()

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""
        return tuple(self._view.models)

    @property
    def model(self) -> str:
        """Name of the model that is shown; empty if no cohort is open."""
        return self._view.model

    @property
    def other_model(self) -> str:
        """Name of the model that the shown one is compared with; empty for none."""
        return self._view.other

    @property
    def table(self) -> CaseTable:
        """The cases of the shown model, with marks and differences; empty if no cohort is open."""
        return self._view.table

    @property
    def order(self) -> NDArray[np.int64]:
        """Rows of :attr:`table` that are shown, in their order."""
        return self._view.order

    @property
    def sort_column(self) -> str:
        """Name of the column that is sorted by."""
        return self._view.sort_column

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""
        return self._view.is_descending

    @property
    def filter(self) -> CaseFilter:
        """Which cases are shown."""
        return self._view.chosen

    @property
    def cohort(self) -> CohortEvaluation | None:
        """The evaluation of the shown model; None until it is finished."""
        results = self._view.models.get(self.model)
        return None if results is None else results.cohort

    @property
    def headline(self) -> Headline:
        """The headline numbers of the shown model, of the cases compared so far."""
        results = self._view.models.get(self.model)
        return headline_of_table(self.table) if results is None else results.headline

    def results(self, model: str = "") -> ModelResults:
        """Return all that is known of a model, the shown one by default.

        Raises
        ------
        UnknownItem
            If there is no such model.
        """
        name = model or self.model
        if name not in self._view.models:
            raise UnknownItem(
                f"There is no model '{name}'; there is {', '.join(self.models) or 'none'}."
            )
        return self._view.models[name]

    def evaluation(self, case: str, model: str = "") -> CaseEvaluation | None:
        """Return the evaluation of a case under the shown convention; None until there is one."""
        results = self.results(model)
        row = results.table.row_of(case)
        return None if row is None else results.evaluation(row)

    def curves(self, model: str = "") -> CohortCurves:
        """Return the curves of a model under the shown convention, the shown model by default."""
        return self.results(model).curves

    def set_model(self, name: str) -> None:
        """Show another model; raises ``UnknownItem`` if there is none of the name."""
        self.results(name)
        other = "" if self._view.other == name else self._view.other
        self._set_view(self._view.with_changes(model=name, other=other))
        self.model_changed.emit(name)

    def compare_with(self, other: str) -> None:
        """Show differences from another model; an empty name shows none."""
        if other:
            self.results(other)
        self._set_view(self._view.with_changes(other="" if other == self.model else other))

    def sort(self, column: str, *, descending: bool = True) -> None:
        """Sort the cases by a column; raises ``UnknownItem`` if there is none."""
        self.table.column(column)
        self._set_view(self._view.with_changes(sort_column=column, is_descending=descending))

    def set_filter(self, chosen: CaseFilter) -> None:
        """Show some of the cases."""
        self._set_view(self._view.with_changes(chosen=chosen))

    def select(self, cases: Iterable[str]) -> None:
        """Select cases, in every view at once; unknown names are passed over."""
        chosen = self._view.known(cases)
        if chosen != self._selection:
            self._selection = chosen
            self.selection_changed.emit(chosen)

    @property
    def selection(self) -> frozenset[str]:
        """Names of the selected cases."""
        return self._selection

    @property
    def errors(self) -> ErrorList:
        """The errors of the cases shown, in their order."""
        return self._view.errors

    def _set_view(self, view: CohortView) -> None:
        self._view = view
        self._order_changed()
        self.cases_changed.emit()

    def _order_changed(self) -> None:
        """Hear, before others do, that cases are shown in another order; for the parts above."""
