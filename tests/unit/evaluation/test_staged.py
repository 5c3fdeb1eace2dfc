"""Whatever was compared before: a staged case says what a comparison from scratch says."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.core.errors import Cancelled, GeometryMismatch, InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, ProbabilityMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation import stages
from napari_medassist.evaluation.case import compare
from napari_medassist.evaluation.comparison import case_evaluation
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, presets
from napari_medassist.evaluation.extraction.candidates import candidate_values
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.inputs import foreground
from napari_medassist.evaluation.matching.match import match
from napari_medassist.evaluation.staged import QUICK_METRICS, StagedCase
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.policy import with_empty_rules
from napari_medassist.metrics.registry import METRICS, voxel_scores

SPACING = (3.0, 0.5, 0.6)
METRIC_CHOICES = (None, QUICK_METRICS, ("dice", "nsd", "hd95_mm"), METRICS.names())
CHANGES: tuple[dict[str, Any], ...] = (
    *({"extraction": {"threshold": t}} for t in (0.0, 0.3, 0.5, 0.7, 1.0)),
    *({"extraction": {"from_probability": m}} for m in ("threshold", "static", "dynamic")),
    {"extraction": {"from_probability": "dynamic_fast", "min_candidate_voxels": 2}},
    *({"extraction": {"connectivity": c}} for c in (6, 26)),
    *({"extraction": {"min_volume_mm3": v}} for v in (0.0, 1.8)),
    *({"extraction": {"merge_steps": n}} for n in (0, 1)),
    *({"matching": {"threshold_reference": t}} for t in (0.1, 0.4)),
    *({"matching": {"criterion": c}} for c in ("overlap", "iou", "centroid_in_mask")),
    *({"matching": {"assignment": a}} for a in ("many_to_many", "hungarian", "surest_of_each")),
    {"surface": {"tolerance_mm": 3.0, "aggregation": "pooled"}},
    {"surface": {"border": "surface_elements"}},
    {"surface": {"array_edge_is_background": False}},
    {"empty_overlap": {"both": "best_if_both"}, "empty_distance": {"reference_only": "worst"}},
)


def told(result: CaseEvaluation) -> dict[str, str]:
    """Return all fields to the last digit; NaN is the same as NaN."""
    return {part.name: repr(getattr(result, part.name)) for part in fields(result)}


def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return (rng.random(shape) < rng.choice([0.0, 0.03, 0.1])).astype(np.uint8)


def confidences(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    values = np.where(noise(rng, shape), rng.choice([0.3, 0.5, 0.7, 1.0], shape), 0)
    return values.astype(rng.choice([np.float16, np.float32, np.float64]))


def stroke(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    """Paint in place, as a layer of labels does."""
    z, y, x = rng.integers(0, array.shape)
    array[z, y : y + 2, x : x + 3] = rng.integers(0, 2)
    return array


@given(seed=st.integers(0, 2**32 - 1), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_changes_equals_comparing_anew(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, 8, 3))
    kind = data.draw(st.sampled_from(("labels", "probability")))
    reference = noise(rng, shape)
    prediction = noise(rng, shape) if kind == "labels" else confidences(rng, shape)
    case = StagedCase(reference, prediction, SPACING, kind=kind, case="a")
    convention = MEDASSIST
    for _ in range(6):
        act = data.draw(st.sampled_from(("change", "change", "preset", "reference", "prediction")))
        if act == "change":
            convention = convention.with_changes(**data.draw(st.sampled_from(CHANGES)))
        elif act == "preset":
            convention = data.draw(st.sampled_from(tuple(presets().values())))
        elif act == "reference":
            case = case.with_reference(stroke(rng, reference))
        else:
            case = case.with_prediction(stroke(rng, prediction))
        metrics = data.draw(st.sampled_from(METRIC_CHOICES))
        found = case.under(convention, metrics=metrics)
        anew = compare(
            reference, prediction, SPACING, kind=kind, convention=convention, metrics=metrics, case="a"
        )
        assert told(found.evaluation) == told(anew.evaluation)
        for one, other in ((found.reference, anew.reference), (found.prediction, anew.prediction)):
            assert one.box == other.box
            assert np.array_equal(one.labels, other.labels)


@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(tuple(presets())))
@settings(max_examples=60, deadline=None)
def test_the_stages_one_after_the_other_give_the_same(seed: int, name: str) -> None:
    """The other way: masks of the whole grid, and lesions in their one box, nothing kept."""
    rng = np.random.default_rng(seed)
    shape, convention = tuple(rng.integers(2, 8, 3)), presets()[name]
    rule, reference = convention.extraction, noise(rng, shape)
    for prediction, kind in ((noise(rng, shape), "labels"), (confidences(rng, shape), "probability")):
        of_map = kind == "probability"
        values = candidate_values(prediction, rule, "probability") if of_map else prediction
        pair = MaskPair.of(reference > 0, values > 0, SPACING, rule=convention.surface)
        first = find_lesions(pair, Side.REFERENCE, rule=rule)
        second = find_lesions(pair, Side.PREDICTION, rule=rule, confidence=values if of_map else None)
        matched = match(first, second, convention.matching, spacing_zyx_mm=SPACING)
        expected = case_evaluation(matched, {}, convention.settings(), spacing_zyx_mm=SPACING)
        rules = {"overlap": convention.empty_overlap, "distance": convention.empty_distance}
        scores = with_empty_rules(voxel_scores(pair), pair, **rules)
        found = StagedCase(reference, prediction, SPACING, kind=kind).under(convention).evaluation
        assert {n: repr(found.scores[n]) for n in scores} == {n: repr(v) for n, v in scores.items()}
        assert told(replace(found, scores=expected.scores)) == told(expected)


def counted(monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> list[int]:
    calls: list[int] = []
    honest = getattr(place, name)
    monkeypatch.setattr(place, name, lambda *a, **k: (calls.append(1), honest(*a, **k))[1])
    return calls


@pytest.fixture
def masks() -> tuple[np.ndarray, np.ndarray]:
    reference, prediction = np.zeros((2, 6, 20, 24), dtype=np.uint8)
    reference[1:4, 2:10, 2:10] = reference[2, 14:17, 14:17] = 1
    prediction[1:4, 2:10, 3:11] = prediction[4, 2:5, 18:22] = 1
    return reference, prediction


def test_only_what_a_change_touches_is_computed(
    masks: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    lesions = counted(monkeypatch, stages, "find_lesions")
    graphs = counted(monkeypatch, stages.MatchGraph, "of")
    judged = counted(monkeypatch, stages, "matched_on")
    case = StagedCase(*masks, SPACING)

    def work(**changes: Any) -> tuple[int, int, int]:
        before = len(lesions), len(graphs), len(judged)
        case.under(MEDASSIST.with_changes(**changes))
        return len(lesions) - before[0], len(graphs) - before[1], len(judged) - before[2]

    assert work() == (2, 1, 1)
    assert work() == (0, 0, 0)
    assert work(matching={"threshold_reference": 0.5}) == (0, 0, 1)
    assert work(surface={"tolerance_mm": 2}) == (0, 0, 1)
    assert work(empty_overlap={"both": "worst"}) == (0, 0, 1)  # two settings are kept, not three
    assert work(extraction={"min_volume_mm3": 10}) == (2, 1, 1)
    assert work(extraction={"threshold": 0.7}) == (0, 0, 0)  # of masks no cut-off is asked


def test_distances_are_kept_until_the_surface_is_another_one(
    masks: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_medassist.metrics import pair

    measured = counted(monkeypatch, pair, "surface_distances")
    case = StagedCase(*masks, SPACING)
    case.under(MEDASSIST, metrics=QUICK_METRICS)
    assert not measured
    for tolerance in (1.0, 2.0, 3.0, 4.0):
        case.under(
            MEDASSIST.with_changes(surface={"tolerance_mm": tolerance}), metrics=("nsd", "hd_mm")
        )
    case.under(MEDASSIST.with_changes(extraction={"connectivity": 6}))
    assert len(measured) == 1
    case.under(MEDASSIST.with_changes(surface={"border": "surface_elements"}))
    assert len(measured) == 2


def test_a_stroke_leaves_the_other_side_alone(
    masks: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, prediction = masks
    case = StagedCase(reference, prediction.astype(np.float32), SPACING, kind="probability")
    before = case.under()
    maps = counted(monkeypatch, foreground, "_highest")
    lesions = counted(monkeypatch, stages, "find_lesions")
    reference[3, 4, 4] = 0  # within the box, so that the crop stays
    after = case.with_reference(reference).under()
    assert not maps
    assert len(lesions) == 1
    assert after.prediction is before.prediction
    assert after.evaluation.volume_reference_ml < before.evaluation.volume_reference_ml


def test_an_edited_array_lies_where_the_old_one_did() -> None:
    geometry = Geometry((4, 6, 6), SPACING, (10.0, 20.0, 30.0))
    values = np.zeros((4, 6, 6), dtype=np.uint8)
    values[1:3, 2:4, 2:4] = 1
    labels = LabelMap(array=values, geometry=geometry)
    edited = values.copy()
    edited[0, 0, 0] = 1
    for case in (StagedCase(labels, labels), StagedCase(labels, values)):
        found = case.with_reference(edited).under().evaluation
        assert told(found) == told(compare(labels.__class__(edited, geometry), labels).evaluation)
    with pytest.raises(InvalidImage, match="negative"):
        StagedCase(labels, labels).with_reference(edited.astype(np.int8) - 1)
    moved = LabelMap(array=edited, geometry=Geometry((4, 6, 6), SPACING, (11.0, 20.0, 30.0)))
    with pytest.raises(GeometryMismatch):
        StagedCase(labels, labels).with_reference(moved).under()
    with pytest.raises(GeometryMismatch, match="Different shapes"):
        StagedCase(values, values, SPACING).with_reference(edited[:3]).under()
    with pytest.raises(InvalidImage):
        StagedCase(labels, labels).with_prediction(ProbabilityMap(edited / 2.0, geometry))


def test_work_can_be_stopped_between_stages(masks: tuple[np.ndarray, np.ndarray]) -> None:
    case = StagedCase(*masks, SPACING)
    steps: list[int] = []

    def stop(done: int, total: int, message: str) -> None:
        steps.append(done)
        if message == "Comparing the voxels":
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        case.under(progress=stop)
    assert steps == [0, 1, 2]
    assert told(case.under().evaluation) == told(compare(*masks, SPACING).evaluation)


def test_no_more_is_kept_than_was_promised(masks: tuple[np.ndarray, np.ndarray]) -> None:
    reference, prediction = masks
    values = prediction * np.linspace(0.1, 1, prediction.size).reshape(prediction.shape)
    case = StagedCase(reference, values, SPACING, kind="probability", n_kept=3)
    for step in range(1, 9):
        case.under(MEDASSIST.with_changes(extraction={"threshold": step / 10}))
        case = case.with_reference(reference)
    assert {len(kept) for kept in case._stages.kept._stages.values()} == {1, 3}


def test_the_masks_and_lesions_of_a_convention_can_be_asked_for(
    masks: tuple[np.ndarray, np.ndarray],
) -> None:
    case = StagedCase(*masks, SPACING)
    convention: Convention = MEDASSIST
    matched = case.matched(convention)
    assert (len(matched.reference), len(matched.prediction)) == (2, 2)
    assert case.masks(convention).n_reference == np.count_nonzero(masks[0])
    assert (case.kind, case.spacing_zyx_mm) == ("labels", SPACING)
    assert {lesion.side for lesion in matched.reference} == {Side.REFERENCE}
