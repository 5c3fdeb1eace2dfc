"""Two readings of a case become one, lesion by lesion, with a record of who decided what."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from napari_medassist.annotation.adjudication import Choice, joined_by_touching
from napari_medassist.annotation.operations.change import Change, Voxels, joined, set_where
from napari_medassist.app.reading.lesion_pairs import LesionPair, PairKind, lesion_pairs
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.provenance import Provenance
from napari_medassist.evaluation.conventions import Convention

#: How the record states the rule; see :mod:`napari_medassist.annotation.adjudication`.
RULE = (
    "Lesions of both readers that share voxels are one; a choice writes only voxels that one of the "
    "two outlined. Union and intersection take the first reader's labels."
)


@dataclass(frozen=True)
class Decision:
    """What was decided on a lesion.

    Parameters
    ----------
    choice
        What stands.
    by
        Who decided.
    when
        When, UTC, ISO 8601.
    note
        Why, in free text.
    """

    choice: Choice
    by: str
    when: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Step:
    """A step that can be taken back: the decisions before it, and the labels it wrote over."""

    numbers: tuple[int, ...]
    decisions: Mapping[int, Decision]
    labels: tuple[Voxels, ...]


class Adjudication:
    """The lesions of two readers, and what was decided on each. Use from one thread.

    It holds no voxels of the map that is made: whoever shows it hands them in and writes the change
    that comes back, so that the strokes of a hand and the decisions are in one map.

    Parameters
    ----------
    case
        Name of the case.
    readers
        The two readers.
    first, second
        Their label maps, on one grid.
    adjudicator
        Who decides.
    convention
        How lesions are told apart and matched.

    Raises
    ------
    GeometryMismatch
        If the maps do not have one grid.
    """

    def __init__(
        self,
        case: str,
        readers: tuple[str, str],
        first: LabelMap,
        second: LabelMap,
        adjudicator: str,
        convention: Convention,
    ) -> None:
        self.case, self.readers, self.adjudicator = case, readers, adjudicator
        self.first, self.second, self.convention = first, second, convention
        self.pairs = lesion_pairs(first, second, convention)
        self.decisions: dict[int, Decision] = {}
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    # ---------------------------------------------------------------- the map

    @property
    def name(self) -> str:
        """Name of the map that is made."""
        return f"Adjudicated by {self.adjudicator}"

    def empty_map(self) -> LabelMap:
        """Return the map that is made, with nothing in it yet."""
        dtype = np.result_type(np.asarray(self.first.array), np.asarray(self.second.array))
        return self.map_of(np.zeros(self.first.geometry.shape_zyx, dtype=dtype))

    def map_of(self, voxels: Voxels) -> LabelMap:
        """Return voxels, (z, y, x), as the label map that is made; its provenance says of whom."""
        known = {n.value: n for labels in (self.second, self.first) for n in labels.scheme.labels}
        scheme = LabelScheme(tuple(known[value] for value in sorted(known)))
        provenance = Provenance(
            made_by=f"adjudication by {self.adjudicator}",
            sources=tuple(f"{self.case}/{reader}" for reader in self.readers),
            details=(("convention", self.convention.name), ("rule", RULE)),
        )
        return LabelMap.on(self.first, voxels, name=self.name, scheme=scheme, provenance=provenance)

    def pair(self, number: int) -> LesionPair:
        """Return a lesion by its number, from 1; raises ``InvalidSetting`` if there is none."""
        if not 1 <= number <= len(self.pairs):
            raise InvalidSetting(f"There is no lesion {number}; there are {len(self.pairs)}.")
        return self.pairs[number - 1]

    # ---------------------------------------------------------------- decisions

    @property
    def undecided(self) -> tuple[int, ...]:
        """Numbers of the lesions that nobody has decided on yet."""
        numbers = (pair.lesion.number for pair in self.pairs)
        return tuple(number for number in numbers if number not in self.decisions)

    def next_undecided(self, after: int) -> int | None:
        """Return the next lesion to decide on, beginning anew at the end; None if there is none."""
        waiting = self.undecided
        later = [number for number in waiting if number > after]
        return next(iter((*later, *waiting)), None)

    def decide(self, number: int, choice: Choice, voxels: Voxels, note: str = "") -> Change:
        """Decide on a lesion; return what is to be changed in the map.

        Raises
        ------
        InvalidSetting
            If a reader is chosen who does not have the lesion (reject it instead).
        """
        return self._decide({number: choice}, voxels, note)

    def take_agreed(self, voxels: Voxels) -> Change:
        """Take the first reader's outline of all agreed lesions not decided yet, in one step."""
        agreed = [self.pair(n) for n in self.undecided if self.pair(n).kind is PairKind.AGREED]
        return self._decide({pair.lesion.number: Choice.FIRST for pair in agreed}, voxels, "agreed")

    def _decide(self, choices: Mapping[int, Choice], voxels: Voxels, note: str) -> Change:
        for number, choice in choices.items():
            self._require_outline(number, choice)
        changes = [self.pair(n).lesion.change(choice, voxels) for n, choice in choices.items()]
        if choices:
            self._done.append(self._step(tuple(choices), voxels))
            self._undone.clear()
        when = datetime.now(UTC).isoformat()
        for number, choice in choices.items():
            self.decisions[number] = Decision(choice, self.adjudicator, when, note)
        return joined(voxels, changes)

    def _require_outline(self, number: int, choice: Choice) -> None:
        lesion = self.pair(number).lesion
        ids = {Choice.FIRST: lesion.first_ids, Choice.SECOND: lesion.second_ids}
        if choice in ids and not ids[choice]:
            reader = self.readers[0 if choice is Choice.FIRST else 1]
            raise InvalidSetting(
                f"{reader} has no outline of lesion {number}.", cure="Reject it, or take the other's."
            )

    # ---------------------------------------------------------------- undo

    @property
    def can_undo(self) -> bool:
        """Whether there is a decision to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a decision that was taken back."""
        return bool(self._undone)

    def undo(self, voxels: Voxels) -> Change:
        """Take the last decision back; return what is to be changed in the map.

        The region of the lesion is again as it was before the decision; what a hand has painted in it
        since then comes back with :meth:`redo`. Raises ``InvalidSetting`` if there is no decision.
        """
        return self._go_back(self._done, self._undone, voxels)

    def redo(self, voxels: Voxels) -> Change:
        """Decide again what was taken back; raises ``InvalidSetting`` if there is nothing."""
        return self._go_back(self._undone, self._done, voxels)

    def _go_back(self, steps: list[_Step], others: list[_Step], voxels: Voxels) -> Change:
        if not steps:
            raise InvalidSetting("There is no decision to take back or to repeat.")
        step = steps.pop()
        others.append(self._step(step.numbers, voxels))
        changes = []
        for number, labels in zip(step.numbers, step.labels, strict=True):
            lesion = self.pair(number).lesion
            changes.append(set_where(voxels, lesion.box, lesion.region, labels))
            self.decisions.pop(number, None)
        self.decisions.update(step.decisions)
        return joined(voxels, changes)

    def _step(self, numbers: tuple[int, ...], voxels: Voxels) -> _Step:
        return _Step(
            numbers,
            {n: self.decisions[n] for n in numbers if n in self.decisions},
            tuple(voxels[self.pair(n).lesion.box].copy() for n in numbers),
        )

    # ---------------------------------------------------------------- record

    def is_as_decided(self, number: int, voxels: Voxels) -> bool:
        """Tell whether the map still holds what was decided: no stroke or undo has changed it since."""
        decision = self.decisions.get(number)
        return decision is None or self.pair(number).lesion.stands(decision.choice, voxels)

    def joined(self, voxels: Voxels) -> tuple[tuple[int, ...], ...]:
        """Return which lesions touch in the map and share a label, so that they count as one there."""
        return joined_by_touching(voxels, [pair.lesion for pair in self.pairs])

    def record(self, voxels: Voxels) -> dict[str, Any]:
        """Return the record as plain values: who decided what, and what came of it."""
        voxel_ml = self.first.geometry.voxel_volume_mm3 / 1000
        return {
            "case": self.case,
            "readers": list(self.readers),
            "adjudicator": self.adjudicator,
            "saved": datetime.now(UTC).isoformat(),
            "complete": not self.undecided,
            "undecided": list(self.undecided),
            "rule": RULE,
            "convention": self.convention.name,
            "connectivity": self.convention.extraction.connectivity,
            "good_dice": self.convention.good_dice,
            "digests": self.digests(),
            "one_lesion_by_touching": [list(numbers) for numbers in self.joined(voxels)],
            "lesions": [self._plain_pair(pair, voxels, voxel_ml) for pair in self.pairs],
        }

    def resume(self, record: Mapping[str, Any]) -> None:
        """Take the decisions over from a record, of which the map is shown again.

        Raises
        ------
        InvalidSetting
            If the readers, or what they drew, are others than those of the record.
        """
        if list(record["readers"]) != list(self.readers) or record["digests"] != self.digests():
            raise InvalidSetting(
                "What the readers drew has changed since it was adjudicated.",
                cure="Adjudicate anew; the earlier map and record are kept beside it.",
            )
        for plain in record["lesions"]:
            if plain["choice"]:
                self.decisions[int(plain["number"])] = Decision(
                    Choice(plain["choice"]), plain["by"], plain["when"], plain["note"]
                )

    def digests(self) -> list[str]:
        """Return a digest of each reader's labels, to know them again."""
        maps = (np.ascontiguousarray(m.array, dtype=np.int64) for m in (self.first, self.second))
        return [hashlib.sha256(array.data).hexdigest() for array in maps]

    def _plain_pair(self, pair: LesionPair, voxels: Voxels, voxel_ml: float) -> dict[str, Any]:
        number, lesion = pair.lesion.number, pair.lesion
        decision = self.decisions.get(number)
        made = int(np.count_nonzero(voxels[lesion.box][lesion.region]))
        return {
            "number": number,
            "kind": str(pair.kind),
            "choice": "" if decision is None else str(decision.choice),
            "by": "" if decision is None else decision.by,
            "when": "" if decision is None else decision.when,
            "note": "" if decision is None else decision.note,
            "changed_by_hand": not self.is_as_decided(number, voxels),
            "dice": round(pair.dice, 4),
            "is_hit": pair.is_hit,
            "first": {"lesions": list(lesion.first_ids), "ml": round(pair.first_ml, 4)},
            "second": {"lesions": list(lesion.second_ids), "ml": round(pair.second_ml, 4)},
            "result_ml": round(made * voxel_ml, 4),
            "centre_lps_mm": [round(v, 3) for v in pair.centre_lps_mm],
        }
