"""Which series a place shows, by hand; the upper one on the lower one's slice, against SimpleITK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.app.hanging.cuts import cut_grid
from napari_medassist.app.hanging.fusion import Fusion, overlay_on
from napari_medassist.app.hanging.planes import ViewPlane
from napari_medassist.app.hanging.protocol import Choice, Layout, fused_layout, hang
from napari_medassist.app.hanging.reading import built_in_protocols, parse_protocol
from napari_medassist.core.case import Case
from napari_medassist.core.errors import CorruptFile, InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import AffineTransform
from napari_medassist.core.volume import Volume
from tests.phantoms import TILT_DEG, oblique_case, volume
from tests.strategies import oblique


def itk_image(array: np.ndarray, geometry: Geometry) -> sitk.Image:
    image = sitk.GetImageFromArray(np.asarray(array, dtype=np.float64))
    image.SetSpacing(geometry.spacing_zyx_mm[::-1])
    image.SetOrigin(geometry.origin_lps_mm)
    image.SetDirection(geometry.direction.ravel().tolist())
    return image


def pair() -> tuple[Volume, Volume]:
    """Return a coarse series and a fine one that is tilted to it and reaches only half over it."""
    fixed = volume("t2w", shape_zyx=(5, 9, 8), spacing_zyx_mm=(3.0, 2.0, 2.0))
    moving = volume(
        "adc",
        shape_zyx=(9, 14, 11),
        spacing_zyx_mm=(1.6, 1.2, 1.0),
        origin_lps_mm=(-6.0, 17.0, -39.0),
        direction=oblique(np.eye(3), TILT_DEG),
    )
    return fixed, moving


SHIFT = AffineTransform.from_matrix(
    [[1, 0, 0, 1.5], [0, 1, 0, -2.0], [0, 0, 1, 0.7], [0, 0, 0, 1]],
)


@pytest.mark.parametrize("transform", [AffineTransform.identity(), SHIFT], ids=["identity", "shift"])
@pytest.mark.parametrize("is_smooth", [True, False], ids=["linear", "nearest"])
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_the_upper_series_lies_where_simpleitk_puts_it(plane, is_smooth, transform) -> None:
    fixed, moving = pair()
    view = ViewPlane.of_grid(fixed.geometry, plane)
    point = fixed.geometry.index_to_lps((2, 4, 4))
    cut = cut_grid(fixed.array, fixed.geometry, view, point)
    found = overlay_on(cut, view, moving.array, moving.geometry, transform, is_smooth=is_smooth)

    matrix = np.asarray(transform.matrix_lps)
    itk = sitk.AffineTransform(matrix[:3, :3].ravel().tolist(), matrix[:3, 3].tolist())
    rows, columns = found.cut.values.shape
    grid = sitk.Image(columns, rows, 1, sitk.sitkFloat64)
    grid.SetSpacing((*found.cut.step_mm, 1.0))
    grid.SetOrigin(view.to_lps((*found.cut.first_mm, cut.depth_mm)).tolist())
    axes = np.column_stack([view.right_lps, view.down_lps, np.cross(view.right_lps, view.down_lps)])
    grid.SetDirection(axes.ravel().tolist())
    way = sitk.sitkLinear if is_smooth else sitk.sitkNearestNeighbor
    moved = itk_image(moving.array, moving.geometry)
    expected = sitk.GetArrayFromImage(sitk.Resample(moved, grid, itk, way, -1.0))[0]

    assert 0.1 < found.is_inside.mean() < 0.9  # the phantom's two edges are in the slice
    assert ((expected != -1) == found.is_inside).mean() > 0.999
    both = (expected != -1) & found.is_inside
    assert np.isclose(found.cut.values, expected, atol=0.05)[both].mean() > 0.999
    assert (found.cut.values[~found.is_inside] == 0).all()


class Bent:
    """A shift that is not told to be affine: the way of any other transform."""

    def transform_points(self, points_lps_mm: np.ndarray) -> np.ndarray:
        return np.asarray(points_lps_mm) + np.asarray((1.5, -2.0, 0.7))


def test_any_transform_is_followed_point_by_point() -> None:
    fixed, moving = pair()
    view = ViewPlane.of_grid(fixed.geometry, "sagittal")
    cut = cut_grid(fixed.array, fixed.geometry, view, fixed.geometry.index_to_lps((2, 4, 4)))
    bent = overlay_on(cut, view, moving.array, moving.geometry, Bent())
    straight = overlay_on(cut, view, moving.array, moving.geometry, SHIFT)
    assert bent.is_inside.any()
    np.testing.assert_array_equal(bent.is_inside, straight.is_inside)
    np.testing.assert_allclose(bent.cut.values, straight.cut.values, rtol=1e-5)


def test_a_fine_series_stays_fine_over_a_coarse_one_and_covers_its_slice() -> None:
    fixed, moving = pair()
    view = ViewPlane.of_grid(fixed.geometry, "axial")
    cut = cut_grid(fixed.array, fixed.geometry, view, fixed.geometry.index_to_lps((2, 4, 4)))
    found = overlay_on(cut, view, moving.array, moving.geometry, AffineTransform.identity()).cut
    assert found.step_mm == (1.0, 1.0)
    assert found.values.shape == (18, 16)
    assert found.first_mm[0] - 0.5 == pytest.approx(cut.first_mm[0] - 1.0)
    assert found.first_mm[1] - 0.5 == pytest.approx(cut.first_mm[1] - 1.0)


def test_a_series_over_itself_is_itself() -> None:
    fixed, _ = pair()
    view = ViewPlane.of_grid(fixed.geometry, "coronal")  # its rows run against the view
    cut = cut_grid(fixed.array, fixed.geometry, view, fixed.geometry.index_to_lps((2, 4, 4)))
    same = overlay_on(
        cut, view, fixed.array, fixed.geometry, AffineTransform.identity(), is_smooth=False
    )
    assert cut.step_mm[1] < 0
    assert same.is_inside.all()
    row, column = same.cut.pixel_at(*(c + s for c, s in zip(cut.first_mm, cut.step_mm, strict=True)))
    assert same.cut.values[round(row), round(column)] == cut.values[1, 1]


def test_tiles_and_dividers_lie_where_their_millimetres_say() -> None:
    right, down = np.asarray([-0.5, 0.5, 9.5, 10.5]), np.asarray([0.5, 10.5])
    tiles = Fusion("checkerboard", tile_mm=10).weights(right, down)
    np.testing.assert_array_equal(tiles, [[1, 0, 0, 1], [0, 1, 1, 0]])
    swipe = Fusion("swipe").weights(right, down, divider_mm=0.5)
    np.testing.assert_array_equal(swipe, [[0, 1, 1, 1], [0, 1, 1, 1]])
    below = Fusion("swipe-down").weights(right, down, divider_mm=5)
    np.testing.assert_array_equal(below, [[0, 0, 0, 0], [1, 1, 1, 1]])
    np.testing.assert_array_equal(Fusion(opacity=0.3).weights(right, down), np.full((2, 4), 0.3))


def test_the_amount_is_that_of_the_mode() -> None:
    fusion = Fusion().with_amount(0.7).in_mode("checkerboard").with_amount(8)
    assert (fusion.opacity, fusion.tile_mm, fusion.amount) == (0.7, 8, 8)
    assert fusion.in_mode("swipe").with_amount(0.2).divider == 0.2
    for wrong in ({"opacity": 1.1}, {"tile_mm": 0.0}, {"divider": float("nan")}, {"mode": "mix"}):
        with pytest.raises(InvalidImage):
            Fusion(**wrong)


def test_a_protocol_asks_for_fused_views() -> None:
    ours = next(p for p in built_in_protocols() if p.name == "mpMR prostate")
    layout = next(layout for layout in ours.layouts if layout.name == "Fused")
    views, missing = hang(layout, oblique_case())
    assert [(v.image.role, v.over and v.over.role) for v in views] == [("t2w", None), ("t2w", "adc")]
    assert views[1].over_window == "ADC 0-1600"
    assert missing == ("high-b",)
    dwi = Case("dwi", (*oblique_case().series, volume("dwi")))
    assert [v.over and v.over.role for v in hang(layout, dwi)[0]] == [None, "adc", "dwi"]


def test_any_case_of_two_series_can_be_fused() -> None:
    one, two = volume("mr", name="one"), volume("mr", name="two")
    assert fused_layout(Case("one", (one,))) is None
    views, _ = hang(fused_layout(Case("two", (one, two))), Case("two", (one, two)))
    assert (views[1].image, views[1].over) == (one, two)
    alone = Layout("a", ((Choice("mr", over=Choice("mr")),),))
    assert hang(alone, Case("one", (one,)))[0] == ()


def test_a_fault_below_over_is_told_with_its_line() -> None:
    text = "name: Mine\nlayouts:\n  - name: F\n    views:\n      - {role: t2w, over: {plane: own}}"
    with pytest.raises(CorruptFile, match=r"Line 5: 'plane' is not known"):
        parse_protocol(text, Path("mine.yaml"))
