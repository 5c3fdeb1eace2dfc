"""Masks from occupied rows against comparing every voxel, for every type and memory layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.evaluation.case import compare
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.evaluation.inputs.foreground import Foreground, paired
from napari_medassist.evaluation.staged import StagedCase
from napari_medassist.metrics.occupied import Occupied
from tests.layouts import LAYOUTS, NUMBERS, laid_out, sparse_values

SPACING = (3.0, 0.5, 0.7)
CHOICES = (None, 1, 2, (1, 3), (9,))


def plain_foreground(values: np.ndarray, label: int | tuple[int, ...] | None) -> np.ndarray:
    return values != 0 if label is None else np.isin(values, label)


@settings(deadline=None, max_examples=120)
@given(
    sparse_values(),
    sparse_values(),
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)),
    st.tuples(st.sampled_from(LAYOUTS), st.sampled_from(LAYOUTS)),
    st.sampled_from(CHOICES),
)
def test_a_pair_equals_that_of_whole_masks(
    first: np.ndarray,
    second: np.ndarray,
    dtypes: tuple[str, str],
    layouts: tuple[str, str],
    label: int | tuple[int, ...] | None,
) -> None:
    shape = np.minimum(first.shape, second.shape)
    box = tuple(slice(0, n) for n in shape)
    sides = [
        laid_out(side[box].astype(dtype), layout)
        for side, dtype, layout in zip((first, second), dtypes, layouts, strict=True)
    ]
    whole = [plain_foreground(side, label) for side in sides]
    pair = StagedCase(*sides, SPACING, label=label).masks()
    places = np.argwhere(whole[0] | whole[1])
    start = places.min(axis=0) if places.size else np.zeros(3, dtype=int)
    stop = places.max(axis=0) + 1 if places.size else np.ones(3, dtype=int)
    crop = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    assert (pair.offset_zyx, pair.shape_zyx) == (tuple(start), tuple(shape))
    assert (pair.reference == whole[0][crop]).all()
    assert (pair.prediction == whole[1][crop]).all()
    for mask, rows in ((pair.reference, pair.reference_rows), (pair.prediction, pair.prediction_rows)):
        assert rows is not None
        assert (rows >= mask.any(axis=2)).all()


@settings(deadline=None, max_examples=60)
@given(
    sparse_values(),
    st.sampled_from(NUMBERS),
    st.sampled_from(LAYOUTS),
    st.sampled_from([MEDASSIST, preset("picai"), preset("brats2023_gli")]),
)
def test_type_and_layout_do_not_change_an_evaluation(
    values: np.ndarray, dtype: str, layout: str, convention: object
) -> None:
    moved = np.roll(values, 1, axis=2)
    plain = compare(values, moved, SPACING, convention=convention)  # type: ignore[arg-type]
    sides = (laid_out(side.astype(dtype), layout) for side in (values, moved))
    other = compare(*sides, SPACING, convention=convention)  # type: ignore[arg-type]
    assert repr(other.evaluation) == repr(plain.evaluation)
    assert (other.reference.labels == plain.reference.labels).all()


@settings(deadline=None, max_examples=60)
@given(sparse_values(highest=1), st.sampled_from(("f4", "f8")), st.sampled_from(LAYOUTS), st.booleans())
def test_candidates_of_a_detection_map_are_those_of_labelling_it(
    values: np.ndarray, dtype: str, layout: str, spoil: bool
) -> None:
    labels, count = ndimage.label(values, np.ones((3, 3, 3)))
    surest = np.linspace(0.25, 1, count + 1)
    surest[0] = 0
    detections = surest[labels].astype(dtype)
    large = [n for n in range(1, count + 1) if (labels == n).sum() > 1]
    array = laid_out(detections, layout)
    if spoil and large:
        detections[tuple(np.argwhere(labels == large[-1])[-1])] /= 2
        with pytest.raises(InvalidImage, match=f"Component {large[-1]} of the detection map"):
            score_case(values, laid_out(detections, layout), SPACING, kind="detection")
        return
    scored = score_case(np.zeros_like(values), array, SPACING, kind="detection")
    found = [candidate.confidence for candidate in scored.candidates]
    assert found == detections.dtype.type(surest[1:]).astype(float).tolist()


@pytest.mark.parametrize("amiss", [np.nan, np.inf, -0.25, 1.5])
def test_one_voxel_that_is_no_confidence_is_found(amiss: float) -> None:
    values = np.zeros((3, 9, 9), dtype=np.float32)
    values[2, 8, 8] = amiss
    for kind in ("detection", "probability"):
        with pytest.raises(InvalidImage, match=r"not finite|from 0 to 1"):
            score_case(np.zeros(values.shape, np.uint8), values, SPACING, kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("amiss", [np.nan, np.inf, 0.5, -1.0])
def test_one_voxel_that_is_no_label_is_found(amiss: float) -> None:
    values = np.zeros((3, 9, 9))
    values[2, 8, 8] = amiss
    with pytest.raises(InvalidImage, match="labels"):
        StagedCase(values, np.zeros(values.shape, np.uint8), SPACING).masks()


def test_minus_zero_is_background() -> None:
    values = np.zeros((3, 9, 9))
    values[0, 0, 0], values[1, 4, 4] = -0.0, 1
    pair = StagedCase(values, values, SPACING).masks()
    assert (pair.offset_zyx, pair.reference.shape) == ((1, 4, 4), (1, 1, 1))


def test_a_mask_of_single_bytes_is_not_copied_and_a_memory_map_not_written(tmp_path: Path) -> None:
    values = np.zeros((3, 9, 16), dtype=np.uint8)
    values[1, 2:5, 3:9] = 1
    values.tofile(tmp_path / "mask")
    mapped = np.memmap(tmp_path / "mask", dtype=np.uint8, mode="r", shape=values.shape)
    pair = StagedCase(mapped, values, SPACING).masks()
    assert np.shares_memory(pair.reference, mapped)
    assert np.shares_memory(pair.prediction, values)
    assert compare(mapped, values, SPACING).evaluation.dice == 1


@settings(deadline=None, max_examples=60)
@given(sparse_values(), sparse_values())
def test_masks_on_boxes_of_their_own_meet_on_one(first: np.ndarray, second: np.ndarray) -> None:
    shape = np.minimum(first.shape, second.shape)
    masks = [side[tuple(slice(0, n) for n in shape)] > 1 for side in (first, second)]
    known = [Foreground.where(lambda held: held, mask, Occupied.of(mask)) for mask in masks]
    unknown = [Foreground(side.mask, side.box) for side in known]
    for sides in (known, unknown, [Foreground.of(mask) for mask in masks]):
        pair = paired(*sides, SPACING, tuple(int(n) for n in shape))
        full = np.zeros((2, *shape), dtype=bool)
        full[(0, *pair.box)], full[(1, *pair.box)] = pair.reference, pair.prediction
        assert (full == masks).all()
