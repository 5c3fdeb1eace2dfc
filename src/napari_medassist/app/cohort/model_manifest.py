"""A table of cases with several models: CSV with case, reference, and a column for each model."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_medassist.app.cohort.pairing import FilePair, PairedFiles
from napari_medassist.core.errors import FileProblem, InvalidSetting

_REQUIRED = ("case", "reference")
_NO_MODELS = (*_REQUIRED, "group", "zones")


def read_model_manifest(path: Path, models: Sequence[str] = ()) -> Mapping[str, PairedFiles]:
    """Read which files are a case, for several models.

    Parameters
    ----------
    path
        CSV (comma, semicolon or tab) with a header. Columns ``case``, ``reference``, and a column of
        predictions for each model, named after it; if wished ``group``. Paths are taken from the folder
        of the table.
    models
        The columns that are models; by default all but ``case``, ``reference``, ``group``, ``zones``.

    Returns
    -------
    Mapping
        Model -> its cases, in the order of the table. An empty cell is a missing file.

    Raises
    ------
    FileProblem
        If it cannot be read, a column is missing, or it holds no case.
    InvalidSetting
        If a case has no name, or its name stands twice.
    """
    header, rows = _rows(path)
    chosen = tuple(models) or tuple(name for name in header if name.lower() not in _NO_MODELS)
    missing = [name for name in (*_REQUIRED, *chosen) if name not in header]
    if missing:
        raise FileProblem(
            f"The table of cases has no column {' and no column '.join(missing)}.",
            path=path,
            cure=f"Its first line names the columns, here: {', '.join(header)}.",
        )
    names = [row["case"] for row in rows]
    twice = next((name for name in names if not name or names.count(name) > 1), None)
    if twice is not None:
        told = f"The case '{twice}' stands twice" if twice else "A row has no case name"
        raise InvalidSetting(f"{told} in {path}.", cure="Give each row its own name.")
    return {
        model: PairedFiles(tuple(_pair(row, model, path.parent) for row in rows)) for model in chosen
    }


def _rows(path: Path) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Return the names of the columns and the rows, blank lines left out."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise FileProblem(
            f"The table of cases cannot be read ({told}).", path=path, cure="Save it as CSV in UTF-8."
        ) from error
    first = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=max(",;\t", key=first.count), skipinitialspace=True)
    cells = [[cell.strip() for cell in row] for row in reader]
    header = tuple(_column(name) for name in (cells[0] if cells else []))
    rows = [
        dict(zip(header, [*row, *[""] * len(header)], strict=False)) for row in cells[1:] if any(row)
    ]
    if not rows:
        raise FileProblem("The table holds no case.", path=path, cure="Add a row for each case.")
    return header, rows


def _column(name: str) -> str:
    return name.lower() if name.lower() in _NO_MODELS else name


def _pair(row: Mapping[str, str], model: str, folder: Path) -> FilePair:
    reference, prediction = (
        (folder / Path(row[name]).expanduser(),) if row[name] else () for name in ("reference", model)
    )
    return FilePair(row["case"], reference, prediction, group=row.get("group", ""))
