"""The columns of a table of cases: what each is called, means, and how it is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from napari_medassist.core.errors import UnknownItem
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.detection.curves import CONTROLLED_RECALLS
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Better, MetricSpec

ColumnKind = Literal["text", "number", "count", "flag"]
ColumnLevel = Literal["case", "voxel", "lesion", "both", "models"]

#: How recall-controlled precision is called as a column.
PRECISION_AT_RECALL = "precision_at_recall_{:g}"


@dataclass(frozen=True)
class CaseColumn:
    """A column of the table of cases.

    Parameters
    ----------
    name
        What the values are asked for by; that of ``cases.csv`` where it is there too.
    title
        The header.
    tip
        One sentence: the definition.
    kind
        ``text``; ``number`` and ``count`` (whole) are float64 with NaN where undefined; ``flag``: bool.
    level
        What it looks at: the ``case``, ``voxel`` s, ``lesion`` s, ``both`` levels, or two ``models``.
    decimals
        How many are shown.
    unit
        ``"mm"``, ``"ml"`` or ``""``.
    better
        Which direction is the better one.
    by_size
        Whether sorting looks at the size alone, not at the sign.
    """

    name: str
    title: str
    tip: str
    kind: ColumnKind = "number"
    level: ColumnLevel = "case"
    decimals: int = 3
    unit: str = ""
    better: Better = Better.NEITHER
    by_size: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether it can be an axis of a plot."""
        return self.kind in ("number", "count")

    @property
    def header(self) -> str:
        """The title with the unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


_CASE = (
    CaseColumn("case", "Case", "Name of the case, from its files.", "text"),
    CaseColumn("status", "Status", "Compared, waiting, or why not.", "text"),
    CaseColumn("group", "Group", "What the case is counted with: a centre, a scanner.", "text"),
    CaseColumn("mark", "Mark", "What a reader marked the case as.", "text"),
    CaseColumn(
        "disagreement",
        "Disagreement",
        "Rank by Dice minus rank by lesion F1, as a share of all ranked cases, -1 to 1: "
        "above 0 Dice makes the case look better than its lesions are, below 0 worse.",
        level="both",
        by_size=True,
    ),
    CaseColumn(
        "hidden",
        "Hidden",
        "A missed or false lesion although the Dice looks good.",
        "flag",
        level="both",
    ),
    CaseColumn(
        "false_alarm",
        "False alarm",
        "The Dice looks poor although every lesion is right.",
        "flag",
        level="both",
    ),
)
_COUNTS = (
    CaseColumn("n_reference_lesions", "Lesions", "Number of reference lesions.", "count", "lesion"),
    CaseColumn("n_predicted_lesions", "Calls", "Number of predicted lesions.", "count", "lesion"),
    CaseColumn("tp_reference", "Found", "Reference lesions that were found.", "count", "lesion"),
    CaseColumn(
        "fn", "Missed", "Reference lesions that were missed.", "count", "lesion", better=Better.LOWER
    ),
    CaseColumn("tp_prediction", "True", "Predicted lesions that are true.", "count", "lesion"),
    CaseColumn(
        "fp", "False", "Predicted lesions that are false.", "count", "lesion", better=Better.LOWER
    ),
    CaseColumn(
        "n_splits",
        "Splits",
        "Reference lesions that several true predictions lie in.",
        "count",
        "lesion",
    ),
    CaseColumn(
        "n_merges", "Merges", "Predictions that lie in several found lesions.", "count", "lesion"
    ),
)
_MESSAGE = CaseColumn("message", "Message", "Why the case could not be compared.", "text")
#: Metrics that stand in front of the others.
_FIRST = ("dice", "lesion_f1", "hd_mm", "hd95_mm", "assd_mm", "lesion_recall", "lesion_precision")
_SIZES = ("volume_reference_ml", "volume_prediction_ml")


def _of_metric(spec: MetricSpec) -> CaseColumn:
    return CaseColumn(
        spec.name,
        spec.title,
        spec.definition,
        level="lesion" if spec.level == "lesion" else "voxel",
        decimals=2 if spec.unit else 3,
        unit=spec.unit,
        better=spec.better,
    )


def _of_controlled(recall: float) -> CaseColumn:
    return CaseColumn(
        PRECISION_AT_RECALL.format(recall),
        f"Precision at recall {recall:g}",
        f"Lesion precision at the highest cut-off whose lesion recall is at least {recall:g}; "
        "undefined if no cut-off reaches it.",
        level="lesion",
        better=Better.HIGHER,
    )


CONTROLLED = tuple(map(_of_controlled, CONTROLLED_RECALLS))


@cache
def base_columns() -> tuple[CaseColumn, ...]:
    """Return the columns that every table has, in the order in which they are shown."""
    metrics = tuple(_of_metric(METRICS.get(name)) for name in _FIRST)
    sizes = tuple(_of_metric(METRICS.get(name)) for name in _SIZES)
    return (*_CASE, *metrics, *_COUNTS, *sizes, _MESSAGE)


def columns_of(metrics: Iterable[str] = (), *, has_confidences: bool = False) -> tuple[CaseColumn, ...]:
    """Return the columns of a table: the usual ones, and a further one for each other metric.

    Parameters
    ----------
    metrics
        Names of the metrics that were computed; those that are not registered are passed over.
    has_confidences
        Whether there is recall-controlled precision too.
    """
    base = base_columns()
    known, registered = {column.name for column in base}, set(METRICS.names())
    further = sorted((set(metrics) & registered) - known)
    controlled = CONTROLLED if has_confidences else ()
    added = (*controlled, *(_of_metric(METRICS.get(name)) for name in further))
    return (*base[:-1], *added, base[-1])


def difference_columns(other: str) -> tuple[CaseColumn, ...]:
    """Return the columns of a comparison with another model; each is this model minus the other.

    Parameters
    ----------
    other
        The other model's name.
    """
    return (
        CaseColumn(
            "delta_dice",
            f"Dice vs {other}",
            f"Dice of this model minus that of '{other}'.",
            level="models",
            by_size=True,
        ),
        CaseColumn(
            "delta_lesion_f1",
            f"F1 vs {other}",
            f"Lesion F1 of this model minus that of '{other}'.",
            level="models",
            by_size=True,
        ),
        CaseColumn(
            "gained",
            f"Found, not by {other}",
            f"Reference lesions found by this model and missed by '{other}'.",
            "count",
            "models",
        ),
        CaseColumn(
            "lost",
            f"Missed, not by {other}",
            f"Reference lesions missed by this model and found by '{other}'.",
            "count",
            "models",
        ),
        CaseColumn(
            "delta_fp",
            f"False vs {other}",
            f"False lesions of this model minus those of '{other}'.",
            "count",
            "models",
            by_size=True,
        ),
    )


def described(column: CaseColumn, convention: Convention) -> str:
    """Return the tooltip of a column: its definition, and the settings that it depends on."""
    if column.name in ("hidden", "false_alarm"):
        return f"{column.tip} A Dice looks good from {convention.good_dice:g} on."
    if column.level in ("case", "voxel"):
        return column.tip
    return f"{column.tip} Convention '{convention.name}': {matching_in_words(convention)}."


def matching_in_words(convention: Convention) -> str:
    """Return what counts as a hit, in half a sentence."""
    rule, extraction = convention.matching, convention.extraction
    smallest = extraction.min_volume_mm3
    parts = [
        _criterion(convention),
        {"many_to_many": "", "many_to_one": "many to one"}.get(
            rule.assignment, f"assigned by {rule.assignment.replace('_', ' ')}"
        ),
        f"{extraction.connectivity}-connected",
        f"from {smallest:g} mm3" if smallest else "",
    ]
    return ", ".join(part for part in parts if part)


def _criterion(convention: Convention) -> str:
    rule = convention.matching
    sign = ">=" if rule.inclusive else ">"
    match rule.criterion:
        case "overlap" if rule.threshold_reference == rule.threshold_prediction:
            return f"overlap {sign} {rule.threshold_reference:g}"
        case "overlap":
            of_each = f"{rule.threshold_reference:g} of the lesion, {rule.threshold_prediction:g}"
            return f"overlap {sign} {of_each} of the call"
        case "iou" | "dice":
            name = "IoU" if rule.criterion == "iou" else "Dice"
            return f"{name} of a pair {sign} {rule.threshold_reference:g}"
        case _:
            return rule.criterion.replace("_", " ")


def column_named(columns: Iterable[CaseColumn], name: str) -> CaseColumn:
    """Return the column of a name.

    Raises
    ------
    UnknownItem
        If there is none.
    """
    for column in columns:
        if column.name == name:
            return column
    raise UnknownItem(f"There is no column '{name}' in this table.")
