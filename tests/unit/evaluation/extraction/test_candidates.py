from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.core.errors import GeometryMismatch, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import DetectionMap, LabelMap, ProbabilityMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.evaluation.extraction.candidates import candidate_values
from napari_medassist.evaluation.rules import ExtractionRule

SHAPE = (6, 30, 30)
SPACING = (3.0, 0.5, 0.5)
LARGE, TINY, FAINT = np.s_[1:4, 2:6, 2:6], np.s_[2:3, 10:12, 2:5], np.s_[1:4, 20:24, 10:14]
REFERENCE = np.zeros(SHAPE, dtype=np.uint8)
REFERENCE[LARGE] = 1


def peaks(large: float = 0.0, tiny: float = 0.0, faint: float = 0.0) -> np.ndarray:
    values = np.zeros(SHAPE, dtype=np.float32)
    values[LARGE], values[TINY], values[FAINT] = large, tiny, faint
    return values


def found(values: np.ndarray, method: str, **settings_: object) -> list[float]:
    """Return the confidences of the candidates of a probability map, falling."""
    extraction = {"from_probability": method, **settings_}
    convention = MEDASSIST.with_changes(extraction=extraction)
    result = evaluate(REFERENCE, values, SPACING, kind="probability", convention=convention)
    lesions = result.lesions_of(Side.PREDICTION)
    return sorted((round(n.confidence or 0, 4) for n in lesions), reverse=True)


class TestProbabilityMaps:
    def test_a_cut_off_is_inclusive_and_keeps_every_size(self) -> None:
        values = peaks(large=0.5, tiny=0.75, faint=0.25)
        assert found(values, "threshold", threshold=0.5) == [0.75, 0.5]
        assert found(values, "threshold", threshold=0.51) == [0.75]

    def test_static_drops_what_has_ten_voxels_or_fewer(self) -> None:
        values = peaks(large=0.5, tiny=0.75)
        assert found(values, "static", threshold=0.1) == [0.5]
        assert found(values, "static", threshold=0.1, min_candidate_voxels=6) == [0.75, 0.5]

    def test_dynamic_fast_cuts_at_the_highest_value_over_the_factor(self) -> None:
        values = peaks(large=0.9, faint=0.35)
        assert found(values, "dynamic_fast") == [0.9]
        assert found(values, "dynamic_fast", dynamic_factor=3) == [0.9, 0.35]

    def test_dynamic_gives_each_candidate_a_cut_off_of_its_own(self) -> None:
        values = peaks(large=0.9, faint=0.35)
        assert found(values, "dynamic") == [0.9, 0.35]
        assert found(values, "dynamic", max_candidates=1) == [0.9]

    def test_dynamic_goes_on_where_all_components_are_too_small(self) -> None:
        """The first version takes the whole image for a candidate here and ends."""
        assert found(peaks(tiny=0.9, faint=0.3), "dynamic") == [0.3]

    def test_dynamic_takes_no_candidate_beside_another(self) -> None:
        values = peaks(large=0.9)
        values[1:4, 6:12, 2:6] = 0.3  # below 0.9 / 2.5, next to the first candidate
        assert found(values, "dynamic") == [0.9]
        values[1:4, 6, 2:6] = 0
        assert found(values, "dynamic") == [0.9, 0.3]

    @settings(deadline=None, max_examples=30)
    @given(st.integers(0, 2**32 - 1), st.sampled_from(("static", "dynamic", "dynamic_fast")))
    def test_it_ends_on_noise_and_changes_no_input(self, seed: int, method: str) -> None:
        values = np.random.default_rng(seed).random((4, 9, 9))
        before = values.copy()
        kept = candidate_values(values, ExtractionRule(from_probability=method), "probability")
        assert (values == before).all()
        assert ((kept == values) | (kept == 0)).all()

    def test_nothing_gives_no_candidate(self) -> None:
        for method in ("threshold", "static", "dynamic", "dynamic_fast"):
            assert found(peaks(), method, threshold=0.0) == []

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
    def test_every_precision_is_taken(self, dtype: type) -> None:
        values = peaks(large=0.9, faint=0.35).astype(dtype)
        assert found(values, "dynamic") == pytest.approx([0.9, 0.35], abs=1e-3)

    def test_the_mask_of_a_map_is_all_its_candidates(self) -> None:
        values = peaks(large=0.9, tiny=0.9)
        convention = MEDASSIST.with_changes(extraction={"from_probability": "static"})
        result = evaluate(REFERENCE, values, SPACING, kind="probability", convention=convention)
        assert (result.dice, result.tp_reference, result.fp) == (1, 1, 0)

    def test_metrics_from_probabilities_come_on_request(self) -> None:
        values = peaks(large=1.0)
        names = ("brier", "dice")
        result = evaluate(REFERENCE, values, SPACING, kind="probability", metrics=names)
        assert (result.score("brier"), result.score("dice")) == (0, 1)


