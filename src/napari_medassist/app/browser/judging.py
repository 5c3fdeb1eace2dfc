"""Judging a cohort under another convention: from what is known of its lesions, or from its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.browser.opening import OpenedCohort, Surroundings, compared, running_of
from napari_medassist.app.browser.sensitivity import Sensitivity
from napari_medassist.app.cohort.run import evaluate_under
from napari_medassist.core.progress import Progress
from napari_medassist.evaluation.conventions import Convention


def is_quick(opened: OpenedCohort, convention: Convention) -> bool:
    """Tell whether a cohort can be judged without its files."""
    return all(results.can_rejudge(convention) for results in opened.models.values())


def judged(
    opened: OpenedCohort, convention: Convention, surroundings: Surroundings, progress: Progress
) -> OpenedCohort:
    """Return a cohort under another convention.

    Parameters
    ----------
    opened
        The cohort, compared.
    convention
        The other convention.
    surroundings
        Where results are kept, if files have to be compared again.
    progress
        Told of models or cases; may raise ``Cancelled``.

    Raises
    ------
    FileProblem
        If files are needed and not there any more.
    WriteFailed
        If results cannot be kept.
    """
    if not is_quick(opened, convention):
        return compared(opened, convention, surroundings, progress)
    models = {}
    for number, (name, results) in enumerate(opened.models.items()):
        progress(number, len(opened.models), name)
        models[name] = results.rejudged(convention).prepared()
    return replace(opened, convention=convention, models=models)


def completed(opened: OpenedCohort, progress: Progress) -> OpenedCohort:
    """Return a cohort that was judged without its files with what that leaves out."""
    models = {name: results.completed(progress) for name, results in opened.models.items()}
    return replace(opened, models=models)


def is_complete(opened: OpenedCohort) -> bool:
    """Tell whether nothing was left out when a cohort was judged."""
    return all(results.cohort is not None for results in opened.models.values())


def sensitivity_of(
    opened: OpenedCohort,
    conventions: Sequence[Convention],
    surroundings: Surroundings,
    progress: Progress,
) -> Sensitivity:
    """Return the headline numbers of each model under each convention, and how the models rank.

    Parameters and errors: as for :func:`judged`.
    """
    found: dict[str, dict[str, ModelResults]] = {}
    n_before, total = 0, opened.n_cases
    for name, results in opened.models.items():
        start = n_before

        def report(done: int, _total: int, message: str, /, start: int = start) -> None:
            progress(start + done, total, message)

        found[name] = _under_each(results, opened, conventions, surroundings, report)
        n_before += len(results.pairs)
    return Sensitivity.of(conventions, found)


def _under_each(
    results: ModelResults,
    opened: OpenedCohort,
    conventions: Sequence[Convention],
    surroundings: Surroundings,
    progress: Progress,
) -> dict[str, ModelResults]:
    quick = [c for c in conventions if results.can_rejudge(c)]
    found = {c.name: results.rejudged(c).completed(progress) for c in quick}
    slow = [c for c in conventions if c.name not in found]
    if slow:
        sources = opened.sources
        cohorts = evaluate_under(
            slow,
            results.pairs,
            label=sources.label,
            kind=sources.kind,
            running=running_of(sources, surroundings, results.pairs, progress),
        )
        for convention, cohort in zip(slow, cohorts, strict=True):
            found[convention.name] = ModelResults.of_cohort(
                results.name, results.pairs, convention, cohort, kind=sources.kind
            )
    return found
