"""Reading a DICOM file or folder: the thread through the other modules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydicom.dataset import FileDataset

from napari_medassist.core.case import Series
from napari_medassist.core.errors import (
    InconsistentSeries,
    MedAssistError,
    UnsupportedFormat,
)
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Modality
from napari_medassist.io.dicom.clips import clip_of
from napari_medassist.io.dicom.derived.found import Derived
from napari_medassist.io.dicom.derived.reading import read_derived
from napari_medassist.io.dicom.derived.source_series import source_of, sources_beside
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.stacking import Stack
from napari_medassist.io.dicom.stacks import stacks_of
from napari_medassist.io.dicom.study import Study, files_to_read, scan_study
from napari_medassist.io.dicom.volumes import n_planes, volume_of
from napari_medassist.io.format import Loaded

_VOLUME_MODALITIES = (Modality.MR, Modality.CT, Modality.PT)


def read(path: Path, progress: Progress = silent) -> Loaded:
    """Read the DICOM images of a folder (and the folders below it), or of one file and its series.

    Parameters
    ----------
    path
        A folder, or a file; a file that is a slice brings the slices of its series in its folder.
    progress
        Told after each header and each slice; may raise ``Cancelled``.

    Returns
    -------
    Loaded
        A volume for each b-value, echo or grid of a series, a dynamic acquisition as one volume with
        time, and a clip for each file without a place in the patient; label maps of segmentations and
        structure sets. What could not be read is named
        in ``warnings``.

    Raises
    ------
    MedAssistError
        If nothing could be read: the one problem that there was, or what was found instead.
    """
    files = files_to_read(path)
    study = scan_study(path, files, progress)
    stacks = stacks_of(study)
    series = _Pixels(study, len(files), progress).read(stacks, _clips(study))
    derived = _derived(path, study, stacks)
    series += [image for one in derived for image in one.maps]
    labels = tuple(label_map for one in derived for label_map in one.labels)
    told = tuple(warning for one in derived for warning in one.warnings)
    if not series and not labels:
        raise _nothing_read(path, study, told)
    return Loaded(series=tuple(series), labels=labels, warnings=(*study.notes(), *told))


def _derived(path: Path, study: Study, stacks: Sequence[Stack]) -> list[Derived]:
    """Read what was made of the images, on their grids; of a single file, those beside it count too."""
    if not study.derived:
        return []
    sources = [source_of(one) for one in stacks]
    if not sources and path.is_file():
        sources = sources_beside(path)
    found = [
        study.attempt(header.path, partial(read_derived, header, sources)) for header in study.derived
    ]
    return [one for one in found if one is not None]


def _clips(study: Study) -> list[tuple[Header, FileDataset]]:
    """Return the files that are read as clips; slices without a place make no clips."""
    by_series: dict[str, list[tuple[Header, FileDataset]]] = defaultdict(list)
    for header, dataset in study.loose:
        by_series[header.series_uid].append((header, dataset))
    clips: list[tuple[Header, FileDataset]] = []
    for files in by_series.values():
        if len(files) > 1 and files[0][0].modality in _VOLUME_MODALITIES:
            study.problems.append(_without_place([header for header, _ in files]))
        else:
            clips += files
    return clips


class _Pixels:
    """The pixel pass: reads stacks and clips, and counts for the progress."""

    def __init__(self, study: Study, n_files: int, progress: Progress) -> None:
        self._study = study
        self._progress = progress
        self._n_files = n_files
        self._done = 0
        self._total = 0
        self._message = ""

    def read(
        self, stacks: Sequence[Stack], clips: Sequence[tuple[Header, FileDataset]]
    ) -> list[Series]:
        """Return all images that can be read, in the order of their series numbers."""
        self._total = sum(map(n_planes, stacks)) + sum(h.n_frames for h, _ in clips)
        found: list[Series | None] = []
        for one in stacks:
            self._message = f"Reading {one.first.header.title}"
            found.append(
                self._study.attempt(one.first.header.path, partial(volume_of, one, self._tick))
            )
        for header, dataset in clips:
            self._message = f"Reading {header.title}"
            found.append(
                self._study.attempt(header.path, partial(clip_of, header, dataset, self._tick))
            )
        return sorted((s for s in found if s is not None), key=_series_order)

    def _tick(self) -> None:
        self._done += 1
        self._progress(self._n_files + self._done, self._n_files + self._total, self._message)


def _series_order(series: Series) -> float:
    number = series.acquisition.series_number
    return float("inf") if number is None else number


def _without_place(headers: Sequence[Header]) -> MedAssistError:
    first = headers[0]
    reason = "are in colour" if first.is_colour else "do not state their place in the patient"
    return InconsistentSeries(
        f"Series '{first.title}': its {len(headers)} images {reason}, so that they make no volume.",
        path=first.path.parent,
        cure="Open one of its files to see it as a still image.",
    )


def _nothing_read(path: Path, study: Study, told: Sequence[str]) -> MedAssistError:
    """Return the error of a path of which nothing could be read."""
    if len(study.problems) == 1 and not study.passed_over and not told:
        return study.problems[0]
    found = (*study.notes(), *told)
    if not found:
        return UnsupportedFormat(
            "There is no DICOM image here.",
            path=path,
            cure="Choose the folder that holds the study, or the files themselves.",
        )
    more = f" (and {len(found) - 5} more)" if len(found) > 5 else ""
    return UnsupportedFormat(
        f"No image here can be read. {' '.join(found[:5])}{more}",
        path=path,
        cure="Export the study anew, with its images.",
    )
