"""MetaImage: ``.mha``, and ``.mhd`` with its data file."""

from __future__ import annotations

from pathlib import Path

from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress
from napari_medassist.io.bridges import sitk_from_stored
from napari_medassist.io.file_checks import naming, require_ending, require_file
from napari_medassist.io.format import FormatSpec, Loaded
from napari_medassist.io.label_voxels import voxels_to_write
from napari_medassist.io.meta_header import is_meta_image, parse_header
from napari_medassist.io.segmentation_header import segment_keys
from napari_medassist.io.simpleitk_files import read_image, write_image
from napari_medassist.io.simpleitk_loaded import FileFacts, loaded_from_sitk

_EXTENSIONS = (".mha", ".mhd")
_WRITTEN = (".mha",)
_IMAGE_IO = "MetaImageIO"


def read(path: Path, progress: Progress) -> Loaded:
    """Read an image or time series; a file with our segment keys becomes a label map.

    Parameters
    ----------
    path
        The file; of a pair, the ``.mhd``.
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
        If its grid is zero or not finite.
    """
    progress(0, 1, f"Reading {path.name}")
    require_file(path)
    header = parse_header(path)
    header.require_whole()
    image, itk_warnings = read_image(path, _IMAGE_IO)
    facts = FileFacts(
        path=path,
        format_name="metaimage",
        extensions=_EXTENSIONS,
        warnings=(*header.doubts(), *itk_warnings),
    )
    with naming(path, cure="Export the image again from its source."):
        loaded = loaded_from_sitk(image, facts)
    progress(1, 1, f"Read {path.name}")
    return loaded


def write(labels: LabelMap, path: Path) -> None:
    """Write a label map on its source grid, with names, colours and codes in the header.

    Other programs pass over those fields (3D Slicer's keys) and read a label volume.

    Parameters
    ----------
    labels
        The label map; three axes.
    path
        Ending in ``.mha``.

    Raises
    ------
    UnsupportedFormat
        If the name ends otherwise (``.mhd`` would be two files, not replaced at once).
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    require_ending(path, _WRITTEN, "MetaImage")
    image = sitk_from_stored(voxels_to_write(labels, path), labels.source_grid.geometry)
    for key, value in segment_keys(labels).items():
        image.SetMetaData(key, value)
    write_image(image, path, _IMAGE_IO)


FORMAT = FormatSpec(
    name="metaimage",
    title="MetaImage",
    extensions=_EXTENSIONS,
    read=read,
    sniff=is_meta_image,
    write=write,
)
