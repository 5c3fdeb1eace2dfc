"""What a NIfTI header says: shape, place in the patient, units, times. nibabel parses, this judges.

Which of a file's two matrices counts: the sform if its code is set, else the qform; if neither is set,
ITK's reading (voxel spacing along the LPS axes, origin 0), so that ITK-SNAP, 3D Slicer and this program
show the same. nibabel reads such files differently (first axis to the left, centred). Units of metres
and micrometres become mm; a file that states no unit is in mm, as all programs take it.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from napari_medassist.core.errors import CorruptFile, InvalidGeometry, UnsupportedFormat
from napari_medassist.core.geometry import Float, Geometry
from napari_medassist.core.orientation import ras_from_lps
from napari_medassist.io.bridges import geometry_from_nibabel
from napari_medassist.io.file_checks import FETCH_AGAIN, first_bytes, is_gzip

_CLASSES = {348: nib.Nifti1Header, 540: nib.Nifti2Header}
_MAGICS = {b"n+1": False, b"n+2": False, b"ni1": True, b"ni2": True}
_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_SECONDS_PER_UNIT = {8: 1.0, 16: 1e-3, 24: 1e-6}
#: Where sform and qform place a corner voxel farther apart than this, the reader is told.
_FORMS_DIFFER_MM = 0.5
_SET_MATRIX = "Write the right matrix into the header, or export the image again from its source."


@dataclass(frozen=True)
class NiftiHeader:
    """What is needed to read the voxels and to place them.

    Parameters
    ----------
    shape_stored
        (t,) slow, middle, fast: the file's dimensions reversed, without trailing ones.
    grid
        The stored grid, LPS mm.
    dtype
        Type of the stored values, with the byte order of the file.
    offset
        Bytes before the first voxel, unpacked.
    slope, inter
        Value = stored * slope + inter; None if the stored values are the values.
    times_s
        Seconds from the first time point, empty if the file does not tell.
    is_pair
        True if the voxels lie in an ``.img`` file.
    warnings
        What is doubtful about the header.
    """

    shape_stored: tuple[int, ...]
    grid: Geometry
    dtype: np.dtype[Any]
    offset: int
    slope: float | None
    inter: float | None
    times_s: tuple[float, ...]
    is_pair: bool
    warnings: tuple[str, ...]

    @property
    def n_bytes(self) -> int:
        """Bytes of all stored voxels."""
        return math.prod(self.shape_stored) * self.dtype.itemsize


def has_nifti_header(path: Path) -> bool:
    """Tell whether a file, packed or not, begins with a NIfTI header."""
    block = _first_block(path)
    return len(block) >= 348 and (block[344:347] in _MAGICS or block[4:7] in _MAGICS)


def read_header(path: Path) -> NiftiHeader:
    """Read and judge the header of a ``.nii``, ``.nii.gz`` or ``.hdr`` file.

    Raises
    ------
    CorruptFile
        If it is no NIfTI header, or an impossible one.
    UnsupportedFormat
        If it holds something else than a 3D or 4D image of real numbers.
    InvalidGeometry
        If its matrices are zero, not finite or not invertible.
    """
    header, is_pair = _parse(path)
    shape_ijk = _shape(header, path)
    grid, warnings = _grid(header, shape_ijk, path)
    times_s, time_warnings = _times(header, shape_ijk)
    slope, inter = _scaling(header, path)
    least_offset = 0 if is_pair else header.sizeof_hdr + 4
    offset = max(int(header.get_data_offset()), least_offset)
    return NiftiHeader(
        shape_stored=shape_ijk[::-1],
        grid=grid,
        dtype=_dtype(header, path),
        offset=offset,
        slope=slope,
        inter=inter,
        times_s=times_s,
        is_pair=is_pair,
        warnings=(*warnings, *time_warnings),
    )


def _first_block(path: Path) -> bytes:
    if not is_gzip(path):
        return first_bytes(path, 540)
    try:
        with gzip.open(path) as file:
            return file.read(540)
    except (OSError, EOFError, zlib.error):
        return b""


def _parse(path: Path) -> tuple[nib.Nifti1Header, bool]:
    block = _first_block(path)
    for byte_order in "<>":
        size = struct.unpack(f"{byte_order}i", block[:4])[0] if len(block) >= 348 else 0
        if size in _CLASSES and len(block) >= size:
            header = _CLASSES[size](block[:size], endianness=byte_order, check=False)
            magic = bytes(header["magic"].item())[:3]
            if magic in _MAGICS:
                return header, _MAGICS[magic]
            raise UnsupportedFormat(
                "This is an Analyze 7.5 header, which does not tell left from right.",
                path=path,
                cure="Export the image as NIfTI from where it came.",
            )
    raise CorruptFile("This is no NIfTI file, or its header was cut.", path=path, cure=FETCH_AGAIN)


def _shape(header: nib.Nifti1Header, path: Path) -> tuple[int, ...]:
    """Return the sizes along i, j, k(, t)."""
    n_axes = int(header["dim"][0])
    sizes = [int(n) for n in header["dim"][1 : n_axes + 1]]
    if not 2 <= n_axes <= 7 or min(sizes) < 1:
        raise CorruptFile(
            f"The header states impossible dimensions: {[int(n) for n in header['dim']]}.",
            path=path,
            cure=FETCH_AGAIN,
        )
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    if len(sizes) > 4:
        raise UnsupportedFormat(
            f"The image has {len(sizes)} axes ({'x'.join(map(str, sizes))}), such as a vector field; "
            "three of space and one of time are read.",
            path=path,
            cure="Save one component a file.",
        )
    return tuple(sizes) if len(sizes) > 2 else (*sizes, 1)


def _dtype(header: nib.Nifti1Header, path: Path) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise CorruptFile(
            f"The header states the unknown voxel type {int(header['datatype'])}.",
            path=path,
            cure=FETCH_AGAIN,
        ) from error
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        name = "colour" if dtype.fields else str(dtype)
        raise UnsupportedFormat(
            f"The voxels are of the type '{name}'; whole and floating point numbers are read.",
            path=path,
            cure="Export the image in grey values.",
        )
    return dtype


def _scaling(header: nib.Nifti1Header, path: Path) -> tuple[float | None, float | None]:
    try:
        slope, inter = header.get_slope_inter()
    except HeaderDataError as error:
        raise CorruptFile(
            f"The header's value scaling is not a number ({error}).", path=path, cure=FETCH_AGAIN
        ) from error
    return (None, None) if (slope, inter) in {(None, None), (1.0, 0.0)} else (slope, inter)


def _grid(
    header: nib.Nifti1Header, shape_ijk: tuple[int, ...], path: Path
) -> tuple[Geometry, list[str]]:
    """Choose the matrix that counts, and say what is doubtful about the choice."""
    unit_mm, warnings = _unit_mm(header)
    stated = {name: m for name in ("sform", "qform") if (m := _matrix(header, name)) is not None}
    grids = {}
    for name, matrix in stated.items():
        try:
            grids[name] = geometry_from_nibabel(_in_mm(matrix, unit_mm), shape_ijk)
        except InvalidGeometry as error:
            warnings.append(f"The {name} is not usable: {error.message}")
    if not stated:
        warnings.append(
            "The file does not say where in the patient it lies (sform and qform are not set): read as "
            "3D Slicer and ITK-SNAP do, spacing only. Left and right are a guess."
        )
        return _unplaced_grid(header, shape_ijk, unit_mm, path), warnings
    if not grids:
        raise InvalidGeometry(" ".join(warnings), path=path, cure=_SET_MATRIX)
    if (
        len(grids) == 2
        and (apart := grids["sform"].corner_distance_mm(grids["qform"])) > _FORMS_DIFFER_MM
    ):
        warnings.append(f"sform and qform differ by up to {apart:.1f} mm; the sform was taken.")
    return next(iter(grids.values())), warnings


def _matrix(header: nib.Nifti1Header, name: str) -> NDArray[np.float64] | None:
    """Return the 4x4 matrix to RAS, in the file's unit; None if its code is 0."""
    if int(header[f"{name}_code"]) <= 0:
        return None
    if name == "sform":
        sform: Float = header.get_sform()
        return sform
    tidy = header.copy()
    tidy["pixdim"][0] = -1.0 if header["pixdim"][0] < 0 else 1.0
    tidy["pixdim"][1:4] = np.abs(header["pixdim"][1:4])
    try:
        qform: Float = tidy.get_qform()
    except (HeaderDataError, ValueError):
        return np.full((4, 4), np.nan)  # judged unusable by the geometry, like any other bad matrix
    return qform


