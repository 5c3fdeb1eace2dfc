"""Two readers' lesions against truths written by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_medassist.annotation.adjudication import (
    Choice,
    ContestedLesion,
    contested_lesions,
    joined_by_touching,
)
from napari_medassist.core.errors import InvalidSetting


def components(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the components of each label with scipy."""
    numbers, count = np.zeros(labels.shape, int), 0
    for value in np.unique(labels[labels != 0]):
        found, n = ndimage.label(labels == value, np.ones((3, 3, 3)))
        numbers[found != 0] = found[found != 0] + count
        count += n
    return numbers, count


def contested(first: np.ndarray, second: np.ndarray) -> tuple[ContestedLesion, ...]:
    (a, n_a), (b, n_b) = components(first), components(second)
    shared = np.zeros((n_a, n_b), int)
    for i, j in zip(a.ravel(), b.ravel(), strict=True):
        if i and j:
            shared[i - 1, j - 1] += 1
    return contested_lesions(first, second, a, b, shared)


def row(text: str) -> np.ndarray:
    """Return a map of one row: a digit a voxel."""
    return np.array([[[int(c) for c in text.replace(".", "0")]]], np.uint8)


def decided(first: str, second: str, *choices: Choice) -> str:
    a, b = row(first), row(second)
    voxels = np.zeros_like(a)
    lesions = contested(a, b)
    assert len(lesions) == len(choices)
    for lesion, choice in zip(lesions, choices, strict=True):
        lesion.change(choice, voxels).apply_to(voxels)
    return "".join(map(str, voxels.ravel())).replace("0", ".")


@pytest.mark.parametrize(
    ("choice", "result"),
    [
        (Choice.FIRST, "..111...."),
        (Choice.SECOND, "....222.."),
        (Choice.UNION, "..11111.."),  # one lesion, the first reader's label
        (Choice.INTERSECTION, "....1...."),
        (Choice.REJECT, "........."),
        (Choice.BY_HAND, "..11111.."),
    ],
)
def test_each_choice_on_two_outlines(choice: Choice, result: str) -> None:
    assert decided("..111....", "....222..", choice) == result


def test_a_lesion_of_one_reader_only() -> None:
    assert decided("..33..", "......", Choice.FIRST) == "..33.."
    assert decided("......", "..33..", Choice.UNION) == "..33.."
    assert decided("......", "..33..", Choice.INTERSECTION) == "......"


def test_touching_lesions_that_share_no_voxel_stay_apart() -> None:
    first, second = "..11.....", "....11..."
    lesions = contested(row(first), row(second))
    assert [(n.first_ids, n.second_ids) for n in lesions] == [((1,), ()), ((), (1,))]
    assert decided(first, second, Choice.FIRST, Choice.REJECT) == "..11....."
    assert decided(first, second, Choice.REJECT, Choice.SECOND) == "....11..."
    both = row(decided(first, second, Choice.FIRST, Choice.SECOND))
    assert joined_by_touching(both, lesions) == ((1, 2),)  # told: there it is one lesion
    other = row("..12.....")
    assert joined_by_touching(other, contested(other, np.zeros_like(other))) == ()


def test_touching_lesions_of_one_reader_with_labels_of_their_own() -> None:
    first, second = "..1122...", "..111...."
    # The second's one lesion shares voxels with both: three lesions are contested together.
    assert decided(first, second, Choice.SECOND) == "..111...."
    assert decided(first, second, Choice.UNION) == "..1122..."
    assert decided("..1122...", "..11.3...", Choice.FIRST, Choice.SECOND) == "..11.3..."


def test_split_and_merged() -> None:
    lesions = contested(row("..111111.."), row("..22..33.."))
    assert [(n.first_ids, n.second_ids) for n in lesions] == [((1,), (1, 2))]
    assert decided("..111111..", "..22..33..", Choice.SECOND) == "..22..33.."
    assert decided("..22..33..", "..111111..", Choice.INTERSECTION) == "..22..33.."
    # The second's lesion shares two voxels with each: the smaller label of the two.
    assert decided("..22..33..", "..111111..", Choice.UNION) == "..222233.."


def test_what_lies_beside_a_lesion_is_not_touched() -> None:
    a, b = (
        row("..11......"),
        row("...11....."),
    )
    (lesion,) = contested(a, b)
    voxels = row("5........5")
    lesion.change(Choice.UNION, voxels).apply_to(voxels)
    assert voxels.ravel().tolist() == [5, 0, 1, 1, 1, 0, 0, 0, 0, 5]
    lesion.change(Choice.REJECT, voxels).apply_to(voxels)
    assert voxels.ravel().tolist() == [5, 0, 0, 0, 0, 0, 0, 0, 0, 5]


def test_by_hand_keeps_what_stands_there() -> None:
    a, b = row("..11......"), row("...11.....")
    (lesion,) = contested(a, b)
    voxels = row("...4......")
    assert lesion.change(Choice.BY_HAND, voxels).n_voxels == 0
    assert lesion.stands(Choice.BY_HAND, voxels)
    assert not lesion.stands(Choice.UNION, voxels)
    with pytest.raises(InvalidSetting):
        lesion.labels_of(Choice.BY_HAND)


def test_numbers_and_boxes_count_from_the_crop() -> None:
    a, b = row("11..11"), row("11....")
    (n_a, _), (n_b, _) = components(a), components(b)
    first, second = contested_lesions(a, b, n_a, n_b, np.array([[2], [0]]), (3, 4, 5))
    assert (first.number, second.number) == (1, 2)
    assert second.box == (slice(3, 4), slice(4, 5), slice(9, 11))
    assert contested_lesions(a * 0, b * 0, n_a * 0, n_b * 0, np.zeros((0, 0), int)) == ()


maps = st.integers(0, 2**32 - 1).map(
    lambda seed: (
        np.random.default_rng(seed).integers(0, 3, (2, 6, 7))
        * (np.random.default_rng(seed + 1).random((2, 6, 7)) < 0.35)
    ).astype(np.uint8)
)


@settings(max_examples=60, deadline=None)
@given(maps, maps, st.data())
def test_decisions_commute_and_choices_are_what_numpy_says(
    first: np.ndarray, second: np.ndarray, data: st.DataObject
) -> None:
    lesions = contested(first, second)
    regions = np.zeros(first.shape, int)
    for lesion in lesions:
        regions[lesion.box] += lesion.region
    np.testing.assert_array_equal(regions, (first != 0) | (second != 0))  # each voxel in one
    order = data.draw(st.permutations(lesions))
    for choice, expected in (
        (Choice.FIRST, first),
        (Choice.SECOND, second),
        (Choice.INTERSECTION, np.where(second != 0, first, 0)),
        (Choice.REJECT, first * 0),
    ):
        voxels = np.zeros_like(first)
        for lesion in order:
            lesion.change(choice, voxels).apply_to(voxels)
        np.testing.assert_array_equal(voxels, expected)
        assert all(lesion.stands(choice, voxels) for lesion in lesions)
    voxels = np.zeros_like(first)
    for lesion in order:
        lesion.change(Choice.UNION, voxels).apply_to(voxels)
    np.testing.assert_array_equal(voxels != 0, (first != 0) | (second != 0))
    np.testing.assert_array_equal(voxels[first != 0], first[first != 0])
