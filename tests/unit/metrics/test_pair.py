from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_medassist.core.errors import GeometryMismatch, InvalidGeometry, InvalidImage
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.voxel.dice import dice

SHAPE = (4, 5, 6)
MASKS = arrays(np.bool_, SHAPE)


@given(MASKS, MASKS)
def test_the_crop_keeps_every_voxel_at_its_place(first: np.ndarray, second: np.ndarray) -> None:
    pair = MaskPair.of(first, second, (1, 1, 1))
    box = tuple(slice(o, o + n) for o, n in zip(pair.offset_zyx, pair.reference.shape, strict=True))
    restored = np.zeros((2, *SHAPE), dtype=bool)
    restored[(0, *box)], restored[(1, *box)] = pair.reference, pair.prediction
    assert (restored == np.stack([first, second])).all()


@given(MASKS, MASKS, st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_memory_layout_does_not_matter(
    first: np.ndarray, second: np.ndarray, order: list[int], flips: tuple[bool, ...]
) -> None:
    step = tuple(slice(None, None, -1 if f else 1) for f in flips)
    views = [mask.transpose(order)[step] for mask in (first, second)]
    copies = [view.copy() for view in views]
    assert dice(MaskPair.of(*views, (1, 1, 1))) == pytest.approx(
        dice(MaskPair.of(*copies, (1, 1, 1))), nan_ok=True
    )
    assert MaskPair.of(*views, (1, 1, 1)).offset_zyx == MaskPair.of(*copies, (1, 1, 1)).offset_zyx


def test_the_crop_is_the_smallest_box_around_both() -> None:
    first, second = np.zeros((2, 10, 10, 10), dtype=bool)
    first[2:4, 5, 5] = True
    second[3, 8, 1] = True
    pair = MaskPair.of(first, second, (1, 1, 1))
    assert (pair.offset_zyx, pair.reference.shape) == ((2, 5, 1), (2, 4, 5))


def test_other_types_and_shapes_are_refused() -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    with pytest.raises(InvalidImage, match="uint8"):
        MaskPair.of(mask.astype(np.uint8), mask, (1, 1, 1))
    with pytest.raises(InvalidImage, match="three axes"):
        MaskPair.of(mask[0], mask[0], (1, 1, 1))
    with pytest.raises(GeometryMismatch, match=r"\(4, 5, 6\).*\(4, 5, 5\)"):
        MaskPair.of(mask, mask[..., :5], (1, 1, 1))


@pytest.mark.parametrize(
    "spacing", [(1, 1), (1, 1, 0), (1, -1, 1), (1, np.nan, 1), (np.inf, 1, 1), "abc", 3.0]
)
def test_impossible_spacing_is_refused(spacing: object) -> None:
    mask = np.ones(SHAPE, dtype=bool)
    with pytest.raises(InvalidGeometry):
        MaskPair.of(mask, mask, spacing)  # type: ignore[arg-type]
