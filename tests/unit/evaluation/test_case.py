from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.core.errors import (
    GeometryMismatch,
    InvalidGeometry,
    InvalidImage,
    InvalidSetting,
    MedAssistError,
)
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, ProbabilityMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, LesionVerdict, Status
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.case import compare, evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.tables.results import CASE_COLUMNS
from tests.strategies import ORIENTATIONS, oblique

SHAPE = (6, 20, 24)
SPACING = (3.0, 0.5, 0.6)


def blobs(*boxes: tuple[slice, slice, slice]) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for box in boxes:
        mask[box] = 1
    return mask


BIG = np.s_[1:4, 2:10, 2:10]
BIG_SHIFTED = np.s_[1:4, 2:10, 3:11]
SMALL = np.s_[2:3, 14:17, 14:17]
ELSEWHERE = np.s_[4:5, 2:5, 18:22]
REFERENCE, PREDICTION = blobs(BIG, SMALL), blobs(BIG_SHIFTED, ELSEWHERE)
EMPTY = blobs()


def numbers(result: CaseEvaluation) -> list[float]:
    return [getattr(result, name) for name in CASE_COLUMNS[3:]]


@st.composite
def random_masks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(2, 9)] * 3))
    density = draw(st.sampled_from((0.02, 0.1, 0.4)))
    return tuple(rng.random(shape) < density for _ in range(2))  # type: ignore[return-value]


class TestBothLevels:
    def test_every_column_is_an_attribute(self) -> None:
        result = evaluate(REFERENCE, PREDICTION, SPACING, case="a")
        assert result.dice == pytest.approx(2 * 168 / (192 + 9 + 192 + 12))
        assert result.volume_reference_ml == pytest.approx(201 * 0.9 / 1000)
        assert result.volume_prediction_ml == pytest.approx(204 * 0.9 / 1000)
        assert (result.n_reference_lesions, result.n_predicted_lesions) == (2, 2)
        assert (result.tp_reference, result.fn, result.tp_prediction, result.fp) == (1, 1, 1, 1)
        assert (result.lesion_recall, result.lesion_precision) == (0.5, 0.5)
        assert (result.case, result.status, result.message) == ("a", Status.OK, "")

    def test_each_lesion_has_its_verdict_and_partners(self) -> None:
        result = evaluate(REFERENCE, PREDICTION, SPACING)
        told = [(i.side, i.id, i.verdict, i.matched_ids) for i in result.lesions]
        assert told == [
            (Side.REFERENCE, 1, LesionVerdict.FOUND, (1,)),
            (Side.REFERENCE, 2, LesionVerdict.MISSED, ()),
            (Side.PREDICTION, 1, LesionVerdict.TRUE, (1,)),
            (Side.PREDICTION, 2, LesionVerdict.FALSE, ()),
        ]
        assert result.lesions[0].overlap_fraction == pytest.approx(7 / 8)

    def test_an_overlap_too_small_is_no_match_but_stays_in_the_graph(self) -> None:
        prediction = blobs(np.s_[1:2, 2:3, 2:12])
        result = evaluate(blobs(BIG), prediction, SPACING)
        assert result.lesions_of(Side.REFERENCE)[0].matched_ids == ()
        assert result.lesions_of(Side.PREDICTION)[0].matched_ids == (1,)
        assert [edge.n_voxels for edge in result.matches] == [8]

    def test_the_convention_is_kept_with_the_result(self) -> None:
        result = evaluate(
            REFERENCE,
            PREDICTION,
            SPACING,
            convention=MEDASSIST.with_changes(extraction={"connectivity": 6}),
        )
        assert result.convention["extraction"]["connectivity"] == 6


