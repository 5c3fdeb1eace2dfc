"""Compare files or folders of label maps, and write the tables."""

from __future__ import annotations

import csv
import json
import platform
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from napari_medassist import __version__
from napari_medassist.core.errors import (
    Cancelled,
    FileProblem,
    GeometryMismatch,
    MedAssistError,
    WriteFailed,
)
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.results import CaseEvaluation, CohortEvaluation, Status
from napari_medassist.evaluation import tables
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.masks import LabelChoice, checked_labels
from napari_medassist.io.atomic import replacing
from napari_medassist.io.files import case_name, read_labels
from napari_medassist.io.format import FORMATS

PathLike = str | Path

CASES_FILE, LESIONS_FILE, SUMMARY_FILE = "cases.csv", "lesions.csv", "summary.json"


@dataclass(frozen=True)
class FilePair:
    """The two files of a case.

    Parameters
    ----------
    case
        Name of the case: the file name without its image ending.
    reference, prediction
        The candidates of each side; a case can be compared if there is exactly one of each.
    """

    case: str
    reference: tuple[Path, ...] = ()
    prediction: tuple[Path, ...] = ()

    @property
    def problem(self) -> str:
        """Why the case cannot be compared; empty if it can."""
        sides = {"reference": self.reference, "prediction": self.prediction}
        told = [
            f"{len(files)} {side} files are called '{self.case}': " + ", ".join(str(f) for f in files)
            if files
            else f"no {side} file is called '{self.case}'"
            for side, files in sides.items()
            if len(files) != 1
        ]
        return "; ".join(told)


@dataclass(frozen=True)
class PairedFiles:
    """The cases of two paths, and the files that are no images.

    Parameters
    ----------
    pairs
        One entry a case, sorted by name, incomplete ones included.
    passed_over
        Files of the two folders that no image format claims.
    """

    pairs: tuple[FilePair, ...]
    passed_over: tuple[Path, ...] = ()


def evaluate_files(
    reference: PathLike,
    prediction: PathLike,
    out_dir: PathLike,
    *,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    progress: Progress = silent,
) -> CohortEvaluation:
    """Compare label maps on disk and write ``cases.csv``, ``lesions.csv`` and ``summary.json``.

    Parameters
    ----------
    reference, prediction
        A file or a folder each. Files of two folders belong together if their names without the
        image ending are the same; two files always do.
    out_dir
        Where the tables go; made if it does not exist. Tables of the same name are replaced.
    label
        The value, or values, that count as foreground; every non-zero one by default.
    convention
        How lesions are told apart, matched and judged.
    progress
        Told how many cases are done; may raise ``Cancelled``, then nothing is written.

    Returns
    -------
    CohortEvaluation
        One entry a case. A case that cannot be compared has the status ``grid_mismatch`` or
        ``error`` and a message; the others go on.

    Raises
    ------
    InvalidSetting
        If a label is not a whole number from 1 on.
    FileProblem
        If a path does not exist, or holds no image at all.
    WriteFailed
        If the tables cannot be written.
    """
    wanted = checked_labels(label)
    found = pair_files(Path(reference).expanduser(), Path(prediction).expanduser())
    folder = _writable_folder(Path(out_dir).expanduser())
    cases = []
    for number, pair in enumerate(found.pairs):
        progress(number, len(found.pairs), pair.case)
        cases.append(_evaluate_pair(pair, wanted, convention))
    progress(len(found.pairs), len(found.pairs), "")
    cohort = summarise(cases, convention=convention)
    about: dict[str, Any] = {
        "reference": str(reference),
        "prediction": str(prediction),
        "labels": wanted,
        "passed_over": [str(path) for path in found.passed_over],
        "versions": _versions(),
    }
    write_tables(cohort, folder, about=about)
    return cohort


