"""Judging again from the match graph equals comparing the images again, case by case and in all."""

from __future__ import annotations

from dataclasses import fields, replace
from math import isnan
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, LesionVerdict, Status
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, preset
from napari_medassist.evaluation.rejudging.cohort_graph import CohortGraph, can_rejudge, rejudged
from napari_medassist.evaluation.rules import Assignment, Criterion, MatchingRule

SPACING = (3.0, 0.5, 0.6)
FOLLOWED = tuple(c for c in get_args(Criterion) if c != "centroid_in_mask")


def told(result: CaseEvaluation) -> dict[str, str]:
    return {part.name: repr(getattr(result, part.name)) for part in fields(result)}


def cohort(rng: np.random.Generator, n_cases: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Speckled masks: many lesions, of which many compete."""
    return [
        tuple((rng.random((3, 8, 9)) < rng.choice([0.0, 0.04, 0.12])).astype(np.uint8) for _ in "ab")  # type: ignore[misc]
        for _ in range(n_cases)
    ]


def compared(
    pairs: list[tuple[np.ndarray, np.ndarray]], convention: Convention
) -> list[CaseEvaluation]:
    return [
        evaluate(one, other, SPACING, convention=convention, case=f"case {number}")
        for number, (one, other) in enumerate(pairs)
    ]


matching_rules = st.builds(
    MatchingRule,
    criterion=st.sampled_from(FOLLOWED),
    assignment=st.sampled_from(get_args(Assignment)),
    threshold_reference=st.sampled_from((0.1, 0.25, 0.5, 1.0)),
    threshold_prediction=st.sampled_from((0.1, 0.5, 1.0)),
    inclusive=st.booleans(),
    touching_is_not_false=st.booleans(),
    ignored_up_to_mm3=st.sampled_from((0.0, 0.9, 1.8, 5.0)),
)


@given(
    seed=st.integers(0, 2**32 - 1),
    rule=matching_rules,
    connectivity=st.sampled_from((6, 26)),
    volume_mm3=st.sampled_from((0.0, 0.9, 1.8, 2.7)),
)
@settings(max_examples=120, deadline=None)
def test_judging_again_equals_comparing_again(
    seed: int, rule: MatchingRule, connectivity: int, volume_mm3: float
) -> None:
    pairs = cohort(np.random.default_rng(seed), 6)
    old = MEDASSIST.with_changes(extraction={"connectivity": connectivity, "min_volume_mm3": 0.9})
    volume_mm3 = max(volume_mm3, 0.9)
    new = replace(old, matching=rule, extraction=replace(old.extraction, min_volume_mm3=volume_mm3))
    before, after = compared(pairs, old), compared(pairs, new)
    assert [told(rejudged(case, new)) for case in before] == [told(case) for case in after]

    verdicts = CohortGraph.of(before).judged(rule, min_volume_mm3=volume_mm3)
    summary = summarise(after, convention=new)
    assert verdicts.totals == summary.totals
    assert repr(verdicts.micro_scores["lesion_recall"]) == repr(summary.micro_recall)
    assert repr(verdicts.micro_scores["lesion_precision"]) == repr(summary.micro_precision)
    for good_dice in (0.1, 0.3):
        expected = summarise(after, convention=replace(new, good_dice=good_dice)).hidden_errors
        assert verdicts.hidden_errors(good_dice) == expected
    for place, case in enumerate(after):
        assert verdicts.counts_of(place) == case.counts
        for name in (field.name for field in fields(verdicts.counts)):
            count = getattr(verdicts.counts, name)[place]
            assert count == getattr(case, name.replace("ignored_", "n_ignored_"))
        for name in ("lesion_recall", "lesion_precision", "lesion_f1"):
            assert repr(float(getattr(verdicts.counts, name)[place])) == repr(case.score(name))


@given(seed=st.integers(0, 2**32 - 1), rule=matching_rules)
@settings(max_examples=40, deadline=None)
def test_each_lesion_has_its_verdict(seed: int, rule: MatchingRule) -> None:
    pairs = cohort(np.random.default_rng(seed), 4)
    verdicts = CohortGraph.of(compared(pairs, MEDASSIST)).judged(rule)
    lesions = [n for case in compared(pairs, replace(MEDASSIST, matching=rule)) for n in case.lesions]
    for side, flags in (
        (Side.REFERENCE, (verdicts.found, verdicts.missed, verdicts.ignored_reference)),
        (Side.PREDICTION, (verdicts.true, verdicts.false, verdicts.ignored_prediction)),
    ):
        names = (LesionVerdict.FOUND, LesionVerdict.MISSED)
        if side is Side.PREDICTION:
            names = (LesionVerdict.TRUE, LesionVerdict.FALSE)
        own = [lesion.verdict for lesion in lesions if lesion.side is side]
        for verdict, flag in zip((*names, LesionVerdict.IGNORED), flags, strict=True):
            assert flag.tolist() == [v is verdict for v in own]


def test_lesions_that_become_too_small_have_no_verdict() -> None:
    pairs = cohort(np.random.default_rng(1), 10)
    graph = CohortGraph.of(compared(pairs, MEDASSIST))
    verdicts = graph.judged(MEDASSIST.matching, min_volume_mm3=2.7)
    any_verdict = verdicts.found | verdicts.missed | verdicts.ignored_reference
    assert any_verdict.tolist() == (graph.reference.n_voxels >= 3).tolist()
    assert verdicts.counts.n_dropped_reference.sum() == np.count_nonzero(~any_verdict)
    assert verdicts.further_totals.n_dropped_reference == np.count_nonzero(~any_verdict)


def test_detections_keep_their_confidences() -> None:
    rng = np.random.default_rng(4)
    rule = MatchingRule(criterion="any_overlap", assignment="greedy_by_confidence")
    for _ in range(20):
        (reference, called), *_ = cohort(rng, 1)
        values = called * rng.choice([0.2, 0.6, 0.9], called.shape)
        old = MEDASSIST.with_changes(extraction={"threshold": 0.1})
        new = replace(old, matching=rule)
        before, after = (
            evaluate(reference, values, SPACING, kind="probability", convention=c) for c in (old, new)
        )
        assert told(rejudged(before, new)) == told(after)
        assert CohortGraph.of([before]).judged(rule).totals == after.counts


def test_cases_that_were_not_compared_count_nothing() -> None:
    pairs = cohort(np.random.default_rng(2), 3)
    broken = CaseEvaluation("broken", Status.ERROR, "no", convention=MEDASSIST.settings())
    cases = [*compared(pairs[:2], MEDASSIST), broken, *compared(pairs[2:], MEDASSIST)]
    graph = CohortGraph.of(cases)
    verdicts = graph.judged(MEDASSIST.matching)
    assert (len(graph), graph.compared.tolist()) == (4, [True, True, False, True])
    assert verdicts.totals == summarise(cases).totals
    assert verdicts.counts.fn[2] == 0
    assert isnan(verdicts.dice[2])
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.5})
    assert told(rejudged(broken, strict)) == told(replace(broken, convention=strict.settings()))


def test_a_cohort_of_no_use_is_refused() -> None:
    (case,) = compared(cohort(np.random.default_rng(3), 1), MEDASSIST)
    with pytest.raises(InvalidSetting, match="no case"):
        CohortGraph.of([])
    with pytest.raises(InvalidSetting, match="spacing of case 'case 0'"):
        CohortGraph.of([replace(case, spacing_zyx_mm=None)])
    other = replace(case, convention=preset("picai").settings())
    with pytest.raises(InvalidSetting, match="another convention"):
        CohortGraph.of([case, other])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"extraction": {"connectivity": 6}}, "extraction.connectivity"),
        ({"extraction": {"threshold": 0.4}}, "extraction.threshold"),
        ({"extraction": {"merge_steps": 1}}, "extraction.merge_steps"),
        ({"surface": {"border": "surface_elements"}}, "surface.border"),
        ({"empty_overlap": {"both": "worst"}}, "empty_overlap.both"),
        ({"grid_tolerance_mm": 5.0}, "grid_tolerance_mm"),
        ({"matching": {"criterion": "centroid_in_mask"}}, "centroid"),
    ],
)
def test_what_needs_the_images_is_refused_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    new = MEDASSIST.with_changes(**changes)
    allowed = can_rejudge(MEDASSIST, new)
    assert not allowed
    assert reason in allowed.reason
    (case,) = compared(cohort(np.random.default_rng(3), 1), MEDASSIST)
    with pytest.raises(InvalidSetting, match="cannot be judged again"):
        rejudged(case, new)


def test_what_can_be_followed_is_allowed() -> None:
    assert can_rejudge(MEDASSIST, MEDASSIST.with_changes(good_dice=0.5, name="other"))
    assert can_rejudge(MEDASSIST, MEDASSIST.with_changes(extraction={"case_confidence": "any_of_all"}))
    lower = MEDASSIST.with_changes(extraction={"threshold": 0.4})
    assert can_rejudge(MEDASSIST, lower, of_maps=False)
    large = MEDASSIST.with_changes(extraction={"min_volume_mm3": 10})
    assert can_rejudge(MEDASSIST, large)
    assert "min_volume_mm3" in can_rejudge(large, MEDASSIST).reason
    assert not can_rejudge(MEDASSIST, MEDASSIST, metrics=("dice", "lesion_hd95_mm"))
    assert can_rejudge(MEDASSIST, MEDASSIST, metrics=("dice", "hd95_mm", "pq", "lesion_dice"))
    merging = MEDASSIST.with_changes(extraction={"merge_steps": 1})
    assert can_rejudge(merging, merging.with_changes(matching={"threshold_reference": 0.5}))
    dilated = merging.with_changes(matching={"criterion": "any_overlap"})
    assert "dilated" in can_rejudge(merging, dilated).reason
    graph = CohortGraph.of(compared(cohort(np.random.default_rng(5), 2), large))
    with pytest.raises(InvalidSetting, match="min_volume_mm3"):
        graph.judged(MEDASSIST.matching, min_volume_mm3=5)


def test_the_memory_of_a_cohort_is_told() -> None:
    graph = CohortGraph.of(compared(cohort(np.random.default_rng(6), 30), MEDASSIST))
    n_lesions = len(graph.reference) + len(graph.prediction)
    assert 0 < graph.n_bytes < 60 * len(graph) + 50 * n_lesions + 24 * len(graph.edges)