class TestEmptyMasks:
    def test_both(self) -> None:
        result = evaluate(EMPTY, EMPTY, SPACING)
        assert all(isnan(v) for v in (result.dice, result.hd_mm, result.hd95_mm, result.assd_mm))
        assert isnan(result.lesion_recall)
        assert isnan(result.lesion_precision)
        assert (result.n_reference_lesions, result.n_predicted_lesions) == (0, 0)
        assert (result.volume_reference_ml, result.volume_prediction_ml) == (0, 0)

    def test_reference_only(self) -> None:
        result = evaluate(EMPTY, PREDICTION, SPACING)
        assert (result.dice, result.lesion_precision, result.fp) == (0, 0, 2)
        assert all(isnan(v) for v in (result.hd_mm, result.hd95_mm, result.lesion_recall))

    def test_prediction_only(self) -> None:
        result = evaluate(REFERENCE, EMPTY, SPACING)
        assert (result.dice, result.lesion_recall, result.fn) == (0, 0, 2)
        assert all(isnan(v) for v in (result.hd_mm, result.assd_mm, result.lesion_precision))


class TestMetamorphic:
    @settings(deadline=None, max_examples=50)
    @given(random_masks(), st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
    def test_flipping_and_turning_both_changes_nothing(
        self,
        masks: tuple[np.ndarray, np.ndarray],
        order: list[int],
        flips: tuple[bool, bool, bool],
    ) -> None:
        step = tuple(slice(None, None, -1 if f else 1) for f in flips)
        turned = [mask.transpose(order)[step] for mask in masks]
        spacing = tuple(SPACING[axis] for axis in order)
        assert numbers(evaluate(*turned, spacing)) == pytest.approx(
            numbers(evaluate(*masks, SPACING)), nan_ok=True
        )

    @settings(deadline=None, max_examples=50)
    @given(random_masks(), st.tuples(*[st.integers(0, 3)] * 3))
    def test_moving_both_changes_nothing_but_the_positions(
        self, masks: tuple[np.ndarray, np.ndarray], by: tuple[int, int, int]
    ) -> None:
        moved = [np.pad(mask, [(n, 1) for n in by]) for mask in masks]
        before, after = evaluate(*masks, SPACING), evaluate(*moved, SPACING)
        assert numbers(after) == pytest.approx(numbers(before), nan_ok=True)
        for old, new in zip(before.lesions, after.lesions, strict=True):
            assert new.start_zyx == tuple(np.add(old.start_zyx, by))
            assert new.centroid_index_zyx == pytest.approx(np.add(old.centroid_index_zyx, by))

    @settings(deadline=None, max_examples=50)
    @given(random_masks())
    def test_swapping_reference_and_prediction_swaps_the_sides(
        self, masks: tuple[np.ndarray, np.ndarray]
    ) -> None:
        one, other = evaluate(*masks, SPACING), evaluate(*masks[::-1], SPACING)
        for name in ("dice", "hd_mm", "hd95_mm", "assd_mm"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), nan_ok=True)
        assert (one.tp_reference, one.fn) == (other.tp_prediction, other.fp)
        assert one.lesion_recall == pytest.approx(other.lesion_precision, nan_ok=True)

    @settings(deadline=None, max_examples=50)
    @given(random_masks(), st.floats(0.1, 10))
    def test_scaling_the_spacing_scales_distances_and_volumes(
        self, masks: tuple[np.ndarray, np.ndarray], factor: float
    ) -> None:
        one = evaluate(*masks, SPACING)
        other = evaluate(*masks, tuple(s * factor for s in SPACING))
        assert other.hd95_mm == pytest.approx(one.hd95_mm * factor, nan_ok=True)
        assert other.volume_reference_ml == pytest.approx(one.volume_reference_ml * factor**3)
        assert other.dice == pytest.approx(one.dice, nan_ok=True)

    @given(random_masks())
    @settings(deadline=None, max_examples=50)
    def test_a_mask_against_itself_is_perfect(self, masks: tuple[np.ndarray, np.ndarray]) -> None:
        result = evaluate(masks[0], masks[0], SPACING)
        if masks[0].any():
            assert (result.dice, result.hd_mm, result.assd_mm) == (1, 0, 0)
            assert (result.fn, result.fp, result.lesion_recall) == (0, 0, 1)

    @given(random_masks())
    @settings(deadline=None, max_examples=50)
    def test_recall_never_falls_when_the_prediction_grows(
        self, masks: tuple[np.ndarray, np.ndarray]
    ) -> None:
        reference, prediction = masks
        larger = prediction | (np.indices(prediction.shape).sum(axis=0) % 3 == 0)
        before, after = (evaluate(reference, p, SPACING) for p in (prediction, larger))
        assert isnan(before.lesion_recall) or after.lesion_recall >= before.lesion_recall


