"""Displacement fields, composites and inverses: against SimpleITK, on oblique grids."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.core.errors import InvalidGeometry
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    InverseTransform,
    Transform,
    inverse_of,
)
from tests.strategies import oblique

TILTED = oblique(np.eye(3), (14.0, -9.0, 6.0))
GRID = Geometry((9, 14, 12), (3.0, 1.2, 0.9), (-12.0, 30.0, 5.0), TILTED)
NUMBERS = np.random.default_rng(0)
TURNED = AffineTransform.from_matrix(
    np.block([[oblique(np.eye(3), (4.0, 3.0, -5.0)), np.array([[2.0], [-3.0], [1.0]])], [0, 0, 0, 1]])
)


def smooth_field(strength: float = 1.5, geometry: Geometry = GRID) -> DisplacementField:
    places = geometry.voxel_places_lps_mm() - geometry.voxel_places_lps_mm().mean(axis=(0, 1, 2))
    waves = np.sin(places / 9.0 + np.array([0.3, 1.1, 2.0]))
    return DisplacementField(strength * waves[..., [2, 0, 1]], geometry)


def in_itk(field: DisplacementField) -> sitk.DisplacementFieldTransform:
    image = sitk.GetImageFromArray(np.asarray(field.vectors_lps_mm, np.float64), isVector=True)
    image.SetSpacing(field.geometry.spacing_zyx_mm[::-1])
    image.SetOrigin(field.geometry.origin_lps_mm)
    image.SetDirection(field.geometry.direction.ravel().tolist())
    return sitk.DisplacementFieldTransform(image)


def points_around(n: int = 400, beyond: float = 0.2) -> np.ndarray:
    shape = np.asarray(GRID.shape_zyx)
    return GRID.index_to_lps(NUMBERS.uniform(-beyond * shape, (1 + beyond) * shape - 1, (n, 3)))


def test_voxel_places_are_those_of_their_indices() -> None:
    index = np.stack(np.meshgrid(*map(np.arange, GRID.shape_zyx), indexing="ij"), axis=-1)
    np.testing.assert_allclose(GRID.voxel_places_lps_mm(), GRID.index_to_lps(index), atol=1e-9)


def test_points_are_moved_as_itk_moves_them_also_outside() -> None:
    field = smooth_field()
    theirs = in_itk(field)
    points = points_around()
    expected = np.array([theirs.TransformPoint(p.tolist()) for p in points])
    found = field.transform_points(points)
    index = GRID.lps_to_index(points)
    shape = np.asarray(GRID.shape_zyx)
    # ITK goes on for half a voxel beyond the outermost centres.
    clear = ((index >= 0) & (index <= shape - 1)).all(axis=1)
    far = ((index < -0.5) | (index > shape - 0.5)).any(axis=1)
    assert clear.sum() > 60
    assert far.sum() > 100
    np.testing.assert_allclose(found[clear | far], expected[clear | far], atol=1e-6)
    assert (found[far] == points[far]).all()


def test_the_jacobian_is_the_same_in_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    grid = Geometry((7, 5, 6), (3.0, 1.0, 1.5))
    field = DisplacementField(rng.normal(size=(7, 5, 6, 3)).astype(np.float32), grid)
    whole = field.jacobian_determinant()
    for n in (1, 30, 61):
        monkeypatch.setattr("napari_medassist.core.transform._JACOBIAN_VOXELS", n)
        np.testing.assert_array_equal(field.jacobian_determinant(), whole)


def test_the_jacobian_is_that_of_itk_inside() -> None:
    """On axes of the patient: ITK's filter leaves the direction of the grid out."""
    straight = Geometry(GRID.shape_zyx, GRID.spacing_zyx_mm, GRID.origin_lps_mm)
    field = smooth_field(4.0, straight)
    image = in_itk(field).GetDisplacementField()
    expected = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(image))
    inner = (slice(1, -1),) * 3
    np.testing.assert_allclose(field.jacobian_determinant()[inner], expected[inner], rtol=1e-4)


