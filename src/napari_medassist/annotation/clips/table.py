"""The ranges of a clip as a table with rules. Each change is an action of the document."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from napari_medassist.annotation.actions import Action, FindingEdit, Together
from napari_medassist.annotation.clips.ranges import KIND, ClipKey, FrameRange, fields_of, range_of
from napari_medassist.annotation.document import Document
from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.labels import Rgb, default_colour


@dataclass(frozen=True)
class LabelSet:
    """The labels to choose from, and whether ranges may overlap.

    Parameters
    ----------
    names
        The labels, in the order of their colours; each occurs once.
    allows_overlap
        If False, a frame carries one label at most. If True, it may carry several different ones;
        two ranges of one label never share a frame, they would be one range.
    name
        What the set is called.

    Raises
    ------
    InvalidSetting
        If a name is empty or occurs twice.
    """

    names: tuple[str, ...]
    allows_overlap: bool = False
    name: str = "labels"

    def __post_init__(self) -> None:
        if any(not name.strip() for name in self.names) or len(set(self.names)) != len(self.names):
            raise InvalidSetting("The labels of a set must be different, and none may be empty.")

    def colour(self, label: str) -> Rgb:
        """Return the colour of a label, 0..255; one that is not listed is grey."""
        return default_colour(self.names.index(label) + 1) if label in self.names else (150, 150, 150)

    def with_label(self, label: str) -> LabelSet:
        """Return the set with one more label at its end, unless it is there."""
        return self if label in self.names else replace(self, names=(*self.names, label))

    def require(self, new: FrameRange, others: list[FrameRange]) -> None:
        """Raise ``InvalidSetting`` if a range may not stand beside others."""
        for other in others:
            same = new.label == other.label
            if new.shares_frames_with(other) and (same or not self.allows_overlap):
                why = (
                    "Two ranges of one label cannot overlap"
                    if same
                    else "Labels of this set do not overlap"
                )
                raise InvalidSetting(
                    f"{why}: frames {new.first} to {new.last} ({new.label}) meet "
                    f"{other.first} to {other.last} ({other.label}).",
                    cure="Trim or merge one of them." if same else "Trim one, or allow overlap.",
                )


@dataclass(frozen=True, eq=False)
class RangeTable:
    """The ranges of one clip in a document. Methods return actions; nothing is changed before.

    Parameters
    ----------
    document
        The document; its findings of kind ``"frame range"`` with the clip's fingerprint are the rows.
    key
        The clip.
    labels
        The rules.
    """

    document: Document
    key: ClipKey
    labels: LabelSet

    def rows(self) -> dict[str, FrameRange]:
        """Return the ranges by id, in the order of their first frames."""
        found = {
            finding: range_of(fields)
            for finding, fields in self.document.findings.items()
            if fields.get("kind") == KIND and fields.get("clip_fingerprint") == self.key.fingerprint
        }
        return dict(sorted(found.items(), key=lambda row: (row[1].first, row[1].last, row[1].label)))

    def add(self, new: FrameRange) -> Action:
        """Return the action that adds a range."""
        return self._edited("Label frames", [], [(_new_id(), new)])

    def change(self, row: str, new: FrameRange) -> Action:
        """Return the action that gives a range other frames (trim), label, note or source."""
        return self._edited("Change range", [row], [(row, new)])

    def remove(self, row: str) -> Action:
        """Return the action that removes a range."""
        return self._edited("Remove range", [row], [])

    def split(self, row: str, frame: int) -> Action:
        """Return the action that splits a range: the second part begins with the frame."""
        old = self._row(row)
        if not old.first < frame <= old.last:
            raise InvalidSetting(
                f"Frames {old.first} to {old.last} cannot be split before frame {frame}.",
                cure="Go to a frame within the range, after its first.",
            )
        parts = [(row, replace(old, last=frame - 1)), (_new_id(), replace(old, first=frame))]
        return self._edited("Split range", [row], parts)

    def merge(self, rows: list[str]) -> Action:
        """Return the action that makes one range of several of one label, with what lies between."""
        old = [self._row(row) for row in rows]
        if len(set(rows)) < 2 or len({r.label for r in old}) != 1:
            raise InvalidSetting("Merging needs two or more ranges of one label.")
        notes = dict.fromkeys(r.note for r in old if r.note)
        sources = dict.fromkeys(r.source for r in old)
        one = FrameRange(
            min(r.first for r in old),
            max(r.last for r in old),
            old[0].label,
            "; ".join(notes),
            " + ".join(sources),
        )
        return self._edited("Merge ranges", rows, [(rows[0], one)])

    def replace(self, rows: list[str], new: list[FrameRange], title: str) -> Action:
        """Return the action that puts ranges in the place of others; one step for undo."""
        return self._edited(title, rows, [(_new_id(), found) for found in new])

    def add_all(self, new: list[FrameRange]) -> Action:
        """Return the action that adds ranges, e.g. of a file; one step for undo."""
        return self._edited("Import ranges", [], [(_new_id(), found) for found in new])

    def _row(self, row: str) -> FrameRange:
        rows = self.rows()
        if row not in rows:
            raise UnknownItem(f"There is no range '{row}' in this clip.")
        return rows[row]

    def _edited(self, title: str, old: list[str], new: list[tuple[str, FrameRange]]) -> Action:
        """Return the step from old rows to new ones, checked against those that stay."""
        for row in old:
            self._row(row)
        beside = [found for row, found in self.rows().items() if row not in old]
        for _, found in new:
            self.key.require(found)
            self.labels.require(found, beside)
            beside.append(found)
        after = dict(new)
        edits = [
            FindingEdit(
                title,
                row,
                self.document.findings.get(row),
                fields_of(after[row], self.key) if row in after else None,
            )
            for row in dict.fromkeys([*old, *after])
        ]
        return edits[0] if len(edits) == 1 else Together(title, tuple(edits))


def _new_id() -> str:
    return f"range-{uuid.uuid4().hex[:12]}"
