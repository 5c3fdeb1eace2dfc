"""757 real pairs: lesions drawn by people against lesions drawn by a model (PI-CAI labels)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.core.results import CohortEvaluation, LesionCounts, Status

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def out_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("picai")


@pytest.fixture(scope="module")
def cohort(real_data: Path, out_dir: Path) -> CohortEvaluation:
    labels = real_data / "picai_labels"
    return evaluate_files(labels / "human", labels / "ai", out_dir)


def test_two_of_757_lie_on_another_grid(cohort: CohortEvaluation) -> None:
    assert cohort.n_by_status == {Status.OK: 755, Status.GRID_MISMATCH: 2, Status.ERROR: 0}
    apart = [case for case in cohort.cases if case.status is Status.GRID_MISMATCH]
    assert [case.case for case in apart] == ["10057_1000057", "10694_1000710"]
    assert all("reference [" in case.message and "prediction [" in case.message for case in apart)


def test_lesions_found_missed_true_and_false(cohort: CohortEvaluation) -> None:
    assert sum(bool(case.n_reference_lesions) for case in cohort.compared) == 232
    assert cohort.totals.n_reference_lesions == 256
    assert cohort.totals.n_predicted_lesions == 243
    assert cohort.totals == LesionCounts(tp_reference=192, fn=64, tp_prediction=201, fp=42)


def test_mean_dice_of_the_cases_with_a_lesion(cohort: CohortEvaluation) -> None:
    assert cohort.dice_with_lesion.n_defined == 232
    assert cohort.dice_with_lesion.value == pytest.approx(0.478, abs=5e-4)


def test_the_tables_hold_every_case_and_lesion(cohort: CohortEvaluation, out_dir: Path) -> None:
    assert len((out_dir / "cases.csv").read_text().splitlines()) == 1 + 757
    assert len((out_dir / "lesions.csv").read_text().splitlines()) == 1 + 256 + 243
    summary = json.loads((out_dir / "summary.json").read_text())
    assert summary["lesions"]["micro_recall"] == pytest.approx(192 / 256)
    assert summary["lesions"]["micro_precision"] == pytest.approx(201 / 243)


def test_every_lesion_lies_within_its_box_and_grid(cohort: CohortEvaluation) -> None:
    for case in cohort.compared:
        for lesion in case.lesions:
            inside = zip(lesion.start_zyx, lesion.centroid_index_zyx, lesion.stop_zyx, strict=True)
            assert all(low <= centre < high for low, centre, high in inside)
            assert lesion.centroid_lps_mm is not None
