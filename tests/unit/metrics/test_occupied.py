"""Where arrays hold anything, against a plain search, for every type and memory layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medassist.metrics import occupied
from napari_medassist.metrics.occupied import NO_BOX, Occupied, union_box
from tests.layouts import LAYOUTS, NUMBERS, laid_out, sparse_values


@settings(deadline=None, max_examples=150)
@given(sparse_values(), st.sampled_from(NUMBERS), st.sampled_from(LAYOUTS))
def test_rows_and_box_are_those_of_a_plain_search(values: np.ndarray, dtype: str, layout: str) -> None:
    array = laid_out(values.astype(dtype), layout)
    found, places = Occupied.of(array), np.argwhere(array)
    assert (found.rows == (array != 0).any(axis=2)).all()
    assert found.is_empty == (places.size == 0)
    if places.size:
        ends = zip(places.min(axis=0), places.max(axis=0) + 1, strict=True)
        assert found.box == tuple(slice(*end) for end in ends)
    else:
        assert found.box == NO_BOX


@settings(deadline=None, max_examples=60)
@given(sparse_values(), st.sampled_from(NUMBERS))
def test_only_single_bytes_of_0_and_1_are_a_mask_as_they_stand(values: np.ndarray, dtype: str) -> None:
    array = values.astype(dtype)
    expected = array.dtype.itemsize == 1 and bool((array.astype(int) <= 1).all())
    assert Occupied.of(array).is_binary == expected


@settings(deadline=None, max_examples=60)
@given(sparse_values(), st.integers(1, 500))
def test_known_rows_and_blocks_make_no_difference(values: np.ndarray, n_bytes: int) -> None:
    mask = values > 0
    whole = Occupied.of(mask)
    rows = whole.rows | (np.random.default_rng(0).random(whole.rows.shape) < 0.3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occupied, "_BYTES_AT_ONCE", n_bytes)
        by_rows, again = Occupied.of_mask(mask, rows), Occupied.of(mask)
    for found in (by_rows, again):
        assert found.box == whole.box
        assert (found.rows == whole.rows).all()


def test_a_read_only_memory_map_is_read(tmp_path: Path) -> None:
    values = np.zeros((3, 5, 7), dtype=np.uint16)
    values[1, 2:4, 6] = 300
    values.tofile(tmp_path / "values")
    mapped = np.memmap(tmp_path / "values", dtype=np.uint16, mode="r", shape=values.shape)
    assert Occupied.of(mapped).box == (slice(1, 2), slice(2, 4), slice(6, 7))


def test_what_is_not_a_number_and_minus_zero_occupy() -> None:
    values = np.zeros((1, 3, 3), dtype=np.float32)
    values[0, 0, 1], values[0, 2, 2] = np.nan, -0.0
    assert Occupied.of(values).box == (slice(0, 1), slice(0, 3), slice(1, 3))


def test_the_box_around_nothing_is_the_first_voxel() -> None:
    some = (slice(1, 2), slice(3, 5), slice(0, 4))
    assert union_box(NO_BOX, NO_BOX) == (slice(0, 1),) * 3
    assert union_box(NO_BOX, some) == union_box(some, NO_BOX) == some
