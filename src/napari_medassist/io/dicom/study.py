"""The header pass: which files there are, what each is, and what is wrong with some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydicom.dataset import FileDataset

from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    GeometryMismatch,
    InconsistentSeries,
    InvalidGeometry,
    InvalidImage,
    MedAssistError,
    TooLarge,
    UnsupportedFormat,
)
from napari_medassist.core.progress import Progress
from napari_medassist.io.dicom import scan
from napari_medassist.io.dicom.header import Header, header_of
from napari_medassist.io.dicom.kinds import is_derived, not_an_image
from napari_medassist.io.dicom.pixels import require_size
from napari_medassist.io.dicom.planes import Plane, lies_in_patient, planes_of

#: What may be wrong with one series while the others are still read. ``Cancelled`` is not among it.
PROBLEMS = (FileProblem, GeometryMismatch, InconsistentSeries, InvalidGeometry, InvalidImage, TooLarge)

T = TypeVar("T")


@dataclass
class Study:
    """What the header pass found, and what went wrong so far.

    Parameters
    ----------
    planes
        The planes of each series, by its UID.
    loose
        Files without a place in the patient, in the order of their paths.
    derived
        Segmentations, structure sets and reports.
    passed_over
        Objects that are no images: what they are -> their files.
    problems
        Errors that concern one file or one series.
    broken_series
        Series of which a slice cannot be placed, with the reason: they must not be shown shortened.
    """

    planes: dict[str, list[Plane]] = field(default_factory=lambda: defaultdict(list))
    loose: list[tuple[Header, FileDataset]] = field(default_factory=list)
    derived: list[Header] = field(default_factory=list)
    passed_over: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    problems: list[MedAssistError] = field(default_factory=list)
    broken_series: dict[str, MedAssistError] = field(default_factory=dict)

    def notes(self) -> tuple[str, ...]:
        """Return what a user should know: what was passed over, and what went wrong."""
        passed_over = []
        for kind, files in self.passed_over.items():
            passed_over.append(f"{files[0]}: This is {kind}, which is not read yet{_also(files)}.")
        return (*passed_over, *map(str, self.problems))

    def attempt(self, path: Path, step: Callable[[], T]) -> T | None:
        """Run a step that concerns one file or series; note its problem, if it has one, and go on."""
        try:
            return step()
        except PROBLEMS as problem:
            self.problems.append(problem)
        except MemoryError:
            self.problems.append(_out_of_memory(path))
        return None


def files_to_read(path: Path) -> list[Path]:
    """Return all files of a folder (or beside and below a DICOMDIR); for a slice, those of its series.

    Raises
    ------
    FileProblem
        If a single file does not exist, is empty, or is not DICOM.
    """
    if path.is_dir():
        return scan.files_below(path)
    _require_dicom(path)
    dataset = scan.read_header(path)
    if scan.is_directory_file(dataset):
        return scan.files_below(path.parent)
    header = header_of(path, dataset)
    alone = is_derived(header) or not_an_image(header) or not header.series_uid or header.n_frames > 1
    if alone or not lies_in_patient(header, dataset):
        return [path]
    beside = sorted(p for p in path.parent.iterdir() if p.is_file() and p != path)
    # The file itself comes first: of two copies of an image, the first is kept.
    return [path, *(p for p in beside if scan.series_uid(p) == header.series_uid)]


def scan_study(path: Path, files: list[Path], progress: Progress) -> Study:
    """Read the headers of all files.

    Parameters
    ----------
    path
        What the user asked for; for the progress message.
    files
        All files, DICOM or not; those that are not are passed over.
    progress
        Told after each file. The number of slices is not known yet and taken to be that of the files.
    """
    study = Study()
    for done, file in enumerate(files, start=1):
        if scan.is_dicom(file):
            study.attempt(file, partial(_sort_in, study, file))
        elif file.name.lower().endswith(scan.EXTENSIONS):
            study.problems.append(_false_name(file))
        progress(done, 2 * len(files), f"Reading headers in {path.name}")
    return study


def _sort_in(study: Study, file: Path) -> None:
    dataset = scan.read_header(file)
    if scan.is_directory_file(dataset):
        return
    header = header_of(file, dataset)
    if is_derived(header):
        study.derived.append(header)
    elif kind := not_an_image(header):
        study.passed_over[kind].append(file)
    elif lies_in_patient(header, dataset):
        try:
            require_size(header)
            study.planes[header.series_uid].extend(planes_of(header, dataset))
        except PROBLEMS as problem:
            study.broken_series.setdefault(header.series_uid, _left_out(header, problem))
    else:
        study.loose.append((header, dataset))


def _also(files: list[Path]) -> str:
    """Name the other files of a kind; of many, the first."""
    if len(files) == 1:
        return ""
    more = f" and {len(files) - 5} more" if len(files) > 5 else ""
    return f"; so are {', '.join(file.name for file in files[1:5])}{more}"


def _left_out(header: Header, problem: MedAssistError) -> MedAssistError:
    """Return the problem of a slice as the problem of its series."""
    return type(problem)(
        f"{problem.message} Series '{header.title}' was left out with it.",
        path=header.path,
        cure=problem.cure,
    )


def _out_of_memory(path: Path) -> MedAssistError:
    return TooLarge(
        "There was not enough memory to read it.",
        path=path,
        cure="Close other images or programs, or open fewer files at a time.",
    )


def _require_dicom(path: Path) -> None:
    if not path.is_file():
        raise FileProblem("The file does not exist.", path=path, cure="Check the path.")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise FileProblem(
            f"The file cannot be read ({error.strerror}).",
            path=path,
            cure="Check your right to read it.",
        ) from error
    if empty:
        raise CorruptFile("The file is empty.", path=path, cure="Copy it anew from its source.")
    if not scan.is_dicom(path):
        raise UnsupportedFormat(
            "The file is not DICOM: it has neither the mark nor a header of it.",
            path=path,
            cure="Check that it was copied whole, and that its ending is right.",
        )


def _false_name(file: Path) -> MedAssistError:
    try:
        _require_dicom(file)
    except FileProblem as problem:
        return problem
    return FileProblem("The file cannot be read.", path=file, cure="Check your right to read it.")
