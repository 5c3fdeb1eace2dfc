"""Several models over the cases that all of them have: only there do their means stand side by side."""

from __future__ import annotations

from collections.abc import Mapping

from napari_medassist.app.cohort.packed import PackedCases
from napari_medassist.app.cohort.rankings import common_cases
from napari_medassist.core.results import CohortEvaluation
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import Convention


def over_common_cases(cohorts: Mapping[str, CohortEvaluation]) -> Mapping[str, CohortEvaluation]:
    """Return the evaluation of each model over the cases that were compared for all.

    Parameters
    ----------
    cohorts
        Evaluations by name, under one convention; cases belong together by name.

    Returns
    -------
    Mapping
        By name; empty if there is no such case. A model that has no other cases is given back as it is.
    """
    names = common_cases({"": cohorts})
    if not names:
        return {}
    return {name: _only(cohort, frozenset(names)) for name, cohort in cohorts.items()}


def _only(cohort: CohortEvaluation, names: frozenset[str]) -> CohortEvaluation:
    if all(case.case in names for case in cohort.cases):
        return cohort
    cases, convention = cohort.cases, Convention.from_settings(cohort.convention)
    if isinstance(cases, PackedCases):
        return summarise(cases.only(names), convention=convention)
    return summarise([case for case in cases if case.case in names], convention=convention)
