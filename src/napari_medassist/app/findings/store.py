"""The findings of the open case: every change is an action, so that it can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from psygnal import Signal

from napari_medassist.annotation.actions import Action, FindingEdit, Together
from napari_medassist.annotation.document import Document
from napari_medassist.annotation.findings.finding import (
    FieldValue,
    Finding,
    Location,
    is_finding,
    new_id,
)
from napari_medassist.annotation.findings.parts import Lesion
from napari_medassist.app.annotating.recording import Recording
from napari_medassist.app.findings.measures import Measured
from napari_medassist.core.errors import UnknownItem


def now() -> str:
    """Return the time as findings state it: ISO 8601, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class FindingStore:
    """Findings of the open case, and what was measured of them.

    Every change is a step of the recording, so that it is undone in its turn and written down at once.

    Signals
    -------
    changed
        The findings, or which document they belong to, have changed.
    measured
        Measures have come or are out of date.

    Parameters
    ----------
    recording
        What is done to the open case; its document holds the findings. By default one of no case.
    reader
        Returns the name that changes are signed with.
    clock
        Returns the time, as text.
    """

    changed = Signal()
    measured = Signal()

    def __init__(
        self,
        recording: Recording | None = None,
        reader: Callable[[], str] = str,
        clock: Callable[[], str] = now,
    ) -> None:
        self.recording = recording if recording is not None else Recording()
        self.reader = reader
        self.measures: dict[str, Measured] = {}
        self.stale: set[str] = set()
        self._clock = clock
        self._shown, self._seen = self.document, dict(self.document.findings)
        self.recording.changed.connect(self._look)

    @property
    def document(self) -> Document:
        """What the findings are kept in."""
        return self.recording.document

    # ---------------------------------------------------------------- reading

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings by their numbers."""
        entries = self.document.findings.items()
        found = (Finding.from_plain(key, plain) for key, plain in entries if is_finding(plain))
        return tuple(sorted(found, key=lambda f: (f.number, f.created, f.id)))

    def get(self, finding: str) -> Finding:
        """Return a finding by its id.

        Raises
        ------
        UnknownItem
            If it is not there any more.
        """
        plain = self.document.findings.get(finding)
        if plain is None:
            raise UnknownItem("This finding is not in the table any more.")
        return Finding.from_plain(finding, plain)

    def now(self) -> str:
        """Return the time as findings state it."""
        return self._clock()

    # ---------------------------------------------------------------- changing

    def perform(self, action: Action) -> None:
        """Do an action, as a step of the recording.

        Raises
        ------
        InvalidSetting
            If the case is read-only, or the document is not in the state that it was made for.
        """
        self.recording.do(action)

    def _look(self) -> None:
        """Notice what was done, undone or brought back, and another case."""
        document = self.document
        is_other = document is not self._shown
        if not is_other and document.findings == self._seen:
            return
        self._shown, self._seen = document, dict(document.findings)
        for gone in set(self.measures) if is_other else set(self.measures) - set(document.findings):
            del self.measures[gone]
            self.stale.discard(gone)
        self.changed.emit()

    def add(
        self, lesions: Iterable[Lesion], map_key: str, template: str, names: Mapping[int, str]
    ) -> tuple[str, ...]:
        """Add lesions of a label map as findings, in one step; return their ids.

        Parameters
        ----------
        lesions
            The lesions.
        map_key
            Their label map.
        template
            The template that their fields belong to.
        names
            Label value -> name.
        """
        made: list[Finding] = []
        number, time = self.next_number(), self._clock()
        for lesion in lesions:
            made.append(
                Finding(
                    new_id(), number + len(made), names.get(lesion.label, ""), map_key, lesion.label,
                    lesion.anchor_lps_mm, template, reader=self.reader(), created=time, changed=time,
                )
            )  # fmt: skip
        return self.add_findings(made, f"Add {_counted(len(made))}")

    def add_findings(self, made: Iterable[Finding], title: str) -> tuple[str, ...]:
        """Add findings as they are, in one step; return their ids."""
        edits = [FindingEdit(title, f.id, None, f.to_plain()) for f in made]
        if edits:
            self.perform(edits[0] if len(edits) == 1 else Together(title, tuple(edits)))
        return tuple(edit.finding for edit in edits)

    def next_number(self) -> int:
        """Return the number that a new finding gets; those of removed ones before it stay free."""
        return max((f.number for f in self.findings()), default=0) + 1

    def change(self, title: str, after: Finding) -> bool:
        """Put a finding into a new state; tell whether that changed anything."""
        before = self.get(after.id)
        signed = replace(after, reader=before.reader, changed=before.changed)
        if signed == before:
            return False
        signed = replace(after, reader=self.reader(), changed=self._clock())
        plain = self.document.findings[after.id]
        self.perform(FindingEdit(title, after.id, dict(plain), signed.to_plain()))
        return True

    def set_field(self, finding: str, name: str, title: str, value: FieldValue | None) -> bool:
        """Set a field of a finding; None empties it."""
        return self.change(f"Change {title}", self.get(finding).with_field(name, value))

    def set_text(self, finding: str, name: str, value: str) -> bool:
        """Set the name or the notes of a finding."""
        before = self.get(finding)
        after = replace(before, notes=value) if name == "notes" else replace(before, name=value)
        return self.change(f"Change {name}", after)

    def set_location(self, finding: str, location: Location) -> bool:
        """Say where a finding lies."""
        return self.change("Change location", replace(self.get(finding), location=location))

    def remove(self, ids: Iterable[str]) -> None:
        """Remove findings, in one step; their masks stay."""
        ids = tuple(ids)
        title = f"Remove {_counted(len(ids))}"
        edits = tuple(
            FindingEdit(title, key, dict(self.document.findings[key]), None)
            for key in ids
            if key in self.document.findings
        )
        if edits:
            self.perform(edits[0] if len(edits) == 1 else Together(title, edits))

    # ---------------------------------------------------------------- measures

    def mark_stale(self, map_key: str | None = None) -> bool:
        """Say that findings of a map (all by default) must be measured anew; tell if any is new."""
        ids = {f.id for f in self.findings() if map_key in (None, f.map_key)}
        if ids <= self.stale:
            return False
        self.stale |= ids
        self.measured.emit()
        return True

    def take_measures(self, measures: Mapping[str, Measured]) -> None:
        """Keep new measures; the findings that they are of are up to date."""
        known = {key: value for key, value in measures.items() if key in self.document.findings}
        self.measures.update(known)
        self.stale -= set(known)
        self.measured.emit()

    def location_of(self, finding: Finding) -> Location:
        """Return where a finding lies: as the reader says, else as it was placed by its zones."""
        if finding.location.by_reader:
            return finding.location
        measured = self.measures.get(finding.id)
        if measured is None or measured.placed is None:
            return finding.location
        return Location(measured.placed.keys, measured.placed.side)


def _counted(n: int) -> str:
    return "lesion" if n == 1 else f"{n} lesions"
