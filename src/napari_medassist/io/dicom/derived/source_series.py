"""The DICOM images that a label map was drawn on: found again, with all their tags but the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import FileDataset

from napari_medassist.core.errors import CorruptFile, GeometryMismatch, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.orientation import SourceGrid
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.dicom.planes import Plane
from napari_medassist.io.dicom.scan import files_below
from napari_medassist.io.dicom.stacking import Stack
from napari_medassist.io.dicom.stacks import stacks_of
from napari_medassist.io.dicom.study import files_to_read, scan_study
from napari_medassist.io.dicom.tags import MALFORMED

#: A single file's images are looked for in its folder if that holds no more files than this.
_MOST_FILES_BESIDE = 2000


@dataclass(frozen=True, eq=False)
class SourceSeries:
    """The planes of one image, in stored order.

    Parameters
    ----------
    planes
        One plane a slice, rising along the normal; of a time series, those of its first time point.
    geometry
        The stored grid: z = slice, y = row, x = column, LPS mm.
    """

    planes: tuple[Plane, ...]
    geometry: Geometry

    @property
    def series_uid(self) -> str:
        """DICOM's identifier of the series."""
        return self.planes[0].header.series_uid

    @property
    def title(self) -> str:
        """Number and description of the series."""
        return self.planes[0].header.title

    @property
    def grid(self) -> SourceGrid:
        """The stored grid together with its way to the canonical order."""
        return SourceGrid.of(self.geometry)

    def datasets(self) -> list[FileDataset]:
        """Read the files again, one a slice (one only for an enhanced file), without pixels.

        Raises
        ------
        CorruptFile
            If a file is gone or cannot be read any more.
        """
        return [_dataset(path) for path in dict.fromkeys(p.header.path for p in self.planes)]

    def stored_values(self, labels: LabelMap) -> NDArray[Any]:
        """Return the voxels of a label map in the order of the planes, (slice, row, column).

        Raises
        ------
        GeometryMismatch
            If the label map lies on another grid.
        """
        grid = self.grid
        grid.canonical_geometry.require_same_grid(
            labels.source_grid.canonical_geometry,
            names=(f"image '{self.title}'", f"label map '{labels.name}'"),
        )
        return np.ascontiguousarray(grid.to_stored(np.asarray(labels.array)))


def find_source(
    labels: LabelMap, paths: Sequence[Path], *, series: str = "", progress: Progress = silent
) -> SourceSeries:
    """Find the DICOM series whose voxels a label map has.

    Parameters
    ----------
    labels
        The label map.
    paths
        Where to look: study folders, or files (a slice brings its series).
    series
        Which series, if several have the same grid: its UID, its number, or words of its description.
    progress
        Told after each header.

    Raises
    ------
    UnsupportedFormat
        If there is no DICOM image, or several have the grid and ``series`` names none of them.
    GeometryMismatch
        If no image has the label map's grid.
    """
    stacks = [s for path in paths for s in _stacks(Path(path), progress)]
    if not stacks:
        raise UnsupportedFormat(
            "There is no DICOM image here, and DICOM labels must refer to one.",
            path=paths[0] if paths else None,
            cure="Save the labels as NIfTI, NRRD or MetaImage instead.",
        )
    chosen = [s for s in stacks if _is_named(s, series)] if series else stacks
    wanted = labels.source_grid.canonical_geometry
    fitting = [s for s in chosen if _fits(s, wanted)]
    if not fitting:
        raise _no_fit(labels, chosen or stacks, series)
    if len({s.first.header.series_uid for s in fitting}) > 1:
        names = "; ".join(s.first.header.title for s in fitting)
        raise UnsupportedFormat(
            f"{len(fitting)} series have this grid: {names}.",
            cure="Say which one was drawn on (its number, description or UID).",
        )
    return source_of(fitting[0])


def source_of(stack: Stack) -> SourceSeries:
    """Return the source that a stack is; of a time series, its first time point."""
    return SourceSeries(stack.planes[0], stack.geometry)


def headers_of(volume: Volume) -> list[FileDataset]:
    """Read the files that an image was read from again, without pixels; empty if it is not DICOM.

    Where one series holds several images on one grid (b-values, time points), all its files count.

    Parameters
    ----------
    volume
        Its provenance says where the files lie.

    Raises
    ------
    CorruptFile
        If a file is gone or cannot be read any more.
    """
    uid = volume.acquisition.series_uid
    places = [Path(source) for source in volume.provenance.sources if Path(source).exists()]
    if not uid or not places:
        return []
    stacks = [s for place in places for s in _stacks(place, silent)]
    wanted = volume.source_grid.canonical_geometry
    fitting = [s for s in stacks if s.first.header.series_uid == uid and _fits(s, wanted)]
    paths = [plane.header.path for s in fitting for planes in s.planes for plane in planes]
    return [_dataset(path) for path in dict.fromkeys(paths)]


def sources_beside(path: Path) -> list[SourceSeries]:
    """Return the images in the folder of a file (not in those below it), by their headers alone."""
    beside = sorted(p for p in path.parent.iterdir() if p.is_file() and p != path)
    if len(beside) > _MOST_FILES_BESIDE:  # a folder for all downloads, say
        return []
    return [source_of(s) for s in stacks_of(scan_study(path.parent, beside, silent))]


def _stacks(path: Path, progress: Progress) -> list[Stack]:
    files = files_below(path) if path.is_dir() else files_to_read(path)
    return stacks_of(scan_study(path, files, progress))


def _fits(stack: Stack, wanted: Geometry) -> bool:
    own = SourceGrid.of(stack.geometry).canonical_geometry
    return own.is_same_grid(wanted)


def _is_named(stack: Stack, series: str) -> bool:
    header = stack.first.header
    if series in (header.series_uid, str(header.series_number)):
        return True
    return series.lower() in header.title.lower() and not series.isdigit()


def _no_fit(labels: LabelMap, stacks: Sequence[Stack], series: str) -> GeometryMismatch:
    grids = "; ".join(f"{s.first.header.title} {s.geometry.describe()}" for s in stacks[:4])
    which = f" named '{series}'" if series else ""
    return GeometryMismatch(
        f"No DICOM image{which} has the grid of '{labels.name}', "
        f"{labels.source_grid.geometry.describe()}. There are: {grids}.",
        cure="Export it beside the image it was drawn on, or save it as NIfTI or NRRD.",
    )


def _dataset(path: Path) -> FileDataset:
    try:
        return dcmread(path, stop_before_pixels=True, force=True)
    except MALFORMED as error:
        raise CorruptFile(f"The image cannot be read again ({error}).", path=path) from error
