"""Gaps, hidden errors, false alarms and perceived errors against masks and counting by hand."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.results import CaseEvaluation, LesionCounts, Status
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.disagreement import (
    false_alarms,
    hidden_errors,
    lesion_f1,
    ranked_gaps,
)
from napari_medassist.evaluation.perceived import case_wise_errors, perceived_errors
from tests.golden.boxes import CASES, SPACING_ZYX_MM

GOLDEN = [evaluate(c.reference_mask(), c.prediction_mask(), SPACING_ZYX_MM, case=c.name) for c in CASES]
HIDING = "a good Dice that hides a missed and a false lesion"


def case(name: str, dice: float, *counts: int, status: Status = Status.OK) -> CaseEvaluation:
    ok = status is Status.OK
    return CaseEvaluation(
        name, status, scores={"dice": dice}, counts=LesionCounts(*counts) if ok else None
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((2, 0, 1, 0), 1.0),
        ((1, 1, 1, 0), 2 / 3),
        ((1, 1, 1, 2), 0.4),
        ((1, 0, 0, 1), 0.0),  # found by something that is itself false
        ((0, 1, 0, 0), 0.0),
        ((0, 0, 0, 2), 0.0),
        ((0, 0, 0, 0), nan),
        ((1, 0, 1, 0, 3, 2), 1.0),  # ignored lesions are neither right nor wrong
        ((0, 0, 0, 0, 1, 1), nan),
    ],
)
def test_lesion_f1(counts, expected) -> None:
    assert lesion_f1(LesionCounts(*counts)) == pytest.approx(expected, nan_ok=True)


def test_gap_by_hand_with_ties_and_undefined_cases() -> None:
    gaps = ranked_gaps(
        [
            case("flattered", 0.9, 1, 1, 1, 1),  # 5th by Dice, 2nd by F1
            case("plain", 0.8, 1, 0, 1, 0),  # 4th by Dice, 3rd to 5th by F1
            case("belittled", 0.1, 1, 0, 1, 0),  # 2nd by Dice, 3rd to 5th by F1
            case("third", 0.3, 1, 0, 1, 0),  # 3rd by Dice, 3rd to 5th by F1
            case("healthy", nan, 0, 0, 0, 0),
            case("missed", 0.0, 0, 1, 0, 0),  # 1st by both
            case("broken", nan, status=Status.ERROR),
        ]
    )
    assert [c.gap for c in gaps.cases[:4]] == [3 / 5, 0, -1 / 5, 0]
    assert gaps.cases[5].gap == 0
    assert isnan(gaps.cases[4].gap)
    assert (len(gaps.cases), gaps.n_defined, gaps.n_undefined) == (6, 5, 1)
    assert [c.case for c in gaps.largest_first()] == [
        "flattered",
        "belittled",
        "missed",
        "plain",
        "third",
    ]


def test_gaps_of_no_case_and_of_one() -> None:
    assert ranked_gaps([]).largest_first() == ()
    (only,) = ranked_gaps([case("a", 0.5, 1, 0, 1, 0)]).cases
    assert only.gap == 0


values = st.tuples(st.sampled_from([0.0, 0.3, 0.7, 0.9, nan]), *[st.integers(0, 2)] * 4)


@settings(max_examples=100, deadline=None)
@given(st.lists(values, max_size=12))
def test_gaps_follow_their_definition(rows) -> None:
    cases = [case(str(i), dice, *counts) for i, (dice, *counts) in enumerate(rows)]
    gaps = ranked_gaps(cases)
    ranked = [c for c in gaps.cases if not isnan(c.gap)]
    assert len(ranked) == gaps.n_defined == len(cases) - gaps.n_undefined
    for c in ranked:
        # All ranks that a case may have: after all smaller values, before all larger ones.
        by_dice, by_f1 = (
            range(sum(o < own for o in others) + 1, sum(o <= own for o in others) + 1)
            for own, others in (
                (c.dice, [o.dice for o in ranked]),
                (c.lesion_f1, [o.lesion_f1 for o in ranked]),
            )
        )
        nearest = min((a - b for a in by_dice for b in by_f1), key=abs)
        assert c.gap == pytest.approx(nearest / len(ranked))
    backwards = {c.case: c.gap for c in ranked_gaps(cases[::-1]).cases}
    assert all(c.gap == pytest.approx(backwards[c.case], nan_ok=True) for c in gaps.cases)


def test_hidden_errors_and_false_alarms_of_the_golden_cases() -> None:
    hidden = hidden_errors(GOLDEN, good_dice=0.75)
    assert (hidden.n_good_cases, hidden.cases, hidden.n_missed, hidden.n_false) == (2, (HIDING,), 1, 1)
    alarms = false_alarms(GOLDEN, good_dice=0.75)
    assert alarms.n_poor_cases == 3
    assert alarms.cases == ("merge: one prediction over two lesions", "shifted by 8 voxels")


def perceived_by_hand(
    reference: NDArray[np.bool_], prediction: NDArray[np.bool_], d: float, s: float
) -> tuple[int, int]:
    """Perceived and actual errors of the first mask, by going through its components."""
    structure = np.ones((3, 3, 3))
    own, n = ndimage.label(reference, structure)
    other, _ = ndimage.label(prediction, structure)
    perceived = actual = 0
    for i in range(1, n + 1):
        lesion = own == i
        touching = np.isin(other, np.setdiff1d(other[lesion], [0]))
        dice = 2 * (lesion & touching).sum() / (lesion.sum() + touching.sum())
        perceived += dice < d
        actual += (lesion & prediction).sum() / lesion.sum() < s
    return int(perceived), int(actual)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 0.4, 0.5, 0.7, 1.0]),
    st.sampled_from([0.1, 0.25, 0.5, 1.0]),
)
def test_perceived_and_actual_errors_by_hand(seed, d, s) -> None:
    rng = np.random.default_rng(seed)
    masks = [tuple(rng.random((2, 3, 6, 7)) < rng.choice([0.05, 0.2])) for _ in range(3)]
    cases = [evaluate(r, p, (1, 1, 1)) for r, p in masks]
    (errors,) = perceived_errors(cases, dice_cut_offs=[d], overlap_cut_offs=[s])
    missed = np.sum([perceived_by_hand(r, p, d, s) for r, p in masks], axis=0)
    false = np.sum([perceived_by_hand(p, r, d, s) for r, p in masks], axis=0)
    assert (errors.fn_perceived, errors.fn_actual) == tuple(missed)
    assert (errors.fp_perceived, errors.fp_actual) == tuple(false)
    assert errors.fn_difference == abs(missed[0] - missed[1])
    assert errors.fp_difference == abs(false[0] - false[1])


def test_case_wise_errors_agree_with_hidden_errors_and_false_alarms() -> None:
    cut_offs = (0.3, 0.75, 0.9)
    for errors in case_wise_errors(GOLDEN, dice_cut_offs=cut_offs, overlap_cut_offs=[0.1]):
        hidden = hidden_errors(GOLDEN, good_dice=errors.dice_cut_off)
        alarms = false_alarms(GOLDEN, good_dice=errors.dice_cut_off)
        assert errors.n_good_cases == hidden.n_good_cases
        assert (errors.n_hiding_cases, errors.n_missed, errors.n_false) == (
            len(hidden.cases), hidden.n_missed, hidden.n_false,
        )  # fmt: skip
        assert (errors.n_poor_cases, errors.n_false_alarms) == (alarms.n_poor_cases, len(alarms.cases))
        assert errors.n_good_cases + errors.n_poor_cases + errors.n_undefined == len(GOLDEN)


def test_a_stricter_overlap_is_another_truth() -> None:
    loose, strict = case_wise_errors(GOLDEN, dice_cut_offs=[0.1], overlap_cut_offs=[0.1, 0.25])
    assert (loose.n_missed, loose.n_false) == (1, 1)
    assert (strict.n_missed, strict.n_false) == (2, 2)  # the shifted one, with 0.2 on both sides


def test_nothing_to_perceive() -> None:
    broken = [case("a", nan, status=Status.ERROR)]
    (errors,) = perceived_errors(broken, dice_cut_offs=[0.5], overlap_cut_offs=[0.1])
    assert (errors.fn_perceived, errors.fp_actual) == (0, 0)
    (by_case,) = case_wise_errors([], dice_cut_offs=[0.5], overlap_cut_offs=[0.1])
    assert by_case.n_good_cases == 0


@pytest.mark.parametrize("value", [0.0, 1.1, nan])
def test_cut_offs_out_of_range_are_refused(value) -> None:
    with pytest.raises(InvalidSetting):
        perceived_errors([], dice_cut_offs=[value], overlap_cut_offs=[0.1])
    with pytest.raises(InvalidSetting):
        case_wise_errors([], dice_cut_offs=[0.5], overlap_cut_offs=[value])
