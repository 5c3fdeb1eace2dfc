from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from napari_medassist.core.errors import UnknownItem
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.pair import MaskPair

EMPTY = np.zeros((6, 8, 10), dtype=bool)


def lesions_of(mask: np.ndarray, connectivity: int = 26, geometry: Geometry | None = None) -> LesionSet:
    pair = MaskPair.of(mask, np.zeros_like(mask), (3.0, 0.5, 0.5))
    rule = ExtractionRule(connectivity=connectivity)
    return find_lesions(pair, Side.REFERENCE, rule=rule, geometry=geometry)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ((3, 4, 4), {6: 1, 18: 1, 26: 1}),
        ((3, 5, 4), {6: 2, 18: 1, 26: 1}),
        ((3, 5, 5), {6: 2, 18: 2, 26: 1}),
    ],
    ids=["face", "edge", "corner"],
)
def test_connectivity_decides_whether_a_touch_joins(
    second: tuple[int, int, int], expected: dict[int, int]
) -> None:
    mask = EMPTY.copy()
    mask[2, 4, 4] = mask[second] = True
    assert {c: len(lesions_of(mask, c)) for c in (6, 18, 26)} == expected


def test_a_lesion_is_measured_on_the_full_grid() -> None:
    mask = EMPTY.copy()
    mask[2:4, 3:6, 5:9] = True
    (lesion,) = lesions_of(mask)
    assert lesion.n_voxels == 24
    assert lesion.volume_ml == pytest.approx(24 * 0.75 / 1000)
    assert lesion.centroid_index_zyx == pytest.approx((2.5, 4.0, 6.5))
    assert (lesion.start_zyx, lesion.stop_zyx) == ((2, 3, 5), (4, 6, 9))
    assert lesion.centroid_lps_mm is None


def test_the_centroid_lies_in_the_patient_where_the_grid_is_known() -> None:
    mask = EMPTY.copy()
    mask[1, 2, 3] = True
    geometry = Geometry(mask.shape, (3.0, 0.5, 0.5), (-20.0, 7.0, 100.0))
    (lesion,) = lesions_of(mask, geometry=geometry)
    assert lesion.centroid_lps_mm == pytest.approx((-18.5, 8.0, 103.0))


def test_a_lesion_at_the_edge_of_the_array_is_whole() -> None:
    mask = EMPTY.copy()
    mask[0, :, 0] = mask[5, 7, 9] = True
    first, last = lesions_of(mask)
    assert (first.start_zyx, first.stop_zyx) == ((0, 0, 0), (1, 8, 1))
    assert (last.start_zyx, last.stop_zyx) == ((5, 7, 9), (6, 8, 10))


@settings(deadline=None)
@given(arrays(np.bool_, (4, 5, 6)))
def test_every_lesion_is_measured_and_ids_follow_the_first_voxels(mask: np.ndarray) -> None:
    found = lesions_of(mask, connectivity=6)
    full = np.zeros(mask.shape, dtype=int)
    full[found.box] = found.labels
    assert ((full > 0) == mask).all()
    firsts = [int(np.flatnonzero(full.ravel() == lesion.id)[0]) for lesion in found]
    assert firsts == sorted(firsts)
    for lesion in found:
        places = np.argwhere(full == lesion.id)
        assert lesion.n_voxels == len(places)
        assert lesion.centroid_index_zyx == pytest.approx(places.mean(axis=0))
        assert lesion.start_zyx == tuple(places.min(axis=0))
        assert lesion.stop_zyx == tuple(places.max(axis=0) + 1)


def test_no_voxels_no_lesions() -> None:
    found = lesions_of(EMPTY)
    assert len(found) == 0
    assert not found.painted(np.array([], dtype=np.uint8)).any()
    with pytest.raises(UnknownItem, match="no reference lesion 1"):
        found.get(1)


