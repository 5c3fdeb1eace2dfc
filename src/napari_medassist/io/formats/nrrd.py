"""NRRD and 3D Slicer's segmentations: ``.nrrd``, ``.nhdr`` with its data file, ``.seg.nrrd``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import SimpleITK

from napari_medassist.core.errors import WriteFailed
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress
from napari_medassist.io.bridges import sitk_from_stored
from napari_medassist.io.file_checks import naming, require_ending, require_file
from napari_medassist.io.format import FormatSpec, Loaded
from napari_medassist.io.label_voxels import voxels_to_write
from napari_medassist.io.nrrd_header import NrrdHeader, is_nrrd, parse_header
from napari_medassist.io.segmentation_header import segment_keys
from napari_medassist.io.simpleitk_files import read_image, write_image
from napari_medassist.io.simpleitk_loaded import FileFacts, loaded_from_sitk

_EXTENSIONS = (".seg.nrrd", ".nrrd", ".nhdr")
_WRITTEN = (".seg.nrrd", ".nrrd")
_IMAGE_IO = "NrrdImageIO"


def read(path: Path, progress: Progress) -> Loaded:
    """Read an image, a time series, or the label maps of a segmentation.

    A file that declares segments (3D Slicer's keys) becomes label maps with names and colours, one a
    layer; every other file a volume. An axis of time, or a list of images, becomes the time axis.

    Parameters
    ----------
    path
        The file.
    progress
        Told at the beginning and the end; may raise ``Cancelled``.

    Raises
    ------
    FileProblem
        If the file is missing or may not be read.
    CorruptFile
        If it is cut short, its data file is missing, or its header makes no sense.
    UnsupportedFormat
        If its voxels are colours or vectors.
    InvalidGeometry
        If its grid is zero, not finite, or not in mm.
    """
    progress(0, 1, f"Reading {path.name}")
    require_file(path)
    header = parse_header(path)
    header.require_whole()
    axis = header.series_axis
    image, itk_warnings = (
        _read_series(header, axis) if axis is not None else read_image(path, _IMAGE_IO)
    )
    times_s = header.series_times_s(axis) if axis is not None else ()
    facts = FileFacts(
        path=path,
        format_name="nrrd",
        extensions=_EXTENSIONS,
        times_s=times_s,
        time_source="NRRD header" if times_s else "",
        warnings=(*header.doubts(), *itk_warnings),
    )
    with naming(path, cure="Export the image again from its source."):
        loaded = loaded_from_sitk(image, facts)
    progress(1, 1, f"Read {path.name}")
    return loaded


def write(labels: LabelMap, path: Path) -> None:
    """Write a label map on its source grid, with names, colours and codes in 3D Slicer's keys.

    3D Slicer opens ``.seg.nrrd`` as a segmentation with these; in a plain ``.nrrd`` it and other
    programs pass over the keys and read a label volume, while this program reads them in both.

    Parameters
    ----------
    labels
        The label map; three axes.
    path
        Ending in ``.seg.nrrd`` or ``.nrrd``.

    Raises
    ------
    UnsupportedFormat
        If the name ends otherwise (``.nhdr`` would be two files, not replaced at once).
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    require_ending(path, _WRITTEN, "NRRD")
    voxels = voxels_to_write(labels, path)
    if voxels.size == 1:
        raise WriteFailed(
            "3D Slicer takes an NRRD segmentation of a single voxel to be empty.",
            path=path,
            cure="Save as .nii.gz or .mha.",
        )
    image = sitk_from_stored(voxels, labels.source_grid.geometry)
    for key, value in segment_keys(labels).items():
        image.SetMetaData(key, value)
    write_image(image, path, _IMAGE_IO)


def _read_series(header: NrrdHeader, axis: int) -> tuple[SimpleITK.Image, tuple[str, ...]]:
    """Read a file whose extra axis ITK may not know (time, or no kind) as a list of images.

    ITK gets a detached header in which that axis is called a list and all else stands as it was.
    """
    if header.kinds[axis] == "list":
        return read_image(header.path, _IMAGE_IO)
    kinds = " ".join("list" if i == axis else "domain" for i in range(len(header.sizes)))
    kept = [line for line in header.lines if not line.lower().startswith(("kinds:", "spacings:"))]
    if "datafile" in header.fields:
        stated = header.fields["datafile"]
        kept = [line for line in kept if not line.lower().startswith(("data file:", "datafile:"))]
        place = [f"data file: {(header.path.parent / stated).resolve()}"]
    else:
        place = [f"line skip: {len(header.lines) + 1}", f"data file: {header.path.resolve()}"]
    with tempfile.TemporaryDirectory() as folder:
        detached = Path(folder) / "header.nhdr"
        detached.write_text("\n".join([*kept, f"kinds: {kinds}", *place, "", ""]), encoding="utf-8")
        return read_image(detached, _IMAGE_IO)


FORMAT = FormatSpec(
    name="nrrd",
    title="NRRD",
    extensions=_EXTENSIONS,
    read=read,
    sniff=is_nrrd,
    write=write,
)
