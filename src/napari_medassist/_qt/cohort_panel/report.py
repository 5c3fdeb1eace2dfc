"""The report of the cohort that is open, as work for a thread."""

from __future__ import annotations

from pathlib import Path

from napari.utils.notifications import show_info

from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.work import Requests, Work
from napari_medassist.app.report.sources import ReportSource
from napari_medassist.app.report.write import ReportOptions, write_report
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.progress import Progress

_REQUESTS = Requests()


def report_work(browser: CohortBrowser, path: Path) -> Work[Path]:
    """Return the work that writes the report of all models.

    Raises
    ------
    InvalidSetting
        If no cohort is open, or its cases are still being compared.
    """
    sources = browser.sources
    results = [browser.results(name) for name in browser.models]
    if sources is None or browser.is_running or any(r.cohort is None for r in results):
        raise InvalidSetting(
            "There is nothing to report on yet.", cure="Wait until all cases are compared."
        )
    labels = (sources.label,) if isinstance(sources.label, int) else sources.label
    cohorts = {found.name: found.cohort for found in results if found.cohort is not None}
    chosen = None if labels is None else tuple(labels)
    convention, kind = results[0].convention, sources.kind
    options = ReportOptions(images=sources.images, zones=sources.zones)

    def run(progress: Progress) -> Path:
        source = ReportSource.of_models(cohorts, convention, kind=kind, labels=chosen)
        return write_report(source, path, options, progress=progress)

    return _REQUESTS.start(f"Writing {path.name}", run, lambda out: show_info(f"Report written: {out}"))
