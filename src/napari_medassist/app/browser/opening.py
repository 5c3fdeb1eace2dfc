"""What opening a cohort computes, in a thread of its own: files found, cases compared or read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from napari_medassist.app.browser.case_store import CaseStore
from napari_medassist.app.browser.marks import Marks
from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.evaluation.conventions import Convention


@dataclass(frozen=True, eq=False)
class OpenedCohort:
    """A cohort that was opened.

    Parameters
    ----------
    sources
        Where it lies, completed by what earlier results say.
    convention
        What the numbers were computed with.
    models
        The results by model.
    store
        Reads its cases.
    marks
        What readers said of its cases.
    """

    sources: CohortSources
    convention: Convention
    models: Mapping[str, ModelResults]
    store: CaseStore
    marks: Marks
