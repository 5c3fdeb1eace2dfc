"""Maps in ITK's files, ``.tfm`` and ``.txt`` as text, ``.h5`` with fields; DICOM's are read too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK

from napari_medassist.core.errors import CorruptFile, FileProblem, UnsupportedFormat
from napari_medassist.core.transform import (
    AffineTransform,
    CompositeTransform,
    DisplacementField,
    InverseTransform,
    Transform,
)
from napari_medassist.io.atomic import replacing
from napari_medassist.io.bridges import geometry_from_sitk
from napari_medassist.io.dicom.derived.registration_reading import read_registration

ENDINGS = (".tfm", ".txt", ".h5", ".hdf5")
_TEXT = (".tfm", ".txt")


def write_transform(transform: Transform, path: Path) -> Path:
    """Write a map so that ITK, SimpleITK, 3D Slicer and ANTs read it: fixed to moving, LPS mm.

    Parameters
    ----------
    transform
        Affine, a displacement field, or several in a row.
    path
        Ends in ``.h5`` or ``.hdf5``; without a field also in ``.tfm`` or ``.txt``.

    Raises
    ------
    UnsupportedFormat
        If the ending is another one, a field would become text, or the map has no form of ITK's (an
        inverse that is found point by point: sample it as a field first).
    WriteFailed
        If it cannot be written; what stood there is unchanged.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UnsupportedFormat(
            "Transforms cannot be written in this format.", path=path, cure=f"Use {', '.join(ENDINGS)}."
        )
    made = to_itk(transform)
    if ending in _TEXT and _has_field(transform):
        raise UnsupportedFormat(
            "A displacement field is too large for a text file.", path=path, cure="Use .h5."
        )
    with replacing(path) as temporary:
        SimpleITK.WriteTransform(made, str(temporary))
    return path


def read_transform(path: Path) -> Transform:
    """Read a map that ITK, SimpleITK, 3D Slicer or ANTs has written, or a DICOM registration.

    Raises
    ------
    FileProblem
        If there is no such file.
    CorruptFile
        If it cannot be read.
    UnsupportedFormat
        If it holds a kind of transform that is not known here, or is not of three dimensions.
    """
    if not path.is_file():
        raise FileProblem("There is no such file.", path=path, cure="Check the name.")
    if path.suffix.lower() == ".dcm":
        return read_registration(path)
    try:
        found = SimpleITK.ReadTransform(str(path))
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1]
        raise CorruptFile(f"It holds no transform that ITK reads: {why}", path=path) from error
    if found.GetDimension() != 3:
        raise UnsupportedFormat(f"The transform has {found.GetDimension()} dimensions.", path=path)
    return from_itk(found, path)


def to_itk(transform: Transform) -> SimpleITK.Transform:
    """Return a map as one of SimpleITK's.

    Raises
    ------
    UnsupportedFormat
        If it has no form of ITK's.
    """
    if isinstance(transform, AffineTransform):
        matrix = np.asarray(transform.matrix_lps)
        made = SimpleITK.AffineTransform(3)
        made.SetMatrix(matrix[:3, :3].ravel().tolist())
        made.SetTranslation(matrix[:3, 3].tolist())
        return made
    if isinstance(transform, DisplacementField):
        vectors = np.asarray(transform.vectors_lps_mm, dtype=np.float64)
        image = SimpleITK.GetImageFromArray(vectors, isVector=True)
        image.SetSpacing(transform.geometry.spacing_zyx_mm[::-1])
        image.SetOrigin(transform.geometry.origin_lps_mm)
        image.SetDirection(transform.geometry.direction.ravel().tolist())
        return SimpleITK.DisplacementFieldTransform(image)
    if isinstance(transform, CompositeTransform):
        whole = SimpleITK.CompositeTransform(3)
        for part in reversed(transform.parts):  # ITK applies the last one first
            whole.AddTransform(to_itk(part))
        return whole
    kind = "an inverse found point by point" if isinstance(transform, InverseTransform) else "this map"
    raise UnsupportedFormat(
        f"ITK has no form of {kind}.", cure="Sample it on a grid as a displacement field first."
    )


def _has_field(transform: Transform) -> bool:
    if isinstance(transform, CompositeTransform):
        return any(_has_field(part) for part in transform.parts)
    return isinstance(transform, DisplacementField)


def from_itk(found: SimpleITK.Transform, path: Path | None = None) -> Transform:
    """Return one of SimpleITK's maps as ours.

    Parameters
    ----------
    found
        Linear, a displacement field, or a composite of these.
    path
        File that it was read from, for the message.

    Raises
    ------
    UnsupportedFormat
        If it is of another kind.
    """
    found = found.Downcast()
    if isinstance(found, SimpleITK.CompositeTransform):
        parts = [from_itk(found.GetNthTransform(k), path) for k in range(found.GetNumberOfTransforms())]
        return parts[0] if len(parts) == 1 else CompositeTransform(tuple(reversed(parts)))
    if isinstance(found, SimpleITK.DisplacementFieldTransform):
        image = found.GetDisplacementField()
        vectors = SimpleITK.GetArrayFromImage(image).astype(np.float32)
        return DisplacementField(vectors, geometry_from_sitk(image))
    if found.IsLinear():
        # Any linear map of points is known by where it takes four of them.
        origin = np.asarray(found.TransformPoint((0.0, 0.0, 0.0)))
        columns = [
            np.asarray(found.TransformPoint(tuple(step))) - origin for step in np.eye(3).tolist()
        ]
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = np.stack(columns, axis=1), origin
        return AffineTransform.from_matrix(matrix)
    raise UnsupportedFormat(
        f"'{found.GetName()}' is not read.",
        path=path,
        cure="Convert it to a displacement field (SimpleITK.TransformToDisplacementField).",
    )
