"""NIfTI-1 and NIfTI-2: ``.nii``, ``.nii.gz``, and ``.hdr`` with ``.img``.

The voxels of a file run with i fastest and time slowest, so read in C order they are (t, z, y, x)
already, in the stored order of axes. An unpacked file is mapped, not loaded.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from isal import igzip, isal_zlib
from numpy.typing import NDArray

from napari_medassist.core.errors import CorruptFile, FileProblem, TooLarge, WriteFailed
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.orientation import ras_from_lps
from napari_medassist.core.progress import Progress
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.volume import Acquisition, Volume
from napari_medassist.io.atomic import replacing
from napari_medassist.io.bridges import geometry_from_nibabel, nibabel_from_stored
from napari_medassist.io.file_checks import (
    FETCH_AGAIN,
    is_gzip,
    name_without_ending,
    require_bytes,
    require_ending,
    require_file,
)
from napari_medassist.io.format import FormatSpec, Loaded
from napari_medassist.io.label_voxels import voxels_to_write
from napari_medassist.io.nifti_header import NiftiHeader, has_nifti_header, read_header

_EXTENSIONS = (".nii.gz", ".nii", ".hdr")
_WRITTEN = (".nii.gz", ".nii")
_CHUNK_BYTES = 16 * 1024**2
#: What unpacking raises on damaged data. ISA-L unpacks in a seventh of the time that zlib takes.
_DAMAGED: tuple[Any, ...] = (EOFError, zlib.error, gzip.BadGzipFile, isal_zlib.IsalError)
#: The qform is written only where it says the same as the sform. Its rotation is three float32 numbers,
#: which near half a turn (common: LPS against RAS) are off by up to 0.3 mm at the rim of a pelvic T2w.
_QFORM_TOLERANCE_MM = 0.005


def read(path: Path, progress: Progress) -> Loaded:
    """Read one image: 3D, or 4D with time.

    Whole numbers stay whole numbers unless the header scales them (then float32). Unpacked files are
    memory maps, so that only what is looked at is read; with scaling, lazily a time point at a time.

    Parameters
    ----------
    path
        The file; for a pair, its ``.hdr``.
    progress
        Told the bytes that were unpacked; may raise ``Cancelled``.

    Raises
    ------
    FileProblem
        If the file (or its ``.img``) is missing or may not be read.
    CorruptFile
        If it is cut short or no NIfTI file.
    UnsupportedFormat
        If it has five axes, colours or complex numbers.
    InvalidGeometry
        If its matrix is zero, not finite or not invertible.
    """
    require_file(path)
    header = read_header(path)
    name = name_without_ending(path, _EXTENSIONS)
    stored = _scaled(_voxels(_voxel_file(path, header), header, progress), header)
    volume = Volume.from_stored(
        stored,
        header.grid,
        name=name,
        acquisition=Acquisition(
            description=name,
            times_s=header.times_s,
            time_source="NIfTI pixdim[4]" if header.times_s else "",
        ),
        warnings=header.warnings,
        provenance=Provenance(
            made_by="reader nifti", sources=(str(path),), software=f"nibabel {nib.__version__}"
        ),
    )
    return Loaded(series=(volume,))


def write(labels: LabelMap, path: Path) -> None:
    """Write a label map on its source grid: NIfTI-1, mm, sform with code 1 (scanner).

    The qform is set to the same wherever it can express the same grid to 0.005 mm (it cannot hold
    shear, nor, exactly, some rotations near half a turn); otherwise its code is 0, so that no program
    takes it. NIfTI holds neither names nor colours: for those use ``.seg.nrrd``.

    Parameters
    ----------
    labels
        The label map; three axes.
    path
        Ending in ``.nii.gz`` or ``.nii``.

    Raises
    ------
    UnsupportedFormat
        If the name ends otherwise.
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    require_ending(path, _WRITTEN, "NIfTI")
    voxels = voxels_to_write(labels, path)
    grid = labels.source_grid.geometry
    if max(voxels.shape) > np.iinfo(np.int16).max:
        raise WriteFailed(
            f"NIfTI-1 holds up to 32767 voxels along an axis, this has {max(voxels.shape)}.",
            path=path,
            cure="Save as .nrrd or .mha.",
        )
    image = nibabel_from_stored(voxels, grid)
    _set_qform(image.header, grid)
    with replacing(path) as temporary:
        nib.save(image, temporary)


