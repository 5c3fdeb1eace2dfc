"""What readers marked cases as: as a table, and as columns of the case table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from napari_medassist.evaluation.report.case_data import Names
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.content import Cell, Section, TextTable
from napari_medassist.evaluation.report.numbers import count

#: Cases that are listed at most; further ones are counted, and stand in the case table.
_MAX_ROWS = 200
#: What stands instead of a note that may name a person.
WITHHELD = "withheld: the note may name a person"


@dataclass(frozen=True)
class ReaderMark:
    """What a reader says of a case.

    Parameters
    ----------
    kind
        In words: ``label error``, ``model failure``.
    note
        Free text.
    reader, when
        Who said it, and the time in ISO 8601; empty if not known.
    model
        The model that it is about; empty if it is about the case, whatever the model.
    """

    kind: str
    note: str = ""
    reader: str = ""
    when: str = ""
    model: str = ""

    def is_about(self, model: str) -> bool:
        """Tell whether the mark stands beside the results of a model."""
        return not (self.model and model) or self.model == model

    @property
    def text(self) -> str:
        """The kind, followed by the note."""
        return f"{self.kind}: {self.note}" if self.note else self.kind


def told_marks(marks: Mapping[str, ReaderMark], names: Names) -> dict[str, ReaderMark]:
    """Return the marks as they may be told.

    Parameters
    ----------
    marks
        By the name of the case.
    names
        Of cases that they call otherwise only the kind is told: a note, a reader and a day may tell who
        the patient is.
    """
    return {
        case: ReaderMark(mark.kind, WITHHELD if mark.note else "", model=mark.model)
        if case in names.messages_withheld
        else replace(mark, note=" ".join(mark.note.split()))
        for case, mark in marks.items()
    }


def marks_of_rows(
    models: Sequence[ModelColumns], marks: Mapping[str, ReaderMark]
) -> list[ReaderMark | None]:
    """Return the mark of each row of the case table, or None."""
    found = ((model.name, marks.get(case.case)) for model in models for case in model.cases)
    return [mark if mark is not None and mark.is_about(name) else None for name, mark in found]


def marks_section(
    models: Sequence[ModelColumns], marks: Mapping[str, ReaderMark], names: Names
) -> Section | None:
    """Return a table of the marked cases; None if nothing was marked.

    Parameters
    ----------
    models
        Whose cases they are.
    marks
        By the name of the case, as they may be told.
    names
        What cases are called.
    """
    if not marks:
        return None
    cases = [(model.name, case.case) for model in models for case in model.cases]
    listed = [
        (row, *cases[row], mark)
        for row, mark in enumerate(marks_of_rows(models, marks))
        if mark is not None
    ]
    several = bool(models[0].name)
    columns = ("case", *(("model",) if several else ()), "mark", "note", "reader", "when (UTC)")
    rows = tuple(
        (
            Cell(names.of(case), href=f"#case-{row}"),
            *((Cell(model),) if several else ()),
            *(Cell(text) for text in (mark.kind, mark.note, mark.reader, _when(mark.when))),
        )
        for row, model, case, mark in listed[:_MAX_ROWS]
    )
    note = _left_out(len(listed) - len(rows), len(set(marks) - {case for _, case in cases}))
    table = TextTable("What readers said", columns, rows, note)
    return Section("marks", "Marked cases", (_intro({x[2]: x[3].kind for x in listed}),), (table,))


def _intro(kinds: Mapping[str, str]) -> str:
    told = "; ".join(f"{kind}: {n:,}" for kind, n in Counter(kinds.values()).most_common())
    return (
        f"Readers marked {count(len(kinds), 'case')}{f' ({told})' if told else ''}. A mark changes no "
        "number: marked cases count like all others."
    )


def _left_out(n_more: int, n_elsewhere: int) -> str:
    sentences = []
    if n_more:
        sentences.append(f"{n_more:,} more stand in the case table.")
    if n_elsewhere:
        sentences.append(
            f"{count(n_elsewhere, 'further mark')} of cases that are not in these results."
        )
    return " ".join(sentences)


def _when(text: str) -> str:
    """Return a time to the minute; what is no time is told as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (when.astimezone(UTC) if when.tzinfo else when).strftime("%Y-%m-%d %H:%M")
