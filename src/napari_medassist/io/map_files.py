"""Write maps of floating point values: probabilities, uncertainty."""

from __future__ import annotations

from pathlib import Path

from napari_medassist.core.errors import UnsupportedFormat
from napari_medassist.core.volume import GridImage
from napari_medassist.io.bridges import to_sitk
from napari_medassist.io.simpleitk_files import write_image

_IMAGE_IO = {
    ".nii.gz": "NiftiImageIO",
    ".nii": "NiftiImageIO",
    ".nrrd": "NrrdImageIO",
    ".mha": "MetaImageIO",
}


def write_map(values: GridImage, path: Path) -> Path:
    """Write a map on the grid and in the axis order of its image; the ending chooses the format.

    Parameters
    ----------
    values
        E.g. a :class:`~napari_medassist.core.labels.ProbabilityMap`, (z, y, x).
    path
        Ends in ``.nii.gz``, ``.nii``, ``.nrrd`` or ``.mha``.

    Raises
    ------
    UnsupportedFormat
        If it ends in something else.
    WriteFailed
        If it cannot be written; what stood there is unchanged.
    """
    write_image(to_sitk(values), path, _IMAGE_IO[require_map_name(path)])
    return path


def require_map_name(path: Path) -> str:
    """Return the ending of a file name that a map can be written to.

    Raises
    ------
    UnsupportedFormat
        If there is none.
    """
    name = path.name.lower()
    ending = next((e for e in _IMAGE_IO if name.endswith(e)), None)
    if ending is None:
        raise UnsupportedFormat(
            "Maps cannot be written in this format.",
            path=path,
            cure=f"Use one of: {', '.join(_IMAGE_IO)}.",
        )
    return ending
