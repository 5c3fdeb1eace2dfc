"""The one object with state: what cohort is open, in which order, under which convention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.case_store import DEFAULT_BUDGET_MB
from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.error_list import ErrorKind, ErrorList, ErrorStep, LesionError
from napari_medassist.app.browser.headline import Headline, Pin
from napari_medassist.app.browser.marks import Mark, MarkKind
from napari_medassist.app.browser.model_results import CohortCurves, ModelResults
from napari_medassist.app.browser.opened_case import OpenedCase
from napari_medassist.app.browser.opening import OpenedCohort
from napari_medassist.app.browser.sensitivity import Sensitivity
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.browser.work import Work
from napari_medassist.app.settings import Settings
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation
from napari_medassist.evaluation.conventions import Convention


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
    ) -> None: ...

    # What is open

    @property
    def sources(self) -> CohortSources | None:
        """Where the cohort lies; None if none is open."""

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models."""

    @property
    def model(self) -> str:
        """Name of the model that is shown; empty if no cohort is open."""

    @property
    def other_model(self) -> str:
        """Name of the model that the shown one is compared with; empty for none."""

    @property
    def table(self) -> CaseTable:
        """The cases of the shown model, with marks and differences; empty if no cohort is open."""

    @property
    def order(self) -> NDArray[np.int64]:
        """Rows of :attr:`table` that are shown, in their order."""

    @property
    def sort_column(self) -> str:
        """Name of the column that is sorted by."""

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""

    @property
    def filter(self) -> CaseFilter:
        """Which cases are shown."""

    @property
    def is_running(self) -> bool:
        """Whether cases are being compared for the first time."""

    @property
    def is_stale(self) -> bool:
        """Whether the numbers were computed with another convention than the one that is wanted."""

    @property
    def stale_reason(self) -> str:
        """Which convention the numbers stand for while others are computed; empty if not stale."""

    @property
    def convention(self) -> Convention:
        """The convention that is wanted."""

    @property
    def cohort(self) -> CohortEvaluation | None:
        """The evaluation of the shown model; None until it is finished."""

    @property
    def headline(self) -> Headline:
        """The headline numbers of the shown model, of the cases compared so far."""

    def results(self, model: str = "") -> ModelResults:
        """Return all that is known of a model, the shown one by default.

        Raises
        ------
        UnknownItem
            If there is no such model.
        """

    def evaluation(self, case: str, model: str = "") -> CaseEvaluation | None:
        """Return the evaluation of a case; None until its cohort is finished."""

    def curves(self, model: str = "") -> CohortCurves:
        """Return the curves of a model under the shown convention, the shown model by default."""

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

    def take_finished(self) -> int:
        """Take over the cases that finished since; call it about ten times a second.

        Returns
        -------
        int
            Number of cases that are new in the table.
        """

    def close(self) -> None:
        """Close the cohort; what runs is overtaken."""

    def set_convention(self, convention: Convention) -> Work[object] | None:
        """Want other settings; return the work that judges the cohort with them.

        It is quick where match graphs suffice (matching rule, smallest volume, good Dice); else files
        are compared again, as far as no results are kept, and the table is stale until then. None if
        there is nothing to do now: no cohort, or one that is just being compared and follows by itself.
        """

    def sensitivity_work(self, conventions: Sequence[Convention] = ()) -> Work[Sensitivity]:
        """Return the work that judges all models under several conventions, all presets by default."""

    @property
    def sensitivity(self) -> Sensitivity | None:
        """How the headline numbers and the ranking of models move over conventions."""

    # Looking through

    def set_model(self, name: str) -> None:
        """Show another model; raises ``UnknownItem`` if there is none of the name."""

    def compare_with(self, other: str) -> None:
        """Show differences from another model; an empty name shows none."""

    def sort(self, column: str, *, descending: bool = True) -> None:
        """Sort the cases by a column; raises ``UnknownItem`` if there is none."""

    def set_filter(self, chosen: CaseFilter) -> None:
        """Show some of the cases."""

    def select(self, cases: Iterable[str]) -> None:
        """Select cases, in every view at once; unknown names are passed over."""

    @property
    def selection(self) -> frozenset[str]:
        """Names of the selected cases."""

    # The open case

    def open_case(self, name: str) -> Work[OpenedCase]:
        """Return the work that opens a case; the next and previous ones are read ahead after it."""

    def next_case(self, step: int = 1) -> str:
        """Return the case that follows the open one in the order shown, beginning anew at the end.

        Empty if no case is shown.
        """

    @property
    def opened_case(self) -> OpenedCase | None:
        """The case that is open."""

    @property
    def error(self) -> LesionError | None:
        """The error that stepping led to last."""

    @property
    def errors(self) -> ErrorList:
        """The errors of the cases shown, in their order."""

    def next_error(self, kind: ErrorKind = "any", step: int = 1) -> ErrorStep:
        """Go to the next error (or the previous one, -1) over all cases shown, and signal it.

        From the last error on, or from the open case if another one was opened since.
        """

    # Marks, pins, export

    @property
    def marks(self) -> Mapping[str, Mark]:
        """The readers' marks by case."""

    def mark(self, cases: str | Iterable[str], kind: MarkKind | None, note: str = "") -> None:
        """Mark cases and keep that on disk at once; None takes the marks away.

        Raises
        ------
        WriteFailed
            If the file cannot be written; the marks are shown all the same.
        """

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Headline numbers that were pinned, the oldest first."""

    def pin(self, name: str = "") -> Pin:
        """Keep the headline numbers of the shown model and convention beside what follows."""

    def unpin(self, pin: Pin) -> None:
        """Take a pin away."""

    def export_csv(self, path: Path, cases: Iterable[str] | None = None) -> int:
        """Write the selected cases, or all shown ones if none is; return how many.

        Raises
        ------
        WriteFailed
            If the file cannot be written.
        """
