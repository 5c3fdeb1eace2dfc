"""Names that may identify a person do not reach a report: those of cases that come from DICOM.

DICOM files and study folders are often named after the patient, the patient's number or a date. So a
case of which any file is DICOM (the reference, the prediction, its zones or its images) is called by a
number, the names of its files are left out, and so is the message of a failure, which quotes them. Of
a reader's mark only the kind is told. The messages of other cases tell files without their folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.report.sources import EvaluatedModel
from napari_medassist.evaluation.report.case_data import Names
from napari_medassist.io.format import FORMATS

_DICOM = "dicom"


def is_dicom(path: Path) -> bool:
    """Tell whether a file or folder is DICOM; what cannot be told (it is gone) counts as DICOM.

    Files whose name ends like another format's are not looked into. Of folders only DICOM series are
    read, so a folder is DICOM unless all files in it are called otherwise.
    """
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.is_file()]
        return not files or any(is_dicom(file) for file in files)
    if any(spec.claims_name(path) for spec in FORMATS if spec.name != _DICOM):
        return False
    dicom = FORMATS.get(_DICOM)
    return dicom.claims_name(path) or not path.is_file() or dicom.sniff(path)


def names_in_report(
    models: Sequence[EvaluatedModel],
    images: Mapping[str, Iterable[Path]],
    *,
    with_identifiers: bool = False,
) -> Names:
    """Return what cases are called in a report.

    Parameters
    ----------
    models
        Their cases and files. Where the files are not known, names are kept.
    images
        The images of each case.
    with_identifiers
        Whether every name is kept, whatever it may tell.
    """
    if with_identifiers:
        return Names({})
    cases = list(dict.fromkeys(case.case for model in models for case in model.cohort.cases))
    files: dict[str, set[Path]] = {}
    for model in models:
        for pair in model.pairs:
            files.setdefault(pair.case, set()).update(files_of(pair))
    known: dict[Path, bool] = {}
    hidden = [
        case
        for case in cases
        if any(_remembered(path, known) for path in (*files.get(case, ()), *images.get(case, ())))
    ]
    numbers = {case: place for place, case in enumerate(cases, start=1)}
    digits = len(str(len(cases)))
    shown = {case: f"case {numbers[case]:0{digits}}" for case in hidden}
    return Names(shown, frozenset(hidden), _folders(models))


def _folders(models: Sequence[EvaluatedModel]) -> dict[str, tuple[str, ...]]:
    """Return the folders of the files of each case that failed: paths of a machine are no result."""
    found: dict[str, tuple[str, ...]] = {}
    for model in models:
        failed = {case.case for case in model.cohort.cases if case.message}
        for pair in model.pairs:
            if pair.case in failed:
                folders = {f"{path.parent}{os.sep}" for path in files_of(pair)}
                found[pair.case] = tuple({*found.get(pair.case, ()), *folders})
    return found


def files_of(pair: FilePair) -> tuple[Path, ...]:
    """Return all files of a case."""
    return (*pair.reference, *pair.prediction, *pair.zones)


def _remembered(path: Path, known: dict[Path, bool]) -> bool:
    if path not in known:
        known[path] = is_dicom(path)
    return known[path]
