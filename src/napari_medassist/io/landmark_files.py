"""Pairs of landmarks as a table: one row a pair, LPS mm."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from napari_medassist.core.errors import CorruptFile, FileProblem
from napari_medassist.core.landmarks import LandmarkPair
from napari_medassist.io.atomic import replacing

_PLACES = tuple(f"{side}_{axis}_lps_mm" for side in ("fixed", "moving") for axis in "xyz")
COLUMNS = ("name", *_PLACES)


def read_landmarks(path: Path) -> tuple[LandmarkPair, ...]:
    """Read pairs of landmarks from a CSV file.

    Parameters
    ----------
    path
        With the columns ``name``, ``fixed_x_lps_mm`` to ``moving_z_lps_mm``; others are passed over.

    Raises
    ------
    FileProblem
        If there is no such file, or it cannot be read.
    CorruptFile
        If a column is missing, a place is no number, or two have one name.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = [name for name in _PLACES if name not in (table.fieldnames or ())]
            if missing:
                raise CorruptFile(
                    f"It has no column {', '.join(missing)}.",
                    path=path,
                    cure=f"The columns are {', '.join(COLUMNS)}.",
                )
            pairs = tuple(_pair(row, number, path) for number, row in enumerate(table, 1))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileProblem(f"It cannot be read as a table ({error}).", path=path) from error
    names = [pair.name for pair in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CorruptFile(
            f"Several places are called {', '.join(twice)}.", path=path, cure="Name each differently."
        )
    return pairs


def write_landmarks(pairs: Sequence[LandmarkPair], path: Path) -> Path:
    """Write pairs of landmarks as a CSV file.

    Raises
    ------
    WriteFailed
        If it cannot be written; what stood there is unchanged.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for pair in pairs:
            places = (*pair.fixed_lps_mm, *pair.moving_lps_mm)
            table.writerow((pair.name, *(f"{mm:.3f}" for mm in places)))
    return path


def _pair(row: dict[str, str | None], number: int, path: Path) -> LandmarkPair:
    try:
        x, y, z, u, v, w = (float(row[name] or "") for name in _PLACES)
    except ValueError as error:
        raise CorruptFile(f"Row {number}: {error}.", path=path) from error
    if not all(map(math.isfinite, (x, y, z, u, v, w))):
        raise CorruptFile(f"Row {number} holds a place that is not finite.", path=path)
    return LandmarkPair((row.get("name") or "").strip() or str(number), (x, y, z), (u, v, w))
