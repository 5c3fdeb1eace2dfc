from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.case import compare
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.verdict_map import (
    CLASS_SCHEME,
    FALSE_POSITIVE,
    IGNORED,
    MERGED,
    MISSED,
    SPLIT,
    TRUE_POSITIVE,
    classes_of,
    verdict_crop,
    verdict_maps,
)

#: How colours look without red, green or blue cones, on linear RGB (Machado et al. 2009).
COLOUR_BLINDNESS = {
    "none": np.eye(3),
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def line(*ranges: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((3, 4, 40), dtype=np.uint8)
    for start, stop in ranges:
        mask[1, 1, start:stop] = 1
    return mask


def test_each_lesion_has_the_value_of_its_verdict() -> None:
    reference, prediction = line((2, 6), (20, 23)), line((4, 8), (30, 33))
    maps = verdict_maps(compare(reference, prediction, (1, 1, 1)))
    assert maps.reference.shape == reference.shape
    assert maps.reference.dtype == maps.prediction.dtype == maps.combined.dtype == np.uint8
    row = maps.combined[1, 1]
    assert row[2:8].tolist() == [TRUE_POSITIVE] * 6
    assert row[20:23].tolist() == [MISSED] * 3
    assert row[30:33].tolist() == [FALSE_POSITIVE] * 3
    assert np.count_nonzero(maps.combined) == 12
    assert set(np.unique(maps.reference)) == {0, TRUE_POSITIVE, MISSED}
    assert set(np.unique(maps.prediction)) == {0, TRUE_POSITIVE, FALSE_POSITIVE}


def test_missed_stands_over_false_and_false_over_found() -> None:
    grazed = verdict_maps(compare(line((0, 20)), line((19, 39)), (1, 1, 1)))
    assert grazed.combined[1, 1, 18:21].tolist() == [MISSED, MISSED, FALSE_POSITIVE]
    swallowed = verdict_maps(compare(line((10, 12)), line((0, 40)), (1, 1, 1)))
    assert swallowed.reference[1, 1, 10] == TRUE_POSITIVE
    assert swallowed.combined[1, 1, 10] == FALSE_POSITIVE


def test_ignored_lesions_have_a_value_of_their_own_and_lie_behind() -> None:
    rule = {"criterion": "any_overlap", "ignored_up_to_mm3": 4}
    convention = MEDASSIST.with_changes(matching=rule)
    maps = verdict_maps(compare(line((2, 6), (20, 30)), line((4, 8)), (1, 1, 1), convention=convention))
    assert maps.combined[1, 1, 2:8].tolist() == [IGNORED] * 6
    assert maps.combined[1, 1, 20:30].tolist() == [MISSED] * 10


def test_nothing_to_show() -> None:
    assert not verdict_maps(compare(line(), line(), (1, 1, 1))).combined.any()


@pytest.mark.parametrize("missing", COLOUR_BLINDNESS)
def test_colours_stay_apart_for_everyone(missing: str) -> None:
    seen = [_lab(label.colour, np.array(COLOUR_BLINDNESS[missing])) for label in CLASS_SCHEME.labels]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 25


def _lab(colour: tuple[int, int, int], vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of an sRGB colour as seen with the given vision."""
    c = np.array(colour) / 255
    linear = np.clip(vision @ np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4), 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ linear / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_a_crop_holds_the_full_map_in_its_box() -> None:
    """Without splits and merges the classes are the verdicts."""
    comparison = compare(line((2, 6), (20, 23)), line((4, 8), (30, 33)), (1, 1, 1))
    crop, maps = verdict_crop(comparison), verdict_maps(comparison)
    full = np.zeros_like(maps.combined)
    full[crop.box] = crop.values
    assert np.array_equal(full, maps.combined)
    assert (crop.offset_zyx, crop.values.shape, crop.values.dtype) == ((1, 1, 2), (1, 1, 31), np.uint8)
    for side, whole in ((Side.REFERENCE, maps.reference), (Side.PREDICTION, maps.prediction)):
        own = verdict_crop(comparison, side)
        assert np.array_equal(own.values, whole[own.box])


def test_split_and_merged_lesions_are_told() -> None:
    split = compare(line((2, 20), (30, 34)), line((2, 8), (12, 20), (30, 34)), (1, 1, 1))
    assert split.evaluation.n_splits == 1
    classes = classes_of(split.evaluation)
    assert classes[Side.REFERENCE].tolist() == [SPLIT, TRUE_POSITIVE]
    assert classes[Side.PREDICTION].tolist() == [TRUE_POSITIVE] * 3
    assert set(np.unique(verdict_crop(split).values)) == {0, TRUE_POSITIVE, SPLIT}
    merged = compare(line((2, 8), (12, 20)), line((2, 20)), (1, 1, 1))
    assert merged.evaluation.n_merges == 1
    assert classes_of(merged.evaluation)[Side.PREDICTION].tolist() == [MERGED]
    assert set(np.unique(verdict_crop(merged).values)) == {MERGED}


def test_a_missed_lesion_is_missed_however_many_predictions_graze_it() -> None:
    convention = MEDASSIST.with_changes(matching={"threshold_reference": 0.9})
    grazed = compare(line((2, 20)), line((2, 5), (12, 15)), (1, 1, 1), convention=convention)
    assert grazed.evaluation.n_splits == 1
    assert classes_of(grazed.evaluation)[Side.REFERENCE].tolist() == [MISSED]


def test_what_covers_what_in_a_crop() -> None:
    swallowed = verdict_crop(compare(line((10, 12)), line((0, 40)), (1, 1, 1)))
    assert swallowed.values[0, 0, 10] == FALSE_POSITIVE
    rule = {"criterion": "any_overlap", "ignored_up_to_mm3": 4}
    convention = MEDASSIST.with_changes(matching=rule)
    left_out = verdict_crop(compare(line((2, 6)), line((4, 8)), (1, 1, 1), convention=convention))
    assert left_out.values[0, 0].tolist() == [IGNORED] * 6
    assert verdict_crop(compare(line(), line(), (1, 1, 1))).values.tolist() == [[[0]]]
