"""The files of a result: tables as CSV or Parquet, the summary, the convention; and pandas frames."""

from __future__ import annotations

import csv
import importlib.util
import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_medassist import __version__
from napari_medassist.app.cohort.detection import (
    candidates_of,
    case_confidences_of,
    curve_of,
    detection_summary,
    scored_cases,
)
from napari_medassist.app.cohort.listing import FILES_FILE, files_table
from napari_medassist.app.cohort.packed import PackedCases
from napari_medassist.app.cohort.swept import SweptCase, sweep_summary, sweep_table
from napari_medassist.core.errors import InvalidSetting, WriteFailed
from napari_medassist.core.results import CohortEvaluation, ScoredCase
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.tables import results as tables
from napari_medassist.evaluation.tables.parts import part_tables
from napari_medassist.evaluation.tables.results import Table
from napari_medassist.io.atomic import replacing

if TYPE_CHECKING:
    import pandas as pd

SUMMARY_FILE, CONVENTION_FILE = "summary.json", "convention.yaml"
#: Tables that not every run writes; one of an earlier run in the same folder is taken away.
_SOMETIMES = ("curves", "candidates", "case_confidences", "sweep", "regions", "labels")


@dataclass(frozen=True)
class CohortResult(CohortEvaluation):
    """A cohort that was compared from files, with its tables at hand."""

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """Return the tables as pandas frames, by the names of their files.

        Returns
        -------
        dict
            Those of :func:`tables_of`: the columns of the CSV files. Undefined numbers are missing
            values.
        """
        return {name: _frame(table) for name, table in tables_of(self).items()}


def tables_of(cohort: CohortEvaluation) -> Mapping[str, Table]:
    """Return the tables of a cohort by the names of their files.

    Returns
    -------
    Mapping
        ``cases``, ``lesions``, ``matches`` and, of predictions with confidences, ``curves``,
        ``candidates`` and ``case_confidences``; after a sweep, ``sweep``.
    """
    scored, swept = scored_cases(cohort), swept_cases(cohort)
    return {
        "cases": tables.cases_of(cohort),
        "lesions": tables.lesions_of(cohort),
        "matches": tables.matches_of(cohort),
        **part_tables(cohort),
        **(_of_confidences(scored) if scored else {}),
        **({"sweep": sweep_table(swept)} if swept else {}),
    }


def swept_cases(cohort: CohortEvaluation) -> tuple[SweptCase, ...]:
    """Return the lesions at each cut-off of the cases that were swept."""
    return cohort.cases.swept() if isinstance(cohort.cases, PackedCases) else ()


def _of_confidences(scored: Sequence[ScoredCase]) -> Mapping[str, Table]:
    return {
        "curves": curve_of(scored),
        "candidates": candidates_of(scored),
        "case_confidences": case_confidences_of(scored),
    }


def write_results(
    cohort: CohortEvaluation,
    convention: Convention,
    folder: Path,
    *,
    about: Mapping[str, Any],
    parquet: bool = False,
) -> None:
    """Write the tables, the summary and the convention of a cohort, each file whole or not at all.

    What was compared from files can be opened again with
    :func:`~napari_medassist.app.cohort.reopen.load_results`.

    Parameters
    ----------
    cohort
        What to write.
    convention
        What it was computed with.
    folder
        Where; it exists.
    about
        Further entries of the summary: the inputs.
    parquet
        Whether to write the tables as Parquet too.

    Raises
    ------
    WriteFailed
        If a file cannot be written.
    """
    written = tables_of(cohort)
    for name in set(_SOMETIMES) - set(written):
        _remove(folder / f"{name}.csv", folder / f"{name}.parquet")
    for name, table in written.items():
        write_csv(folder / f"{name}.csv", table)
        if parquet:
            with replacing(folder / f"{name}.parquet") as temporary:
                _frame(table).to_parquet(temporary, index=False)
    if isinstance(cohort.cases, PackedCases):
        write_csv(folder / FILES_FILE, files_table(cohort.cases.pairs, folder))
    scored, swept = scored_cases(cohort), swept_cases(cohort)
    summary = {
        **tables.summary(cohort),
        **({"detection": detection_summary(scored)} if scored else {}),
        **({"sweep": sweep_summary(swept)} if swept else {}),
        "spacings_zyx_mm": spacings(cohort),
        **about,
        "versions": versions(),
    }
    write_json(folder / SUMMARY_FILE, summary)
    write_text(folder / CONVENTION_FILE, convention.to_yaml())


def _remove(*paths: Path) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise WriteFailed(
                f"This table of an earlier run cannot be taken away ({error.strerror or error}).",
                path=path,
                cure="Close it elsewhere, or choose another folder.",
            ) from error


def write_csv(path: Path, table: Table) -> None:
    """Write a table as CSV; an undefined value is an empty cell."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table.as_text())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain values as JSON: null for what is undefined, text for what is infinite."""
    plain = _without_infinity(content)
    write_text(path, json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _without_infinity(value: Any) -> Any:
    """Return values that JSON can hold; a convention may name an infinite distance."""
    if isinstance(value, Mapping):
        return {name: _without_infinity(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_infinity(part) for part in value]
    if isinstance(value, float) and not isfinite(value):
        return None if isnan(value) else str(value)
    return value


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def spacings(cohort: CohortEvaluation) -> list[dict[str, Any]]:
    """Return the voxel spacings of a cohort, to the micrometre, the most frequent first."""
    known = (case.spacing_zyx_mm for case in cohort.cases)
    found = Counter(tuple(round(mm, 3) for mm in spacing) for spacing in known if spacing)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [{"spacing_zyx_mm": list(spacing), "n_cases": number} for spacing, number in ordered]


def writable_folder(folder: Path) -> Path:
    """Make a folder and try it out, so that hours of work do not end in a refusal.

    Raises
    ------
    WriteFailed
        If it cannot be made, or not be written to.
    """
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


def require_parquet() -> None:
    """Raise :class:`InvalidSetting` unless Parquet files can be written."""
    if importlib.util.find_spec("pyarrow") is None:
        raise InvalidSetting(
            "Parquet files need the package 'pyarrow'.",
            cure='Install it: pip install "napari-medassist[parquet]".',
        )


def versions() -> dict[str, str]:
    """Return the versions of all that has a part in the numbers."""
    return {
        "napari-medassist": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy")},
    }


def _frame(table: Table) -> pd.DataFrame:
    import pandas as pd  # only who asks for frames waits for it

    rows = list(table.rows())
    columns = zip(*rows, strict=True) if rows else ((),) * len(table.columns)
    series = {
        name: pd.Series(list(values), dtype=_dtype(values))
        for name, values in zip(table.columns, columns, strict=True)
    }
    return pd.DataFrame(series)


def _dtype(values: Sequence[object]) -> str:
    """Return the type of a column: whole numbers stay whole numbers where some are missing."""
    known = [value for value in values if value is not None]
    if not known:
        return "object"
    if all(isinstance(value, bool) for value in known):
        return "boolean"
    if all(isinstance(value, int) for value in known):
        return "Int64"
    return "float64" if all(isinstance(value, int | float) for value in known) else "object"
