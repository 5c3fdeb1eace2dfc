"""Results by zone and by label as rows and plain values: regions.csv, labels.csv, their summaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from napari_medassist.core.results import (
    CaseEvaluation,
    CohortEvaluation,
    LesionCounts,
    PartEvaluation,
    PartSummary,
    Status,
    ZoneStatus,
)
from napari_medassist.evaluation.tables.cells import Table, Values, mean_values, number_for_json

_COUNTS = tuple(part.name for part in fields(LesionCounts))

#: The columns of ``regions.csv`` and ``labels.csv`` that stand first; metrics follow, sorted by name.
REGION_COLUMNS = ("case", "zone", "value", "n_voxels", *_COUNTS)
LABEL_COLUMNS = ("case", "label", "value", *_COUNTS)


def part_tables(cohort: CohortEvaluation) -> Mapping[str, Table]:
    """Return ``regions`` and ``labels``, each if there are such parts, by the names of their files."""
    return {
        **({"regions": _regions_of(cohort)} if cohort.regions else {}),
        **({"labels": _labels_of(cohort)} if cohort.labels else {}),
    }


def part_summaries(cohort: CohortEvaluation, cases: Iterable[CaseEvaluation]) -> dict[str, Any]:
    """Return what ``summary.json`` says of zones, labels and values that stand in no scheme.

    Parameters
    ----------
    cohort
        What the parts add up to.
    cases
        Its cases; parts of theirs are not looked at.
    """
    compared = [case for case in cases if case.status is Status.OK]
    return {
        **_zone_summary(cohort.regions, compared),
        **({"labels_apart": [_summary(part) for part in cohort.labels]} if cohort.labels else {}),
        **_unlisted(compared),
    }


def _regions_of(cohort: CohortEvaluation) -> Table:
    metrics = _metrics(cohort.regions)

    def rows() -> Iterator[Values]:
        for case in cohort.cases:
            for part in case.regions:
                yield (case.case, part.name, part.value, part.n_voxels, *_values(part, metrics))

    return Table((*REGION_COLUMNS, *metrics), rows)


def _labels_of(cohort: CohortEvaluation) -> Table:
    metrics = _metrics(cohort.labels)

    def rows() -> Iterator[Values]:
        for case in cohort.cases:
            for part in case.labels:
                yield (case.case, part.name, part.value, *_values(part, metrics))

    return Table((*LABEL_COLUMNS, *metrics), rows)


def _metrics(parts: Iterable[PartSummary]) -> tuple[str, ...]:
    return tuple(sorted({name for part in parts for name in part.means}))


def _values(part: PartEvaluation, metrics: Sequence[str]) -> Values:
    counts = (getattr(part.counts, name) for name in _COUNTS)
    return (*counts, *(part.score(name) for name in metrics))


def _zone_summary(regions: Sequence[PartSummary], compared: Sequence[CaseEvaluation]) -> dict[str, Any]:
    found = Counter(case.zone_status for case in compared if case.zone_status)
    if not found:
        return {}
    without = [case for case in compared if case.zone_status not in (None, ZoneStatus.OK)]
    return {
        "zones": {
            "cases": {status.value: found[status] for status in ZoneStatus},
            "not_used": [
                {"case": c.case, "zone_status": str(c.zone_status), "message": c.message}
                for c in without
            ],
            "regions": [_summary(part) for part in regions],
        }
    }


def _unlisted(compared: Sequence[CaseEvaluation]) -> dict[str, Any]:
    cases = {case.case: list(case.unlisted_labels) for case in compared if case.unlisted_labels}
    return {"labels_in_no_scheme": {"n_cases": len(cases), "cases": cases}} if cases else {}


def _summary(part: PartSummary) -> dict[str, Any]:
    return {
        "value": part.value,
        "name": part.name,
        "n_cases": part.n_cases,
        "lesions": {
            **asdict(part.totals),
            "micro_recall": number_for_json(part.micro_recall),
            "micro_precision": number_for_json(part.micro_precision),
        },
        "metrics": {name: mean_values(mean) for name, mean in part.means.items()},
    }
