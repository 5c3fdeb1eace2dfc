"""Which cases a folder or a table names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.core.errors import FileProblem
from napari_medassist.io.files import case_name
from napari_medassist.io.format import FORMATS

#: Folders beside the cases that are ours.
READINGS_FOLDER, ADJUDICATED_FOLDER = "readings", "adjudicated"


@dataclass(frozen=True)
class ListedCase:
    """A case of a worklist, and where it lies.

    Parameters
    ----------
    name
        What it is called; unique within the list.
    paths
        Its files and folders; they need not exist.
    """

    name: str
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Listing:
    """The cases of a place, and what should be known of them.

    Parameters
    ----------
    cases
        In the order of the table, or by name.
    warnings
        Cases that had to be told apart, in sentences.
    """

    cases: tuple[ListedCase, ...]
    warnings: tuple[str, ...] = ()


def listed(place: Path) -> Listing:
    """Return the cases of a folder or of a table (CSV).

    Of a folder, each folder in it is a case, and each image file directly in it. A table has the
    columns ``case`` and ``path`` (or ``images``); several paths of a case are parted by ``|``. Relative
    paths are taken from the folder of the table. Whether a case can be read shows when it is opened.

    Raises
    ------
    FileProblem
        If the place does not exist, names no case, or a table names a case twice.
    """
    place = place.expanduser()
    if place.is_dir():
        return _of_folder(place)
    if place.is_file():
        return Listing(_of_table(place))
    raise FileProblem("There is no such file or folder.", path=place, cure="Check the name.")


def _of_folder(folder: Path) -> Listing:
    try:
        entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise FileProblem(
            f"The folder cannot be read ({error.strerror or error}).", path=folder
        ) from error
    ours = (READINGS_FOLDER, ADJUDICATED_FOLDER)
    found = [p for p in entries if (p.is_dir() and p.name not in ours) or _is_image(p)]
    if not found:
        raise FileProblem(
            "There are no cases here.",
            path=folder,
            cure="Choose the folder that holds a folder or an image file for each case, or a table.",
        )
    names = {p: case_name(p) if p.is_file() else p.name for p in found}
    counts = Counter(names.values())
    twice = sorted(name for name, n in counts.items() if n > 1)
    told = tuple(
        f"{counts[name]} cases are called '{name}': they are listed by their full file names."
        for name in twice
    )
    cases = (ListedCase(p.name if counts[names[p]] > 1 else names[p], (p,)) for p in found)
    return Listing(tuple(cases), told)


def _of_table(path: Path) -> tuple[ListedCase, ...]:
    rows = rows_of_table(path)
    cases: dict[str, tuple[int, ListedCase]] = {}
    for line, row in rows:
        name = row.get("case", "").strip()
        cell = row.get("path") or row.get("images") or ""
        parts = [part.strip() for part in cell.split("|") if part.strip()]
        if not name and not parts:
            continue
        name = name or case_name(Path(parts[0]))
        if name in cases:
            raise FileProblem(
                f"The case '{name}' stands twice, in lines {cases[name][0]} and {line}.",
                path=path,
                cure="Give each case a name of its own; several files of one case go into one cell, "
                "parted by |.",
            )
        places = tuple(path.parent / Path(part).expanduser() for part in parts)
        cases[name] = (line, ListedCase(name, places))
    if not cases:
        raise FileProblem("The table lists no case.", path=path, cure="Add a row for each case.")
    return tuple(case for _, case in cases.values())


def rows_of_table(path: Path) -> Sequence[tuple[int, dict[str, str]]]:
    """Return line number and cells by column of each row of a table of cases; columns in lower case.

    Raises
    ------
    FileProblem
        If it cannot be read, or names no paths.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=header.count)
            reader = csv.DictReader(file, delimiter=delimiter, skipinitialspace=True)
            reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
            known = set(reader.fieldnames)
            rows = [(reader.line_num, {k: v or "" for k, v in row.items() if k}) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileProblem(f"The table cannot be read ({error}).", path=path) from error
    if not known & {"path", "images"}:
        raise FileProblem(
            f"The table has no column 'path', it has: {', '.join(sorted(known)) or 'none'}.",
            path=path,
            cure="Name the columns case and path in the first line.",
        )
    return rows


def _is_image(path: Path) -> bool:
    return path.is_file() and any(spec.claims_name(path) for spec in FORMATS)
