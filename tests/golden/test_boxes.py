from __future__ import annotations

import pytest

from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, LesionCounts
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from napari_medassist.evaluation.detection.scoring import score_case
from tests.golden.boxes import CASES, POOLED_COUNTS, SPACING_ZYX_MM, GoldenCase


def run(case: GoldenCase, cut_off: float = 0.3, **settings: float) -> CaseEvaluation:
    return evaluate(
        case.reference_mask(),
        case.prediction_mask(cut_off),
        SPACING_ZYX_MM,
        convention=MEDASSIST.with_changes(matching=settings),
    )


def four(counts: LesionCounts) -> tuple[int, int, int, int]:
    return counts.tp_reference, counts.fn, counts.tp_prediction, counts.fp


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_voxel_level(case: GoldenCase) -> None:
    result = run(case)
    assert result.dice == pytest.approx(case.dice, abs=5e-5, nan_ok=True)
    assert result.hd_mm == pytest.approx(case.hd_mm, abs=5e-4, nan_ok=True)
    assert result.hd95_mm == pytest.approx(case.hd95_mm, abs=5e-4, nan_ok=True)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_lesion_level(case: GoldenCase) -> None:
    result = run(case)
    assert four(result.counts) == case.counts
    for side, expected in (
        (Side.REFERENCE, case.reference_fractions),
        (Side.PREDICTION, case.prediction_fractions),
    ):
        found = [lesion.overlap_fraction for lesion in result.lesions_of(side)]
        assert found == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_candidates_as_picai_eval_lists_them(case: GoldenCase) -> None:
    picai = preset("picai")
    maps = case.reference_mask(), case.detection_map()
    scored = score_case(*maps, SPACING_ZYX_MM, kind="detection", convention=picai)
    found = [(int(c.is_lesion), c.confidence, c.overlap) for c in scored.candidates]
    assert found == [pytest.approx(row, abs=5e-5) for row in case.picai]
    assert scored.case_confidence == case.detection_map().max()


def test_picai_evals_strict_list_has_the_second_half_of_a_split() -> None:
    strict = preset("picai").with_changes(matching={"touching_is_not_false": False})
    maps = CASES[1].reference_mask(), CASES[1].detection_map()
    scored = score_case(*maps, SPACING_ZYX_MM, kind="detection", convention=strict)
    assert (scored.candidates[1].is_lesion, scored.candidates[1].confidence) == (False, 0.6)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_lesion_wise_dice_and_quality(case: GoldenCase) -> None:
    masks = case.reference_mask(), case.prediction_mask()
    names = ("lesion_dice", "cc_dice", "cc_dice_voxels", "pq")
    brats = preset("brats2023_gli").with_changes(
        extraction={"merge_steps": 0}, matching={"ignored_up_to_mm3": 0}
    )
    result = evaluate(*masks, SPACING_ZYX_MM, convention=brats, metrics=names)
    assert result.score("lesion_dice") == pytest.approx(case.brats_dice, abs=5e-5)
    for name in ("cc_dice", "cc_dice_voxels"):
        assert result.score(name) == pytest.approx(case.cc_dice, abs=5e-5)
    for threshold, expected in zip((0.5, 0.1), case.pq, strict=True):
        rule = preset("panoptica").with_changes(matching={"threshold_reference": threshold})
        quality = evaluate(*masks, SPACING_ZYX_MM, convention=rule).score("pq")
        assert quality == pytest.approx(expected, abs=5e-5, nan_ok=True)


def test_a_higher_share_turns_the_shifted_lesion_into_two_errors() -> None:
    shifted = CASES[-1]
    result = run(shifted, threshold_reference=0.25, threshold_prediction=0.25)
    assert four(result.counts) == (0, 1, 0, 1)


def test_the_two_shares_are_applied_each_to_its_side() -> None:
    shifted = CASES[-1]
    assert four(run(shifted, threshold_reference=0.25).counts) == (0, 1, 1, 0)
    assert four(run(shifted, threshold_prediction=0.25).counts) == (1, 0, 0, 1)


@pytest.mark.parametrize(("cut_off", "expected"), POOLED_COUNTS.items())
def test_counts_over_all_cases_at_each_cut_off(cut_off: float, expected: tuple[int, ...]) -> None:
    cohort = summarise(run(case, cut_off) for case in CASES)
    assert four(cohort.totals) == expected
    found, missed, true, false = expected
    assert cohort.micro_recall == pytest.approx(found / (found + missed))
    assert cohort.micro_precision == pytest.approx(true / (true + false))


def test_the_good_dice_with_two_lesion_errors_is_reported_as_hiding_them() -> None:
    hidden = summarise(run(case) for case in CASES).hidden_errors
    assert (hidden.n_good_cases, len(hidden.cases)) == (3, 1)
    assert (hidden.n_missed, hidden.n_false) == (1, 1)
