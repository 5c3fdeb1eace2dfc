"""Edits of voxels against plain copies of the arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medassist.annotation.action_bytes import from_plain, to_plain
from napari_medassist.annotation.document import Document
from napari_medassist.annotation.voxel_edit import Dab, VoxelEdit, difference, voxel_edit
from napari_medassist.core.errors import InvalidSetting

SHAPE = (3, 5, 6)


@st.composite
def strokes(draw: st.DrawFn) -> tuple[Any, list[Dab], Any]:
    """A label map, the dabs of a stroke on it, and the map that numpy makes of them."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    before = random.integers(0, 3, SHAPE).astype(np.uint8)
    now, dabs = before.copy(), []
    for _ in range(draw(st.integers(1, 4))):
        value = draw(st.integers(0, 3))
        if draw(st.booleans()):
            low = [int(random.integers(0, n)) for n in SHAPE]
            high = [int(random.integers(a + 1, n + 1)) for a, n in zip(low, SHAPE, strict=True)]
            box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            mask = random.random(now[box].shape) < 0.6
            dabs.append(Dab(box, mask, now[box][mask], value))
            now[box][mask] = value
        else:
            n = draw(st.integers(1, 3))
            flat = random.choice(now.size, n, replace=False)
            index = np.unravel_index(flat, SHAPE)
            dabs.append(Dab(None, index, now[index], np.full(n, value)))
            now[index] = value
    return before, dabs, now


@given(strokes())
def test_a_stroke_is_one_edit_that_can_be_undone_repeated_and_written(stroke):
    before, dabs, after = stroke
    edit = voxel_edit("Brush", "a", before, dabs)
    if edit is None:
        assert (before == after).all()
        return
    assert edit.n_voxels == np.count_nonzero(before != after)
    document = Document({"a": before.copy()})
    for step in (edit, from_plain(*to_plain(edit))):
        step.apply_to(document)
        np.testing.assert_array_equal(document.maps["a"], after)
        step.inverse().apply_to(document)
        np.testing.assert_array_equal(document.maps["a"], before)


@given(strokes(), st.integers(0, 2))
def test_a_voxel_that_was_changed_otherwise_is_noticed_and_nothing_is_written(stroke, add):
    before, dabs, after = stroke
    edit = voxel_edit("Brush", "a", before, dabs)
    if edit is None:
        return
    touched = np.argwhere(before != after)[0]
    changed = before.copy()
    changed[tuple(touched)] = 7 + add
    document = Document({"a": changed.copy()})
    with pytest.raises(InvalidSetting, match="changed otherwise"):
        edit.apply_to(document)
    np.testing.assert_array_equal(document.maps["a"], changed)


def test_two_far_voxels_cost_two_indices_and_a_ball_its_bits():
    voxels = np.zeros((100, 100, 100), np.uint16)
    corners = (np.array([0, 99]),) * 3
    far = voxel_edit("Dab", "a", voxels, [Dab(None, corners, 0, 5)])
    assert far is not None
    assert far.bits is None
    assert far.n_bytes < 300
    whole = tuple(slice(0, n) for n in voxels.shape)
    full = voxel_edit("Fill", "a", voxels, [Dab(whole, None, voxels, 5)])
    assert full is not None
    assert full.n_bytes == 200 + voxels.size // 8 + 2 * 2


def test_the_difference_of_two_arrays_leads_from_one_to_the_other():
    before = np.zeros(SHAPE, np.uint8)
    after = before.copy()
    after[1, 2:4, 3] = (4, 5)
    edit = difference("Replace", "a", before, after)
    assert isinstance(edit, VoxelEdit)
    edit.put_before(after)
    np.testing.assert_array_equal(after, before)
    assert difference("Replace", "a", before, before.copy()) is None
