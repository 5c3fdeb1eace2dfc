"""Results of an earlier run as they were: read back from the folder that they were written to."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from napari_medassist.app.cohort.choice import choose_convention
from napari_medassist.app.cohort.listing import FILES_FILE, read_files_table
from napari_medassist.app.cohort.output import CONVENTION_FILE, SUMMARY_FILE, CohortResult
from napari_medassist.app.cohort.packed import CaseRecord, PackedCases, pack, to_json
from napari_medassist.app.cohort.pairing import FilePair, PathLike
from napari_medassist.core.errors import CorruptFile, FileProblem
from napari_medassist.core.results import CaseEvaluation, PartEvaluation, ScoredCase, Status
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.inputs.masks import Kind
from napari_medassist.evaluation.tables import rows
from napari_medassist.evaluation.tables.parts import LABEL_COLUMNS, REGION_COLUMNS

T = TypeVar("T")

_CASES, _LESIONS, _MATCHES = "cases.csv", "lesions.csv", "matches.csv"
_CANDIDATES, _CONFIDENCES = "candidates.csv", "case_confidences.csv"
#: Tables of parts: the column that names one, and the columns that hold no metric.
_PARTS = {"regions.csv": ("zone", REGION_COLUMNS), "labels.csv": ("label", LABEL_COLUMNS)}
_NEEDED = (SUMMARY_FILE, CONVENTION_FILE, FILES_FILE, _CASES, _LESIONS, _MATCHES)
_CURE = "Evaluate the cases again: what was kept is not computed anew."


@dataclass(frozen=True)
class ReopenedCohort:
    """Results of an earlier run.

    Parameters
    ----------
    cohort
        The results, equal to those of the run; of a run with a sweep, to those of the same run without
        one.
    convention
        What they were computed with.
    pairs
        The files of each case, in the order of ``cohort.cases``; whether they are still there is not
        checked.
    folder
        Where the results lie.
    kind
        What the predictions hold: labels, probabilities or detections.
    labels
        The values that were foreground; None for every non-zero one.
    """

    cohort: CohortResult
    convention: Convention
    pairs: tuple[FilePair, ...]
    folder: Path
    kind: Kind = "labels"
    labels: tuple[int, ...] | None = None


def load_results(folder: PathLike) -> ReopenedCohort:
    """Read the results that ``evaluate`` wrote into a folder.

    Parameters
    ----------
    folder
        It holds ``cases.csv``, ``lesions.csv``, ``matches.csv``, ``files.csv``, ``summary.json`` and
        ``convention.yaml``; of predictions with confidences ``candidates.csv`` and
        ``case_confidences.csv`` too, of zones and labels ``regions.csv`` and ``labels.csv``.

    Returns
    -------
    ReopenedCohort
        Every number is the one that was computed; means and totals are taken anew. Cases are held as
        :func:`~napari_medassist.app.cohort.run.evaluate_cohort` holds them. Of a sweep only the sums
        over all cases were written, in ``sweep.csv``; it is not part of the cohort, which equals that
        of the same run without a sweep.

    Raises
    ------
    FileProblem
        If the folder holds no results.
    CorruptFile
        If a file is damaged, or does not belong to the others.
    InvalidSetting
        If the convention has a setting that this version does not know.
    """
    place = Path(folder).expanduser()
    summary = _summary(place)
    convention = choose_convention(str(place / CONVENTION_FILE))
    pairs = read_files_table(place)
    packed = tuple(pack(to_json(record)) for record in _records(place, summary, pairs))
    cases = PackedCases(pairs, packed, convention.settings())
    found = summarise(cases, convention=convention)
    labels = summary.get("labels")
    return ReopenedCohort(
        cohort=CohortResult(**{part.name: getattr(found, part.name) for part in fields(found)}),
        convention=convention,
        pairs=pairs,
        folder=place,
        kind=cast(Kind, summary.get("kind", "labels")),
        labels=None if labels is None else tuple(labels),
    )


def _summary(folder: Path) -> Mapping[str, Any]:
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise FileProblem(
            f"This folder holds no results that can be opened: there is no {', no '.join(missing)}.",
            path=folder,
            cure="Choose the folder that 'evaluate' wrote to, or evaluate again if it is an old one.",
        )
    path = folder / SUMMARY_FILE
    with _damage_told(path):
        summary: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _ = summary["cases"]["total"], summary["metrics"].keys(), summary["versions"]
    return summary


def _records(
    folder: Path, summary: Mapping[str, Any], pairs: Sequence[FilePair]
) -> Iterator[CaseRecord]:
    """Go through the cases, with their lesions and edges; the tables are read side by side."""
    has_map = summary.get("kind", "labels") != "labels"
    names = [name for name in (_CANDIDATES, _CONFIDENCES) if has_map]
    if summary.get("zones", {}).get("regions"):
        names.append("regions.csv")
    if summary.get("labels_apart"):
        names.append("labels.csv")
    with ExitStack() as stack:
        tables = {
            name: stack.enter_context(_CaseRows(folder / name))
            for name in (_CASES, _LESIONS, _MATCHES, *names)
        }
        for pair in pairs:
            evaluation = _case(tables, pair, tuple(summary["metrics"]))
            is_scored = has_map and evaluation.status is Status.OK
            yield CaseRecord(evaluation, _scored(tables, pair.case) if is_scored else None)
        for table in tables.values():
            table.require_end()
    _require_total(folder, summary, len(pairs))


def _case(tables: Mapping[str, _CaseRows], pair: FilePair, metrics: tuple[str, ...]) -> CaseEvaluation:
    evaluation = tables[_CASES].one(pair.case, lambda row: rows.case_from(row, metrics))
    lesions = tables[_LESIONS].all(pair.case, rows.lesion_from)
    expected = (evaluation.n_reference_lesions or 0) + (evaluation.n_predicted_lesions or 0)
    if len(lesions) != expected:
        raise CorruptFile(
            f"Case '{pair.case}' has {len(lesions)} lesions here and {expected} in {_CASES}.",
            path=tables[_LESIONS].path,
            cure=_CURE,
        )
    return replace(
        evaluation,
        lesions=lesions,
        matches=tables[_MATCHES].all(pair.case, rows.match_from),
        regions=_parts(tables, "regions.csv", pair.case),
        labels=_parts(tables, "labels.csv", pair.case),
    )


def _parts(tables: Mapping[str, _CaseRows], table: str, case: str) -> tuple[PartEvaluation, ...]:
    if table not in tables:
        return ()
    name, others = _PARTS[table]
    metrics = [column for column in tables[table].columns() if column not in others]
    return tables[table].all(case, lambda row: rows.part_from(row, name, metrics))


def _scored(tables: Mapping[str, _CaseRows], case: str) -> ScoredCase:
    def scored(row: rows.Cells) -> ScoredCase:
        return ScoredCase(
            case="",
            candidates=tables[_CANDIDATES].all(case, rows.candidate_from),
            case_confidence=float(row["case_confidence"]),
            has_lesion=rows.truth_from(row["has_lesion"]),
            n_reference_lesions=int(row["n_reference_lesions"]),
        )

    return tables[_CONFIDENCES].one(case, scored)


def _require_total(folder: Path, summary: Mapping[str, Any], n_cases: int) -> None:
    if summary["cases"]["total"] != n_cases:
        raise CorruptFile(
            f"{n_cases} cases stand in {FILES_FILE} and {summary['cases']['total']} here.",
            path=folder / SUMMARY_FILE,
            cure=_CURE,
        )


class _CaseRows:
    """A table whose rows follow the order of the cases, read as the cases are gone through.

    Parameters
    ----------
    path
        A CSV file with the column ``case``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        with _damage_told(self.path):
            self._file = self.path.open(newline="", encoding="utf-8")
        self._rows = csv.DictReader(self._file, strict=True)
        self._ahead: dict[str, str] | None = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def columns(self) -> Sequence[str]:
        """Return the names of the columns."""
        with _damage_told(self.path):
            return self._rows.fieldnames or ()

    def all(self, case: str, made: Callable[[rows.Cells], T]) -> tuple[T, ...]:
        """Return what the next rows say, as long as they are those of a case."""
        found = []
        while (row := self._next()) is not None and row.get("case") == case:
            with _damage_told(self.path, self._rows.line_num):
                found.append(made(row))
            self._ahead = None
        return tuple(found)

    def one(self, case: str, made: Callable[[rows.Cells], T]) -> T:
        """Return what the only row of a case says."""
        found = self.all(case, made)
        if len(found) != 1:
            raise CorruptFile(
                f"Case '{case}' has {len(found)} rows here in its place, not one.",
                path=self.path,
                cure=_CURE,
            )
        return found[0]

    def require_end(self) -> None:
        """Raise :class:`CorruptFile` if rows are left that belong to no case."""
        row = self._next()
        if row is not None:
            raise CorruptFile(
                f"Row {self._rows.line_num} belongs to case '{row.get('case')}', which is not the next "
                f"one of {FILES_FILE}.",
                path=self.path,
                cure=_CURE,
            )

    def _next(self) -> dict[str, str] | None:
        """Return the row that is next, without taking it; None at the end."""
        if self._ahead is None:
            with _damage_told(self.path):
                self._ahead = next(self._rows, None)
        return self._ahead


@contextmanager
def _damage_told(path: Path, row: int | None = None) -> Iterator[None]:
    """Turn what a damaged file raises into an error that names it."""
    try:
        yield
    except OSError as error:
        raise FileProblem(
            f"It cannot be read ({error.strerror or error}).", path=path, cure="Check its permissions."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        where = "" if row is None else f" in row {row}"
        raise CorruptFile(
            f"It does not hold what was written{where} ({error}).", path=path, cure=_CURE
        ) from error
