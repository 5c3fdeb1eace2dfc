"""Planes, letters and cuts against SimpleITK, nibabel and values worked out by hand."""

from __future__ import annotations

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.hanging.cuts import cut_grid, disc_voxels, sample_on
from napari_medassist.app.hanging.planes import ViewPlane, letters
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Volume
from tests.phantoms import TILT_DEG, volume
from tests.strategies import oblique

PLANES = ("axial", "coronal", "sagittal")


def orientations() -> list[np.ndarray]:
    """Return all 48 signed permutations, as direction matrices."""
    found = []
    for axes, signs in product(permutations(range(3)), product((1, -1), repeat=3)):
        matrix = np.zeros((3, 3))
        for column, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
            matrix[axis, column] = sign
        found.append(matrix)
    return found


def physical_index(stored: Geometry, point: np.ndarray) -> np.ndarray:
    """Return the index z, y, x of a point in the stored grid, as SimpleITK sees it."""
    image = sitk.Image([int(n) for n in stored.shape_zyx[::-1]], sitk.sitkUInt8)
    image.SetSpacing(stored.spacing_zyx_mm[::-1])
    image.SetOrigin(stored.origin_lps_mm)
    image.SetDirection(stored.direction.ravel().tolist())
    return np.asarray(image.TransformPhysicalPointToContinuousIndex(point.tolist()))[::-1]


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("tilt", [(0.0, 0.0, 0.0), TILT_DEG])
@pytest.mark.parametrize("direction", orientations(), ids=str)
def test_a_point_is_drawn_over_its_voxel(direction, tilt, plane) -> None:
    stored = Geometry((6, 7, 8), (3.0, 0.9, 0.6), (-10.0, 15.0, -40.0), oblique(direction, tilt))
    index = np.asarray((2, 5, 3))
    array = np.zeros(stored.shape_zyx, dtype=np.uint8)
    array[tuple(index)] = 1
    image = Volume.from_stored(array, stored)
    point = stored.index_to_lps(index)
    np.testing.assert_allclose(physical_index(stored, point), index, atol=1e-6)

    view = ViewPlane.of_grid(image.geometry, plane)
    cut = cut_grid(np.asarray(image.array), image.geometry, view, point)

    assert cut is not None
    right, down, depth = view.from_lps(point)
    row, column = cut.pixel_at(right, down)
    bright = np.argwhere(cut.values)[0]
    off_mm = (np.asarray((row, column)) - bright) * np.abs(cut.step_mm[::-1])
    assert np.abs(off_mm).max() < 0.001
    assert abs(depth - cut.depth_mm) < 0.001
    np.testing.assert_allclose(view.to_lps((right, down, depth)), point, atol=1e-9)


@pytest.mark.parametrize("direction", orientations(), ids=str)
def test_letters_agree_with_nibabel(direction) -> None:
    turned = oblique(direction, TILT_DEG)
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = np.diag([-1, -1, 1]) @ turned
    codes = nib.aff2axcodes(affine_ras)
    assert tuple(letters(column)[0] for column in turned.T) == codes


def test_letters_of_the_three_planes_are_those_of_a_radiologist() -> None:
    edges = {plane: ViewPlane.of_frame(DisplayFrame(), plane).edge_letters() for plane in PLANES}
    assert edges == {
        "axial": ("R", "L", "A", "P"),
        "coronal": ("R", "L", "S", "I"),
        "sagittal": ("A", "P", "S", "I"),
    }


def test_a_second_letter_tells_of_an_oblique_plane() -> None:
    tilted = ViewPlane.of_frame(
        DisplayFrame(tuple(map(tuple, oblique(np.eye(3), (18, 0, 0))))), "axial"
    )
    right, down = tilted.edge_letters()[1], tilted.edge_letters()[3]
    assert right == "L"
    assert down in ("Ps", "Pi")
    assert down[1] == ("s" if tilted.down_lps[2] > 0 else "i")


def test_no_slice_holds_a_point_outside() -> None:
    image = volume()
    view = ViewPlane.of_grid(image.geometry, "axial")
    outside = image.geometry.index_to_lps((-0.6, 3, 3))
    assert cut_grid(image.array, image.geometry, view, outside) is None


def test_labels_on_an_oblique_slice_are_the_nearest_voxels() -> None:
    labels, series = volume(), volume(direction=oblique(np.eye(3), TILT_DEG), shape_zyx=(5, 9, 8))
    view = ViewPlane.of_grid(series.geometry, "sagittal")
    point = series.geometry.index_to_lps((2, 4, 4))
    cut = cut_grid(series.array, series.geometry, view, point)
    found = sample_on(cut, view, labels.array, labels.geometry)
    for row, column in ((0, 0), (2, 4), (4, 8)):
        place = (
            cut.first_mm[0] + column * cut.step_mm[0],
            cut.first_mm[1] + row * cut.step_mm[1],
            cut.depth_mm,
        )
        index = np.rint(physical_index(labels.geometry, view.to_lps(place))).astype(int)
        is_inside = (index >= 0).all() and (index < labels.geometry.shape_zyx).all()
        wanted = labels.array[tuple(index)] if is_inside else 0
        assert found.values[row, column] == wanted


def test_a_brush_meets_the_voxels_of_its_disc() -> None:
    grid = Geometry((5, 11, 11), (3.0, 1.0, 1.0))
    view = ViewPlane.of_frame(DisplayFrame(), "axial")
    z, y, x = disc_voxels(grid, view, (5.0, 5.0, 6.0), 1.0)
    assert set(z) == {2}
    assert set(zip(y.tolist(), x.tolist(), strict=True)) >= {(5, 5), (4, 5), (6, 5), (5, 4), (5, 6)}
    assert np.hypot(y - 5, x - 5).max() < 2
    side = ViewPlane.of_frame(DisplayFrame(), "sagittal")
    z, y, x = disc_voxels(grid, side, (5.0, 5.0, 6.0), 3.0)
    assert set(x) == {5}
    assert set(z) == {1, 2, 3}
    assert np.hypot((z - 2) * 3.0, y - 5).max() <= 3.0