class TestDetectionMaps:
    def test_each_component_is_a_candidate_with_its_value(self) -> None:
        scored = score_case(REFERENCE, peaks(large=0.9, tiny=0.2), SPACING, kind="detection")
        told = [(c.is_lesion, round(c.confidence, 4), c.overlap) for c in scored.candidates]
        assert told == [(True, 0.9, 1), (False, 0.2, 0)]
        assert scored.case_confidence == pytest.approx(0.9)

    def test_a_component_with_several_values_is_named(self) -> None:
        values = peaks(large=0.9, tiny=0.2)
        values[2, 11, 4] = 0.3
        with pytest.raises(InvalidImage, match=r"Component 2 .*z 2-2, y 10-11, x 2-4.*0\.2 to 0\.3"):
            evaluate(REFERENCE, values, SPACING, kind="detection")

    def test_what_a_component_is_follows_the_connectivity(self) -> None:
        values = peaks(large=0.9)
        values[1, 6, 6] = 0.5  # touches the large one at a corner
        with pytest.raises(InvalidImage, match="Component 1"):
            evaluate(REFERENCE, values, SPACING, kind="detection")
        faces = MEDASSIST.with_changes(extraction={"connectivity": 6})
        result = evaluate(REFERENCE, values, SPACING, kind="detection", convention=faces)
        assert result.n_predicted_lesions == 2


class TestBadMaps:
    @pytest.mark.parametrize("kind", ["probability", "detection"])
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (peaks(large=1.5), "from 0 to 1"),
            (peaks(large=-0.5), "from 0 to 1"),
            (peaks(large=np.nan), "not finite"),
            (REFERENCE, "floating point"),
            (REFERENCE * np.uint8(100), "floating point"),
            (peaks()[0], "three axes"),
            (peaks()[:0], "three axes"),
        ],
    )
    def test_they_are_refused(self, kind: str, values: np.ndarray, message: str) -> None:
        with pytest.raises(InvalidImage, match=message):
            evaluate(REFERENCE, values, SPACING, kind=kind)  # type: ignore[arg-type]

    def test_a_map_is_no_reference(self) -> None:
        with pytest.raises(InvalidImage, match="Threshold"):
            evaluate(ProbabilityMap(peaks(0.5), Geometry(SHAPE, SPACING)), REFERENCE)  # type: ignore[arg-type]

    def test_the_kind_must_be_known_and_fit_the_type(self) -> None:
        with pytest.raises(InvalidSetting, match="kind is one of"):
            evaluate(REFERENCE, peaks(0.5), SPACING, kind="softmax")  # type: ignore[arg-type]
        labels = LabelMap(REFERENCE, Geometry(SHAPE, SPACING))
        with pytest.raises(InvalidSetting, match="LabelMap"):
            evaluate(REFERENCE, labels, kind="probability")

    def test_fractional_values_without_a_kind_are_no_labels(self) -> None:
        with pytest.raises(InvalidImage, match="fractional"):
            evaluate(REFERENCE, peaks(0.5), SPACING)


def test_types_and_kinds_say_the_same() -> None:
    geometry = Geometry(SHAPE, SPACING)
    values = peaks(large=0.9, tiny=0.6)
    reference = LabelMap(REFERENCE, geometry)
    for made, kind in ((ProbabilityMap, "probability"), (DetectionMap, "detection")):
        by_type = evaluate(reference, made(values, geometry))
        by_kind = evaluate(REFERENCE, values, SPACING, kind=kind)
        as_image = evaluate(reference, Volume(values, geometry), kind=kind)
        assert by_type.counts == by_kind.counts == as_image.counts
        assert by_type.lesions[-1].centroid_lps_mm is not None


def test_maps_on_another_grid_are_refused() -> None:
    reference = LabelMap(REFERENCE, Geometry(SHAPE, SPACING))
    apart = ProbabilityMap(peaks(0.5), Geometry(SHAPE, SPACING, (5.0, 0.0, 0.0)))
    with pytest.raises(GeometryMismatch):
        evaluate(reference, apart)


@pytest.mark.parametrize(("rule", "confidence"), [("max", 0.5), ("any_of_all", 1 - 0.5 * 0.75)])
def test_the_confidence_of_a_case(rule: str, confidence: float) -> None:
    convention = MEDASSIST.with_changes(extraction={"case_confidence": rule})
    values = peaks(large=0.5, tiny=0.25)
    scored = score_case(REFERENCE, values, SPACING, kind="detection", convention=convention)
    assert scored.case_confidence == pytest.approx(confidence)
    nothing = score_case(REFERENCE, peaks(), SPACING, kind="detection", convention=convention)
    assert nothing.case_confidence == 0


def test_a_found_lesion_has_the_confidence_of_its_surest_prediction() -> None:
    values = np.zeros(SHAPE)
    values[1:4, 2:6, 2:3], values[1:4, 2:6, 4:6] = 0.9, 0.1
    scored = score_case(REFERENCE, values, SPACING, kind="detection", case="a")
    assert [(c.confidence, c.overlap) for c in scored.candidates] == [(0.9, 0.25)]
    assert (scored.case, scored.has_lesion, scored.n_reference_lesions) == ("a", True, 1)


def test_the_lesions_of_a_mask_are_certain_and_misses_have_no_confidence() -> None:
    scored = score_case(REFERENCE, np.zeros_like(REFERENCE), SPACING)
    assert [(c.is_lesion, c.confidence) for c in scored.candidates] == [(True, 0)]
    assert score_case(REFERENCE, REFERENCE, SPACING).case_confidence == 1
