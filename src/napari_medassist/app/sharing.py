"""Sharing the open case: which files it was read from, and which of its images to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread

from napari_medassist.core.case import Case
from napari_medassist.core.errors import FileProblem, MedAssistError
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Array
from napari_medassist.io.dicom.header import header_of
from napari_medassist.io.dicom.kinds import is_derived, not_an_image
from napari_medassist.io.dicom.scan import is_dicom, is_directory_file
from napari_medassist.io.dicom.tags import MALFORMED
from napari_medassist.io.sharing.burned_in import Doubt, doubt_of, sampled_frames
from napari_medassist.io.sharing.share import files_of

_UNREADABLE: tuple[type[Exception], ...] = (MedAssistError, *MALFORMED)


@dataclass(frozen=True, eq=False)
class DoubtfulImage:
    """An image that may have text burned in.

    Parameters
    ----------
    path
        Its file.
    doubt
        Why, and where text may stand.
    frame
        Its first frame as it is shown, (y, x) or (y, x, 3); None if it could not be decoded.
    """

    path: Path
    doubt: Doubt
    frame: Array | None


def sources_of(case: Case) -> tuple[Path, ...]:
    """Return the files and folders that a case was read from, each once.

    Raises
    ------
    FileProblem
        If it was read from none that is there.
    """
    stated = (s for image in (*case.series, *case.labels) for s in image.provenance.sources)
    found = tuple(path for path in dict.fromkeys(Path(s) for s in stated) if path.exists())
    if not found:
        raise FileProblem("The case was read from no file, so there is nothing to share.")
    return found


def doubtful_images(sources: Sequence[Path], progress: Progress = silent) -> tuple[DoubtfulImage, ...]:
    """Return the images below some files and folders that may have text burned in.

    Parameters
    ----------
    sources
        As :func:`sources_of` returns them.
    progress
        Told after each file.
    """
    found, files = [], files_of(sources)
    for done, path in enumerate(files, start=1):
        image = _doubtful(path)
        if image is not None:
            found.append(image)
        progress(done, len(files), "Looking for text in the images")
    return tuple(found)


def _doubtful(path: Path) -> DoubtfulImage | None:
    """Return a file if it is an image in doubt; what cannot be read is told when it is shared."""
    try:
        if not is_dicom(path):
            return None
        dataset = dcmread(path, force=True, defer_size=1024)
        if is_directory_file(dataset):
            return None
        header = header_of(path, dataset)
        if not is_derived(header) and not_an_image(header):
            return None
        doubt = doubt_of(header, dataset)
    except _UNREADABLE:
        return None
    if doubt is None:
        return None
    frame = None if doubt.problem else sampled_frames(header)[0]
    return DoubtfulImage(path, doubt, frame)
