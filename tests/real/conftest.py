"""Results of the real cohort, computed once for all tests that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.cohort.files import evaluate_files


@pytest.fixture(scope="session")
def picai_results(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the results of the 757 pairs under our own convention; not to be changed."""
    labels = real_data / "picai_labels"
    out = tmp_path_factory.mktemp("picai_results")
    evaluate_files(labels / "human", labels / "ai", out)
    return out