class TestLabels:
    def test_any_value_but_zero_is_foreground(self) -> None:
        graded = REFERENCE * 3
        assert numbers(evaluate(graded, PREDICTION, SPACING)) == numbers(
            evaluate(REFERENCE, PREDICTION, SPACING)
        )

    def test_a_label_or_several_can_be_chosen(self) -> None:
        zones = blobs(BIG)
        zones[SMALL] = 2
        zones[ELSEWHERE] = 3
        one = evaluate(zones, zones, SPACING, label=2)
        two = evaluate(zones, zones, SPACING, label=(2, 3))
        assert one.volume_reference_ml == pytest.approx(9 * 0.9 / 1000)
        assert two.volume_reference_ml == pytest.approx(21 * 0.9 / 1000)

    @pytest.mark.parametrize("label", [0, -1, (), (1, 0), 1.5, (1.5,), "1", True])
    def test_impossible_labels_are_refused(self, label: object) -> None:
        with pytest.raises(InvalidSetting):
            evaluate(REFERENCE, PREDICTION, SPACING, label=label)  # type: ignore[arg-type]


class TestBadInput:
    @pytest.mark.parametrize("dtype", [bool, np.uint16, np.int32, np.float32, np.float64])
    def test_every_type_that_holds_whole_numbers_is_taken(self, dtype: type) -> None:
        result = evaluate(REFERENCE.astype(dtype), PREDICTION.astype(dtype), SPACING)
        assert numbers(result) == numbers(evaluate(REFERENCE, PREDICTION, SPACING))

    @pytest.mark.parametrize(
        ("array", "message"),
        [
            (REFERENCE * 0.5, "fractional"),
            (np.where(REFERENCE, np.nan, 0), "fractional or non-finite"),
            (-REFERENCE.astype(np.int16), "negative"),
            (-REFERENCE.astype(np.float32), "negative"),
            (REFERENCE.astype(complex), "whole numbers"),
            (REFERENCE.astype("U1"), "whole numbers"),
            (REFERENCE[0], "three axes"),
            (REFERENCE[None], "three axes"),
            (REFERENCE[:0], "three axes"),
        ],
    )
    def test_what_is_no_label_map_is_refused(self, array: np.ndarray, message: str) -> None:
        with pytest.raises(InvalidImage, match=f"reference.*{message}"):
            evaluate(array, PREDICTION, SPACING)

    def test_shapes_must_agree(self) -> None:
        with pytest.raises(GeometryMismatch, match="Different shapes"):
            evaluate(REFERENCE, PREDICTION[:, :, :-1], SPACING)

    def test_arrays_need_a_spacing(self) -> None:
        with pytest.raises(InvalidGeometry, match="spacing_zyx_mm"):
            evaluate(REFERENCE, PREDICTION)

    @pytest.mark.parametrize("spacing", [(0, 1, 1), (1, 1), (1, np.nan, 1), (-1, 1, 1)])
    def test_the_spacing_must_be_possible(self, spacing: tuple[float, ...]) -> None:
        with pytest.raises(InvalidGeometry):
            evaluate(REFERENCE, PREDICTION, spacing)

    @pytest.mark.parametrize(
        "settings_",
        [
            {"extraction": {"connectivity": 8}},
            {"matching": {"threshold_reference": 0}},
            {"matching": {"threshold_prediction": 1.1}},
            {"matching": {"threshold_reference": np.nan}},
            {"grid_tolerance_mm": -1},
            {"good_dice": 2},
        ],
    )
    def test_impossible_conventions_are_refused(self, settings_: dict[str, object]) -> None:
        with pytest.raises(InvalidSetting):
            MEDASSIST.with_changes(**settings_)


