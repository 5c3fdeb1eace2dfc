"""Components by runs against scipy's labelling of every voxel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_medassist.evaluation.extraction import components, runs
from napari_medassist.evaluation.extraction.components import Components, connected, neighbourhood
from napari_medassist.evaluation.extraction.runs import Runs
from napari_medassist.metrics import occupied


def masks(shares: tuple[float, ...]) -> st.SearchStrategy[np.ndarray]:
    return st.builds(
        lambda seed, shape, share: np.random.default_rng(seed).random(shape) < share,
        st.integers(0, 2**32 - 1),
        st.tuples(*[st.integers(1, 9)] * 3),
        st.sampled_from(shares),
    )


@pytest.mark.parametrize("voxels_a_run", [0, 10**9], ids=["by runs", "by voxels"])
@pytest.mark.parametrize("connectivity", [6, 18, 26])
@settings(deadline=None, max_examples=60)
@given(mask=masks((0.05, 0.2, 0.5, 0.8, 1.0)))
def test_numbers_equal_those_of_labelling_every_voxel(
    mask: np.ndarray, connectivity: int, voxels_a_run: int
) -> None:
    expected, n = ndimage.label(mask, neighbourhood(connectivity))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "_VOXELS_A_RUN", voxels_a_run)
        labels, count = connected(mask, connectivity)
    assert count == n
    assert labels.dtype == np.int32
    assert (labels == expected).all()


@settings(deadline=None, max_examples=40)
@given(masks((0.1, 0.5)), st.integers(1, 200))
def test_slabs_make_no_difference(mask: np.ndarray, voxels_a_slab: int) -> None:
    whole = Runs.of(mask)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occupied, "_BYTES_AT_ONCE", voxels_a_slab)
        in_slabs = Runs.of(mask)
    assert (whole.starts == in_slabs.starts).all()
    assert (whole.stops == in_slabs.stops).all()


@settings(deadline=None, max_examples=40)
@given(masks((0.1, 0.5)))
def test_runs_hold_the_mask(mask: np.ndarray) -> None:
    found = Runs.of(mask)
    rebuilt = np.zeros_like(mask)
    for (z, y, x), length in zip(found.first_voxels, found.lengths, strict=True):
        assert not rebuilt[z, y, x : x + length].any()
        rebuilt[z, y, x : x + length] = True
    assert (rebuilt == mask).all()


@pytest.mark.parametrize("shape", [(0, 0, 0), (2, 3, 4), (1, 1, 1)])
def test_nothing_gives_nothing(shape: tuple[int, int, int]) -> None:
    labels, count = connected(np.zeros(shape, dtype=bool), 26)
    assert (labels.shape, count) == (shape, 0)


def test_values_that_are_not_zero_are_foreground() -> None:
    assert connected(np.array([[[0.5, 0.0, 0.25]]]), 6)[1] == 2


@settings(deadline=None, max_examples=60)
@given(masks((0.1, 0.5, 0.9)), st.sampled_from([0, 10**9]), st.integers(0, 5))
def test_numbers_are_painted_voxel_by_voxel_or_gap_by_gap(
    mask: np.ndarray, few_voxels: int, n_left_out: int
) -> None:
    found = Components.of(mask, 26)
    numbers = np.where(found.numbers > n_left_out, found.numbers, 0).astype(np.uint16)
    labels, _ = ndimage.label(mask, neighbourhood(26))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_FEW_VOXELS", few_voxels)
        painted = found.runs.painted(numbers, mask.shape)
    assert painted.dtype == np.uint16
    assert (painted == np.where(labels > n_left_out, labels, 0)).all()


@pytest.mark.parametrize(("n_components", "dtype"), [(0, np.uint8), (255, np.uint8), (256, np.uint16)])
def test_labels_take_as_few_bytes_as_they_need(n_components: int, dtype: type) -> None:
    mask = np.zeros((1, 1, 600), dtype=bool)
    mask[..., : 2 * n_components : 2] = True
    assert Components.of(mask, 26).labels(mask.shape).dtype == dtype


@settings(deadline=None, max_examples=40)
@given(masks((0.2, 0.5)), st.integers(0, 2**32 - 1))
def test_rows_that_are_known_and_more_make_no_difference(mask: np.ndarray, seed: int) -> None:
    rows = mask.any(axis=2)
    more = rows | (np.random.default_rng(seed).random(rows.shape) < 0.5)
    assert (Runs.of(mask).starts == Runs.of(mask, more).starts).all()
    assert (Components.of(mask, 6).numbers == Components.of(mask, 6, more).numbers).all()