def _unplaced_grid(
    header: nib.Nifti1Header, shape_ijk: tuple[int, ...], unit_mm: float, path: Path
) -> Geometry:
    spacing_mm = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64)) * unit_mm
    if not np.isfinite(spacing_mm).all() or (spacing_mm == 0).any():
        raise InvalidGeometry(
            f"The voxel spacing is {spacing_mm.tolist()} mm.", path=path, cure=_SET_MATRIX
        )
    return geometry_from_nibabel(ras_from_lps(np.diag([*spacing_mm, 1.0])), shape_ijk)


def _in_mm(matrix: NDArray[np.float64], unit_mm: float) -> NDArray[np.float64]:
    scaled = matrix.copy()
    scaled[:3] *= unit_mm
    return scaled


def _unit_mm(header: nib.Nifti1Header) -> tuple[float, list[str]]:
    code = int(header["xyzt_units"]) & 0x07
    if code in _MM_PER_UNIT:
        return _MM_PER_UNIT[code], []
    return 1.0, [f"The unit of length has the unknown code {code}; mm was taken."]


def _times(header: nib.Nifti1Header, shape_ijk: tuple[int, ...]) -> tuple[tuple[float, ...], list[str]]:
    if len(shape_ijk) < 4:
        return (), []
    step = float(header["pixdim"][4])
    seconds = _SECONDS_PER_UNIT.get(int(header["xyzt_units"]) & 0x38)
    if seconds is None or not math.isfinite(step) or step <= 0:
        return (), [f"{shape_ijk[3]} time points; the file does not say how far apart in time."]
    return tuple(round(i * step * seconds, 9) for i in range(shape_ijk[3])), []