class TestLabelMaps:
    geometry = Geometry(SHAPE, SPACING, (10.0, -20.0, 30.0), oblique(np.eye(3), (10, 20, -5)))

    def test_spacing_and_place_come_from_the_grid(self) -> None:
        maps = [LabelMap(a, self.geometry) for a in (REFERENCE, PREDICTION)]
        result = evaluate(*maps)
        assert numbers(result) == numbers(evaluate(REFERENCE, PREDICTION, SPACING))
        for lesion in result.lesions:
            expected = self.geometry.index_to_lps(lesion.centroid_index_zyx)
            assert lesion.centroid_lps_mm == pytest.approx(expected)

    @pytest.mark.parametrize("direction", ORIENTATIONS[::7])
    def test_files_in_another_order_are_compared_voxel_for_voxel(self, direction: np.ndarray) -> None:
        stored = Geometry(SHAPE, SPACING, direction_lps=direction)  # type: ignore[arg-type]
        maps = [LabelMap.from_stored(a, stored) for a in (REFERENCE, PREDICTION)]
        assert numbers(evaluate(*maps)) == pytest.approx(
            numbers(evaluate(REFERENCE, PREDICTION, SPACING))
        )

    def test_another_place_is_a_mismatch_that_names_both(self) -> None:
        apart = Geometry(SHAPE, SPACING, (11.0, -20.0, 30.0), self.geometry.direction_lps)
        with pytest.raises(GeometryMismatch, match=r"1\.00 mm apart.*reference.*prediction"):
            evaluate(LabelMap(REFERENCE, self.geometry), LabelMap(PREDICTION, apart))

    def test_the_tolerance_is_a_setting(self) -> None:
        apart = Geometry(SHAPE, SPACING, (11.0, -20.0, 30.0), self.geometry.direction_lps)
        maps = LabelMap(REFERENCE, self.geometry), LabelMap(PREDICTION, apart)
        wide = Convention(grid_tolerance_mm=1.5)
        assert evaluate(*maps, convention=wide).tp_reference == 1

    def test_a_spacing_that_contradicts_the_grid_is_refused(self) -> None:
        maps = [LabelMap(a, self.geometry) for a in (REFERENCE, PREDICTION)]
        assert evaluate(*maps, SPACING).dice > 0
        with pytest.raises(InvalidGeometry, match="contradicts"):
            evaluate(*maps, SPACING[::-1])

    def test_distances_on_a_sheared_grid_are_refused(self) -> None:
        tilted = np.eye(3)
        tilted[:, 2] = (0, np.sin(0.3), np.cos(0.3))
        sheared = Geometry(SHAPE, SPACING, direction_lps=tilted)  # type: ignore[arg-type]
        with pytest.raises(InvalidGeometry, match="right angles"):
            evaluate(LabelMap(REFERENCE, sheared), LabelMap(PREDICTION, sheared))

    def test_an_array_beside_a_label_map_lies_on_its_grid(self) -> None:
        result = evaluate(LabelMap(REFERENCE, self.geometry), PREDICTION)
        assert result.lesions[-1].centroid_lps_mm is not None

    def test_an_image_of_whole_numbers_is_taken_and_a_probability_map_is_not(self) -> None:
        volume = Volume(REFERENCE.astype(np.float32), self.geometry)
        assert evaluate(volume, PREDICTION).fn == 1
        probabilities = ProbabilityMap(REFERENCE * np.float32(0.5), self.geometry)
        with pytest.raises(MedAssistError, match="Threshold"):
            evaluate(probabilities, PREDICTION)  # type: ignore[arg-type]


def test_a_comparison_keeps_the_voxels_and_an_evaluation_does_not() -> None:
    comparison = compare(REFERENCE, PREDICTION, SPACING)
    assert len(comparison.reference) == comparison.evaluation.n_reference_lesions
    assert comparison.prediction.sizes().sum() == PREDICTION.sum()
