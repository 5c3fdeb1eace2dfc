"""What the buttons of the cohort dock do: open, mark, export, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_info
from qtpy.QtCore import QMimeData
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_medassist._qt.cohort_panel.bar import CohortBar
from napari_medassist._qt.cohort_panel.open_dialog import OpenCohortDialog
from napari_medassist._qt.cohort_panel.report import report_work
from napari_medassist._qt.messages import shows_errors
from napari_medassist._qt.threads import Runner
from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.marks import MARK_TITLES, MarkKind
from napari_medassist.app.browser.source_form import sources_of_drop
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.core.errors import InvalidSetting, MedAssistError

if TYPE_CHECKING:
    from napari_medassist._qt.cohort_panel.panel import CohortPanel


class CohortActs:
    """Acts with dialogs.

    Parameters
    ----------
    panel
        The dock.
    browser
        The cohort.
    runner
        Runs what takes long.
    """

    def __init__(self, panel: CohortPanel, browser: CohortBrowser, runner: Runner) -> None:
        self._panel, self._browser, self._runner = panel, browser, runner

    def connect(self, bar: CohortBar) -> None:
        """Act when the buttons of a bar are pressed."""
        bar.open_asked.connect(self.ask_cohort)
        bar.results_asked.connect(self.ask_results)
        bar.recent_asked.connect(self.open_recent)
        bar.export_asked.connect(self.ask_export)
        bar.report_asked.connect(self.ask_report)
        bar.mark_asked.connect(self.ask_mark)

    # ---------------------------------------------------------------- open

    def ask_cohort(self) -> None:
        """Ask for the places of a cohort and open it."""
        recent = self._panel.settings.recent_cohorts
        dialog = OpenCohortDialog(recent, self._panel)
        if dialog.exec() and dialog.sources is not None:
            self._panel.open_cohort(dialog.sources)

    @shows_errors
    def ask_results(self) -> None:
        """Ask for a folder of results and open it."""
        chosen = QFileDialog.getExistingDirectory(self._panel, "Open results of evaluate or compare")
        if chosen:
            self._panel.open_cohort(CohortSources(results=Path(chosen)))

    @shows_errors
    def open_recent(self, place: int) -> None:
        """Open a cohort of the list of recent ones."""
        recent = self._panel.settings.recent_cohorts
        if place < len(recent):
            self._panel.open_cohort(CohortSources.from_plain(recent[place]))

    def recent_titles(self) -> list[str]:
        """Return what the recent cohorts are called; those that are not understood have no place."""
        titles = []
        for plain in self._panel.settings.recent_cohorts:
            try:
                titles.append(CohortSources.from_plain(plain).title)
            except MedAssistError:
                titles.append("(not understood)")
        return titles

    def sources_of_drop(self, dropped: QMimeData) -> CohortSources | None:
        """Return the cohort in what was dropped: a folder of results, or a table; None for others."""
        return sources_of_drop([Path(u.toLocalFile()) for u in dropped.urls() if u.isLocalFile()])

    # ---------------------------------------------------------------- mark, export, report

    @shows_errors
    def ask_mark(self, kind: MarkKind | None) -> None:
        """Mark the selected cases, with a note."""
        cases = self._browser.selection
        if not cases:
            raise InvalidSetting("No case is selected.", cure="Select rows of the table first.")
        note = ""
        if kind is not None:
            title = f"Mark {_cases(cases)} as {MARK_TITLES[kind]}"
            note, is_given = QInputDialog.getText(self._panel, title, "Note (may stay empty):")
            if not is_given:
                return
        self._browser.mark(cases, kind, note)

    @shows_errors
    def ask_export(self) -> None:
        """Write the selected cases, or all shown ones, as CSV."""
        chosen, _ = QFileDialog.getSaveFileName(
            self._panel, "Export cases", "cases.csv", "Comma-separated values (*.csv)"
        )
        if chosen:
            number = self._browser.export_csv(Path(chosen))
            show_info(f"{number} cases written to {chosen}")

    @shows_errors
    def ask_report(self) -> None:
        """Write the report as one HTML file, in a thread."""
        chosen, _ = QFileDialog.getSaveFileName(
            self._panel, "Write report", "report.html", "Web page (*.html)"
        )
        if chosen:
            self.write_report(Path(chosen))

    def write_report(self, path: Path) -> None:
        """Write the report of the cohort in a thread."""
        self._runner.start(report_work(self._browser, path))


def _cases(cases: frozenset[str]) -> str:
    return next(iter(cases)) if len(cases) == 1 else f"{len(cases)} cases"
