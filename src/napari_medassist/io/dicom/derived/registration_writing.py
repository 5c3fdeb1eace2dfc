"""Maps become DICOM spatial registrations, or deformable ones, checked as written (PS3.3 A.39)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import DeformableSpatialRegistrationStorage, SpatialRegistrationStorage

from napari_medassist.core.errors import UnsupportedFormat, WriteFailed
from napari_medassist.core.geometry import Float
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    Transform,
)
from napari_medassist.core.volume import Volume
from napari_medassist.io.atomic import replacing
from napari_medassist.io.dicom.derived.new_object import item, new_object
from napari_medassist.io.dicom.derived.registration_reading import read_registration
from napari_medassist.io.dicom.derived.source_series import headers_of

_SERIES_NUMBER = 3000
#: How far a point may be from where it was mapped before writing.
_SAME_MM = 1e-3


def write_registration(transform: Transform, fixed: Volume, moving: Volume, path: Path) -> Path:
    """Write a map as a DICOM object of the fixed image's study.

    An affine map becomes a Spatial Registration, whose matrices lead from the moving image's frame of
    reference to the fixed one's; a displacement field, with an affine map after it or not, a Deformable
    Spatial Registration, which leads from fixed to moving. It names the images that it is about, since
    both may have the same frame of reference. The file is read back and compared before it takes its
    place.

    Parameters
    ----------
    transform
        Fixed to moving, LPS mm.
    fixed, moving
        The images, both read from DICOM.
    path
        The file.

    Raises
    ------
    UnsupportedFormat
        If an image does not come from DICOM, or the map is of another form.
    WriteFailed
        If the file cannot be written, or read back differs.
    """
    of_fixed, of_moving = (_images(volume) for volume in (fixed, moving))
    field, matrix = _parts(transform)
    if field is None:
        dataset = _spatial(matrix, of_fixed, of_moving, fixed, moving)
    else:
        dataset = _deformable(field, matrix, of_fixed[0], of_moving, fixed, moving)
    dataset.ReferencedSeriesSequence = Items([_series(of_fixed), _series(of_moving)])
    with replacing(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
        _require_same(path, transform, read_registration(temporary), fixed)
    return path


def _parts(transform: Transform) -> tuple[DisplacementField | None, AffineTransform]:
    """Return a map as a field and what follows it."""
    parts = transform.parts if isinstance(transform, CompositeTransform) else (transform,)
    if len(parts) == 1 and isinstance(parts[0], AffineTransform):
        return None, parts[0]
    first, *rest = parts or (None,)
    affine = [part for part in rest if isinstance(part, AffineTransform)]
    if not isinstance(first, DisplacementField) or len(affine) != len(rest):
        raise UnsupportedFormat(
            "DICOM has no form of this map: a field, then affine maps, or an affine map alone.",
            cure="Sample the map as a displacement field first.",
        )
    matrix = np.eye(4)
    for part in affine:
        matrix = np.asarray(part.matrix_lps) @ matrix
    return first, AffineTransform.from_matrix(matrix)


def _spatial(
    matrix: AffineTransform,
    of_fixed: Sequence[Dataset],
    of_moving: Sequence[Dataset],
    fixed: Volume,
    moving: Volume,
) -> FileDataset:
    dataset = _header(SpatialRegistrationStorage, of_fixed[0], fixed, moving)
    dataset.RegistrationSequence = Items(
        [
            _registered(of_fixed, fixed, AffineTransform.identity()),
            # DICOM leads from the moving images into the frame of the fixed one.
            _registered(of_moving, moving, matrix.inverse()),
        ]
    )
    return dataset


def _registered(images: Sequence[Dataset], volume: Volume, matrix: AffineTransform) -> Dataset:
    return item(
        FrameOfReferenceUID=volume.acquisition.frame_of_reference_uid,
        ReferencedImageSequence=Items([_reference(image) for image in images]),
        MatrixRegistrationSequence=Items(
            [item(MatrixSequence=Items([_matrix(matrix)]), RegistrationTypeCodeSequence=Items([]))]
        ),
    )


def _matrix(matrix: AffineTransform) -> Dataset:
    numbers = np.asarray(matrix.matrix_lps).ravel()
    return item(
        FrameOfReferenceTransformationMatrixType="RIGID" if matrix.is_rigid else "AFFINE",
        FrameOfReferenceTransformationMatrix=[_decimal(number) for number in numbers],
    )


def _deformable(
    field: DisplacementField,
    after: AffineTransform,
    image: Dataset,
    of_moving: Sequence[Dataset],
    fixed: Volume,
    moving: Volume,
) -> FileDataset:
    dataset = _header(DeformableSpatialRegistrationStorage, image, fixed, moving)
    grid = field.geometry
    rows, columns = (grid.direction[:, k] for k in (0, 1))
    vectors = np.ascontiguousarray(field.vectors_lps_mm, dtype="<f4")
    deformation = item(
        ImageOrientationPatient=[_decimal(v) for v in (*rows, *columns)],
        ImagePositionPatient=[_decimal(v) for v in grid.origin_lps_mm],
        GridDimensions=list(grid.shape_zyx[::-1]),
        GridResolution=list(grid.spacing_zyx_mm[::-1]),
        VectorGridData=vectors.tobytes(),
    )
    dataset.DeformableRegistrationSequence = Items(
        [
            item(
                SourceFrameOfReferenceUID=moving.acquisition.frame_of_reference_uid,
                ReferencedImageSequence=Items([_reference(image) for image in of_moving]),
                RegistrationTypeCodeSequence=Items([]),
                DeformableRegistrationGridSequence=Items([deformation]),
                PreDeformationMatrixRegistrationSequence=Items([_matrix(AffineTransform.identity())]),
                PostDeformationMatrixRegistrationSequence=Items([_matrix(after)]),
            )
        ]
    )
    return dataset


def _header(sop_class: str, image: Dataset, fixed: Volume, moving: Volume) -> FileDataset:
    made = datetime.now()  # DICOM dates without a zone are local ones
    return new_object(
        image,
        sop_class,
        Modality="REG",
        SeriesNumber=(fixed.acquisition.series_number or 0) + _SERIES_NUMBER,
        SeriesDescription=f"{moving.name} to {fixed.name}"[:64],
        FrameOfReferenceUID=fixed.acquisition.frame_of_reference_uid,
        ContentDate=made.strftime("%Y%m%d"),
        ContentTime=made.strftime("%H%M%S"),
        ContentLabel="REGISTRATION",
        ContentDescription=f"{moving.name} to {fixed.name}"[:64],
        ContentCreatorName="",
    )


def _images(volume: Volume) -> list[FileDataset]:
    """Return the headers of the files that an image was read from."""
    found = headers_of(volume) if volume.acquisition.frame_of_reference_uid else []
    if not found:
        raise UnsupportedFormat(
            f"'{volume.name}' does not come from DICOM files that are still there, and a DICOM "
            "registration must refer to images.",
            cure="Write the map as .tfm or .h5 instead.",
        )
    return found


def _reference(image: Dataset) -> Dataset:
    return item(
        ReferencedSOPClassUID=str(image.SOPClassUID), ReferencedSOPInstanceUID=str(image.SOPInstanceUID)
    )


def _series(images: Sequence[Dataset]) -> Dataset:
    return item(
        SeriesInstanceUID=str(images[0].SeriesInstanceUID),
        ReferencedInstanceSequence=Items([_reference(image) for image in images]),
    )


def _decimal(number: float) -> str:
    """Return a number in the 16 characters that DICOM's decimal strings have."""
    for digits in range(15, 5, -1):
        text = f"{float(number):.{digits}g}"
        if len(text) <= 16:
            return text
    return f"{float(number):.5g}"


def _require_same(path: Path, written: Transform, found: Transform, fixed: Volume) -> None:
    corners: Float = fixed.geometry.corners_lps_mm()
    middle = corners.mean(axis=0)
    inner = np.concatenate([middle[None], middle + 0.6 * (corners - middle)])
    off = np.linalg.norm(written.transform_points(inner) - found.transform_points(inner), axis=1)
    if not float(off.max()) < _SAME_MM:
        raise WriteFailed(
            f"The file was read back and maps points {off.max():.4f} mm elsewhere. It was not kept.",
            path=path,
            cure="Write the map as .tfm or .h5 instead.",
        )
