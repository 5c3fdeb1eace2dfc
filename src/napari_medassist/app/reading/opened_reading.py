"""A case of a worklist as it comes into the window: read from its files, with the reader's own maps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_medassist.app.browser.opened_case import bytes_of
from napari_medassist.app.held_parts import HeldParts
from napari_medassist.app.reading.listing import ListedCase
from napari_medassist.app.reading.readings import Reading, Readings
from napari_medassist.core.case import Case
from napari_medassist.core.errors import FileProblem, MedAssistError
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress, silent
from napari_medassist.io.files import read, read_together


@dataclass(frozen=True, eq=False)
class OpenedReading:
    """A case of the worklist as it comes into the window.

    Parameters
    ----------
    name
        The case.
    images
        Its images and the label maps that came with them; None if nothing could be read.
    own
        What the reader has made of it before; None if nothing.
    problem
        Why something is missing; empty if nothing is.
    """

    name: str
    images: Case | None
    own: Reading | None = None
    problem: str = ""

    @property
    def own_maps(self) -> tuple[LabelMap, ...]:
        """The reader's own label maps."""
        return () if self.own is None else self.own.maps

    @property
    def case(self) -> Case | None:
        """The images, and the label maps that came with them, but those the reader has changed."""
        if self.images is None:
            return None
        names = {labels.name for labels in self.own_maps}
        kept = tuple(labels for labels in self.images.labels if labels.name not in names)
        return replace(self.images, name=self.name, labels=kept)


class CaseFiles:
    """Reads the cases of a worklist, each once, and holds the latest. Safe to use from any thread.

    Parameters
    ----------
    budget_mb
        Megabytes of voxels that are held.
    """

    def __init__(self, budget_mb: float) -> None:
        self._held = HeldParts(budget_mb, _bytes_of_case)

    @property
    def has_room(self) -> bool:
        """Whether another case as large as those that are held would fit."""
        return self._held.n_bytes * 2 <= self._held.budget_bytes

    def holds(self, name: str) -> bool:
        """Tell whether a case would open without reading its images."""
        return self._held.holds((name,))

    def forget(self, name: str | None = None) -> None:
        """Let go of a case, or of all: its files may have changed."""
        self._held.forget(None if name is None else (name,))

    def read_ahead(self, listed: ListedCase, progress: Progress = silent) -> None:
        """Read a case, so that it opens at once."""
        self._held.get((listed.name,), lambda: read_listed(listed, progress))

    def open(
        self, listed: ListedCase, reader: str, readings: Readings, progress: Progress = silent
    ) -> OpenedReading:
        """Return a case with what a reader has made of it; what cannot be read is told in it."""
        part = self._held.get((listed.name,), lambda: read_listed(listed, progress))
        if part.error is not None:
            return OpenedReading(listed.name, None, problem=str(part.error))
        try:
            own = readings.load(listed.name, reader, part.value)
        except MedAssistError as error:
            return OpenedReading(listed.name, None, problem=f"Your reading: {error}")
        return OpenedReading(listed.name, _with_own_labels(part.value), own)


def read_listed(listed: ListedCase, progress: Progress = silent) -> Case:
    """Read the files of a case of a list; raises ``FileProblem`` if nothing can be read."""
    if len(listed.paths) == 1:
        return read(listed.paths[0], progress=progress)
    found = read_together(listed.paths, listed.name, progress=progress)
    if not found.series and not found.labels:
        told = "; ".join(found.warnings) or "its row names no file"
        raise FileProblem(f"Nothing could be read: {told}")
    return found


def _with_own_labels(case: Case) -> Case:
    """Return a case whose label maps may be painted on: what is held stays as the files are."""
    maps = (labels.with_changes(array=np.array(labels.array)) for labels in case.labels)
    return replace(case, labels=tuple(maps))


def _bytes_of_case(case: Case | None) -> int:
    if case is None:
        return 0
    return sum(bytes_of(image) for image in (*case.series, *case.labels))
