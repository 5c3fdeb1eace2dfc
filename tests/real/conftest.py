"""Results of the real cohort, computed once for all tests that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.core.results import CohortEvaluation


@pytest.fixture(scope="session")
def picai_evaluation(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CohortEvaluation, Path]:
    """The 757 pairs under our own convention, as computed and as written; not to be changed."""
    labels = real_data / "picai_labels"
    out = tmp_path_factory.mktemp("picai_results")
    return evaluate_files(labels / "human", labels / "ai", out), out


@pytest.fixture(scope="session")
def picai_results(picai_evaluation: tuple[CohortEvaluation, Path]) -> Path:
    """Folder with the results of the 757 pairs; not to be changed."""
    return picai_evaluation[1]
