"""What a file format is: how to recognise, read and write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.core.case import Series
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress
from napari_medassist.core.registry import Registry


@dataclass(frozen=True)
class Loaded:
    """What a format found in a file or folder.

    Parameters
    ----------
    series
        Images, with as much acquisition as the file tells; roles are given later (``io.roles``),
        unless the file itself says what it is.
    labels
        Label maps that the file declares as such (``.seg.nrrd``); a plain NIfTI is an image.
    warnings
        What was passed over, or is doubtful, and why; each names its file.
    """

    series: tuple[Series, ...] = ()
    labels: tuple[LabelMap, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormatSpec:
    """A file format.

    Parameters
    ----------
    name
        Short name, e.g. ``"nifti"``.
    title
        What a user calls it, e.g. ``"NIfTI"``.
    extensions
        Lower-case endings with the dot, longest first, e.g. ``(".nii.gz", ".nii")``.
    read
        Reads one file (or, for ``reads_folders``, a folder). Raises errors of ``core.errors`` only.
    sniff
        Tells from the content whether a file is of this format, whatever its name; must be quick and
        must not raise for unreadable content.
    write
        Writes a label map; None if the format is read only.
    reads_folders
        True if one image is a folder of many files (DICOM).
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    read: Callable[[Path, Progress], Loaded]
    sniff: Callable[[Path], bool]
    write: Callable[[LabelMap, Path], None] | None = None
    reads_folders: bool = False

    def claims_name(self, path: Path) -> bool:
        """Tell whether the file's name ends like this format's."""
        return path.name.lower().endswith(self.extensions)


#: All formats: the modules of ``io.formats`` and the entry points of other distributions.
FORMATS: Registry[FormatSpec] = Registry(
    "file format",
    packages=("napari_medassist.io.formats",),
    attribute="FORMAT",
    entry_point_group="napari_medassist.formats",
    name_of=lambda spec: spec.name,
)
