from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.lesion_measures import (
    distances_to_other_mm,
    longest_axial_diameters_mm,
)
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.metrics.pair import MaskPair

SPACING = (3.0, 0.5, 0.7)


def _sides(reference: np.ndarray, prediction: np.ndarray) -> tuple:
    pair = MaskPair.of(reference, prediction, SPACING)
    return tuple(find_lesions(pair, side, rule=ExtractionRule()) for side in Side)


def test_one_voxel_is_as_long_as_its_diagonal() -> None:
    mask = np.zeros((3, 8, 8), dtype=bool)
    mask[1, 4, 4] = True
    lesions, _ = _sides(mask, mask)
    assert longest_axial_diameters_mm(lesions, SPACING) == pytest.approx((np.hypot(0.5, 0.7),))


def test_the_longest_slice_counts_not_the_way_through_slices() -> None:
    mask = np.zeros((6, 30, 30), dtype=bool)
    mask[1:5, 3:5, 3:5] = True
    mask[2, 3:5, 3:23] = True
    lesions, _ = _sides(mask, mask)
    assert longest_axial_diameters_mm(lesions, SPACING) == pytest.approx((np.hypot(1.0, 14.0),))


@pytest.mark.parametrize("seed", range(6))
def test_measures_agree_with_all_pairs_of_voxels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = rng.random((2, 5, 40, 40)) > 0.985
    masks[0, 1, 5:33, 8:31] |= np.hypot(*np.ogrid[-14:14, -11:12]) < 11
    reference, prediction = _sides(*masks)
    offset = np.array(reference.offset_zyx)
    corner = np.array([(dy, dx) for dy in (0, 1) for dx in (0, 1)])
    diameters = longest_axial_diameters_mm(reference, SPACING)
    nearest = distances_to_other_mm(reference, prediction, SPACING)
    others = (np.argwhere(prediction.labels) + offset) * SPACING
    for lesion, diameter, distance in zip(reference, diameters, nearest, strict=True):
        voxels = np.argwhere(reference.labels == lesion.id) + offset
        longest = 0.0
        for z in np.unique(voxels[:, 0]):
            plane = voxels[voxels[:, 0] == z][:, 1:]
            corners = (plane[:, None] + corner).reshape(-1, 2) * SPACING[1:]
            longest = max(longest, cdist(corners, corners).max())
        assert diameter == pytest.approx(longest)
        assert distance == pytest.approx(cdist(voxels * SPACING, others).min())


def test_nothing_is_near_where_the_other_side_is_empty() -> None:
    mask = np.zeros((3, 8, 8), dtype=bool)
    mask[1, 2:4, 2:4] = True
    reference, prediction = _sides(mask, np.zeros_like(mask))
    assert distances_to_other_mm(reference, prediction, SPACING) == (None,)
    assert distances_to_other_mm(prediction, reference, SPACING) == ()
