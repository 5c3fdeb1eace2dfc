"""SimpleITK and nibabel images to ours and back."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings

from napari_medassist.core.errors import InvalidGeometry, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.orientation import SourceGrid
from napari_medassist.core.volume import Volume
from napari_medassist.io import bridges
from tests.strategies import geometries

SOURCE = Path(bridges.__file__).parent


def _numbered(grid: Geometry, n_times: int = 0) -> Volume:
    shape = (n_times, *grid.shape_zyx) if n_times else grid.shape_zyx
    return Volume.from_stored(np.arange(np.prod(shape), dtype=np.int32).reshape(shape), grid)


@given(geometries())
@settings(max_examples=50, deadline=None)
def test_simpleitk_puts_each_voxel_where_we_do(grid: Geometry) -> None:
    volume = _numbered(grid)
    image = bridges.to_sitk(volume)
    last_zyx = np.asarray(grid.shape_zyx) - 1
    there = image.TransformIndexToPhysicalPoint([int(i) for i in last_zyx[::-1]])
    np.testing.assert_allclose(there, grid.index_to_lps(last_zyx), atol=1e-6)
    again = bridges.volume_from_sitk(image)
    assert again.geometry.corner_distance_mm(volume.geometry) < 1e-6
    np.testing.assert_array_equal(again.array, volume.array)


@given(geometries())
@settings(max_examples=50, deadline=None)
def test_nibabel_puts_each_voxel_where_we_do(grid: Geometry) -> None:
    volume = _numbered(grid)
    image = bridges.to_nibabel(volume)
    z, y, x = (n - 1 for n in grid.shape_zyx)
    ras = nib.affines.apply_affine(image.affine, (x, y, z))
    np.testing.assert_allclose(ras * (-1, -1, 1), grid.index_to_lps((z, y, x)), atol=1e-6)
    assert np.asarray(image.dataobj)[x, y, z] == volume.stored_array()[z, y, x]
    again = bridges.volume_from_nibabel(image)
    assert again.geometry.corner_distance_mm(volume.geometry) < 1e-6
    np.testing.assert_array_equal(again.array, volume.array)


def test_time_is_first_with_us_and_last_with_them() -> None:
    volume = _numbered(Geometry((3, 4, 5), (3.0, 2.0, 1.0)), n_times=6)
    image = bridges.to_sitk(volume)
    assert image.GetSize() == (5, 4, 3, 6)
    np.testing.assert_array_equal(bridges.volume_from_sitk(image).array, volume.array)
    other = bridges.to_nibabel(volume)
    assert other.shape == (5, 4, 3, 6)
    np.testing.assert_array_equal(bridges.volume_from_nibabel(other).array, volume.array)


def test_label_maps_come_over_too() -> None:
    image = SimpleITK.GetImageFromArray(np.eye(4, dtype=np.uint8)[np.newaxis])
    assert bridges.label_map_from_sitk(image, name="a").values() == (1,)
    other = nib.Nifti1Image(np.eye(4, dtype=np.uint8)[..., np.newaxis], np.eye(4))
    assert bridges.label_map_from_nibabel(other).values() == (1,)


def test_a_flat_image_is_one_slice() -> None:
    volume = bridges.volume_from_sitk(SimpleITK.Image([5, 4], SimpleITK.sitkUInt8))
    assert volume.array.shape == (1, 4, 5)


def test_colours_and_mixed_time_are_refused() -> None:
    with pytest.raises(UnsupportedFormat, match="3 values"):
        bridges.volume_from_sitk(SimpleITK.Image([5, 4, 3], SimpleITK.sitkVectorUInt8, 3))
    image = SimpleITK.Image([5, 4, 3, 2], SimpleITK.sitkUInt8)
    image.SetDirection([1, 0, 0, 0.1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
    with pytest.raises(InvalidGeometry, match="time axis"):
        bridges.volume_from_sitk(image)


def test_stored_order_is_what_is_handed_over() -> None:
    coronal = Geometry((3, 4, 5), (3.0, 2.0, 1.0), (0, 0, 0), [[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    volume = _numbered(coronal)
    assert volume.array.shape != coronal.shape_zyx
    assert SourceGrid.of(coronal).plane == "coronal"
    assert bridges.to_sitk(volume).GetSize() == (5, 4, 3)


def test_no_other_module_here_flips_or_transposes() -> None:
    words = (".transpose(", "swapaxes", "moveaxis", "np.flip", "rollaxis", ".T\n", ".T ")
    found = [
        f"{path.name}: {word.strip()}"
        for path in SOURCE.rglob("*.py")
        for word in words
        if path.name != "bridges.py" and word in path.read_text(encoding="utf-8")
    ]
    assert found == []
