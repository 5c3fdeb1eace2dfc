"""The ranges of the clip that is open: marks, edits with undo, import and export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from psygnal import Signal

from napari_medassist.annotation.actions import Action
from napari_medassist.annotation.clips.files import read_ranges, write_ranges
from napari_medassist.annotation.clips.ranges import MANUAL, ClipKey, FrameRange
from napari_medassist.annotation.clips.table import LabelSet, RangeTable
from napari_medassist.annotation.document import Document
from napari_medassist.app.annotating.recording import Recording
from napari_medassist.core.errors import InvalidSetting

#: Labels to begin with; the list is edited in the panel or comes from a template.
FIRST_LABELS = LabelSet(("standard view", "finding", "poor quality"))


class ClipLabelling:
    """What is labelled on one clip. Whoever labels by voice calls :meth:`add` as the panel does.

    Signals
    -------
    changed
        The ranges, the marks or the label set are others now.

    Parameters
    ----------
    key
        The clip.
    labels
        The rules and names.
    recording
        What is done to the open case: its document holds the ranges, and each edit is one of its steps.
        By default one of no case.
    """

    changed = Signal()

    def __init__(
        self, key: ClipKey, labels: LabelSet = FIRST_LABELS, recording: Recording | None = None
    ) -> None:
        self.key, self._labels = key, labels
        self.recording = Recording() if recording is None else recording
        self.mark_in: int | None = None
        self.mark_out: int | None = None
        self.recording.changed.connect(self._on_changed)

    @property
    def document(self) -> Document:
        """Where the ranges live."""
        return self.recording.document

    @property
    def labels(self) -> LabelSet:
        """The labels to choose from, and their rules."""
        return self._labels

    def set_labels(self, labels: LabelSet) -> None:
        """Choose from other labels, or under other rules.

        Raises
        ------
        InvalidSetting
            If the ranges that are there break the rules; nothing is changed.
        """
        beside: list[FrameRange] = []
        for found in self.rows().values():
            labels.require(found, beside)
            beside.append(found)
        self._labels = labels
        self.changed.emit()

    @property
    def table(self) -> RangeTable:
        """The ranges with their rules; its methods make actions for :meth:`do`."""
        return RangeTable(self.document, self.key, self._labels)

    def rows(self) -> dict[str, FrameRange]:
        """Return the ranges by id, by first frame."""
        return self.table.rows()

    # ---------------------------------------------------------------- edits

    def do(self, action: Action) -> None:
        """Apply an action, as a step of the recording; raises as ``Recording.do``."""
        self.recording.do(action)

    def undo(self) -> str:
        """Take the last step of the case back and return its title; empty if there is none."""
        action = self.recording.undo()
        return "" if action is None else action.title

    def redo(self) -> str:
        """Do again what was undone last and return its title; empty if there is none."""
        action = self.recording.redo()
        return "" if action is None else action.title

    def _on_changed(self) -> None:
        """Labels that come back with earlier work, or with an undo, join the set."""
        for found in self.rows().values():
            self._labels = self._labels.with_label(found.label)
        self.changed.emit()

    def mark(self, *, first: int | None = None, last: int | None = None) -> None:
        """Set the in mark, the out mark, or both; a mark on the wrong side of the other removes it."""
        if first is not None:
            self.mark_in = first
            if self.mark_out is not None and self.mark_out < first:
                self.mark_out = None
        if last is not None:
            self.mark_out = last
            if self.mark_in is not None and self.mark_in > last:
                self.mark_in = None
        self.changed.emit()

    def add_marked(self, label: str, note: str = "") -> None:
        """Label what lies between the marks, and remove them.

        Raises
        ------
        InvalidSetting
            If a mark is missing, or the rules forbid it; the marks stay.
        """
        if self.mark_in is None or self.mark_out is None:
            missing = "in (I)" if self.mark_in is None else "out (O)"
            raise InvalidSetting(f"The mark {missing} is missing.", cure="Set both marks first.")
        self.add(FrameRange(self.mark_in, self.mark_out, label, note))
        self.mark_in = self.mark_out = None
        self.changed.emit()

    def add(self, new: FrameRange) -> None:
        """Add a range; a label that is new joins the set."""
        self.do(self.table.add(new))
        self._labels = self._labels.with_label(new.label)
        self.changed.emit()

    def know_labels(self, names: Iterable[str]) -> None:
        """Let labels join the set."""
        for name in names:
            self._labels = self._labels.with_label(name)
        self.changed.emit()

    def change(self, row: str, **fields: str | int) -> None:
        """Change fields of a range: ``first``, ``last``, ``label``, ``note``."""
        new = replace(self.rows()[row], **fields)  # type: ignore[arg-type]  # the table edits by name
        self.do(self.table.change(row, new))
        self._labels = self._labels.with_label(new.label)
        self.changed.emit()

    # ---------------------------------------------------------------- files

    def export(self, path: Path) -> int:
        """Write all ranges (.csv, .json) and return their number."""
        rows = list(self.rows().values())
        write_ranges(path, rows, self.key)
        return len(rows)

    def take(self, path: Path) -> int:
        """Add the ranges of a file and return their number; all of them or none."""
        found = read_ranges(path, self.key)
        known = set(self.rows().values())
        new = [one for one in found if one not in known]
        if new:
            labels = self._labels
            for one in new:
                labels = labels.with_label(one.label)
            self.do(self.table.add_all(new))
            self._labels = labels
            self.changed.emit()
        return len(new)

    def tells_source(self) -> bool:
        """Tell whether a range was not made by hand, so that the source is worth a column."""
        return any(found.source != MANUAL for found in self.rows().values())
