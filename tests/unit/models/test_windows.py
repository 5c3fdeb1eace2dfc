from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medassist.models.windows import blended, boxes, gaussian_weights, starts


@given(st.integers(1, 60), st.integers(1, 40), st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_windows_see_every_voxel_and_stay_inside(n: int, window: int, overlap: float) -> None:
    seen = np.zeros(max(n, window), dtype=int)
    found = starts(n, window, overlap)
    for begin in found:
        seen[begin : begin + window] += 1
    assert (seen[:n] > 0).all()
    assert found[0] == 0
    assert found[-1] == max(0, n - window)


def test_half_an_overlap_is_half_a_window() -> None:
    assert starts(100, 40, 0.5) == (0, 20, 40, 60)
    assert len(boxes((8, 100, 100), (8, 40, 40))) == 16


def test_weights_are_largest_in_the_middle_and_nowhere_zero() -> None:
    weights = gaussian_weights((5, 9, 9))
    assert weights.argmax() == weights.size // 2
    assert weights.min() > 0


def test_what_all_windows_agree_on_is_the_result() -> None:
    truth = np.random.default_rng(0).normal(size=(2, 7, 30, 26)).astype(np.float32)
    found = blended((7, 30, 26), (4, 12, 12), lambda box: truth[(slice(None), *box)])
    np.testing.assert_allclose(found, truth, atol=1e-5)


def test_where_windows_disagree_the_one_in_whose_middle_it_lies_weighs_more() -> None:
    told = iter([0.0, 1.0])
    found = blended((1, 1, 12), (1, 1, 8), lambda _: np.full((1, 1, 1, 8), next(told), np.float32))
    line = found[0, 0, 0]
    assert line[0] == 0
    assert line[-1] == 1
    assert (np.diff(line) >= -1e-6).all()
    assert line[5] == pytest.approx(1 - line[6], abs=1e-5)
