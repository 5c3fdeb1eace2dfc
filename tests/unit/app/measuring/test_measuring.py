"""Measurements against hand values and SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.distance import pdist

from napari_medassist.app.measuring.lengths import angle_deg, distance_mm
from napari_medassist.app.measuring.lesion_size import lesion_size
from napari_medassist.app.measuring.region_values import ellipse_region, region_values
from napari_medassist.core.errors import GeometryMismatch, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Acquisition, Volume


def test_lengths_and_angles():
    assert distance_mm((0, 3, 0), (4, 0, 0)) == 5
    assert angle_deg((1, 0, 0), (0, 0, 0), (0, 2, 0)) == pytest.approx(90)
    assert angle_deg((1, 0, 0), (0, 0, 0), (1, 1, 0)) == pytest.approx(45)
    assert angle_deg((1, 0, 0), (0, 0, 0), (-3, 0, 0)) == pytest.approx(180)
    with pytest.raises(InvalidSetting, match="three different"):
        angle_deg((1, 0, 0), (1, 0, 0), (-3, 0, 0))


def test_the_size_of_a_lesion():
    rng = np.random.default_rng(0)
    mask = rng.random((3, 6, 7)) > 0.7
    grid = Geometry(mask.shape, (3.0, 0.5, 0.6))
    corners = np.concatenate(
        [np.argwhere(mask) + np.array((a, b, c)) for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    )
    size = lesion_size(mask, grid)
    assert size.diameter_3d_mm == pytest.approx(pdist(corners * grid.spacing_zyx_mm).max())
    assert size.volume_ml == pytest.approx(mask.sum() * 0.9 / 1000)
    axial = max(
        pdist(
            np.unique(
                np.concatenate([np.argwhere(p) + np.array((b, c)) for b in (0, 1) for c in (0, 1)]),
                axis=0,
            )
            * (0.5, 0.6)
        ).max()
        for p in mask
    )
    assert size.axial_mm == pytest.approx(axial)


def test_values_in_a_region_on_the_same_grid_are_those_of_simpleitk():
    rng = np.random.default_rng(1)
    grid = Geometry((5, 20, 20), (3, 0.5, 0.5))
    image = Volume(rng.normal(900, 100, grid.shape_zyx), grid, acquisition=Acquisition(unit="um2/s"))
    region = rng.random(grid.shape_zyx) > 0.6
    found = region_values(image, region, grid)
    theirs = sitk.LabelStatisticsImageFilter()
    theirs.Execute(sitk.GetImageFromArray(image.array), sitk.GetImageFromArray(region.astype(np.uint8)))
    assert found.n == theirs.GetCount(1)
    assert found.mean == pytest.approx(theirs.GetMean(1))
    assert found.sd == pytest.approx(theirs.GetSigma(1))
    assert (found.low, found.high) == (theirs.GetMinimum(1), theirs.GetMaximum(1))
    assert "um2/s" in found.in_words()
    assert found.coverage == 1


def test_a_region_on_a_finer_grid_counts_each_voxel_of_the_image_once():
    """3x3x3 mm voxels of the image; the region covers two of them in fine voxels."""
    coarse = Geometry((4, 4, 4), (3, 3, 3))
    image = Volume(np.arange(64.0).reshape(4, 4, 4), coarse)
    fine = Geometry((12, 12, 12), (1, 1, 1), (-1, -1, -1))
    region = np.zeros(fine.shape_zyx, bool)
    region[3:6, 3:6, 3:9] = True  # image voxels (1, 1, 1) and (1, 1, 2)
    found = region_values(image, region, fine)
    assert (found.n, found.mean) == (2, (21 + 22) / 2)


def test_what_lies_outside_of_the_image_is_told():
    grid = Geometry((2, 4, 4), (1, 1, 1))
    image = Volume(np.ones(grid.shape_zyx), grid)
    wide = Geometry((2, 4, 8), (1, 1, 1))
    region = np.ones(wide.shape_zyx, bool)
    found = region_values(image, region, wide)
    assert (found.n, found.coverage) == (32, 0.5)
    assert "only 50% in the image" in found.in_words()
    far = Geometry((2, 4, 4), (1, 1, 1), (50, 0, 0))
    assert region_values(image, np.ones(far.shape_zyx, bool), far).n == 0
    with pytest.raises(GeometryMismatch):
        region_values(image, region, grid)


def test_an_ellipse_has_its_area():
    grid = Geometry((3, 200, 200), (3, 0.25, 0.5))
    region = ellipse_region(grid, (1, 100, 100), (0, 10, 20))
    area_mm2 = region[1].sum() * 0.125
    assert area_mm2 == pytest.approx(np.pi * 200, rel=0.01)
    assert not region[[0, 2]].any()
