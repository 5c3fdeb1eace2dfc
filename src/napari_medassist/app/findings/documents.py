"""Which document the findings of a case are kept in, while the program runs."""

from __future__ import annotations

from napari_medassist.annotation.document import Document
from napari_medassist.core.case import Case


class CaseDocuments:
    """Documents of the cases that were open: who comes back to a case finds its table again.

    They are kept in memory only. A case that grows (another series joins it) keeps its document.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], Document] = {}
        self._current: Document | None = None
        self._case: Case | None = None

    def document_for(self, case: Case | None) -> Document:
        """Return the document of the case that is open now; an empty one if none is."""
        if case is None:
            self._current = self._case = None
            return Document()
        is_grown = self._case is not None and _has_grown(self._case, case)
        if not is_grown or self._current is None:
            self._current = self._kept.setdefault(_identity(case), Document())
        self._case = case
        self._kept[_identity(case)] = self._current
        return self._current


def _has_grown(before: Case, after: Case) -> bool:
    """Tell whether a case is another one with something added: it holds the same images."""
    images = [*after.series, *after.labels]
    return all(any(kept is image for image in images) for kept in (*before.series, *before.labels))


def _identity(case: Case) -> tuple[str, ...]:
    """Return by what a case is recognised: its name, and the files or series of its images."""
    found = []
    for image in (*case.volumes(), *case.labels):
        uid = getattr(getattr(image, "acquisition", None), "series_uid", "")
        found.append(uid or ";".join(image.provenance.sources) or image.name)
    return (case.name, *sorted(found))
