"""The sweep against labelling every cut-off anew."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import GeometryMismatch, InvalidGeometry, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, ProbabilityMap
from napari_medassist.core.results import LesionCounts
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, presets
from napari_medassist.evaluation.detection.component_tree import component_tree
from napari_medassist.evaluation.detection.curves import LesionCurve, pooled
from napari_medassist.evaluation.detection.sweep import at_cut_off, sweep
from napari_medassist.evaluation.rules import Assignment, Criterion
from tests.golden.boxes import CASES, POOLED_COUNTS, SPACING_ZYX_MM

SPACING = (3.0, 0.5, 0.5)
NEIGHBOURS = {6: 1, 18: 2, 26: 3}


def relabelled(
    reference: NDArray[np.bool_], probability: NDArray[np.floating], t: float, rule: Convention
) -> LesionCounts:
    """The same counts by scipy, for one cut-off, as the definition reads."""
    structure = ndimage.generate_binary_structure(3, NEIGHBOURS[rule.extraction.connectivity])
    least = rule.extraction.min_volume_mm3 * (1 - 1e-9)

    def lesions(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        labels, n = ndimage.label(mask, structure)
        parts = [labels == i for i in range(1, n + 1)]
        return [part for part in parts if part.sum() * np.prod(SPACING) >= least]

    of_reference = lesions(reference)
    of_prediction = lesions(probability >= probability.dtype.type(t))
    everything = [
        np.any(side, axis=0) if side else np.zeros_like(reference)
        for side in (of_reference, of_prediction)
    ]
    s_reference, s_prediction = rule.matching.threshold_reference, rule.matching.threshold_prediction
    r = [(part & everything[1]).sum() / part.sum() for part in of_reference]
    q = [(part & everything[0]).sum() / part.sum() for part in of_prediction]
    found = sum((x >= s_reference) if rule.matching.inclusive else (x > s_reference) for x in r)
    true = sum((x >= s_prediction) if rule.matching.inclusive else (x > s_prediction) for x in q)
    return LesionCounts(int(found), len(r) - int(found), int(true), len(q) - int(true))


def counts(curve: LesionCurve, i: int) -> LesionCounts:
    return LesionCounts(
        int(curve.tp_reference[i]), int(curve.fn[i]), int(curve.tp_prediction[i]), int(curve.fp[i])
    )


@st.composite
def maps(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.floating], Convention]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    probability = rng.integers(0, draw(st.integers(2, 12)), shape) / 12
    probability *= rng.random(shape) < draw(st.sampled_from([0.2, 0.5, 0.9]))
    reference = rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.4]))
    rule = MEDASSIST.with_changes(
        extraction={
            "connectivity": draw(st.sampled_from([6, 18, 26])),
            "min_volume_mm3": draw(st.sampled_from([0.0, 1.5, 2.25, 4.0])),
        },
        matching={
            "threshold_reference": draw(st.sampled_from([0.1, 0.5, 1.0])),
            "threshold_prediction": draw(st.sampled_from([0.1, 0.25, 0.5])),
            "inclusive": draw(st.booleans()),
        },
    )
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return reference, probability.astype(dtype), rule


@settings(max_examples=150, deadline=None)
@given(maps())
def test_equals_labelling_every_cut_off_anew_and_recall_never_falls(case) -> None:
    reference, probability, rule = case
    curve = sweep(reference, probability, SPACING, convention=rule)
    occurring = np.unique(probability[probability > 0])[::-1]
    np.testing.assert_array_equal(curve.cut_offs, occurring)
    for i, t in enumerate(occurring):
        assert counts(curve, i) == relabelled(reference, probability, float(t), rule)
    assert (np.diff(curve.tp_reference) >= 0).all()


@settings(max_examples=50, deadline=None)
@given(maps(), st.lists(st.floats(0.001, 1), min_size=1, max_size=5))
def test_given_cut_offs_are_exact(case, cut_offs) -> None:
    reference, probability, rule = case
    curve = sweep(reference, probability, SPACING, cut_offs=cut_offs, convention=rule)
    for i, t in enumerate(curve.cut_offs):
        assert counts(curve, i) == relabelled(reference, probability, float(t), rule)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([6, 18, 26]))
def test_tree_of_components(seed, connectivity) -> None:
    rng = np.random.default_rng(seed)
    levels = (rng.integers(0, 6, (4, 6, 5)) * (rng.random((4, 6, 5)) < 0.6)).astype(np.uint16)
    marked = rng.random(levels.shape) < 0.3
    tree = component_tree(levels, marked, connectivity=connectivity)
    structure = ndimage.generate_binary_structure(3, NEIGHBOURS[connectivity])
    for level in range(1, 6):
        labels, n = ndimage.label(levels >= level, structure)
        sizes = np.bincount(labels.ravel(), minlength=n + 1)[1:].tolist()
        with_mark = np.bincount(labels[marked], minlength=n + 1)[1:].tolist()
        alive = (tree.level >= level) & (tree.parent_level < level)
        ours = zip(tree.n_voxels[alive].tolist(), tree.n_marked[alive].tolist(), strict=True)
        assert sorted(ours) == sorted(zip(sizes, with_mark, strict=True))


def test_golden_cases_pooled_over_six_cut_offs() -> None:
    curve = pooled(
        sweep(case.reference_mask(), case.probability(), SPACING_ZYX_MM, cut_offs=list(POOLED_COUNTS))
        for case in CASES
    )
    rows = zip(
        *(a.tolist() for a in (curve.tp_reference, curve.fn, curve.tp_prediction, curve.fp)),
        strict=True,
    )
    assert dict(zip(curve.cut_offs.tolist(), rows, strict=True)) == POOLED_COUNTS
    assert (curve.n_cases, curve.cut_off_at_recall(0.8), curve.precision_at_recall(0.8)) == (
        6,
        0.65,
        1.0,
    )


def test_controlled_recall_over_every_probability_that_occurs() -> None:
    cut_offs = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    curve = pooled(
        sweep(case.reference_mask(), case.probability(), SPACING_ZYX_MM, cut_offs=cut_offs)
        for case in CASES
    )
    assert curve.cut_off_at_recall(0.8) == 0.7
    assert np.isnan(curve.cut_off_at_recall(0.9))
    assert np.isnan(curve.precision_at_recall(0.9))


def test_many_probabilities_are_thinned_out_and_stay_exact() -> None:
    rng = np.random.default_rng(3)
    probability = ndimage.gaussian_filter(rng.random((6, 30, 30)), 1.5)
    probability = (probability - probability.min()) / np.ptp(probability)
    reference = probability > 0.8
    curve = sweep(reference, probability, SPACING, max_cut_offs=40, lowest=0.4)
    assert curve.cut_offs.size == 40
    assert (curve.cut_offs[0], curve.cut_offs[-1]) == (1.0, probability[probability >= 0.4].min())
    for i in (0, 7, 20, 39):
        assert counts(curve, i) == relabelled(reference, probability, curve.cut_offs[i], MEDASSIST)


def test_single_precision_meets_the_cut_off_that_it_was_written_with() -> None:
    probability = np.full((1, 2, 2), 0.7, dtype=np.float32)
    curve = sweep(np.ones((1, 2, 2), dtype=bool), probability, SPACING, cut_offs=[0.7])
    assert curve.recall.tolist() == [1.0]


def test_nothing_predicted_or_nothing_to_find() -> None:
    empty, some = np.zeros((2, 4, 4)), np.zeros((2, 4, 4))
    some[0, :2, :2] = 0.5
    assert sweep(some > 0, empty, SPACING).cut_offs.size == 0
    fixed = sweep(some > 0, empty, SPACING, cut_offs=[0.2, 0.5])
    assert (fixed.tp_reference.tolist(), fixed.fp.tolist()) == ([0, 0], [0, 0])
    assert fixed.n_reference_lesions == 1
    only_false = sweep(empty > 0, some, SPACING)
    assert (only_false.fp.tolist(), only_false.n_reference_lesions) == ([1], 0)
    assert np.isnan(only_false.recall).all()


def test_maps_that_know_their_grid() -> None:
    geometry = Geometry(shape_zyx=(2, 4, 4), spacing_zyx_mm=(3.0, 0.5, 0.5))
    elsewhere = Geometry(shape_zyx=(2, 4, 4), spacing_zyx_mm=(3.0, 0.7, 0.5))
    probability = np.zeros((2, 4, 4), dtype=np.float32)
    probability[0, :2, :2] = 0.5
    reference = LabelMap(array=(probability > 0).astype(np.uint8), geometry=geometry)
    curve = sweep(reference, ProbabilityMap(array=probability, geometry=geometry))
    assert curve.recall.tolist() == [1.0]
    with pytest.raises(GeometryMismatch):
        sweep(reference, ProbabilityMap(array=probability, geometry=elsewhere))


@pytest.mark.parametrize(
    "probability",
    [
        np.full((1, 2, 2), 1.2),
        np.full((1, 2, 2), -0.1),
        np.full((1, 2, 2), np.nan),
        np.ones((1, 2, 2), dtype=np.uint8),
        np.ones((2, 2)),
        np.ones((0, 2, 2)),
    ],
    ids=["above 1", "negative", "NaN", "whole numbers", "two axes", "no voxels"],
)
def test_what_is_no_probability_is_refused(probability) -> None:
    with pytest.raises(InvalidImage, match="robabilities"):
        sweep(np.ones((1, 2, 2), dtype=bool), probability, SPACING)


@pytest.mark.parametrize(
    "setting",
    [
        {"cut_offs": [0.0, 0.5]},
        {"cut_offs": [1.5]},
        {"cut_offs": []},
        {"cut_offs": [np.nan]},
        {"lowest": 0.0},
        {"max_cut_offs": 1},
    ],
)
def test_settings_out_of_range_are_refused(setting) -> None:
    mask = np.ones((1, 2, 2), dtype=bool)
    with pytest.raises(InvalidSetting):
        sweep(mask, mask.astype(float), SPACING, **setting)


def test_arrays_need_a_spacing() -> None:
    mask = np.ones((1, 2, 2), dtype=bool)
    with pytest.raises(InvalidGeometry):
        sweep(mask, mask.astype(float))


@st.composite
def rules(draw: st.DrawFn) -> Convention:
    """Any criterion with any assignment and any way of counting."""
    return MEDASSIST.with_changes(
        extraction={
            "connectivity": draw(st.sampled_from([6, 18, 26])),
            "min_volume_mm3": draw(st.sampled_from([0.0, 1.5])),
            "merge_steps": draw(st.sampled_from([0, 0, 1])),
            "from_probability": draw(st.sampled_from(["threshold", "dynamic_fast"])),
            "min_candidate_voxels": draw(st.sampled_from([0, 2, 4])),
        },
        matching={
            "criterion": draw(st.sampled_from(get_args(Criterion))),
            "assignment": draw(st.sampled_from(get_args(Assignment))),
            "threshold_reference": draw(st.sampled_from([0.05, 0.1, 0.5])),
            "threshold_prediction": draw(st.sampled_from([0.1, 0.5])),
            "inclusive": draw(st.booleans()),
            "touching_is_not_false": draw(st.booleans()),
            "ignored_up_to_mm3": draw(st.sampled_from([0.0, 0.75, 2.25])),
        },
    )


def require_equal(one: LesionCurve, other: LesionCurve) -> None:
    assert one.n_reference_lesions == other.n_reference_lesions
    for name in ("cut_offs", "tp_reference", "fn", "tp_prediction", "fp"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@settings(max_examples=300, deadline=None)
@given(maps(), rules())
def test_every_rule_counts_as_a_fresh_evaluation_at_each_cut_off(case, rule) -> None:
    reference, probability, _ = case
    curve = sweep(reference, probability, SPACING, convention=rule)
    require_equal(curve, sweep(reference, probability, SPACING, convention=rule, anew=True))
    for i, t in enumerate(curve.cut_offs):
        fresh = evaluate(
            reference,
            probability,
            SPACING,
            kind="probability",
            convention=at_cut_off(rule, float(t)),
            metrics=(),
        ).counts
        assert fresh is not None
        assert counts(curve, i) == replace(fresh, ignored_reference=0, ignored_prediction=0)


@pytest.mark.parametrize("name", presets())
def test_every_preset_can_be_swept(name: str) -> None:
    rng = np.random.default_rng(5)
    smooth = ndimage.gaussian_filter(rng.random((8, 40, 40)), 2)
    probability = (smooth - smooth.min()) / np.ptp(smooth)
    reference = ndimage.shift(probability, (0, 0, 1), order=1) > 0.7
    settings_of_both = {"convention": presets()[name], "cut_offs": np.linspace(0.4, 1, 13)}
    curve = sweep(reference, probability, SPACING, **settings_of_both)
    require_equal(curve, sweep(reference, probability, SPACING, **settings_of_both, anew=True))
    assert curve.tp_reference.max() > 0


def test_a_rule_of_iou_can_lose_a_lesion_again_and_says_so() -> None:
    reference, probability = np.zeros((3, 12, 12), dtype=bool), np.full((3, 12, 12), 0.2)
    reference[1, 2:6, 2:6] = True
    probability[reference] = 0.8
    rule = MEDASSIST.with_changes(matching={"criterion": "iou", "assignment": "hungarian"})
    curve = sweep(reference, probability, SPACING, convention=rule)
    assert (curve.tp_reference.tolist(), curve.recall_may_fall) == ([1, 0], True)
    assert (curve.precision_at_recall(1.0), curve.sensitivity_at_fp(0)) == (1.0, 1.0)
    assert pooled([curve, curve]).recall_may_fall
    with pytest.raises(InvalidSetting, match="does not only grow"):
        _ = curve.average_precision
    with pytest.raises(InvalidSetting, match="cannot be lost"):
        replace(curve, recall_may_fall=False)


@settings(max_examples=100, deadline=None)
@given(maps(), rules())
def test_recall_never_falls_where_the_rule_promises_it(case, rule) -> None:
    curve = sweep(*case[:2], SPACING, convention=rule)
    assert curve.recall_may_fall or (np.diff(curve.tp_reference) >= 0).all()
