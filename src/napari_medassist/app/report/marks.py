"""The readers' marks of the disagreement browser, for a report."""

from __future__ import annotations

from collections.abc import Mapping

from napari_medassist.app.browser.marks import MARK_TITLES, Mark
from napari_medassist.evaluation.report.marks import ReaderMark


def reader_marks(marks: Mapping[str, Mark]) -> dict[str, ReaderMark]:
    """Return marks in words, by case.

    A model failure is a model's; whatever else is said of a case is said of it under every model.
    """
    return {
        case: ReaderMark(
            kind=MARK_TITLES[mark.kind],
            note=mark.note.strip(),
            reader=mark.reader,
            when=mark.when,
            model=mark.model if mark.kind == "model_failure" else "",
        )
        for case, mark in marks.items()
    }
