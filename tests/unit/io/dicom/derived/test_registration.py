"""Maps as DICOM registrations: read back by us, and by the standard's own words with pydicom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from scipy.ndimage import gaussian_filter

import napari_medassist as ma
from napari_medassist.app.registering.aligning import Wish, align
from napari_medassist.app.registering.writing import write_alignment
from napari_medassist.app.samples import sample_study
from napari_medassist.core.case import Case
from napari_medassist.core.errors import CorruptFile, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    InverseTransform,
    Transform,
)
from napari_medassist.core.volume import Volume
from napari_medassist.io.dicom.derived.registration_writing import write_registration
from napari_medassist.io.dicom.derived.source_series import headers_of
from napari_medassist.io.transform_files import read_transform
from tests.strategies import oblique


@pytest.fixture(scope="module")
def study() -> Case:
    return ma.read(sample_study())


def pair_of(study: Case) -> tuple[Volume, Volume]:
    fixed, moving = study.by_role("t2w"), study.by_role("adc")
    assert isinstance(fixed, Volume)
    assert isinstance(moving, Volume)
    return fixed, moving


def turn(fixed: Volume) -> AffineTransform:
    middle = fixed.geometry.index_to_lps((np.array(fixed.geometry.shape_zyx) - 1) / 2)
    matrix = np.eye(4)
    matrix[:3, :3] = oblique(np.eye(3), (5.0, -3.0, 8.0))
    matrix[:3, 3] = middle - matrix[:3, :3] @ middle + (4.0, -2.0, 1.5)
    return AffineTransform.from_matrix(matrix)


def field_on(grid: Geometry) -> DisplacementField:
    numbers = np.random.default_rng(0)
    parts = [gaussian_filter(numbers.standard_normal(grid.shape_zyx), (2, 12, 12)) for _ in range(3)]
    vectors = np.stack(parts, axis=-1)
    return DisplacementField((3 * vectors / vectors.std()).astype(np.float32), grid)


def off_mm(first: Transform, second: Transform, fixed: Volume) -> float:
    places = fixed.geometry.voxel_places_lps_mm()[::3, ::17, ::17]
    away = np.linalg.norm(first.transform_points(places) - second.transform_points(places), axis=-1)
    return float(away.max())


def test_a_rigid_map_comes_back_and_leads_from_moving_to_fixed(study: Case, tmp_path: Path) -> None:
    fixed, moving = pair_of(study)
    path = write_registration(turn(fixed), fixed, moving, tmp_path / "reg.dcm")
    assert off_mm(read_transform(path), turn(fixed), fixed) < 1e-4
    dataset = dcmread(path)
    assert dataset.Modality == "REG"
    image = headers_of(fixed)[0]
    assert (dataset.PatientID, dataset.StudyInstanceUID) == (image.PatientID, image.StudyInstanceUID)
    assert dataset.FrameOfReferenceUID == image.FrameOfReferenceUID
    own, other = dataset.RegistrationSequence
    assert len(own.ReferencedImageSequence) == fixed.array.shape[0]
    (matrix,) = other.MatrixRegistrationSequence[0].MatrixSequence
    assert matrix.FrameOfReferenceTransformationMatrixType == "RIGID"
    numbers = np.array(matrix.FrameOfReferenceTransformationMatrix, dtype=float).reshape(4, 4)
    point = np.array([10.0, -20.0, 30.0])
    there = turn(fixed).transform_points(point)  # in the moving image
    np.testing.assert_allclose(numbers @ (*there, 1), (*point, 1), atol=1e-4)
    referenced = {
        item.ReferencedSOPInstanceUID
        for series in dataset.ReferencedSeriesSequence
        for item in series.ReferencedInstanceSequence
    }
    wanted = {image.SOPInstanceUID for v in (fixed, moving) for image in headers_of(v)}
    assert len(wanted) == fixed.array.shape[0] + moving.array.shape[0]
    assert referenced == wanted


@pytest.mark.parametrize("after", [False, True])
def test_a_deformation_comes_back(study: Case, after: bool, tmp_path: Path) -> None:
    fixed, moving = pair_of(study)
    field = field_on(fixed.geometry)
    whole: Transform = CompositeTransform((field, turn(fixed))) if after else field
    path = write_registration(whole, fixed, moving, tmp_path / "reg.dcm")
    assert off_mm(read_transform(path), whole, fixed) < 1e-3
    dataset = dcmread(path)
    assert dataset.SOPClassUID.name == "Deformable Spatial Registration Storage"
    (entry,) = dataset.DeformableRegistrationSequence
    (grid,) = entry.DeformableRegistrationGridSequence
    assert tuple(grid.GridDimensions) == fixed.geometry.shape_zyx[::-1]
    # By the standard: M_post (M_pre x + D(x)), D on the grid's voxel 1 along columns, 2 along rows.
    flat = np.frombuffer(grid.VectorGridData, dtype="<f4").reshape(-1, 3)
    columns, rows, _ = grid.GridDimensions
    x, y, z = 31, 17, 4
    spacing = np.array(grid.GridResolution)
    axes = np.array(grid.ImageOrientationPatient, dtype=float).reshape(2, 3)
    normal = np.cross(*axes)
    place = np.array(grid.ImagePositionPatient, dtype=float)
    place = place + x * spacing[0] * axes[0] + y * spacing[1] * axes[1] + z * spacing[2] * normal
    post = entry.PostDeformationMatrixRegistrationSequence[0].FrameOfReferenceTransformationMatrix
    moved = place + flat[(z * rows + y) * columns + x]
    expected = (np.array(post, dtype=float).reshape(4, 4) @ (*moved, 1))[:3]
    np.testing.assert_allclose(whole.transform_points(place), expected, atol=1e-3)


def test_an_alignment_of_dicom_images_is_written_so_too(study: Case, tmp_path: Path) -> None:
    fixed, moving = pair_of(study)
    made = align(fixed, moving, Wish("rigid", both_ways=False))
    names = [path.name for path in write_alignment(made, tmp_path / "out")]
    assert "registration.dcm" in names
    found = read_transform(tmp_path / "out" / "registration.dcm")
    assert off_mm(found, made.transform, fixed) < 1e-3


def test_what_dicom_cannot_say_is_refused(study: Case, tmp_path: Path) -> None:
    fixed, moving = pair_of(study)
    path = tmp_path / "reg.dcm"
    stranger = replace(fixed, acquisition=replace(fixed.acquisition, series_uid=""))
    with pytest.raises(UnsupportedFormat, match="does not come from DICOM"):
        write_registration(turn(fixed), stranger, moving, path)
    with pytest.raises(UnsupportedFormat, match="no form of this map"):
        write_registration(InverseTransform(field_on(fixed.geometry)), fixed, moving, path)
    assert not path.exists()
    with pytest.raises(UnsupportedFormat, match="no registration"):
        read_transform(Path(headers_of(fixed)[0].filename))
    path.write_bytes(b"no DICOM at all")
    with pytest.raises(CorruptFile):
        read_transform(path)
    written = write_registration(turn(fixed), fixed, moving, path)
    path.write_bytes(written.read_bytes()[:900])
    with pytest.raises(CorruptFile):
        read_transform(path)
