"""A table that says which files are a case: CSV with the columns case, reference, prediction, zones."""

from __future__ import annotations

import csv
from pathlib import Path

from napari_medassist.app.cohort.pairing import FilePair, PairedFiles
from napari_medassist.core.errors import FileProblem

_REQUIRED = ("case", "reference", "prediction")
_FILES = ("reference", "prediction", "zones")
#: All columns that are looked at; ``files.csv`` of a result has them, and so is a manifest itself.
MANIFEST_COLUMNS = (*_REQUIRED, "zones", "group")


def read_manifest(path: Path) -> PairedFiles:
    """Read which files are a case.

    Parameters
    ----------
    path
        CSV (comma, semicolon or tab) with a header. Columns ``case``, ``reference``, ``prediction``;
        if wished ``zones`` and ``group``; others are passed over. Paths are taken from the folder of
        the table.

    Returns
    -------
    PairedFiles
        In the order of the table. Rows with one case name are one case with several files, which
        cannot be compared; an empty cell is a missing file.

    Raises
    ------
    FileProblem
        If it cannot be read, a column is missing, or it holds no case.
    """
    rows = _rows(path)
    pairs: dict[str, FilePair] = {}
    for row in rows:
        new = _pair(row, path.parent)
        known = pairs.get(new.case)
        pairs[new.case] = new if known is None else _both(known, new)
    if not pairs:
        raise FileProblem("The table holds no case.", path=path, cure="Add a row for each case.")
    return PairedFiles(tuple(pairs.values()))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise FileProblem(
            f"The table of cases cannot be read ({told}).", path=path, cure="Save it as CSV in UTF-8."
        ) from error
    lines = text.splitlines()
    header = lines[0] if lines else ""
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(lines, delimiter=delimiter, skipinitialspace=True)
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in _REQUIRED if name not in reader.fieldnames]
    if missing:
        raise FileProblem(
            f"The table of cases has no column {' and no column '.join(missing)}.",
            path=path,
            cure=f"Its first line names the columns: {', '.join(_REQUIRED)}[, zones][, group].",
        )
    rows = [{name: _text(row, name) for name in MANIFEST_COLUMNS} for row in reader]
    nameless = [n for n, row in enumerate(rows, start=2) if any(row.values()) and not row["case"]]
    if nameless:
        raise FileProblem(
            f"Row {nameless[0]} has no case name.", path=path, cure="Give each row its own name."
        )
    return [row for row in rows if row["case"]]


def _text(row: dict[str, str | None], name: str) -> str:
    return (row.get(name) or "").strip()


def _pair(row: dict[str, str], folder: Path) -> FilePair:
    files = {name: (folder / Path(row[name]).expanduser(),) if row[name] else () for name in _FILES}
    return FilePair(row["case"], **files, group=row["group"])


def _both(first: FilePair, second: FilePair) -> FilePair:
    """Return one case that has the files of both rows, and so says that its name stands twice."""
    return FilePair(
        first.case,
        first.reference + second.reference,
        first.prediction + second.prediction,
        first.group,
        first.zones + second.zones,
    )
