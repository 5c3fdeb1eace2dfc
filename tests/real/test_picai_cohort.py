"""757 real pairs: lesions drawn by people against lesions drawn by a model (PI-CAI labels)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import SimpleITK as sitk

from napari_medassist.app.cohort.division import Division
from napari_medassist.app.cohort.files import Source
from napari_medassist.app.cohort.pairing import pair_files
from napari_medassist.app.cohort.reopen import load_results
from napari_medassist.app.cohort.run import evaluate_cohort
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CohortEvaluation, LesionCounts, Status, ZoneStatus
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.rejudging.cohort_graph import CohortGraph
from napari_medassist.evaluation.rejudging.one_case import rejudged_cases

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def cohort(picai_evaluation: tuple[CohortEvaluation, Path]) -> CohortEvaluation:
    return picai_evaluation[0]


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


def test_the_tables_hold_every_case_and_lesion(cohort: CohortEvaluation, picai_results: Path) -> None:
    assert len((picai_results / "cases.csv").read_text().splitlines()) == 1 + 757
    assert len((picai_results / "lesions.csv").read_text().splitlines()) == 1 + 256 + 243
    summary = json.loads((picai_results / "summary.json").read_text())
    assert summary["lesions"]["micro_recall"] == pytest.approx(192 / 256)
    assert summary["lesions"]["micro_precision"] == pytest.approx(201 / 243)


def test_every_lesion_lies_within_its_box_and_grid(cohort: CohortEvaluation) -> None:
    for case in cohort.compared:
        for lesion in case.lesions:
            inside = zip(lesion.start_zyx, lesion.centroid_index_zyx, lesion.stop_zyx, strict=True)
            assert all(low <= centre < high for low, centre, high in inside)
            assert lesion.centroid_lps_mm is not None


def test_results_of_all_pairs_open_again(cohort: CohortEvaluation, picai_results: Path) -> None:
    again = load_results(picai_results)
    assert again.cohort.cases == cohort.cases
    assert repr(again.cohort.means) == repr(cohort.means)
    assert again.cohort.hidden_errors == cohort.hidden_errors
    assert all(pair.reference[0].is_file() and pair.prediction[0].is_file() for pair in again.pairs)


@pytest.fixture(scope="module")
def zoned(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> CohortEvaluation:
    """Every fifth pair, by the zones that a model drew: 1 peripheral, 2 transition."""
    labels = real_data / "picai_labels"
    source = Source.of_places(labels / "human", labels / "ai", labels / "zones")
    pairs = source.found.pairs[::5]
    return evaluate_cohort(pairs, division=Division(zones=True))


def test_zones_of_real_prostates(zoned: CohortEvaluation, cohort: CohortEvaluation) -> None:
    assert [part.value for part in zoned.regions] == [1, 2, 0]
    assert {case.zone_status for case in zoned.compared} == {ZoneStatus.OK}
    assert sum((part.totals for part in zoned.regions), LesionCounts()) == zoned.totals
    whole = {case.case: case for case in cohort.cases}
    for case in zoned.compared:
        assert case.counts == whole[case.case].counts
        assert sum((region.counts for region in case.regions), LesionCounts()) == case.counts
        shares = [lesion.zone_fraction for lesion in case.lesions]
        assert all(share is not None and 1 / 3 <= share <= 1 for share in shares)


def test_a_zone_counts_what_simpleitk_counts(zoned: CohortEvaluation, real_data: Path) -> None:
    """Dice and sizes within zones, and the zone of each lesion, by SimpleITK's own filters."""
    labels = real_data / "picai_labels"
    looked_at = [case for case in zoned.compared if case.n_reference_lesions][:8]
    assert len(looked_at) == 8
    for case in looked_at:
        images = {
            side: sitk.ReadImage(str(labels / side / f"{case.case}.nii.gz"))
            for side in ("human", "ai", "zones")
        }
        zones = sitk.Cast(images["zones"], sitk.sitkUInt8)
        for side in ("human", "ai"):
            images[side].CopyInformation(zones)  # headers differ by less than the tolerance
        human, ai = (sitk.Cast(images[side] > 0, sitk.sitkUInt8) for side in ("human", "ai"))
        for region in case.regions:
            inside = zones == region.value
            measured = sitk.LabelOverlapMeasuresImageFilter()
            first, second = human * inside, ai * inside
            if sitk.GetArrayFromImage(first).any() or sitk.GetArrayFromImage(second).any():
                measured.Execute(first, second)
                assert region.score("dice") == pytest.approx(measured.GetDiceCoefficient())
            assert region.n_voxels == int(sitk.GetArrayFromImage(inside).sum())
        components = sitk.ConnectedComponent(human, True)
        for lesion in case.lesions_of(Side.REFERENCE):
            index = components.TransformPhysicalPointToIndex(lesion.centroid_lps_mm)
            if component := components[index]:
                value = {"zone 1": 1, "zone 2": 2, "outside": 0}[str(lesion.zone)]
                mask = sitk.GetArrayFromImage(components == component) > 0
                share = (sitk.GetArrayFromImage(zones)[mask] == value).mean()
                assert share == pytest.approx(lesion.zone_fraction)


def test_a_changed_rule_follows_from_the_match_graphs(
    cohort: CohortEvaluation, real_data: Path
) -> None:
    """Judged again in flat arrays and case by case: every fourth case as from its files."""
    new = MEDASSIST.with_changes(
        matching={"threshold_reference": 0.3, "threshold_prediction": 0.3},
        extraction={"min_volume_mm3": 100},
    )
    labels = real_data / "picai_labels"
    pairs = pair_files(labels / "human", labels / "ai").pairs[::4]
    anew = evaluate_cohort(pairs, convention=new)
    before = cohort.cases[::4]
    verdicts = CohortGraph.of(before).judged(new.matching, min_volume_mm3=100)
    assert verdicts.totals == anew.totals
    assert verdicts.hidden_errors(new.good_dice) == anew.hidden_errors
    judged = rejudged_cases(before, new, of_maps=False)
    assert [repr(case) for case in judged] == [repr(case) for case in anew.cases]
    everywhere = CohortGraph.of(cohort.cases)
    assert everywhere.judged(MEDASSIST.matching).totals == cohort.totals
    assert everywhere.judged(new.matching).totals.fn > cohort.totals.fn
