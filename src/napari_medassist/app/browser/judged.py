"""The cohort that is open, and its convention: opened, judged anew. The second part of the browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from queue import SimpleQueue

from psygnal import Signal

from napari_medassist.app.browser.cohort_view import CohortView
from napari_medassist.app.browser.columns import matching_in_words
from napari_medassist.app.browser.judging import (
    completed,
    is_complete,
    is_quick,
    judged,
    sensitivity_of,
)
from napari_medassist.app.browser.looked_at import LookedAt
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
from napari_medassist.core.errors import Cancelled, InvalidSetting
from napari_medassist.core.progress import Progress
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, presets

_MOST_AT_ONCE = 250


class Judged(LookedAt):
    """A cohort that is opened, compared and judged anew.

    A part of :class:`~napari_medassist.app.browser.browser.CohortBrowser`, which tells of its signals.

    Parameters
    ----------
    settings
        What the user's window remembers.
    surroundings
        Where things are kept.
    """

    convention_changed = Signal(object)
    sensitivity_changed = Signal()
    told = Signal(str)
    work_ready = Signal(object)

    def __init__(self, settings: Settings | None, surroundings: Surroundings) -> None:
        super().__init__()
        self._settings = settings
        self._surroundings = surroundings
        self._convention = MEDASSIST if settings is None else settings.convention
        self._cohort: OpenedCohort | None = None
        self._sensitivity: Sensitivity | None = None
        self._failure = self._problem = ""
        self._news: SimpleQueue[OpenedCohort | FinishedCase] | None = None
        self._judging, self._comparing = Requests(), Requests()

    @property
    def sources(self) -> CohortSources | None:
        """Where the cohort lies; None if none is open."""
        return None if self._cohort is None else self._cohort.sources

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
        """Which convention the numbers stand for until others are there, or why these will not be.

        Empty if the numbers are not stale.
        """
        if self._cohort is None or not self.is_stale:
            return ""
        wanted, shown = self._convention, self._cohort.convention
        told = (
            f"These numbers stand for '{shown.name}' ({matching_in_words(shown)}); those for "
            f"'{wanted.name}' ({matching_in_words(wanted)}) are not computed yet."
        )
        return f"{told} {self._failure}".rstrip()

    @property
    def problem(self) -> str:
        """Why the cohort that was asked for last is not open; empty if it is."""
        return self._problem

    @property
    def convention(self) -> Convention:
        """The convention that is wanted."""
        return self._convention

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
        self._news, self._problem = news, ""
        wanted, surroundings = self._convention, self._surroundings

        def run(progress: Progress) -> OpenedCohort:
            return open_cohort(sources, wanted, surroundings, news.put, progress)

        def accept(cohort: OpenedCohort) -> None:
            self._news = None  # what was not taken yet is in the cohort
            self._accept_opened(cohort, is_asked=convention is not None)

        return self._judging.start(f"Opening {sources.title}", run, accept, self._fail_opening)

    def take_finished(self) -> int:
        """Take over cases that finished since; call it about ten times a second.

        Returns
        -------
        int
            Number of cases that are new in the table; a few hundred at most, so that the window goes on
            when thousands of kept results arrive at once.
        """
        finished: dict[str, dict[int, CaseRecord]] = {}
        for news in self._arrived(_MOST_AT_ONCE):
            if isinstance(news, FinishedCase):
                finished.setdefault(news.model, {})[news.row] = news.record
            else:
                self._show(news)
        if finished:
            grown = {name: self.results(name).with_cases(cases) for name, cases in finished.items()}
            self._set_view(self._view.with_changes(models={**self._view.models, **grown}))
        return sum(map(len, finished.values()))

    def _arrived(self, most: int) -> Iterator[OpenedCohort | FinishedCase]:
        for _ in range(most):
            if self._news is None or self._news.empty():
                return
            yield self._news.get_nowait()

    def close(self) -> None:
        """Close the cohort; what runs is overtaken."""
        self._overtake_all()
        self._remember()
        self._news = self._cohort = self._sensitivity = None
        self._cohort_replaced()
        self.select(())
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

    def _want(self, convention: Convention) -> None:
        if convention == self._convention:
            return
        self._convention, self._failure = convention, ""
        self.convention_changed.emit(convention)

    def _remember(self) -> None:
        """Keep the convention in the settings; not at each move of a slider, since it writes a file."""
        if self._settings is not None and self._settings.convention != self._convention:
            self._settings.convention = self._convention

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

        quick = is_quick(cohort, convention)
        work = self._judging.start(
            f"Judging with {convention.name}",
            run,
            self._take_over,
            self._fail_judging,
            is_quick=quick,
        )
        if not quick:
            self.cases_changed.emit()  # nothing but that they are stale
        return work

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
        self._cohort, self._sensitivity, self._failure = cohort, None, ""
        self._cohort_replaced()
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
            self._remember()
            return

        def run(progress: Progress) -> OpenedCohort:
            return completed(cohort, progress)

        work = self._judging.start("Completing", run, self._take_over, self._tell, is_quick=True)
        self.work_ready.emit(work)

    def _overtake_all(self) -> None:
        self._judging.overtake()
        self._comparing.overtake()

    def _cohort_replaced(self) -> None:
        """Hear, before others do, that another cohort is open, or none; for the part above."""

    def _fail_opening(self, error: BaseException) -> None:
        while self.take_finished():
            pass
        self._news = None
        self._problem = "" if isinstance(error, Cancelled) else str(error)
        self._tell(error)
        self.cases_changed.emit()

    def _fail_judging(self, error: BaseException) -> None:
        self._failure = str(error)
        self._tell(error)
        self.cases_changed.emit()  # nothing but why they are stale

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
