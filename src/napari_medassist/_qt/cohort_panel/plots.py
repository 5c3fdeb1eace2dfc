"""The tabs beside the table: scatter, histogram, curves, sensitivity. The one in front is drawn."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QTabWidget

from napari_medassist._qt.cohort_panel.curve_plots import CurvePlots
from napari_medassist._qt.cohort_panel.histogram import Histogram
from napari_medassist._qt.cohort_panel.scatter import ScatterPlot
from napari_medassist._qt.cohort_panel.sensitivity_tab import SensitivityTab
from napari_medassist._qt.plotting import Look
from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.curve_lines import CurveSet, curve_set
from napari_medassist.app.browser.headline import Pin
from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.browser.sensitivity_rows import rows_of
from napari_medassist.app.browser.shown import Shown
from napari_medassist.app.browser.work import Requests
from napari_medassist.core.progress import Progress

_MIN_WIDTH = 300


class PlotTabs(QTabWidget):
    """Four views of what the table shows.

    Signals
    -------
    open_asked, selection_made, brushed, emptied, range_chosen
        Those of the plots.

    Parameters
    ----------
    runner
        Computes curves and sensitivity.
    """

    open_asked = Signal(str)
    selection_made = Signal(object)
    brushed = Signal(object)
    emptied = Signal()
    range_chosen = Signal(str, object)

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self._runner = runner
        self._browser: CohortBrowser | None = None
        self._shown = Shown.nothing()
        self._curves_of: tuple[ModelResults, ...] = ()
        self._requests = Requests()
        self.scatter, self.histogram = ScatterPlot(), Histogram()
        self.curves, self.sensitivity = CurvePlots(), SensitivityTab()
        for widget, title in (
            (self.scatter, "Scatter"),
            (self.histogram, "Histogram"),
            (self.curves, "Curves"),
            (self.sensitivity, "Sensitivity"),
        ):
            self.addTab(widget, title)
        self.setMinimumWidth(_MIN_WIDTH)
        self._connect()

    def show_browser(self, browser: CohortBrowser, shown: Shown) -> None:
        """Show the browser as it is now."""
        self._browser, self._shown = browser, shown
        self._draw()

    def set_look(self, look: Look) -> None:
        """Take the colours and the size of letters of napari."""
        for plot in (self.scatter, self.histogram, self.curves, self.sensitivity):
            plot.set_look(look)

    def state(self) -> dict[str, Any]:
        """Return what was chosen, to be restored next time."""
        return {
            "tab": self.currentIndex(),
            "scatter": self.scatter.axes.state(),
            "histogram": self.histogram.state(),
        }

    def restore(self, state: Any) -> None:
        """Choose what was chosen last time, as far as it is understood."""
        if not isinstance(state, dict):
            return
        for restore, name in (
            (self.scatter.axes.restore, "scatter"),
            (self.histogram.restore, "histogram"),
        ):
            if isinstance(state.get(name), dict):
                restore(state[name])
        if isinstance(state.get("tab"), int):
            self.setCurrentIndex(state["tab"])

    def _draw(self) -> None:
        if self._browser is None:
            return
        match self.currentWidget():
            case self.scatter:
                self.scatter.show_cases(self._shown)
            case self.histogram:
                self.histogram.show_cases(self._shown, self._browser.filter.ranges)
            case self.curves:
                self._draw_curves(self._browser)
            case _:
                self._draw_sensitivity(self._browser)

    def _draw_curves(self, browser: CohortBrowser) -> None:
        results = tuple(browser.results(name) for name in browser.models)
        if results == self._curves_of:
            return
        self._curves_of = results

        def run(progress: Progress) -> dict[str, CurveSet]:
            found = {}
            for number, model in enumerate(results):
                progress(number, len(results), model.name)
                found[model.name] = curve_set(model)
            return found

        work = self._requests.start("Drawing curves", run, self.curves.show_curves, is_quick=True)
        self._runner.start(work)

    def _draw_sensitivity(self, browser: CohortBrowser) -> None:
        self.sensitivity.show_rows(rows_of(browser.sensitivity, browser.pins), browser.model)
        for button in (self.sensitivity.compute, self.sensitivity.pin):
            button.setEnabled(browser.cohort is not None)

    def _compute(self) -> None:
        if self._browser is not None:
            self._runner.start(self._browser.sensitivity_work())

    def _pin(self) -> None:
        if self._browser is not None:
            self._browser.pin()

    def _unpin(self, pin: Pin) -> None:
        if self._browser is not None:
            self._browser.unpin(pin)

    def _connect(self) -> None:
        self.currentChanged.connect(lambda _place: self._draw())
        for name in ("open_asked", "selection_made", "brushed", "emptied"):
            getattr(self.scatter, name).connect(getattr(self, name))
        self.histogram.range_chosen.connect(self.range_chosen)
        self.sensitivity.compute_asked.connect(self._compute)
        self.sensitivity.pin_asked.connect(self._pin)
        self.sensitivity.unpin_asked.connect(self._unpin)