def test_an_affine_field_has_the_determinant_of_its_matrix() -> None:
    matrix = np.array([[1.1, 0.05, 0, 3], [0, 0.9, 0.02, 0], [0.01, 0, 1.2, -1], [0, 0, 0, 1.0]])
    field = DisplacementField.of(AffineTransform.from_matrix(matrix), GRID)
    np.testing.assert_allclose(field.jacobian_determinant(), np.linalg.det(matrix), rtol=1e-5)
    flat = Geometry((1, 14, 12), (3.0, 1.2, 0.9), (0.0, 0.0, 0.0))
    assert np.isfinite(
        DisplacementField.of(AffineTransform.identity(), flat).jacobian_determinant()
    ).all()


def test_a_fold_has_no_volume() -> None:
    vectors = np.zeros((*GRID.shape_zyx, 3))
    along_x = GRID.direction[:, 0]
    vectors[:, :, 5] = 3.0 * along_x
    assert (DisplacementField(vectors, GRID).jacobian_determinant() <= 0).any()
    assert (smooth_field(0.5).jacobian_determinant() > 0).all()


@pytest.mark.parametrize(
    "transform", [TURNED, smooth_field(), CompositeTransform((smooth_field(), TURNED))]
)
def test_there_and_back_is_where_it_was(transform: Transform) -> None:
    points = GRID.index_to_lps(NUMBERS.uniform(3, 6, (50, 3)))
    back = inverse_of(transform).transform_points(transform.transform_points(points))
    np.testing.assert_allclose(back, points, atol=2e-3)
    again = transform.transform_points(inverse_of(transform).transform_points(points))
    np.testing.assert_allclose(again, points, atol=2e-3)


def test_where_space_is_torn_there_is_no_way_back() -> None:
    class Torn:
        def transform_points(self, points_lps_mm: object) -> np.ndarray:
            points = np.array(points_lps_mm, dtype=float)
            points[..., 0] += np.where(points[..., 0] > 0, 5.0, -5.0)
            return points

    found = InverseTransform(Torn()).transform_points([[0.5, 0, 0], [9.0, 0, 0], [-20.0, 1, 2]])
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1:], [[4.0, 0, 0], [-15.0, 1, 2]], atol=1e-3)


def test_composites_are_applied_in_order_and_flattened() -> None:
    field = smooth_field()
    whole = CompositeTransform((CompositeTransform((TURNED,)), field))
    assert whole.parts == (TURNED, field)
    affine = sitk.AffineTransform(3)
    matrix = np.asarray(TURNED.matrix_lps)
    affine.SetMatrix(matrix[:3, :3].ravel().tolist())
    affine.SetTranslation(matrix[:3, 3].tolist())
    theirs = sitk.CompositeTransform(3)
    theirs.AddTransform(in_itk(field))  # ITK applies the last one first
    theirs.AddTransform(affine)
    # In the middle of the grid also after the turn: at its rim ITK goes on for half a voxel.
    points = TURNED.inverse().transform_points(GRID.index_to_lps(NUMBERS.uniform(2, 6, (30, 3))))
    expected = np.array([theirs.TransformPoint(p.tolist()) for p in points])
    np.testing.assert_allclose(whole.transform_points(points), expected, atol=1e-6)


def test_rigid_maps_are_told_from_others() -> None:
    assert TURNED.is_rigid
    assert not AffineTransform.from_matrix(np.diag([1.01, 1, 1, 1])).is_rigid
    assert not AffineTransform.from_matrix(np.diag([-1.0, 1, 1, 1])).is_rigid
    turned = AffineTransform.from_matrix(np.diag([-1.0, -1, 1, 1]))
    assert turned.rotation_deg == pytest.approx(180)
    assert AffineTransform.identity().rotation_deg == 0


def test_fields_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidGeometry, match="has the shape"):
        DisplacementField(np.zeros((3, 3, 3, 3)), GRID)
    with pytest.raises(InvalidGeometry, match="not finite"):
        DisplacementField(np.full((*GRID.shape_zyx, 3), np.nan), GRID)
    field = smooth_field()
    with pytest.raises(ValueError, match="read-only"):
        field.vectors_lps_mm[0, 0, 0, 0] = 1
