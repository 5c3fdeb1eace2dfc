"""The one object with state: what cohort is open, in which order, under which convention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.case_store import DEFAULT_BUDGET_MB
from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.cohort_view import CohortView
from napari_medassist.app.browser.columns import matching_in_words
from napari_medassist.app.browser.error_list import ErrorKind, ErrorList, ErrorStep, LesionError
from napari_medassist.app.browser.export import export_csv
from napari_medassist.app.browser.headline import Headline, Pin, headline_of_table
from napari_medassist.app.browser.judging import (
    completed,
    is_complete,
    is_quick,
    judged,
    sensitivity_of,
)
from napari_medassist.app.browser.marks import Mark, MarkKind
from napari_medassist.app.browser.model_results import CohortCurves, ModelResults
from napari_medassist.app.browser.opened_case import OpenedCase
from napari_medassist.app.browser.opening import (
    FinishedCase,
    OpenedCohort,
    Surroundings,
    open_cohort,
)
from napari_medassist.app.browser.sensitivity import Sensitivity
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.browser.work import Requests, Work
from napari_medassist.app.cohort.packed import CaseRecord
from napari_medassist.app.settings import Settings
from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.progress import Progress
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, presets


class CohortBrowser:
    """A cohort that is looked through: cases, order, errors, marks; see the package for its use.

    For one thread, that of the window; :class:`Work` that it returns is run in others.

    Signals
    -------
    cases_changed
        The rows, their values, order or filter changed: look at :attr:`table` and :attr:`order`.
    model_changed
        Emits the name of the model that is shown now.
    selection_changed
        Emits the names of the selected cases.
    opened
        Emits the :class:`OpenedCase` that is open now, or None.
    error_changed
        Emits the :class:`ErrorStep` that stepping led to: centre the views on it.
    convention_changed
        Emits the convention that is wanted now; the table may lag behind, see :attr:`is_stale`.
    marks_changed, pins_changed, sensitivity_changed
        Look at :attr:`marks`, :attr:`pins`, :attr:`sensitivity`.
    told
        Emits a sentence for the status bar.
    work_ready
        Emits :class:`Work` that follows from what happened (preloading, catching up): run it.

    Parameters
    ----------
    settings
        What the user's window remembers; None remembers nothing.
    cache_dir
        Folder of kept results; by default one in the user's cache folder.
    marks_path
        File of marks; by default beside the results, or in the user's data folder.
    workers
        Processes that compare cases.
    budget_mb
        Megabytes of voxels that are held of opened cases.
    """

    cases_changed = Signal()
    model_changed = Signal(str)
    selection_changed = Signal(frozenset)
    opened = Signal(object)
    error_changed = Signal(object)
    convention_changed = Signal(object)
    marks_changed = Signal()
    pins_changed = Signal()
    sensitivity_changed = Signal()
    told = Signal(str)
    work_ready = Signal(object)

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        cache_dir: Path | None = None,
        marks_path: Path | None = None,
        workers: int = 2,
        budget_mb: float = DEFAULT_BUDGET_MB,
    ) -> None:
        self._settings = settings
        self._surroundings = Surroundings(
            cache_dir=cache_dir, marks_path=marks_path, workers=workers, budget_mb=budget_mb
        )
        self._convention = MEDASSIST if settings is None else settings.convention
        self._cohort: OpenedCohort | None = None
        self._view = CohortView()
        self._selection: frozenset[str] = frozenset()
        self._opened_case: OpenedCase | None = None
        self._error: LesionError | None = None
        self._pins: tuple[Pin, ...] = ()
        self._sensitivity: Sensitivity | None = None
        self._news: SimpleQueue[OpenedCohort | FinishedCase] | None = None
        self._judging, self._opening = Requests(), Requests()
        self._preloading, self._comparing = Requests(), Requests()

    # What is open

    @property
    def sources(self) -> CohortSources | None:
        """Where the cohort lies; None if none is open."""
        return None if self._cohort is None else self._cohort.sources

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
    def is_running(self) -> bool:
        """Whether cases are being compared for the first time."""
        return self._news is not None

    @property
    def is_stale(self) -> bool:
        """Whether the numbers were computed with another convention than the one that is wanted."""
        return self._cohort is not None and self._cohort.convention != self._convention

    @property
    def stale_reason(self) -> str:
        """Which convention the numbers stand for while others are computed; empty if not stale."""
        if self._cohort is None or not self.is_stale:
            return ""
        wanted, shown = self._convention, self._cohort.convention
        return (
            f"These numbers stand for '{shown.name}' ({matching_in_words(shown)}); those for "
            f"'{wanted.name}' ({matching_in_words(wanted)}) are not computed yet."
        )

    @property
    def convention(self) -> Convention:
        """The convention that is wanted."""
        return self._convention

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

    # Opening and judging

    def open_work(
        self, sources: CohortSources, convention: Convention | None = None
    ) -> Work[OpenedCohort]:
        """Return the work that opens a cohort, and compares its cases unless results are there.

        The open cohort stays until the first news of the new one; what was compared before is kept
        on disk and not compared again. Cancelled, the finished cases stay, the others wait.

        Parameters
        ----------
        sources
            Where it lies.
        convention
            By default that of the results, else the last one in use.
        """
        if convention is not None:
            self._want(convention)
        news: SimpleQueue[OpenedCohort | FinishedCase] = SimpleQueue()
        self._overtake_all()
        self._news = news
        wanted, surroundings = self._convention, self._surroundings

        def run(progress: Progress) -> OpenedCohort:
            return open_cohort(sources, wanted, surroundings, news.put, progress)

        def accept(cohort: OpenedCohort) -> None:
            self.take_finished()
            self._news = None
            self._accept_opened(cohort, is_asked=convention is not None)

        return self._judging.start(f"Opening {sources.title}", run, accept, self._fail_opening)

    def take_finished(self) -> int:
        """Take over the cases that finished since; call it about ten times a second.

        Returns
        -------
        int
            Number of cases that are new in the table.
        """
        finished: dict[str, dict[int, CaseRecord]] = {}
        while self._news is not None and not self._news.empty():
            news = self._news.get_nowait()
            if isinstance(news, FinishedCase):
                finished.setdefault(news.model, {})[news.row] = news.record
            else:
                self._show(news)
        if finished:
            grown = {name: self.results(name).with_cases(cases) for name, cases in finished.items()}
            self._set_view(self._view.with_changes(models={**self._view.models, **grown}))
        return sum(map(len, finished.values()))

    def close(self) -> None:
        """Close the cohort; what runs is overtaken."""
        self._overtake_all()
        self._news = self._cohort = self._sensitivity = None
        self._pins = ()
        self._show_case(None)
        self._selection = frozenset()
        self._set_view(CohortView())

    def set_convention(self, convention: Convention) -> Work[OpenedCohort] | None:
        """Want other settings; return the work that judges the cohort with them.

        It is quick where match graphs suffice (matching rule, smallest volume, good Dice); else files
        are compared again, as far as no results are kept, and the table is stale until then. None if
        there is nothing to do now: no cohort, or one that is just being compared and follows by itself.
        """
        self._want(convention)
        return self._catch_up()

    def sensitivity_work(self, conventions: Sequence[Convention] = ()) -> Work[Sensitivity]:
        """Return the work that judges all models under several conventions, all presets by default."""
        cohort = self._require_cohort()
        chosen = tuple(conventions) or _presets_and(self._convention)
        surroundings = self._surroundings

        def run(progress: Progress) -> Sensitivity:
            return sensitivity_of(cohort, chosen, surroundings, progress)

        def accept(found: Sensitivity) -> None:
            self._sensitivity = found
            self.sensitivity_changed.emit()

        return self._comparing.start("Comparing conventions", run, accept, self._tell)

    @property
    def sensitivity(self) -> Sensitivity | None:
        """How the headline numbers and the ranking of models move over conventions."""
        return self._sensitivity

    # Looking through

    def set_model(self, name: str) -> None:
        """Show another model; raises ``UnknownItem`` if there is none of the name."""
        self.results(name)
        other = "" if self._view.other == name else self._view.other
        self._set_view(self._view.with_changes(model=name, other=other))
        self._error = None
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

    # The open case

    def open_case(self, name: str) -> Work[OpenedCase]:
        """Return the work that opens a case; the next and previous ones are read ahead after it."""
        store, model = self._require_cohort().store, self.model
        self._preloading.overtake()

        def run(progress: Progress) -> OpenedCase:
            return store.load(model, name, progress)

        return self._opening.start(f"Opening {name}", run, self._show_case, self._tell)

    def next_case(self, step: int = 1) -> str:
        """Return the case that follows the open one in the order shown, beginning anew at the end.

        Empty if no case is shown.
        """
        return self._view.following("" if self._opened_case is None else self._opened_case.name, step)

    @property
    def opened_case(self) -> OpenedCase | None:
        """The case that is open."""
        return self._opened_case

    @property
    def error(self) -> LesionError | None:
        """The error that stepping led to last."""
        return self._error

    @property
    def errors(self) -> ErrorList:
        """The errors of the cases shown, in their order."""
        return self._view.errors

    def next_error(self, kind: ErrorKind = "any", step: int = 1) -> ErrorStep:
        """Go to the next error (or the previous one, -1) over all cases shown, and signal it.

        From the last error on, or from the open case if another one was opened since.
        """
        opened = "" if self._opened_case is None else self._opened_case.name
        after = self._error if self._error is not None and opened in ("", self._error.case) else opened
        found = self.errors.step(after or None, kind, step)
        if found.error is not None:
            self._error = found.error
            found = replace(found, needs_opening=found.error.case != opened)
        self.told.emit(found.message)
        self.error_changed.emit(found)
        return found

    # Marks, pins, export

    @property
    def marks(self) -> Mapping[str, Mark]:
        """The readers' marks by case."""
        return self._view.marks

    def mark(self, cases: str | Iterable[str], kind: MarkKind | None, note: str = "") -> None:
        """Mark cases and keep that on disk at once; None takes the marks away.

        Raises
        ------
        WriteFailed
            If the file cannot be written; the marks are shown all the same.
        """
        marks = self._require_cohort().marks
        names = self._view.known([cases] if isinstance(cases, str) else cases)
        reader = "" if self._settings is None else self._settings.reader
        model = self.model if len(self.models) > 1 else ""
        try:
            for name in sorted(names):
                if kind is None:
                    marks.remove(name)
                else:
                    marks.set(name, Mark.now(kind, note, reader=reader, model=model))
        finally:
            self._set_view(self._view.with_marks(marks.all()))
            self.marks_changed.emit()

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Headline numbers that were pinned, the oldest first."""
        return self._pins

    def pin(self, name: str = "") -> Pin:
        """Keep the headline numbers of the shown model and convention beside what follows."""
        cohort = self._require_cohort()
        shown = cohort.convention
        pin = Pin(name or f"{self.model}, {shown.name}", self.model, shown, self.headline)
        self._pins = (*self._pins, pin)
        self.pins_changed.emit()
        return pin

    def unpin(self, pin: Pin) -> None:
        """Take a pin away."""
        self._pins = tuple(other for other in self._pins if other is not pin)
        self.pins_changed.emit()

    def export_csv(self, path: Path, cases: Iterable[str] | None = None) -> int:
        """Write the selected cases, or all shown ones if none is; return how many.

        Raises
        ------
        WriteFailed
            If the file cannot be written.
        """
        cohort = self._require_cohort()
        wanted = self._selection if cases is None else frozenset(cases)
        rows = [row for row in self.order.tolist() if not wanted or self.table.names[row] in wanted]
        return export_csv(
            path, self.table, rows, model=self.model, convention=cohort.convention, marks=self.marks
        )

    # What follows from each other

    def _want(self, convention: Convention) -> None:
        if convention == self._convention:
            return
        self._convention = convention
        if self._settings is not None:
            self._settings.convention = convention
        self.convention_changed.emit(convention)

    def _catch_up(self) -> Work[OpenedCohort] | None:
        """Return the work that brings the numbers to the convention that is wanted; None if none."""
        cohort, convention, surroundings = self._cohort, self._convention, self._surroundings
        if cohort is None or self._news is not None:
            return None
        if not self.is_stale:
            self._judging.overtake()
            self._complete(cohort)
            return None

        def run(progress: Progress) -> OpenedCohort:
            return judged(cohort, convention, surroundings, progress)

        return self._judging.start(
            f"Judging with {convention.name}",
            run,
            self._take_over,
            self._tell,
            is_quick=is_quick(cohort, convention),
        )

    def _accept_opened(self, cohort: OpenedCohort, *, is_asked: bool) -> None:
        if self._settings is not None:
            self._settings.add_recent_cohort(cohort.sources.to_plain())
        if cohort.sources.results is not None and not is_asked:
            self._want(cohort.convention)
        if self._cohort is None or self._cohort.store is not cohort.store:
            self._show(cohort)
        else:
            self._take_over(cohort)
        work = self._catch_up()
        if work is not None:
            self.work_ready.emit(work)

    def _show(self, cohort: OpenedCohort) -> None:
        """Show another cohort from its beginning."""
        self._cohort, self._sensitivity, self._pins = cohort, None, ()
        self._error = None
        self._show_case(None)
        first = next(iter(cohort.models))
        view = CohortView(models=cohort.models, marks=cohort.marks.all(), model=first)
        self.select(())
        self._set_view(view)
        self.model_changed.emit(first)
        if cohort.marks.problem:
            self.told.emit(cohort.marks.problem)

    def _take_over(self, cohort: OpenedCohort) -> None:
        """Show the same cohort with other numbers."""
        self._cohort = cohort
        self._set_view(self._view.with_changes(models=cohort.models))
        self.told.emit(self.headline.sentence)
        self._complete(cohort)

    def _complete(self, cohort: OpenedCohort) -> None:
        """Let what a quick judgement leaves out be computed, unless it is overtaken."""
        if is_complete(cohort):
            return

        def run(progress: Progress) -> OpenedCohort:
            return completed(cohort, progress)

        work = self._judging.start("Completing", run, self._take_over, self._tell, is_quick=True)
        self.work_ready.emit(work)

    def _set_view(self, view: CohortView) -> None:
        self._view = view
        self._preloading.overtake()
        self.cases_changed.emit()

    def _show_case(self, opened: OpenedCase | None) -> None:
        if opened is None and self._opened_case is None:
            return
        self._opened_case = opened
        if opened is not None and self._error is not None and self._error.case != opened.name:
            self._error = None
        self.opened.emit(opened)
        if opened is not None:
            self.work_ready.emit(self._preload_work(opened))

    def _preload_work(self, opened: OpenedCase) -> Work[int]:
        """Return the work that reads the cases around the open one ahead."""
        store = self._require_cohort().store
        wanted = (opened.name, *self._view.neighbours(opened.name))

        def run(progress: Progress) -> int:
            return store.preload(opened.model, wanted, progress)

        return self._preloading.start("Reading ahead", run, lambda _n_held: None, is_quick=True)

    def _overtake_all(self) -> None:
        for requests in (self._judging, self._opening, self._preloading, self._comparing):
            requests.overtake()

    def _fail_opening(self, error: BaseException) -> None:
        self.take_finished()
        self._news = None
        self._tell(error)
        self.cases_changed.emit()

    def _tell(self, error: BaseException) -> None:
        self.told.emit(str(error))

    def _require_cohort(self) -> OpenedCohort:
        if self._cohort is None:
            raise InvalidSetting("No cohort is open.", cure="Open one first.")
        return self._cohort


def _presets_and(convention: Convention) -> tuple[Convention, ...]:
    """Return all presets, and the convention in use if it is none of them."""
    known = presets()
    own = () if known.get(convention.name) == convention else (convention,)
    others = (c for c in known.values() if not own or c.name != convention.name)
    return (*own, *others)