def test_lesions_are_looked_up_by_id_and_cannot_be_painted_over() -> None:
    mask = EMPTY.copy()
    mask[0, 0, 0] = mask[3, 3, 3] = True
    found = lesions_of(mask)
    assert [found.get(i).id for i in (1, 2)] == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        found.labels[0, 0, 0] = 5


class TestSmallest:
    def test_smaller_lesions_are_dropped_and_counted_on_each_side(self) -> None:
        reference, prediction = EMPTY.copy(), EMPTY.copy()
        reference[2, 1:3, 1:6] = prediction[2, 1:3, 1:6] = True  # 10 voxels of 0.75 mm3
        reference[5, 7, 0] = reference[0, 0, 9] = prediction[4, 4, 9] = True
        convention = MEDASSIST.with_changes(extraction={"min_volume_mm3": 7.5})
        result = evaluate(reference, prediction, (3.0, 0.5, 0.5), convention=convention)
        assert (result.tp_reference, result.fn, result.tp_prediction, result.fp) == (1, 0, 1, 0)
        assert (result.n_dropped_reference, result.n_dropped_prediction) == (2, 1)
        assert [lesion.id for lesion in result.lesions] == [1, 1]
        assert result.dice == pytest.approx(2 * 10 / (12 + 11))  # the masks stay as they are

    def test_a_lesion_just_below_is_dropped(self) -> None:
        mask = EMPTY.copy()
        mask[2, 1:3, 1:6] = True
        found = find_lesions(
            MaskPair.of(mask, mask, (3.0, 0.5, 0.5)),
            Side.REFERENCE,
            rule=ExtractionRule(min_volume_mm3=7.6),
        )
        assert (len(found), found.n_dropped, found.labels.any()) == (0, 1, False)


class TestMerging:
    """Two voxels five apart: two dilation steps from each side make them meet."""

    @pytest.mark.parametrize(("steps", "expected"), [(0, 2), (1, 2), (2, 1), (3, 1)])
    def test_lesions_that_meet_when_dilated_are_one(self, steps: int, expected: int) -> None:
        mask = EMPTY.copy()
        mask[3, 4, 2] = mask[3, 4, 7] = True
        assert len(merged(mask, steps)) == expected

    def test_only_voxels_of_the_mask_count(self) -> None:
        mask = EMPTY.copy()
        mask[3, 4, 2] = mask[3, 4, 7] = True
        found = merged(mask, 2)
        assert found.sizes().tolist() == [2]
        assert found.reach is not None
        assert found.reach.astype(bool).sum() > 2

    @settings(deadline=None, max_examples=40)
    @given(arrays(np.bool_, (5, 7, 8)), st.integers(1, 3))
    def test_it_equals_dilating_the_whole_image(self, mask: np.ndarray, steps: int) -> None:
        thin = mask & (np.indices(mask.shape).sum(axis=0) % 5 == 0)
        structure = ndimage.generate_binary_structure(3, 2)
        grown = ndimage.binary_dilation(thin, structure, iterations=steps)
        labels, count = ndimage.label(grown, np.ones((3, 3, 3)))
        found = merged(thin, steps)
        assert len(found) == count
        sizes = np.bincount(labels[thin], minlength=count + 1)[1:]
        assert sorted(found.sizes()) == sorted(sizes)

    def test_predictions_are_not_merged(self) -> None:
        mask = EMPTY.copy()
        mask[3, 4, 2] = mask[3, 4, 7] = True
        pair = MaskPair.of(mask, mask, (1, 1, 1))
        rule = ExtractionRule(merge_steps=3)
        assert len(find_lesions(pair, Side.PREDICTION, rule=rule)) == 2


def merged(mask: np.ndarray, steps: int) -> LesionSet:
    pair = MaskPair.of(mask, np.zeros_like(mask), (1, 1, 1))
    return find_lesions(pair, Side.REFERENCE, rule=ExtractionRule(merge_steps=steps))
