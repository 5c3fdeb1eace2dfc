"""Every missed and false lesion of a cohort, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.lesion_table import (
    FALSE,
    MISSED,
    MOST_LESIONS,
    LesionRow,
    LesionTable,
)
from napari_medassist.core.geometry import Triple
from napari_medassist.core.lesion import Side

#: Which errors to step through; ``hidden`` are those in cases whose Dice looks good.
ErrorKind = Literal["any", "missed", "false", "hidden"]

_NAMES = {
    "any": "lesion error",
    "missed": "missed lesion",
    "false": "false lesion",
    "hidden": "hidden error",
}


@dataclass(frozen=True)
class LesionError:
    """A missed or false lesion.

    Parameters
    ----------
    case
        Name of the case.
    side
        Missed lesions are the reference's, false ones the prediction's.
    lesion_id
        Its id within its side.
    kind
        ``missed`` or ``false``.
    hidden
        Whether the Dice of its case looks good.
    centroid_lps_mm
        Where it is in the patient, LPS (x, y, z) in mm; None if that is not known.
    volume_ml
        Its size.
    """

    case: str
    side: Side
    lesion_id: int
    kind: Literal["missed", "false"]
    hidden: bool
    centroid_lps_mm: Triple | None
    volume_ml: float

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        hidden = "hidden: " if self.hidden else ""
        return f"{hidden}{self.kind} lesion {self.lesion_id}, {self.volume_ml:.2f} ml, in {self.case}"


@dataclass(frozen=True)
class ErrorStep:
    """Where stepping led.

    Parameters
    ----------
    error
        The error; None if there is none of the kind among the cases shown.
    position, total
        Its place among the errors of its kind, from 1 on, and their number.
    wrapped
        Whether the end was passed and it went on from the other one.
    kind
        What was looked for.
    needs_opening
        Whether its case is not the one that is open.
    """

    error: LesionError | None
    position: int = 0
    total: int = 0
    wrapped: bool = False
    kind: ErrorKind = "any"
    needs_opening: bool = False

    @property
    def message(self) -> str:
        """One sentence for the status bar."""
        name = _NAMES[self.kind]
        if self.error is None:
            return f"There is no {name} in the cases shown."
        told = f"{name.capitalize()} {self.position} of {self.total}: {self.error.title}."
        return f"{told} All were seen; this is the first one again." if self.wrapped else told


class ErrorList:
    """The errors of the cases shown, in their order; within a case missed before false ones.

    It never changes, so it may be read from any thread.

    Parameters
    ----------
    lesions
        All lesions of the model.
    names
        Names of the cases, by row.
    order
        Rows of the cases shown, in their order.
    hidden
        By row: whether errors of the case are hidden ones.
    """

    def __init__(
        self,
        lesions: LesionTable,
        names: Sequence[str],
        order: NDArray[np.int64],
        hidden: NDArray[np.bool_],
    ) -> None:
        self._lesions, self._names, self._hidden = lesions, names, hidden
        self._place = np.full(len(names), -1, dtype=np.int64)
        self._place[order] = np.arange(order.size)
        self._row_of = {name: row for row, name in enumerate(names)}
        # Numbers that rise along the errors: case, then side, then id.
        sides = 2 * self._place[lesions.row] + lesions.is_prediction
        self._keys = sides * MOST_LESIONS + lesions.lesion_id
        self._by_kind: dict[ErrorKind, NDArray[np.int64]] = {}

    @classmethod
    def of(
        cls,
        lesions: LesionTable | Sequence[LesionRow],
        names: Sequence[str],
        order: NDArray[np.int64],
        hidden: NDArray[np.bool_],
    ) -> ErrorList:
        """Return the errors among lesions, given as a table or row by row."""
        table = lesions if isinstance(lesions, LesionTable) else LesionTable.of(lesions)
        return cls(table, names, order, hidden)

    def __len__(self) -> int:
        """Return the number of errors of any kind."""
        return self.count()

    def count(self, kind: ErrorKind = "any") -> int:
        """Return the number of errors of a kind."""
        return int(self._of(kind).size)

    def all(self, kind: ErrorKind = "any") -> list[LesionError]:
        """Return all errors of a kind, in order."""
        return [self._error(int(place)) for place in self._of(kind)]

    def next(
        self, after: LesionError | str | None = None, kind: ErrorKind = "any", step: int = 1
    ) -> LesionError | None:
        """Return the next error, or the previous one; None if there is none. See :meth:`step`."""
        return self.step(after, kind, step).error

    def step(
        self, after: LesionError | str | None = None, kind: ErrorKind = "any", step: int = 1
    ) -> ErrorStep:
        """Return the error that follows, beginning anew at the end.

        Parameters
        ----------
        after
            Where one is: an error, or the name of a case, whose own errors come first. What is not
            shown any more counts as the beginning.
        kind
            Which errors.
        step
            1 for the next one, -1 for the one before.
        """
        chosen = self._of(kind)
        if not chosen.size:
            return ErrorStep(None, kind=kind)
        target, wrapped = self._target(chosen, after, step), False
        if not 0 <= target < chosen.size:
            wrapped = after is not None
            target %= chosen.size
        return ErrorStep(self._error(int(chosen[target])), target + 1, int(chosen.size), wrapped, kind)

    def _target(self, chosen: NDArray[np.int64], after: LesionError | str | None, step: int) -> int:
        """Return which of the chosen errors follows; outside of their range if it is beyond an end."""
        at = None if after is None else self._key(after)
        if at is None:
            return 0 if step > 0 else int(chosen.size) - 1
        keys = self._keys[chosen]
        if step > 0:
            return int(np.searchsorted(keys, at, side="right")) + step - 1
        return int(np.searchsorted(keys, at, side="left")) + step

    def _key(self, after: LesionError | str) -> int | None:
        """Return where something stands among the keys; a case stands before its own errors."""
        case = after if isinstance(after, str) else after.case
        place = int(self._place[self._row_of[case]]) if case in self._row_of else -1
        if place < 0:
            return None
        if isinstance(after, str):
            return 2 * place * MOST_LESIONS
        is_false = after.side is Side.PREDICTION
        return (2 * place + is_false) * MOST_LESIONS + after.lesion_id

    def _of(self, kind: ErrorKind) -> NDArray[np.int64]:
        """Return the lesions that are errors of a kind, as places in the table of lesions."""
        if kind not in self._by_kind:
            table = self._lesions
            wanted = {"missed": (MISSED,), "false": (FALSE,)}.get(kind, (MISSED, FALSE))
            place = self._place[table.row]
            chosen = np.isin(table.verdict, wanted) & (place >= 0)
            if kind == "hidden":
                chosen &= self._hidden[table.row]
            found = np.flatnonzero(chosen)
            self._by_kind[kind] = found[np.argsort(self._keys[found])]
        return self._by_kind[kind]

    def _error(self, lesion: int) -> LesionError:
        table = self._lesions
        row, is_missed = int(table.row[lesion]), table.verdict[lesion] == MISSED
        x, y, z = (float(mm) for mm in table.centroid_lps_mm[lesion])
        return LesionError(
            case=self._names[row],
            side=Side.REFERENCE if is_missed else Side.PREDICTION,
            lesion_id=int(table.lesion_id[lesion]),
            kind="missed" if is_missed else "false",
            hidden=bool(self._hidden[row]),
            centroid_lps_mm=None if np.isnan(x) else (x, y, z),
            volume_ml=float(table.volume_ml[lesion]),
        )
