"""DICOM spatial registrations, rigid, affine and deformable, become maps (PS3.3 C.20.2, C.20.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import DeformableSpatialRegistrationStorage, SpatialRegistrationStorage

from napari_medassist.core.errors import CorruptFile, FileProblem, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    Transform,
)
from napari_medassist.io.dicom.tags import MALFORMED


def read_registration(path: Path) -> Transform:
    """Read a registration as a map from the fixed to the moving image, LPS mm.

    Parameters
    ----------
    path
        A Spatial Registration or a Deformable Spatial Registration with one moving image, or frame of
        reference; matrices are multiplied in their order.

    Raises
    ------
    FileProblem
        If there is no such file.
    CorruptFile
        If it cannot be read.
    UnsupportedFormat
        If it is another kind of object, or registers several images at once.
    """
    if not path.is_file():
        raise FileProblem("There is no such file.", path=path, cure="Check the name.")
    try:
        dataset = dcmread(path)
        kind = dataset.SOPClassUID
        if kind == SpatialRegistrationStorage:
            return _spatial(dataset, path)
        if kind == DeformableSpatialRegistrationStorage:
            return _deformable(dataset, path)
    except UnsupportedFormat:
        raise
    except MALFORMED as error:
        raise CorruptFile(f"The registration cannot be read ({error}).", path=path) from error
    raise UnsupportedFormat(f"It is no registration ({kind.name}).", path=path)


def _spatial(dataset: Dataset, path: Path) -> Transform:
    found = [_product(entry.MatrixRegistrationSequence) for entry in dataset.RegistrationSequence]
    moving = [matrix for matrix in found if not np.allclose(matrix, np.eye(4), atol=1e-12)]
    if len(moving) > 1:
        raise UnsupportedFormat(f"It registers {len(moving)} images at once; one is read.", path=path)
    # The identity stands for the fixed image; if there is no other matrix both lie on each other.
    return AffineTransform.from_matrix(moving[0] if moving else np.eye(4)).inverse()


def _product(entries: list[Dataset]) -> np.ndarray:
    matrix = np.eye(4)
    for entry in entries:
        for one in entry.MatrixSequence:
            matrix = _matrix(one) @ matrix
    return matrix


def _matrix(entry: Dataset) -> np.ndarray:
    numbers = [float(number) for number in entry.FrameOfReferenceTransformationMatrix]
    return np.array(numbers).reshape(4, 4)


def _deformable(dataset: Dataset, path: Path) -> Transform:
    entries = [e for e in dataset.DeformableRegistrationSequence if _has_grid(e)]
    if len(entries) != 1:
        raise UnsupportedFormat(f"It deforms {len(entries)} images; one is read.", path=path)
    (entry,) = entries
    grid = entry.DeformableRegistrationGridSequence[0]
    columns, rows, slices = (int(n) for n in grid.GridDimensions)
    dx, dy, dz = (float(mm) for mm in grid.GridResolution)
    x_axis, y_axis = np.array(grid.ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    direction: Any = np.stack([x_axis, y_axis, np.cross(x_axis, y_axis)], axis=1)
    x, y, z = (float(mm) for mm in grid.ImagePositionPatient)
    geometry = Geometry((slices, rows, columns), (dz, dy, dx), (x, y, z), direction)
    vectors = np.frombuffer(grid.VectorGridData, dtype="<f4").reshape(slices, rows, columns, 3)
    parts: list[Transform] = [DisplacementField(vectors.astype(np.float32), geometry)]
    for keyword, place in (
        ("PreDeformationMatrixRegistrationSequence", 0),
        ("PostDeformationMatrixRegistrationSequence", 1),
    ):
        for one in entry.get(keyword) or ():
            matrix = AffineTransform.from_matrix(_matrix(one))
            if matrix != AffineTransform.identity():
                parts.insert(0 if place == 0 else len(parts), matrix)
    return parts[0] if len(parts) == 1 else CompositeTransform(tuple(parts))


def _has_grid(entry: Dataset) -> bool:
    return bool(entry.get("DeformableRegistrationGridSequence"))