def pair_files(reference: Path, prediction: Path) -> PairedFiles:
    """Find the cases of two paths.

    Two files are one case, named after the reference. Of a file and a folder, the file's case is
    taken from the folder. Of two folders, every name that occurs in either is a case.

    Raises
    ------
    FileProblem
        If a path does not exist, or a folder holds no image.
    """
    sides = {"reference": _images(reference), "prediction": _images(prediction)}
    passed_over = tuple(path for _, others in sides.values() for path in others)
    if reference.is_file() and prediction.is_file():
        pair = FilePair(case_name(reference), (reference,), (prediction,))
        return PairedFiles((pair,), passed_over)
    by_name = {side: _by_case(images) for side, (images, _) in sides.items()}
    names = set(by_name["reference"]) | set(by_name["prediction"])
    for path, side in ((reference, "reference"), (prediction, "prediction")):
        if path.is_file():
            names = set(by_name[side])
    pairs = (
        FilePair(
            name,
            reference=by_name["reference"].get(name, ()),
            prediction=by_name["prediction"].get(name, ()),
        )
        for name in sorted(names)
    )
    return PairedFiles(tuple(pairs), passed_over)


def write_tables(cohort: CohortEvaluation, folder: Path, *, about: dict[str, Any]) -> None:
    """Write the three tables of a cohort, each whole or not at all.

    Parameters
    ----------
    cohort
        What to write.
    folder
        Where; it exists.
    about
        Further entries of the summary: the inputs and versions.

    Raises
    ------
    WriteFailed
        If a file cannot be written.
    """
    _write_csv(folder / CASES_FILE, tables.case_table(cohort))
    _write_csv(folder / LESIONS_FILE, tables.lesion_table(cohort))
    text = json.dumps({**tables.summary(cohort), **about}, indent=2, ensure_ascii=False)
    with replacing(folder / SUMMARY_FILE) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _evaluate_pair(pair: FilePair, label: LabelChoice, convention: Convention) -> CaseEvaluation:
    if pair.problem:
        return _failed(pair.case, Status.ERROR, f"Not compared: {pair.problem}.", convention)
    try:
        return evaluate(
            read_labels(pair.reference[0]),
            read_labels(pair.prediction[0]),
            label=label,
            convention=convention,
            case=pair.case,
        )
    except Cancelled:
        raise
    except GeometryMismatch as error:
        return _failed(pair.case, Status.GRID_MISMATCH, str(error), convention)
    except MedAssistError as error:
        return _failed(pair.case, Status.ERROR, str(error), convention)
    except Exception as error:  # noqa: BLE001  one broken case must not cost the others; its row tells
        message = f"Unexpected {type(error).__name__}: {error}"
        return _failed(pair.case, Status.ERROR, message, convention)


def _failed(case: str, status: Status, message: str, convention: Convention) -> CaseEvaluation:
    return CaseEvaluation(case, status, message, convention=convention.settings())


def _images(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the image files of a path, and its other files; hidden files count as neither."""
    if path.is_file():
        return [path], []
    if not path.is_dir():
        raise FileProblem("There is no such file or folder.", path=path, cure="Check the name.")
    files = [p for p in sorted(path.iterdir()) if p.is_file() and not p.name.startswith(".")]
    images = [p for p in files if any(spec.claims_name(p) for spec in FORMATS)]
    if not images:
        raise FileProblem(
            "No image file lies directly in this folder.",
            path=path,
            cure="Give the folder that holds the label maps (.nii.gz, .nrrd, .mha, ...).",
        )
    return images, [p for p in files if p not in images]


def _by_case(images: list[Path]) -> dict[str, tuple[Path, ...]]:
    grouped: defaultdict[str, tuple[Path, ...]] = defaultdict(tuple)
    for path in images:
        grouped[case_name(path)] += (path,)
    return dict(grouped)


def _writable_folder(folder: Path) -> Path:
    """Make the folder and try it out, so that hours of work do not end in a refusal."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write_test"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise WriteFailed(
            f"Results cannot be written here ({error.strerror or error}).",
            path=folder,
            cure="Choose another folder.",
        ) from error
    return folder


def _write_csv(path: Path, rows: Iterable[list[str]]) -> None:
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def _versions() -> dict[str, str]:
    return {
        "napari-medassist": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy")},
    }
