"""The case table: every case of every model, column by column, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

from napari_medassist.core.results import CaseEvaluation, Status
from napari_medassist.evaluation.report.columns import CONTROLLED_RECALL, ModelColumns
from napari_medassist.evaluation.report.content import CaseData
from napari_medassist.evaluation.report.numbers import plain
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import MetricSpec

#: The verdict of a case as a whole, in words; also what the filter of the table offers.
HIDDEN, ALARM, ERRORS, FINE, EMPTY, FAILED = (
    "hidden error",
    "false alarm",
    "lesion errors",
    "no lesion error",
    "no lesions",
    "not compared",
)
_STATUS = {
    Status.OK: "compared",
    Status.GRID_MISMATCH: "grids differ",
    Status.ERROR: "error",
}
_MAIN = ("dice", "hd_mm", "hd95_mm", "assd_mm")


@dataclass(frozen=True)
class Names:
    """What cases are called in the report.

    Parameters
    ----------
    shown
        Name -> what is shown instead; a name that is not here is shown as it is.
    messages_withheld
        Names of cases whose messages are not shown, since they may tell what the name would.
    folders
        Name -> folders that are left out where a message of the case names a file.
    """

    shown: Mapping[str, str]
    messages_withheld: frozenset[str] = frozenset()
    folders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, case: str) -> str:
        """Return what a case is called."""
        return self.shown.get(case, case)

    def message(self, case: CaseEvaluation) -> str:
        """Return why a case was not compared."""
        if case.message and case.case in self.messages_withheld:
            return "The reason may name a person; it stands in cases.csv."
        message = case.message
        for folder in self.folders.get(case.case, ()):
            message = message.replace(folder, "")
        return message


@dataclass(frozen=True)
class _Column:
    key: str
    title: str
    tip: str
    decimals: int
    get: Callable[[ModelColumns, CaseEvaluation], float | int | None]
    range: tuple[float, float] | None = None
    unit: str = ""


def case_data(
    models: Sequence[ModelColumns],
    names: Names,
    *,
    pictured: Sequence[int] = (),
    marks: Sequence[tuple[str, str]] = (),
) -> CaseData:
    """Return every case of every model, one after the other.

    Parameters
    ----------
    models
        Their rows follow each other, in the order of the cases.
    names
        What cases are called.
    pictured
        Rows that have a picture.
    marks
        What readers say, one (kind, note) a row, empty where nothing was marked; by default there are
        no columns for it.
    """
    everything = [(model, case) for model in models for case in model.cases]
    numbers = _number_columns(models)
    values: dict[str, list[Any]] = {"case": [names.of(case.case) for _, case in everything]}
    described: list[Mapping[str, Any]] = [_text("case", "case", "Name of the case.")]
    if len(models) > 1:
        values["model"] = [model.name for model, _ in everything]
        described.append(_text("model", "model", "The model whose prediction is compared."))
    values["verdict"] = [verdict(model, case) for model, case in everything]
    described.append(_text("verdict", "verdict", _verdict_tip(models)))
    if any(kind for kind, _ in marks):
        values["mark"] = [kind for kind, _ in marks]
        described.append(_text("mark", "mark", "What a reader marked the case as."))
    for column in numbers:
        values[column.key] = [plain(column.get(model, case)) for model, case in everything]
        described.append(_described(column))
    if any(note for _, note in marks):
        values["mark_note"] = [note for _, note in marks]
        described.append(_text("mark_note", "reader's note", "What the reader wrote."))
    for key, title, tip, get in _further_texts(names):
        texts = [get(case) for _, case in everything]
        if any(texts):
            values[key] = texts
            described.append(_text(key, title, tip))
    return CaseData(tuple(described), values, tuple(sorted(pictured)))


def verdict(model: ModelColumns, case: CaseEvaluation) -> str:
    """Return how a case ended, in two words."""
    if case.status is not Status.OK:
        return FAILED
    has_errors = bool(case.fn or case.fp)
    looks_good = case.dice >= model.cohort.hidden_errors.good_dice
    if has_errors:
        return HIDDEN if looks_good else ERRORS
    if not (case.n_reference_lesions or case.n_predicted_lesions):
        return EMPTY
    return FINE if looks_good else ALARM


def _verdict_tip(models: Sequence[ModelColumns]) -> str:
    good = models[0].cohort.hidden_errors.good_dice
    return (
        f"Hidden error: Dice ≥ {good:g} and yet a missed or false lesion. "
        f"False alarm: Dice < {good:g} although every lesion is right."
    )


def _further_texts(
    names: Names,
) -> tuple[tuple[str, str, str, Callable[[CaseEvaluation], str]], ...]:
    return (
        ("group", "group", "What the case is counted with.", lambda case: case.group),
        (
            "message",
            "message",
            "Why a case was not compared, or not by zone.",
            lambda case: _told(case, names),
        ),
    )


def _told(case: CaseEvaluation, names: Names) -> str:
    if case.status is Status.OK:
        return names.message(case)
    return f"{_STATUS[case.status]}: {names.message(case)}"


def _number_columns(models: Sequence[ModelColumns]) -> list[_Column]:
    known = {name for model in models for name in model.cohort.means}
    further = [s for s in METRICS if s.name in known and s.name not in (*_MAIN, *_COUNTED)]
    controlled = any(model.scored for model in models)
    return [
        _Column(
            "gap",
            "ranked gap",
            "Rank by Dice minus rank by lesion F1, as a share of the cases: above 0, Dice flatters.",
            2,
            lambda model, case: model.value(case, "gap"),
            (-1, 1),
        ),
        *(_of_metric(METRICS.get(name)) for name in _MAIN if name in known),
        *(_of_metric(METRICS.get(name)) for name in _COUNTED if name in METRICS.names()),
        *([_controlled()] if controlled else []),
        *_count_columns(),
        *(_of_metric(spec) for spec in further),
    ]


_COUNTED = ("lesion_recall", "lesion_precision", "lesion_f1")


def _controlled() -> _Column:
    return _Column(
        "controlled_precision",
        f"precision at recall {CONTROLLED_RECALL:g}",
        "Precision at the highest cut-off that finds half of the case's lesions.",
        2,
        lambda model, case: model.value(case, "controlled_precision"),
        (0, 1),
    )


def _of_metric(spec: MetricSpec) -> _Column:
    low, high = spec.range
    return _Column(
        spec.name,
        spec.title,
        spec.definition,
        1 if spec.unit == "mm" else 2,
        lambda model, case: model.value(case, spec.name) if case.status is Status.OK else nan,
        (low, high) if abs(low) <= 1 and high <= 1 else None,
        spec.unit,
    )


def _count_columns() -> list[_Column]:
    counts = (
        ("n_reference_lesions", "reference lesions", "Lesions of the reference."),
        ("tp_reference", "found", "Reference lesions that were found."),
        ("fn", "missed", "Reference lesions that were missed."),
        ("n_predicted_lesions", "predicted lesions", "Lesions of the prediction."),
        ("tp_prediction", "true", "Predicted lesions that are true."),
        ("fp", "false", "Predicted lesions that are false."),
    )
    return [_Column(key, title, tip, 0, _counter(key)) for key, title, tip in counts]


def _counter(key: str) -> Callable[[ModelColumns, CaseEvaluation], float | int | None]:
    return lambda _, case: getattr(case, key)


def _described(column: _Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "title": f"{column.title}, {column.unit}" if column.unit else column.title,
        "tip": column.tip,
        "decimals": column.decimals,
        "kind": "number",
        "range": column.range,
    }


def _text(key: str, title: str, tip: str) -> dict[str, Any]:
    return {"key": key, "title": title, "tip": tip, "kind": "text"}
