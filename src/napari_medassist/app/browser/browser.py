"""The one object with state: what cohort is open, in which order, under which convention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from napari_medassist.app.browser.case_store import DEFAULT_BUDGET_MB
from napari_medassist.app.browser.error_list import ErrorKind, ErrorStep, LesionError
from napari_medassist.app.browser.export import export_csv
from napari_medassist.app.browser.headline import Pin
from napari_medassist.app.browser.judged import Judged
from napari_medassist.app.browser.marks import Mark, MarkKind, MarkNews
from napari_medassist.app.browser.opened_case import OpenedCase
from napari_medassist.app.browser.opening import Surroundings
from napari_medassist.app.browser.pins import pins_beside, write_pins
from napari_medassist.app.browser.work import Requests, Work
from napari_medassist.app.settings import Settings
from napari_medassist.core.errors import WriteFailed
from napari_medassist.core.progress import Progress


class CohortBrowser(Judged):
    """A cohort that is looked through: cases, order, errors, marks; see the package for its use.

    For one thread, that of the window; :class:`Work` that it returns is run in others.

    Signals
    -------
    cases_changed
        The rows, their values, order or filter changed, or whether they are stale for longer than a
        moment: look at :attr:`table`, :attr:`order` and :attr:`stale_reason`.
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

    opened = Signal(object)
    error_changed = Signal(object)
    marks_changed = Signal()
    pins_changed = Signal()

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        cache_dir: Path | None = None,
        marks_path: Path | None = None,
        workers: int = 2,
        budget_mb: float = DEFAULT_BUDGET_MB,
    ) -> None:
        surroundings = Surroundings(
            cache_dir=cache_dir, marks_path=marks_path, workers=workers, budget_mb=budget_mb
        )
        super().__init__(settings, surroundings)
        self._opened_case: OpenedCase | None = None
        self._error: LesionError | None = None
        self._pins: tuple[Pin, ...] = ()
        self._opening, self._preloading, self._rereading = Requests(), Requests(), Requests()

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

    def marks_work(self) -> Work[MarkNews] | None:
        """Return the work that takes over what another program has marked; None if nothing is open."""
        if self._cohort is None:
            return None
        marks = self._cohort.marks

        def run(_progress: Progress) -> MarkNews:
            return marks.read_news()

        def accept(news: MarkNews) -> None:
            if marks.take(news):
                self._set_view(self._view.with_marks(marks.all()))
                self.marks_changed.emit()

        return self._rereading.start("Reading marks", run, accept, self._tell, is_quick=True)

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Headline numbers that were pinned, the oldest first."""
        return self._pins

    def pin(self, name: str = "") -> Pin:
        """Keep the headline numbers of the shown model and convention beside what follows.

        They are kept on disk with the cohort's marks; if that fails, :attr:`told` says why.
        """
        cohort = self._require_cohort()
        shown = cohort.convention
        pin = Pin(name or f"{self.model}, {shown.name}", self.model, shown, self.headline)
        what = pin.name, pin.model, pin.convention
        others = [p for p in self._pins if (p.name, p.model, p.convention) != what]
        self._set_pins((*others, pin))
        return pin

    def unpin(self, pin: Pin) -> None:
        """Take a pin away."""
        self._set_pins(tuple(other for other in self._pins if other is not pin))

    def _set_pins(self, pins: tuple[Pin, ...]) -> None:
        self._pins = pins
        self.pins_changed.emit()
        marks = self._require_cohort().marks
        if marks.path is not None:
            try:
                write_pins(pins_beside(marks.path), pins)
            except WriteFailed as error:
                self._tell(error)

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

    def _order_changed(self) -> None:
        self._preloading.overtake()

    def _cohort_replaced(self) -> None:
        for requests in (self._opening, self._preloading, self._rereading):
            requests.overtake()
        before, self._pins = self._pins, () if self._cohort is None else self._cohort.pins
        self._error = None
        if self._pins != before:
            self.pins_changed.emit()
        self._show_case(None)