def _set_qform(header: nib.Nifti1Header, grid: Geometry) -> None:
    affine_ras_mm = ras_from_lps(grid.affine_lps)
    header.set_qform(affine_ras_mm, code=1, strip_shears=True)
    as_read = geometry_from_nibabel(header.get_qform(), grid.shape_zyx[::-1])
    if as_read.corner_distance_mm(grid) > _QFORM_TOLERANCE_MM:
        header.set_qform(affine_ras_mm, code=0, strip_shears=True)


def _voxel_file(path: Path, header: NiftiHeader) -> Path:
    if not header.is_pair:
        return path
    for ending in (".img", ".img.gz", ".IMG"):
        candidate = path.with_name(name_without_ending(path, _EXTENSIONS) + ending)
        if candidate.is_file():
            return candidate
    raise FileProblem(
        "The header's voxels, a file of the same name ending in .img, are missing.",
        path=path,
        cure="Put both files into one folder.",
    )


def _voxels(path: Path, header: NiftiHeader, progress: Progress) -> NDArray[Any]:
    """Return the stored values, (t,) slow, middle, fast, in the machine's byte order."""
    size = path.stat().st_size
    packed = is_gzip(path)
    found = size if packed else size - header.offset
    require_bytes(path, found=found, promised=header.n_bytes, packed=packed)
    try:
        stored = (
            _unpacked(path, header, progress)
            if packed
            else np.memmap(path, header.dtype, "r", header.offset, header.shape_stored)
        )
        return stored.astype(header.dtype.newbyteorder("="), copy=False)
    except MemoryError as error:
        raise TooLarge(
            f"The image needs {header.n_bytes / 1e9:.1f} GB of memory.",
            path=path,
            cure="Close other programs, or unpack the file (.nii), which is then read piece by piece.",
        ) from error


def _unpacked(path: Path, header: NiftiHeader, progress: Progress) -> NDArray[Any]:
    values = np.empty(header.n_bytes, dtype=np.uint8)
    room = values.data
    done = 0
    try:
        with igzip.IGzipFile(path) as file:
            file.seek(header.offset)
            while done < len(values):
                progress(done, len(values), f"Reading {path.name}")
                count = file.readinto(room[done : done + _CHUNK_BYTES])
                if not count:
                    break
                done += count
            file.read(1)  # at its end gzip compares the checksum
    except _DAMAGED as error:
        raise CorruptFile(
            f"The packed data are damaged or cut short ({error}).", path=path, cure=FETCH_AGAIN
        ) from error
    require_bytes(path, found=done, promised=header.n_bytes)
    progress(done, done, f"Read {path.name}")
    return values.view(header.dtype).reshape(header.shape_stored)


def _scaled(stored: NDArray[Any], header: NiftiHeader) -> Any:
    """Apply the header's slope and intercept, lazily where the file is mapped and has time points."""
    if header.slope is None or header.inter is None:
        return stored
    slope, inter = header.slope, header.inter

    def scale(block: NDArray[Any]) -> NDArray[np.float32]:
        return (block.astype(np.float64) * slope + inter).astype(np.float32)

    if isinstance(stored, np.memmap) and stored.ndim == 4:
        import dask.array as da  # slow to import, and only a mapped time series needs it

        by_time = da.from_array(stored, chunks=(1, *stored.shape[1:]))
        return by_time.map_blocks(scale, dtype=np.float32)
    scaled = np.empty(stored.shape, dtype=np.float32)
    for index, part in enumerate(stored):  # part by part: float64 of the whole would be 8 bytes a voxel
        scaled[index] = scale(part)
    return scaled


FORMAT = FormatSpec(
    name="nifti",
    title="NIfTI",
    extensions=_EXTENSIONS,
    read=read,
    sniff=has_nifti_header,
    write=write,
)
