"""The files of each case as a table beside the results, so that a case can be opened again later."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from napari_medassist.app.cohort.manifest import MANIFEST_COLUMNS, read_manifest
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.evaluation.tables.results import Table, Values

FILES_FILE = "files.csv"


def files_table(pairs: Sequence[FilePair], folder: Path) -> Table:
    """Return ``files.csv``: a row a case, several where a side has several files. It is a manifest.

    Parameters
    ----------
    pairs
        The files of each case.
    folder
        Where the table will lie. Files that share a folder with it, the root of the disk not counting,
        are told by the way to them, so that all can be moved together; others by their full names.
    """
    place = folder.resolve()
    known: dict[Path, str] = {}

    def rows() -> Iterator[Values]:
        for pair in pairs:
            sides = zip_longest(pair.reference, pair.prediction, pair.zones)
            for files in list(sides) or [(None, None, None)]:
                yield (pair.case, *(file and _name(file, place, known) for file in files), pair.group)

    return Table(MANIFEST_COLUMNS, rows)


def read_files_table(folder: Path) -> tuple[FilePair, ...]:
    """Return the files of each case of a folder of results.

    Raises
    ------
    FileProblem
        As :func:`~napari_medassist.app.cohort.manifest.read_manifest`.
    """
    pairs = read_manifest(folder.resolve() / FILES_FILE).pairs
    return tuple(
        replace(
            pair,
            reference=_tidy(pair.reference),
            prediction=_tidy(pair.prediction),
            zones=_tidy(pair.zones),
        )
        for pair in pairs
    )


def _name(file: Path, place: Path, known: dict[Path, str]) -> str:
    """Return a file's name as seen from a folder; ways that were looked up once are known."""
    parent = file.parent
    if parent not in known:
        known[parent] = _way(parent.resolve(), place)
    return (Path(known[parent]) / file.name).as_posix()


def _way(parent: Path, place: Path) -> str:
    try:
        shared = Path(os.path.commonpath([parent, place]))
    except ValueError:  # two drives
        return str(parent)
    return str(parent) if shared == shared.parent else os.path.relpath(parent, place)


def _tidy(files: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(Path(os.path.normpath(file)) for file in files)
