"""The report of the cohort that is open, as work for a thread."""

from __future__ import annotations

from pathlib import Path

from napari.utils.notifications import show_info

from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.browser.work import Requests, Work
from napari_medassist.app.report.sources import EvaluatedModel, ReportSource
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
    chosen = None if labels is None else tuple(labels)
    models = [_evaluated(found, chosen) for found in results]
    options = ReportOptions(images=sources.images, zones=sources.zones)
    marks = dict(browser.marks)

    def run(progress: Progress) -> Path:
        source = ReportSource.of_evaluated(models, marks)
        return write_report(source, path, options, progress=progress)

    return _REQUESTS.start(f"Writing {path.name}", run, lambda out: show_info(f"Report written: {out}"))


def _evaluated(found: ModelResults, labels: tuple[int, ...] | None) -> EvaluatedModel:
    """Return the results of a model with its files, which a cohort judged anew no longer knows."""
    assert found.cohort is not None  # noqa: S101  asked for above
    return EvaluatedModel(
        cohort=found.cohort,
        convention=found.convention,
        pairs=found.pairs,
        name=found.name,
        kind=found.kind,
        labels=labels,
        known_scores=found.scored,
    )
