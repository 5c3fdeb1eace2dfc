"""The dock "MedAssist cohort": table of cases beside linked plots, and the way through the errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QLineEdit, QMessageBox, QSplitter, QVBoxLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.cohort_panel import shortcuts
from napari_medassist._qt.cohort_panel.acts import CohortActs
from napari_medassist._qt.cohort_panel.bar import CohortBar
from napari_medassist._qt.cohort_panel.case_model import CaseModel
from napari_medassist._qt.cohort_panel.case_opening import CaseOpening
from napari_medassist._qt.cohort_panel.case_view import DEFAULT_COLUMNS, CaseView
from napari_medassist._qt.cohort_panel.plots import PlotTabs
from napari_medassist._qt.cohort_panel.state import PanelState
from napari_medassist._qt.plotting import current_look
from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.case_filter import CaseFilter, Only
from napari_medassist.app.browser.columns import CaseColumn, described
from napari_medassist.app.browser.shown import Shown
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.settings import Settings

_LOOK_EVERY_MS, _LOOK_AT_LEAST_MS = 100, 1000
#: While cases are compared, the window takes at most this share of a processor from them.
_SHARE = 0.1
_HALF = 600


class CohortPanel(QWidget):
    """What a browser of a cohort looks like.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    browser
        The cohort; by default that of the session, else a new one.
    settings
        What the window remembers; by default the user's.
    """

    def __init__(
        self,
        bridge: Bridge,
        browser: CohortBrowser | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("medassist_cohort")
        self.settings = settings or Settings()
        self.browser = browser or bridge.session.cohort or CohortBrowser(settings=self.settings)
        if bridge.session.cohort is not self.browser:
            bridge.session.set_cohort(self.browser)
        self._bridge = bridge
        self.runner = Runner(self)
        self.bar = CohortBar()
        self.model = CaseModel(self._describe)
        self.view = CaseView(self.model)
        self.plots = PlotTabs(self.runner)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.acts = CohortActs(self, self.browser, self.runner)
        self.opening = CaseOpening(bridge, self.browser, self.runner, self._may_replace)
        self.columns: tuple[str, ...] = DEFAULT_COLUMNS
        self.state = PanelState(self)
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_EVERY_MS)
        self._used_s = time.thread_time()
        self._redraw, self._redraw_plots = (
            _soon(self, self._refresh_in_turns),
            _soon(self, self._show_plots),
        )
        self._restyle = _soon(self, self._follow_look)
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self._bind_keys()
        self.state.restore()
        self._list_recent()
        self._follow_look()
        self.refresh()

    # ---------------------------------------------------------------- what is open

    def open_cohort(self, sources: CohortSources) -> None:
        """Open a cohort; its table grows while its cases are compared."""
        self.state.keep()
        self.runner.start(self.browser.open_work(sources))
        self._clock.start()

    def open_case(self, case: str) -> None:
        """Open a case in the viewer."""
        self.opening.open(case)

    def step(self, step: int) -> None:
        """Go to the next error of the chosen kind, or to the one before (-1)."""
        if self.browser.models:
            self.browser.next_error(self.bar.kind.currentData(), step)

    # ---------------------------------------------------------------- what is shown

    def refresh(self) -> None:
        """Show the browser as it is now."""
        self._show_cases()
        self._show_plots()

    def _refresh_in_turns(self) -> None:
        """Show the table and draw it, then the plots: events of the user come in between."""
        self._show_cases()
        self._redraw_plots.start()

    def _show_cases(self) -> None:
        self._redraw.stop()
        browser, table = self.browser, self.browser.table
        known = {column.name: column for column in table.columns}
        columns = tuple(known[name] for name in self.columns if name in known)
        extra = tuple(column for column in table.columns if column.level == "models")
        columns += tuple(column for column in extra if column not in columns)
        sorted_by = (browser.sort_column, browser.is_descending)
        self.view.show_table(table, browser.order, columns, sorted_by)
        self.bar.show_models(browser.models, browser.model, browser.other_model)
        self.bar.show_filter(browser.filter)
        self.bar.show_counts(len(browser.order), table.n_rows, table.n_waiting)
        self._tell_headline()

    def _show_plots(self) -> None:
        self._redraw_plots.stop()
        self.plots.show_browser(self.browser, self._shown())

    def _refresh_soon(self) -> None:
        self._redraw.start()

    def _shown(self) -> Shown:
        browser = self.browser
        other = browser.results(browser.other_model).table if browser.other_model else None
        return Shown(
            browser.table,
            browser.order,
            browser.selection,
            "" if browser.opened_case is None else browser.opened_case.name,
            other,
            browser.other_model,
        )

    def _tell_headline(self) -> None:
        if self.browser.problem:  # the toast that said it is gone by now
            self.bar.tell(f"NOT OPENED. {self.browser.problem}")
            return
        if not self.browser.models:
            self.bar.tell("Open a cohort, or drop a folder of results here.")
            return
        stale = self.browser.stale_reason
        sentence = self.browser.headline.sentence
        self.bar.tell(f"{'OLD NUMBERS. ' if stale else ''}{sentence}", f"{sentence}\n{stale}".strip())

    def _describe(self, column: CaseColumn) -> str:
        return described(column, self.browser.convention)

    def _show_selection(self, cases: frozenset[str]) -> None:
        if cases != self.view.selected_cases():
            self.view.select(cases)
        self._show_plots()

    def _on_opened(self, opened: Any) -> None:
        if opened is None:
            return
        self.browser.select((opened.name,))
        self.view.select(frozenset({opened.name}), current=opened.name)
        self._show_plots()
        if opened.problems:
            self.bar.tell(" ".join(opened.problems))

    def _on_clock(self) -> None:
        now = time.thread_time()
        used_ms, self._used_s = 1000 * (now - self._used_s), now  # since the last look: drawing too
        pause = min(_LOOK_AT_LEAST_MS, max(_LOOK_EVERY_MS, round(used_ms / _SHARE)))
        self._clock.setInterval(pause)
        self.browser.take_finished()
        if not self.browser.is_running:
            self._clock.stop()
            self._list_recent()
            self._take_keyboard()

    def _take_keyboard(self) -> None:
        """Let the keys work as soon as a cohort is open, unless somebody is typing."""
        focused = self.window().focusWidget()
        if self.browser.opened_case is None and not isinstance(focused, QLineEdit):
            self.view.setFocus()

    def _list_recent(self) -> None:
        self.bar.show_recent(self.acts.recent_titles())

    # ---------------------------------------------------------------- what a user does

    def toggle(self, reason: Only) -> None:
        """Show only the cases of a reason, or all of them again."""
        chosen = self.browser.filter
        self.browser.set_filter(chosen.with_changes(only=chosen.only ^ {reason}))

    def clear_filter(self) -> None:
        """Show all cases."""
        self.bar.text.clear()
        self.browser.set_filter(CaseFilter())
        self.view.setFocus()

    def _on_columns(self, names: tuple[str, ...]) -> None:
        self.columns = names
        self.refresh()

    def _on_brushed(self, cases: frozenset[str]) -> None:
        self.browser.set_filter(self.browser.filter.with_changes(cases=cases))
        self.browser.select(cases)

    def _on_emptied(self) -> None:
        if self.browser.filter.cases is not None:
            self.browser.set_filter(self.browser.filter.with_changes(cases=None))

    def _may_replace(self) -> bool:
        question = "Open another case? What you painted and have not saved is lost."
        answer = QMessageBox.question(self, "Open another case", question)
        return bool(answer == QMessageBox.StandardButton.Yes)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take a folder of results, or a table of cases."""
        if self.acts.sources_of_drop(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Open what was dropped."""
        sources = self.acts.sources_of_drop(event.mimeData())
        if sources is not None:
            event.acceptProposedAction()
            self.open_cohort(sources)

    # ---------------------------------------------------------------- look and state

    def _follow_look(self) -> None:
        look = current_look(self._bridge.viewer.theme)
        self.plots.set_look(look)
        self.model.is_dark = look.is_dark
        for widget in (self.view, self.view.horizontalHeader(), self.bar.text):
            widget.setFont(look.font())  # napari's style sheet leaves these out
        self.view.viewport().update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow napari's theme and size of letters (a new style sheet), and marks set elsewhere."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_restyle"):
            self._restyle.start()
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._reread_marks()

    def _reread_marks(self) -> None:
        """Take over what another program has marked while this window was not looked at."""
        work = self.browser.marks_work()
        if work is not None:
            self.runner.start(work)

    def hideEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Remember how things stood; stop what runs if the whole window was closed."""
        self.state.keep()
        if not self._main_window().isVisible():
            self.runner.cancel()
        super().hideEvent(event)

    def _main_window(self) -> QWidget:
        """Return napari's window, also if the dock floats."""
        widget: QWidget = self
        while widget.parentWidget() is not None:
            widget = widget.parentWidget()
        return widget

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        self.splitter.addWidget(self.view)
        self.splitter.addWidget(self.plots)
        self.splitter.setSizes([_HALF, _HALF])
        self.splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addWidget(self.bar)
        layout.addWidget(self.splitter, 1)

    def _connect(self) -> None:
        browser, bar, view, plots = self.browser, self.bar, self.view, self.plots
        browser.cases_changed.connect(self._refresh_soon)
        browser.selection_changed.connect(self._show_selection)
        browser.opened.connect(self._on_opened)
        browser.told.connect(bar.tell)
        browser.work_ready.connect(self.runner.start)
        browser.model_changed.connect(self.state.restore_order)
        browser.pins_changed.connect(self._refresh_soon)
        browser.sensitivity_changed.connect(self._refresh_soon)
        self._clock.timeout.connect(self._on_clock)
        self.runner.progressed.connect(lambda *report: bar.show_progress(report))
        self.runner.busy_changed.connect(lambda busy: None if busy else bar.show_progress(None))
        self.acts.connect(bar)
        bar.cancel_asked.connect(self.runner.cancel)
        bar.model_chosen.connect(browser.set_model)
        bar.other_chosen.connect(browser.compare_with)
        bar.filter_changed.connect(lambda: browser.set_filter(bar.filtered(browser.filter)))
        bar.cleared.connect(self.clear_filter)
        bar.step_asked.connect(self.step)
        view.sort_asked.connect(lambda column, down: browser.sort(column, descending=down))
        view.open_asked.connect(self.open_case)
        view.selection_made.connect(browser.select)
        view.columns_asked.connect(self._on_columns)
        plots.open_asked.connect(self.open_case)
        plots.selection_made.connect(browser.select)
        plots.brushed.connect(self._on_brushed)
        plots.emptied.connect(self._on_emptied)
        plots.range_chosen.connect(
            lambda column, limits: browser.set_filter(browser.filter.with_range(column, limits))
        )

    def _bind_keys(self) -> None:
        acts = {
            "N": lambda: self.step(1),
            "Shift+N": lambda: self.step(-1),
            "M": lambda: self.toggle("missed"),
            "F": lambda: self.toggle("false"),
            "H": lambda: self.toggle("hidden"),
            "/": self.bar.text.setFocus,
            "Esc": self.clear_filter,
        }
        self._shortcuts = shortcuts.add_shortcuts(self, acts)
        in_viewer = (lambda: self.step(1), lambda: self.step(-1))
        keys = zip(shortcuts.VIEWER_KEYS, in_viewer, strict=True)
        shortcuts.bind_viewer_keys(self._bridge.viewer, dict(keys))


def _soon(parent: QWidget, act: Callable[[], None]) -> QTimer:
    """Return a timer that acts once, when the event loop is free, however often it is started."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(0)
    timer.timeout.connect(act)
    return timer
