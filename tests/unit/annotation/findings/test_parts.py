"""Which voxels a finding stands for."""

from __future__ import annotations

import numpy as np

from napari_medassist.annotation.findings.finding import Finding
from napari_medassist.annotation.findings.parts import LesionRule, is_in, lesions_in, region_of
from napari_medassist.core.geometry import Geometry

GRID = Geometry((6, 20, 20), (3.0, 1.0, 1.0), (-7.0, 3.0, 11.0))


def _map() -> np.ndarray:
    voxels = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    voxels[1:4, 2:7, 2:7] = 1  # 75 voxels
    voxels[2, 12:15, 12:15] = 1  # 9 voxels
    voxels[3, 15, 15] = 1  # touches the corner of the one before: the same part
    voxels[5, 0, 0] = 4
    return voxels


def test_a_label_is_a_lesion() -> None:
    found = lesions_in(_map(), GRID, LesionRule.LABEL)
    assert [(f.label, f.n_voxels, f.n_parts, f.anchor_lps_mm) for f in found] == [
        (1, 85, 2, None), (4, 1, 1, None)
    ]  # fmt: skip


def test_a_part_is_a_lesion_and_is_found_by_its_deepest_voxel() -> None:
    found = lesions_in(_map(), GRID, LesionRule.PART)
    assert [(f.label, f.n_voxels) for f in found] == [(1, 75), (1, 10), (4, 1)]
    # 3 mm from the outside in the slice; the first and the middle slice are equal in that
    assert found[0].anchor_lps_mm == (-7.0 + 4, 3.0 + 4, 11.0 + 3 * 1)
    assert found[1].anchor_lps_mm == (-7.0 + 13, 3.0 + 13, 11.0 + 3 * 2)


def test_a_part_stays_itself_while_it_is_edited() -> None:
    voxels = _map()
    big, small, _ = lesions_in(voxels, GRID, LesionRule.PART)
    finding = Finding("a", 1, label=1, anchor_lps_mm=small.anchor_lps_mm)
    assert region_of(finding, voxels, GRID).mask.sum() == 10  # type: ignore[union-attr]
    voxels[2, 13, 13] = 0  # its own point is erased
    assert region_of(finding, voxels, GRID).mask.sum() == 9  # type: ignore[union-attr]
    voxels[2:4, 10:18, 10:18] = 0  # gone: the large one is 8.1 mm away in the slice, in reach
    assert region_of(finding, voxels, GRID).mask.sum() == 75  # type: ignore[union-attr]
    voxels[:, 5:7] = voxels[:, :, 5:7] = 0  # and now it is not
    assert region_of(finding, voxels, GRID) is None
    assert big.n_voxels == 75


def test_a_label_that_is_gone() -> None:
    assert region_of(Finding("a", 1, label=7), _map(), GRID) is None
    assert region_of(Finding("a", 1), _map(), GRID) is None


def test_indices_and_whole_mask_are_of_the_grid() -> None:
    region = region_of(Finding("a", 1, label=4), _map(), GRID)
    assert region is not None
    assert region.index_zyx().tolist() == [[5, 0, 0]]
    assert np.argwhere(region.whole(GRID.shape_zyx)).tolist() == [[5, 0, 0]]


def test_what_is_in_the_table_already() -> None:
    voxels = _map()
    big, small, other = lesions_in(voxels, GRID, LesionRule.PART)
    of_big = Finding("a", 1, label=1, anchor_lps_mm=big.anchor_lps_mm)
    assert is_in(of_big, big, voxels, GRID)
    assert not is_in(of_big, small, voxels, GRID)
    assert not is_in(of_big, other, voxels, GRID)
    assert is_in(Finding("a", 1, label=1), small, voxels, GRID)
